//! What happens when somebody presses Tab: the script of the shell asks this program what to offer.

mod script;

use std::ffi::OsString;

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Arg, Command, CommandFactory as _, FromArgMatches as _};
use clap_complete::CompleteEnv;
use clap_complete::env::{Bash, EnvCompleter, Fish, Powershell, Shells, Zsh};

use crate::cli::{Cli, GlobalArgs};
use crate::complete::{CommandLine, LINE, Shell, Typed};
use crate::environment::{Environment, Program};
use crate::topics::TOPICS;
use crate::usage;

pub use script::Mended;

/// The variable by which a completion script asks.
pub const VARIABLE: &str = "IBMCLOUD_IAM_COMPLETE";
/// The variable in which bash and zsh say which word is being typed; in other shells it is the last one.
const INDEX: &str = "_CLAP_COMPLETE_INDEX";

/// Answers a completion script and ends the process, if one asks.
pub fn answer_shell(environment: &Environment) {
    let Some(shell) = environment.raw(VARIABLE) else { return };
    let shell = match shell.to_str() {
        Some("bash") => Shell::Bash,
        Some("zsh") => Shell::Zsh,
        Some("fish") => Shell::Fish,
        _ => Shell::Other,
    };
    let _ = LINE.set(line_before_the_word(shell, environment));
    let shells: [&dyn EnvCompleter; 4] =
        [&Mended(&Bash), &Mended(&Zsh), &Mended(&Fish), &Mended(&Powershell)];
    CompleteEnv::with_factory(tree).var(VARIABLE).shells(Shells(&shells)).complete();
}

/// Builds the command tree in which words are completed, with `iam` as a second root.
fn tree() -> Command {
    let tree = Cli::command();
    let names: Vec<String> =
        tree.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    let tree = names.iter().fold(tree, |tree, name| {
        tree.mut_subcommand(name, |command| {
            // A visible alias would be offered in place of its command.
            let aliases: Vec<&'static str> =
                command.get_visible_aliases().map(|alias| &*alias.to_owned().leak()).collect();
            command.visible_alias(None::<&str>).aliases(aliases)
        })
    });
    let help = help(&tree);
    let tree = tree.subcommand(help);
    let below_iam = tree.clone().name("iam").hide(true);
    tree.subcommand(below_iam)
}

/// Builds `help`, which explains each command and each topic. It is read before the tree is needed, so it is not in there.
fn help(tree: &Command) -> Command {
    let commands = tree.get_subcommands().map(|command| {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        (command.get_name().to_owned(), about)
    });
    let is_command = |name: &str| tree.find_subcommand(name).is_some();
    let topics = TOPICS.iter().filter(|topic| !is_command(topic.name));
    let topics = topics.map(|topic| (topic.name.to_owned(), topic.about.to_owned()));
    let known = commands
        .chain(topics)
        .map(|(name, about)| PossibleValue::new(&*name.leak()).help(&*about.leak()));
    let what = Arg::new("what").value_parser(PossibleValuesParser::new(known));
    Command::new("help").about("Explain a command or a topic").arg(what)
}

/// Reads the line up to the word that is being typed. What cannot be read counts as not given.
fn line_before_the_word(shell: Shell, environment: &Environment) -> CommandLine {
    let mut words: Vec<OsString> =
        std::env::args_os().skip_while(|word| word != "--").skip(1).collect();
    let index = environment.raw(INDEX).and_then(|index| index.to_str()?.parse().ok());
    let rest = words.split_off(index.unwrap_or(words.len().saturating_sub(1)).min(words.len()));
    let typed = rest.first().map(|word| Typed::read(&word.to_string_lossy(), shell).text);
    let types_flag = typed.is_some_and(|typed| typed.starts_with('-'));
    if matches!(shell, Shell::Bash | Shell::Zsh) {
        for word in &mut words {
            *word = Typed::read(&word.to_string_lossy(), shell).text.into();
        }
    }
    let program = Program::of_arg0(words.first().map(OsString::as_os_str));
    let tree = Cli::command().ignore_errors(true);
    let matches = tree.try_get_matches_from(usage::without_iam(words));
    let global = matches.ok().and_then(|matches| GlobalArgs::from_arg_matches(&matches).ok());
    CommandLine { shell, program, types_flag, flags: global.unwrap_or_default().flags() }
}
