//! How the tree is built: what every command has, and only the arguments of the command in use.
//!
//! Building the arguments of all commands, each with the flags of every command, takes a good part of a short command's
//! time (`benches/store.rs`).

use std::ffi::OsString;

use clap::builder::Resettable;
use clap::error::Error;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use super::globals::GlobalArgs;

const COMMAND_TEMPLATE: &str = "\
NAME:
   {name} - {about}

USAGE:
   {usage}

{all-args}{after-help}
";

pub(super) const ARGUMENTS: &str = "ARGUMENTS";
const OPTIONS: &str = "OPTIONS";
const FORCE: &str = "force";

/// The arguments `T` of a command, which are built when the command is used. To walk the arguments of the whole tree, build
/// it first (`Command::build`).
#[derive(Debug)]
pub struct Deferred<T>(T);

impl<T> Deferred<T> {
    /// Returns the arguments.
    pub fn take(self) -> T {
        self.0
    }
}

impl<T: FromArgMatches> FromArgMatches for Deferred<T> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        T::from_arg_matches(matches).map(Self)
    }

    fn from_arg_matches_mut(matches: &mut ArgMatches) -> Result<Self, Error> {
        T::from_arg_matches_mut(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        self.0.update_from_arg_matches(matches)
    }
}

impl<T: Args> Args for Deferred<T> {
    fn augment_args(command: Command) -> Command {
        command.defer(with_args::<T>)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

fn with_args<T: Args>(command: Command) -> Command {
    // By now the command has the flags of every command, which are to come last, and its help texts, which are to stay.
    let flags = command.get_arguments().count();
    let about = Resettable::from(command.get_about().cloned());
    let after_help = command.get_after_help().cloned();
    let name = format!("ibmcloud-iam {}", command.get_name());
    let command = T::augment_args(command.next_help_heading(OPTIONS))
        .about(about)
        .display_name(name)
        .help_template(COMMAND_TEMPLATE);
    let command = match after_help {
        Some(text) => command.after_help(text),
        None => command,
    };
    // Every command accepts '--force', so that scripts can give it everywhere.
    let asks = command.get_arguments().any(|arg| arg.get_id() == FORCE);
    let ignored = Arg::new(FORCE).short('f').long(FORCE).action(ArgAction::SetTrue).hide(true);
    let command = command.args((!asks).then_some(ignored));
    let mut args = Vec::new();
    let command = command.mut_args(|arg| {
        args.push(arg);
        Arg::default()
    });
    args.rotate_left(flags);
    let mut args = args.into_iter();
    command.mut_args(|place| args.next().unwrap_or(place))
}

/// Returns a tree that has only the first command that is named on a line. Returns `None` where none is named, or help is
/// asked for.
pub fn with_one_command(tree: &Command, args: &[OsString]) -> Option<Command> {
    if args.iter().any(|arg| arg == "--help" || arg == "-h") {
        return None;
    }
    let command = args.iter().skip(1).find_map(|arg| tree.find_subcommand(arg))?;
    let root = Command::new(env!("CARGO_PKG_NAME"))
        .version(env!("CARGO_PKG_VERSION"))
        .propagate_version(true)
        .disable_help_flag(true)
        .disable_help_subcommand(true)
        .disable_version_flag(true)
        .subcommand(command.clone());
    Some(GlobalArgs::augment_args(root))
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, FromArgMatches as _, Parser as _};

    use super::*;
    use crate::cli::Cli;

    fn small(line: &str) -> Option<String> {
        let args: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let tree = with_one_command(&Cli::command(), &args)?;
        let matches = tree.try_get_matches_from(&args).ok()?;
        Some(format!("{:?}", Cli::from_arg_matches(&matches).ok()?.command))
    }

    #[test]
    fn one_command_understands_what_the_whole_tree_does_or_nothing() {
        for (line, is_understood) in [
            ("ibmcloud-iam api-keys", true),
            ("ibmcloud-iam api-key-list --wide -o json", true),
            ("ibmcloud-iam -q --profile work api-key-delete a b --force", true),
            ("ibmcloud-iam api-key api-keys", true),
            ("ibmcloud-iam api-key-create recover -d login", true),
            // Only the whole tree knows that this word is the value of a flag.
            ("ibmcloud-iam --profile recover api-keys", false),
            ("ibmcloud-iam api-keys --help", false),
            ("ibmcloud-iam", false),
            ("ibmcloud-iam frob", false),
            ("ibmcloud-iam api-keys --frob", false),
        ] {
            let words = line.split(' ');
            let whole = Cli::try_parse_from(words).ok().map(|cli| format!("{:?}", cli.command));
            assert_eq!(small(line), whole.filter(|_| is_understood), "{line}");
        }
    }

    #[test]
    fn arguments_are_there_once_a_command_is_built_and_before_the_flags_of_every_command() {
        let mut tree = Cli::command();
        let create = tree.find_subcommand("api-key-create").unwrap();
        assert_eq!(create.get_arguments().count(), 0);
        tree.build();
        let create = tree.find_subcommand("api-key-create").unwrap();
        let names: Vec<_> = create.get_arguments().map(|arg| arg.get_id().as_str()).collect();
        assert_eq!((names[0], *names.last().unwrap()), ("name", "version"));
        assert_eq!(create.get_about().unwrap().to_string(), "Create an API key");
    }
}
