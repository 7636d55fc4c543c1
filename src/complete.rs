//! What the shell asks when somebody presses Tab: commands, flags, and the names of keys.

mod keys;
mod line;
mod paths;
mod script;
mod word;

use std::ffi::OsStr;

use clap::{Command, CommandFactory as _, ValueHint};
use clap_complete::CompleteEnv;
use clap_complete::engine::ArgValueCompleter;
use clap_complete::env::{Bash, EnvCompleter, Fish, Powershell, Shells, Zsh};

use crate::cli::Cli;
use crate::context::Environment;
use crate::ops::resolve::Meaning;
use crate::ops::{delete, state};

pub use script::Mended;

/// The variable by which a completion script asks.
pub const VARIABLE: &str = "IBMCLOUD_IAM_COMPLETE";

/// A shell, as far as it matters how it writes words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shell {
    /// Hands over words as they are typed, and takes them as they are to be typed.
    Bash,
    /// Hands over words as they are typed.
    Zsh,
    /// Hands over as it is typed only the word that is being typed.
    Fish,
    /// Hands over words as programs get them.
    Other,
}

/// Answers a completion script and ends the process, if one asks.
pub fn answer_shell() {
    let shell = match Environment::of_process().raw(VARIABLE).and_then(OsStr::to_str) {
        Some("bash") => Shell::Bash,
        Some("zsh") => Shell::Zsh,
        Some("fish") => Shell::Fish,
        _ => Shell::Other,
    };
    let shells: [&dyn EnvCompleter; 4] =
        [&Mended(&Bash), &Mended(&Zsh), &Mended(&Fish), &Mended(&Powershell)];
    CompleteEnv::with_factory(|| tree(shell)).var(VARIABLE).shells(Shells(&shells)).complete();
}

/// The command tree with what completes in it, `iam` included.
fn tree(shell: Shell) -> Command {
    let mut plain = Cli::command();
    // The arguments of a command are there only when it is built.
    plain.build();
    let plain = with_keys(plain, shell);
    let below_iam = plain.clone().name("iam").hide(true);
    plain.subcommand(below_iam)
}

/// What a name means to a command, as that says itself.
fn meaning_to(command: &str) -> Meaning {
    match command {
        "api-key-delete" => delete::DELETE.meaning,
        "api-key-disable" => state::DISABLE.meaning,
        "api-key-enable" => state::ENABLE.meaning,
        _ => Meaning::Current,
    }
}

fn with_keys(tree: Command, shell: Shell) -> Command {
    let names: Vec<String> =
        tree.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    names.iter().fold(tree, |tree, name| {
        tree.mut_subcommand(name, |command| {
            // An alias would be offered in place of its command.
            let aliases: Vec<&'static str> =
                command.get_visible_aliases().map(|alias| &*alias.to_owned().leak()).collect();
            let meaning = meaning_to(name);
            command.visible_alias(None::<&str>).aliases(aliases).mut_args(|arg| {
                match (arg.get_id().as_str(), arg.get_value_hint()) {
                    ("key" | "keys", _) => arg.add(ArgValueCompleter::new(move |typed: &OsStr| {
                        keys::offered(&typed.to_string_lossy(), meaning, shell)
                    })),
                    (_, hint @ (ValueHint::FilePath | ValueHint::DirPath)) => {
                        arg.add(ArgValueCompleter::new(move |typed: &OsStr| {
                            paths::offered(&typed.to_string_lossy(), hint, shell)
                        }))
                    }
                    _ => arg,
                }
            })
        })
    })
}
