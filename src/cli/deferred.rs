//! The arguments of a command, built only when that command is the one in use.

use std::ops::Deref;

use clap::builder::Resettable;
use clap::error::Error;
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};

/// The arguments `T` of a command. One line uses one command, and building the arguments of all of them would be a good
/// part of a command's time. Who walks the whole tree builds it first (`Command::build`).
#[derive(Debug)]
pub struct Deferred<T>(T);

impl<T> Deref for Deferred<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
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
    // By now the command has the flags of every command, which are to come last, and its own help, which is to stay.
    let flags = command.get_arguments().count();
    let about = Resettable::from(command.get_about().cloned());
    let command = T::augment_args(command).about(about);
    let mut args = Vec::new();
    let command = command.mut_args(|arg| {
        args.push(arg);
        Arg::default()
    });
    args.rotate_left(flags);
    let mut args = args.into_iter();
    command.mut_args(|place| args.next().unwrap_or(place))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use crate::cli::Cli;

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
