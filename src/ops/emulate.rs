//! `emulate`: the IAM Identity API on a loopback port.

use std::io;
use std::sync::Arc;

use serde::Serialize;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::cli::EmulateArgs;
use crate::context::Context;
use crate::emulator::{Emulator, Server};
use crate::error::{Error, ErrorKind, Result};
use crate::systems::iam::local::LocalBackend;

/// What `--output json` says at the start, in one line.
#[derive(Serialize)]
struct Started<'a> {
    endpoint: &'a str,
    apikey_file: &'a str,
}

/// Runs `emulate` until SIGINT, SIGTERM or SIGHUP.
pub fn run(args: &EmulateArgs, context: &mut Context) -> Result<()> {
    let server = Server::bind(args.listen).map_err(|error| not_bound(args, &error))?;
    let backend = open_store(args, context)?;
    if args.seed_keys > 0 {
        backend
            .seed(args.seed_keys as usize)
            .map_err(|error| context.told(error, "The local store"))?;
    }
    let temporary = match context.temporary() {
        Err(error) if args.in_memory => return Err(error),
        found => found.unwrap_or_default(),
    };
    // Before there is anything that a signal would leave behind.
    let stop = signals().map_err(|error| {
        Error::new(ErrorKind::Failure, format!("Signals cannot be received: {error}."))
    })?;
    let faults = args.fault.clone();
    let opened = Emulator::open(backend, context.clock(), faults, &temporary);
    let emulator = Arc::new(opened?);
    warn(&emulator, context);
    announce(&server.endpoint(), &emulator, context);
    // Of an emulator that nobody was told of nobody has anything.
    context.ui.finish()?;
    let outcome = server.run(&emulator, stop);
    warn(&emulator, context);
    outcome
        .map_err(|error| Error::new(ErrorKind::Failure, format!("The emulator failed: {error}.")))
}

fn open_store(args: &EmulateArgs, context: &Context) -> Result<LocalBackend> {
    let limit = context.key_limit()?;
    if args.in_memory {
        return Ok(LocalBackend::in_memory(limit, context.clock()));
    }
    let directory = match &args.store {
        Some(directory) => std::path::absolute(directory).map_err(|error| {
            Error::usage(format!("{} cannot be used: {error}.", directory.display()))
        })?,
        None => context.store_directory()?.to_owned(),
    };
    Ok(LocalBackend::new(directory, limit, context.clock()))
}

fn announce(endpoint: &str, emulator: &Emulator, context: &mut Context) {
    let file = emulator.key_file();
    if context.ui.manner().json {
        let started = Started { endpoint, apikey_file: &file.to_string_lossy() };
        let line = serde_json::to_string(&started).unwrap_or_default();
        context.ui.data(|out| writeln!(out, "{line}"));
    } else {
        context.ui.result(&format!("Listening on {endpoint}"));
        context.ui.result(&format!("Bootstrap API key: {}", file.display()));
    }
    context.ui.flush();
}

fn warn(emulator: &Emulator, context: &mut Context) {
    for warning in emulator.take_warnings() {
        context.ui.warn(&warning);
    }
}

/// Returns a future that is done when SIGINT, SIGTERM or SIGHUP comes.
fn signals() -> io::Result<impl Future<Output = ()>> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    if !ignores_hangup() {
        signals.add_signal(SIGHUP)?;
    }
    let (sender, receiver) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        if signals.forever().next().is_some() {
            let _ = sender.send(());
        }
    });
    Ok(async {
        let _ = receiver.await;
    })
}

/// Tells whether whoever started the program wants it to outlive the terminal, as `nohup` does.
fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    mask >> (SIGHUP - 1) & 1 == 1
}

fn not_bound(args: &EmulateArgs, error: &io::Error) -> Error {
    let told = format!("{} cannot be listened on: {error}.", args.listen);
    Error::new(ErrorKind::Failure, told)
        .hint("Choose another port with '--listen 127.0.0.1:PORT'; port 0 takes a free one.")
}
