//! What the shell asks when somebody presses Tab: commands, flags, and the names of keys.

use std::ffi::OsStr;

use clap::{Command, CommandFactory as _};
use clap_complete::CompleteEnv;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};

use crate::backend::local::LocalBackend;
use crate::backend::{Backend as _, BackendKind};
use crate::cli::Cli;
use crate::config::{self, Choice, Directories};
use crate::context::{Environment, Program};
use crate::model::{KeyRef, Owner, Selection};

/// The variable by which a completion script asks.
pub const VARIABLE: &str = "IBMCLOUD_IAM_COMPLETE";

/// Answers a completion script and ends the process, if one asks.
pub fn answer_shell() {
    CompleteEnv::with_factory(tree).var(VARIABLE).complete();
}

/// The command tree with what completes in it, `iam` included.
fn tree() -> Command {
    let plain = with_keys(Cli::command());
    let below_iam = Command::new("iam").hide(true).subcommands(plain.get_subcommands().cloned());
    plain.subcommand(below_iam)
}

fn with_keys(tree: Command) -> Command {
    let names: Vec<String> =
        tree.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    names.iter().fold(tree, |tree, name| {
        tree.mut_subcommand(name, |command| {
            command.mut_args(|arg| match arg.get_id().as_str() {
                "key" | "keys" => arg.add(ArgValueCompleter::new(keys)),
                _ => arg,
            })
        })
    })
}

/// Names the keys that begin as typed; a name that several keys have is offered by id. Whatever goes wrong, silence.
fn keys(typed: &OsStr) -> Vec<CompletionCandidate> {
    let typed = typed.to_string_lossy();
    let keys = listed().unwrap_or_default();
    let unique = |name: &str| keys.iter().filter(|key| *key.name == *name).count() == 1;
    let mut offered: Vec<CompletionCandidate> = Vec::new();
    for key in &keys {
        // A name in the form of an id would be taken for one.
        let by_name = unique(&key.name) && matches!(KeyRef::parse(&key.name), KeyRef::Name(_));
        let word = if by_name { &*key.name } else { key.id.as_str() };
        if word.starts_with(&*typed) || key.id.as_str().starts_with(&*typed) && !typed.is_empty() {
            let word = if word.starts_with(&*typed) { word } else { key.id.as_str() };
            offered.push(CompletionCandidate::new(word));
        }
    }
    offered
}

fn listed() -> Option<Vec<crate::model::ApiKey>> {
    let environment = Environment::of_process();
    let directories = Directories::find(&environment).ok()?;
    let program = Program::of_arg0(None);
    let choice = config::choose_backend(None, &environment, &program, &directories.config).ok()?;
    match choice {
        Choice::Chosen(BackendKind::Remote) => None,
        Choice::Chosen(BackendKind::Local) | Choice::Default => {
            let backend = LocalBackend::new(
                directories.store,
                crate::backend::local::KEY_LIMIT,
                config::clock(&environment).ok()?,
            );
            backend.api_keys(&Owner::Myself, &Selection::All).ok()
        }
    }
}
