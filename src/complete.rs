//! What the shell asks when somebody presses Tab: commands, flags, and the names of keys.

use std::collections::HashMap;
use std::ffi::OsStr;

use clap::{Command, CommandFactory as _};
use clap_complete::CompleteEnv;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};

use crate::backend::Backend as _;
use crate::cli::{Cli, GlobalArgs};
use crate::config::Choice;
use crate::context::{Context, Environment, Program};
use crate::model::{ApiKey, BackendKind, KeyRef, Owner, Selection};
use crate::ui::{Manner, Ui};

/// The variable by which a completion script asks.
pub const VARIABLE: &str = "IBMCLOUD_IAM_COMPLETE";

/// Answers a completion script and ends the process, if one asks.
pub fn answer_shell() {
    let bash = Environment::of_process().raw(VARIABLE).is_some_and(|shell| shell == "bash");
    CompleteEnv::with_factory(|| tree(bash)).var(VARIABLE).complete();
}

/// The command tree with what completes in it, `iam` included.
fn tree(bash: bool) -> Command {
    let mut plain = Cli::command();
    // The arguments of a command are there only when it is built.
    plain.build();
    let plain = with_keys(plain, bash);
    let below_iam = plain.clone().name("iam").hide(true);
    plain.subcommand(below_iam)
}

fn with_keys(tree: Command, bash: bool) -> Command {
    let names: Vec<String> =
        tree.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    names.iter().fold(tree, |tree, name| {
        tree.mut_subcommand(name, |command| {
            // An alias would be offered in place of its command.
            let aliases: Vec<&'static str> =
                command.get_visible_aliases().map(|alias| &*alias.to_owned().leak()).collect();
            command.visible_alias(None::<&str>).aliases(aliases).mut_args(|arg| {
                match arg.get_id().as_str() {
                    "key" | "keys" => {
                        arg.add(ArgValueCompleter::new(move |typed: &OsStr| keys(typed, bash)))
                    }
                    _ => arg,
                }
            })
        })
    })
}

/// Names the keys that begin as typed; a name that several keys have is offered by id. Whatever goes wrong, silence.
fn keys(typed: &OsStr, bash: bool) -> Vec<CompletionCandidate> {
    let typed = typed.to_string_lossy();
    let quote = typed.chars().next().filter(|c| ['"', '\''].contains(c));
    let typed = unquoted(&typed);
    let keys = listed().unwrap_or_default();
    let mut named: HashMap<&str, usize> = HashMap::new();
    for key in &keys {
        *named.entry(&key.name).or_default() += 1;
    }
    let mut offered: Vec<CompletionCandidate> = Vec::new();
    for key in &keys {
        // A name in the form of an id or a flag would be taken for one, and no shell takes control characters.
        let by_name = named[&*key.name] == 1
            && matches!(KeyRef::parse(&key.name), KeyRef::Name(_))
            && !key.name.starts_with('-')
            && !key.name.contains(char::is_control);
        let word = if by_name { &*key.name } else { key.id.as_str() };
        if word.starts_with(&*typed) || key.id.as_str().starts_with(&*typed) && !typed.is_empty() {
            let word = if word.starts_with(&*typed) { word } else { key.id.as_str() };
            // The other shells quote what they insert.
            offered.push(CompletionCandidate::new(if bash {
                quoted(word, quote)
            } else {
                word.to_owned()
            }));
        }
    }
    offered
}

/// Removes the quote and the backslashes with which a word was begun.
fn unquoted(typed: &str) -> String {
    let mut escaped = false;
    let bare = typed.strip_prefix(['"', '\'']).unwrap_or(typed).chars();
    bare.filter(|&c| {
        escaped = c == '\\' && !escaped;
        !escaped
    })
    .collect()
}

/// Writes a word so that bash reads it as one, behind the quote that was opened, if any.
fn quoted(word: &str, quote: Option<char>) -> String {
    if quote == Some('\'') {
        return word.replace('\'', r"'\''");
    }
    let plain = |c: char| match quote {
        Some(_) => !"\"\\$`".contains(c),
        None => c.is_ascii_alphanumeric() || !c.is_ascii() || "_-./,+%".contains(c),
    };
    word.chars().flat_map(|c| (!plain(c)).then_some('\\').into_iter().chain([c])).collect()
}

fn listed() -> Option<Vec<ApiKey>> {
    let ui = Ui::new(Manner { quiet: true, ..Manner::default() });
    let context =
        Context::new(Environment::of_process(), Program::of_arg0(None), GlobalArgs::default(), ui)
            .ok()?;
    // A shell that waits for the network or the keyring is worse than one that knows no names.
    if context.choose().ok()?.0 == Choice::Chosen(BackendKind::Remote) {
        return None;
    }
    context.open_local().ok()?.api_keys(&Owner::Myself, &Selection::All).ok()
}
