//! `emulate`: serves the IAM Identity API on a loopback port.

mod env_file;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use self::env_file::EnvFile;
pub use crate::emulator::fault::Spec as Fault;
use crate::emulator::{Emulator, Server};
use crate::error::{Error, Result};
use crate::object::object;
use crate::ops::told_of_iam;
use crate::settings::Settings;
use crate::systems::iam::KEY_LIMIT;
use crate::systems::iam::local::LocalKeys;
use crate::ui::Ui;

/// The help text below the options.
pub const HELP: &str = "\
The first line printed is 'Listening on URL', the second names the file of an
API key that logs in, and with '--tls' a third the certificate to trust. SIGINT,
SIGTERM or SIGHUP ends it.
With '--env-file' run '. FILE' in a shell to reach it. FILE holds the API key
(mode 0600) and goes at the end. A link, or a file that no emulator wrote, is
not replaced.
A fault is OPERATION:WHAT,...
OPERATION: token, list, create, details, get, update, delete, lock, unlock,
   disable, enable, limits, settings, others; discovery, jwks, introspect,
   userinfo;
   service.list, .create, .get, .update, .delete, .lock, .unlock;
   group.list, .create, .get, .update, .delete;
   task.list, .get, .create, .delete;
   platform.authorize, .identity, .validate, .generate, .user;
   classic.user, .users, .list, .get, .add, .remove; any
WHAT: status=CODE [retry-after=SECONDS], drop, truncate or garbage;
   delay=500ms or 2s; before or after the request is carried out;
   late=500ms or 2s: it is dropped, or answered with status, and carried out
   that much later; twice: it is carried out two times;
   skip=N, times=N, chance=PERCENT of the matching requests

EXAMPLES:
   ibmcloud-iam emulate --in-memory
   ibmcloud-iam emulate --listen 127.0.0.1:8080 --store ./keys --seed-keys 30
   ibmcloud-iam emulate --in-memory --tls --env-file emulator.env
   ibmcloud-iam emulate --fault create:drop,after,times=1 --fault any:delay=200ms";

/// What is asked for.
#[derive(Debug)]
pub struct Request {
    /// The loopback address and port to serve on.
    pub listen: SocketAddr,
    /// The directory of the store; the local store when absent.
    pub store: Option<PathBuf>,
    /// Whether the keys are kept in memory.
    pub in_memory: bool,
    /// What fails on purpose.
    pub faults: Vec<Fault>,
    /// Whether HTTPS is served.
    pub tls: bool,
    /// Where the variables for clients are written.
    pub env_file: Option<PathBuf>,
    /// Who issues tokens; the endpoint when absent.
    pub issuer: Option<String>,
    /// How many keys are made at first.
    pub seed_keys: u32,
}

/// Runs `emulate` until SIGINT, SIGTERM or SIGHUP.
pub fn run(request: &Request, settings: &Settings, ui: &mut Ui) -> Result<()> {
    request.env_file.as_deref().map_or(Ok(()), env_file::check)?;
    let mut server = Server::bind(request.listen).map_err(|error| {
        Error::failure(format!("{} cannot be listened on: {error}.", request.listen))
            .hint("Choose another port with '--listen 127.0.0.1:PORT'; port 0 takes a free one.")
    })?;
    let keys = open_store(request, settings)?;
    if request.seed_keys > 0 {
        keys.seed(request.seed_keys as usize)
            .map_err(|error| told_of_iam(error, "The local store", settings))?;
    }
    let temporary = match settings.temporary() {
        Err(error) if request.in_memory => return Err(error),
        found => found.unwrap_or_default(),
    };
    // From here on a signal must end the server in order: there are files to remove.
    let stop = signals()
        .map_err(|error| Error::failure(format!("Signals cannot be received: {error}.")))?;
    let faults = request.faults.clone();
    let opened = Emulator::open(keys, settings.clock(), faults, request.issuer.clone(), &temporary);
    let emulator = Arc::new(opened?);
    warn(&emulator, ui);
    if request.tls {
        server = server.encrypted(emulator.tls()?);
    }
    let env_file = request.env_file.as_deref();
    let _env_file = env_file.map(|file| EnvFile::write(file, &server, &emulator)).transpose()?;
    announce(&server, &emulator, ui);
    // Nobody could use an emulator whose address was not printed.
    ui.finish()?;
    let outcome = server.run(&emulator, stop);
    warn(&emulator, ui);
    outcome.map_err(|error| Error::failure(format!("The emulator failed: {error}.")))
}

fn open_store(request: &Request, settings: &Settings) -> Result<LocalKeys> {
    let limit = settings.key_limit()?.unwrap_or(KEY_LIMIT);
    if request.in_memory {
        return Ok(LocalKeys::in_memory(limit, settings.clock()));
    }
    let directory = match &request.store {
        Some(directory) => std::path::absolute(directory).map_err(|error| {
            Error::usage(format!("{} cannot be used: {error}.", directory.display()))
        })?,
        None => settings.store_directory()?.to_owned(),
    };
    Ok(LocalKeys::new(directory, limit, settings.clock()))
}

fn announce(server: &Server, emulator: &Emulator, ui: &mut Ui) {
    let (endpoint, file) = (server.endpoint(), emulator.key_file());
    if ui.manner().json {
        let started = object()
            .with("endpoint", endpoint)
            .with("apikey_file", file.to_string_lossy())
            .with_some("ca_file", server.ca_file().map(Path::to_string_lossy));
        let line = serde_json::to_string(&started).unwrap_or_default();
        ui.data(|out| writeln!(out, "{line}"));
    } else {
        ui.result(&format!("Listening on {endpoint}"));
        ui.result(&format!("Bootstrap API key: {}", file.display()));
        if let Some(file) = server.ca_file() {
            ui.result(&format!("CA certificate: {}", file.display()));
        }
    }
    ui.flush();
}

fn warn(emulator: &Emulator, ui: &mut Ui) {
    for warning in emulator.take_warnings() {
        ui.warn(&warning);
    }
}

/// Returns a future that ends when SIGINT, SIGTERM or SIGHUP comes.
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

/// Tells whether the program was started to outlive the terminal, as by `nohup`.
fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    mask >> (SIGHUP - 1) & 1 == 1
}
