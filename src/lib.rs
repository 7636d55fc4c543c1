//! API keys of IBM Cloud IAM from the command line; the library exists so that the program can be tested and its
//! completions and man pages generated, and is no published API.
//!
//! `main → lib → ops → {backend, journal, render} → {model, secret, text}`; see CONTRIBUTING.md for the drawn layout.

#[cfg(not(unix))]
compile_error!(
    "ibmcloud-iam keeps keys in files that only their owner can read; that needs Unix file modes so far"
);

pub mod cli;
pub mod clock;
pub mod complete;
pub mod config;
pub mod context;
pub mod credentials;
pub mod emulator;
pub mod error;
pub mod generate;
pub mod http;
pub mod journal;
pub mod log;
pub mod model;
pub mod names;
pub mod ops;
pub mod private_file;
pub mod render;
pub mod secret;
pub mod systems;
pub mod text;
pub mod ui;
pub mod usage;

use std::ffi::OsString;
use std::mem::ManuallyDrop;

use clap::{CommandFactory as _, FromArgMatches as _};

use crate::cli::{Cli, Command};
use crate::context::{Context, Environment, Program};
use crate::error::Result;
use crate::ui::Ui;

/// Runs the command line `args` and returns the exit code.
pub fn run(args: Vec<OsString>, environment: Environment) -> u8 {
    let program = Program::of_arg0(args.first().map(OsString::as_os_str));
    // The whole tree would be built for one line.
    if let [_, flag] = args.as_slice()
        && (flag == "--version" || flag == "-V")
    {
        return usage::print_version(&environment);
    }
    let args = usage::with_help_as_flag(usage::without_iam(args));
    // To take a tree apart again costs a tenth of a command's time, and the process ends soon.
    let mut tree = ManuallyDrop::new(Cli::command().bin_name(program.shown()));
    // What is wrong with a line, or help, only the whole tree can tell.
    let parsed = match cli::with_one_command(&tree, &args).map(ManuallyDrop::new) {
        Some(mut small) => parse(&mut small, &args).or_else(|_| parse(&mut tree, &args)),
        None => parse(&mut tree, &args),
    };
    match parsed {
        Ok(cli) => run_parsed(cli, program, environment),
        Err(error) => usage::explain(&error, &args, &program, &environment),
    }
}

fn parse(tree: &mut clap::Command, args: &[OsString]) -> clap::error::Result<Cli> {
    tree.try_get_matches_from_mut(args)
        .and_then(|mut matches| Cli::from_arg_matches_mut(&mut matches))
}

fn run_parsed(cli: Cli, program: Program, environment: Environment) -> u8 {
    let Cli { global, command } = cli;
    let manner = context::manner(&global, &environment);
    let mut context = match Context::new(environment, program, global, Ui::new(manner)) {
        Ok(context) => context,
        Err(error) => {
            Ui::new(manner).failed(&error);
            return error.kind.exit_code();
        }
    };
    let result = dispatch(&command, &mut context);
    context.pass_warnings();
    let code = match result.and_then(|()| context.ui.finish()) {
        Ok(()) => 0,
        Err(error) => {
            context.ui.failed(&error);
            error.kind.exit_code()
        }
    };
    context.keep_names();
    code
}

fn dispatch(command: &Command, context: &mut Context) -> Result<()> {
    match command {
        Command::ApiKeys(args) => ops::list::run(args, context),
        Command::ApiKeysAudit(args) => ops::audit::run(args, context),
        Command::ApiKey(args) => ops::show::run(args, context),
        Command::ApiKeyCreate(args) => ops::create::run(args, context),
        Command::ApiKeyUpdate(args) => ops::update::run(args, context),
        Command::ApiKeyDelete(args) => ops::delete::run(args, context),
        Command::ApiKeyLock(args) => ops::state::lock(&args.act, context),
        Command::ApiKeyUnlock(args) => ops::state::unlock(&args.act, context),
        Command::ApiKeyDisable(args) => ops::state::disable(&args.act, context),
        Command::ApiKeyEnable(args) => ops::state::enable(&args.act, context),
        Command::ApiKeyRotate(args) => ops::rotate::run(args, context),
        Command::ApiKeyLookup(args) => ops::lookup::run(args, context),
        Command::Recover(args) => ops::recover::run(args, context),
        Command::Login(args) => ops::login::run(args, context),
        Command::Logout(args) => ops::logout::run(args, context),
        Command::Whoami(args) => ops::whoami::run(args, context),
        Command::BearerToken(_) => ops::token::bearer_token(context),
        Command::OauthTokens(_) => ops::token::oauth_tokens(context),
        Command::Emulate(args) => ops::emulate::run(args, context),
    }
}
