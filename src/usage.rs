//! Prepares the command line for parsing, and explains one that cannot be parsed.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{self, Write as _};

use clap::error::{ContextKind, ContextValue, ErrorKind as ClapKind};
use clap::{CommandFactory as _, Error as ClapError};

use crate::cli::{Cli, VERSION};
use crate::environment::{Environment, Program};
use crate::error::{Error, ErrorKind};
use crate::settings::{self, ColourWhen, ErrorFormat, Flags};
use crate::topics::{self, Topic};
use crate::ui::{Manner, Ui};

/// Removes a leading word `iam`, so that `ibmcloud iam api-keys` means `ibmcloud-iam api-keys`.
pub fn without_iam(mut args: Vec<OsString>) -> Vec<OsString> {
    let is_iam = |arg: &OsString| arg == "iam";
    if args.get(1).is_some_and(is_iam) {
        args.remove(1);
    } else if args.iter().any(is_iam) {
        // Only flags may come before it; some take the next word as their value.
        let taking = flags_with_a_value();
        let mut at = 1;
        while let Some(text) = args.get(at).and_then(|arg| arg.to_str()) {
            match text {
                "iam" => {
                    args.remove(at);
                    break;
                }
                flag if taking.iter().any(|known| known == flag) => at += 2,
                flag if flag.starts_with('-') && flag != "--" => at += 1,
                _ => break,
            }
        }
    }
    args
}

/// Turns `help COMMAND` into `COMMAND --help`.
pub fn with_help_as_flag(mut args: Vec<OsString>) -> Vec<OsString> {
    if args.get(1).is_some_and(|arg| arg == "help") {
        args.remove(1);
        args.push("--help".into());
    }
    args
}

/// Turns `service-id-update … --version TAG` into `--if-version TAG`: there the official CLI means the version of the service
/// ID, and not that of the program.
pub fn with_version_as_tag(mut args: Vec<OsString>) -> Vec<OsString> {
    if !args.iter().any(|arg| arg == "service-id-update") {
        return args;
    }
    for at in 1..args.len() {
        let is_tag = |next: &OsString| !next.as_encoded_bytes().starts_with(b"-");
        let tag = args[at].to_str().and_then(|text| text.strip_prefix("--version="));
        if let Some(tag) = tag {
            args[at] = format!("--if-version={tag}").into();
        } else if args[at] == "--version" && args.get(at + 1).is_some_and(is_tag) {
            args[at] = "--if-version".into();
        }
    }
    args
}

fn flags_with_a_value() -> Vec<String> {
    let tree = Cli::command();
    let taking = tree.get_arguments().filter(|arg| arg.get_action().takes_values());
    taking
        .flat_map(|arg| {
            let long = arg.get_long().map(|long| format!("--{long}"));
            long.into_iter().chain(arg.get_short().map(|short| format!("-{short}")))
        })
        .collect()
}

/// Prints help if it was asked for, else a usage error; returns the exit code.
pub fn explain(
    error: &ClapError,
    args: &[OsString],
    program: &Program,
    environment: &Environment,
) -> u8 {
    match error.kind() {
        ClapKind::DisplayHelp | ClapKind::DisplayVersion => {
            let ui = Ui::new(early_manner(args, environment));
            let help = error.render();
            let coloured = ui.manner().colour.0;
            print(&if coloured { help.ansi().to_string() } else { help.to_string() }, ui)
        }
        ClapKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            // A call without a command gets the whole help, and fails.
            let _ = write!(io::stderr().lock(), "{}", error.render());
            ErrorKind::Usage.exit_code()
        }
        _ => Ui::new(early_manner(args, environment)).end(Err(told(error, args, program))),
    }
}

/// Prints the version as clap does; returns the exit code.
pub fn print_version(environment: &Environment) -> u8 {
    let ui = Ui::new(early_manner(&[], environment));
    print(&format!("ibmcloud-iam {VERSION}\n"), ui)
}

/// Prints a topic of `help`; returns the exit code.
pub fn print_topic(topic: &Topic, environment: &Environment) -> u8 {
    let ui = Ui::new(early_manner(&[], environment));
    let colour = ui.manner().colour.0;
    print(&topic.shown(topics::width(), colour), ui)
}

fn print(text: &str, mut ui: Ui) -> u8 {
    ui.data(|out| out.write_all(text.as_bytes()));
    ui.end(Ok(()))
}

/// Finds out how to print when the command line could not be parsed.
fn early_manner(args: &[OsString], environment: &Environment) -> Manner {
    let is = |arg: &OsString, what: &str| arg.eq_ignore_ascii_case(what);
    let said = |flag: &str, word: &str| {
        args.iter().any(|arg| is(arg, &format!("{flag}={word}")))
            || args.windows(2).any(|pair| is(&pair[0], flag) && is(&pair[1], word))
    };
    let flags = Flags {
        quiet: args.iter().any(|arg| is(arg, "-q") || is(arg, "--quiet")),
        error_format: said("--error-format", "json").then_some(ErrorFormat::Json),
        color: match (said("--color", "never"), said("--color", "always")) {
            (true, _) => ColourWhen::Never,
            (false, true) => ColourWhen::Always,
            (false, false) => ColourWhen::Auto,
        },
        ..Flags::default()
    };
    settings::manner(&flags, environment)
}

fn told(error: &ClapError, args: &[OsString], program: &Program) -> Error {
    let command = known_command(args);
    let rendered = error.render().to_string();
    let mut parts = rendered.split("\n\n");
    let first = parts.next().unwrap_or_default().trim_start_matches("error: ").trim();
    let first: Vec<&str> = first.lines().map(str::trim).collect();
    let mut message = format!("Incorrect Usage: {}", first.join(" "));
    if error.kind() == ClapKind::InvalidSubcommand && program.is_borrowed {
        let name = match error.get(ContextKind::InvalidSubcommand) {
            Some(ContextValue::String(name)) => name.as_str(),
            _ => "this command",
        };
        let tree = Cli::command();
        let covered: Vec<&str> = tree.get_subcommands().map(clap::Command::get_name).collect();
        let covered = match command {
            Some("sl") => "of 'ibmcloud sl' it covers 'sl user apikey' only".to_owned(),
            _ => format!("of 'ibmcloud iam' it covers {}", covered.join(", ")),
        };
        message =
            format!("Incorrect Usage: '{name}' is not covered. This is ibmcloud-iam; {covered}.");
    }
    // A surplus argument of a look-up or a login may be the value of a key, so it is not repeated.
    let surplus = match (error.kind(), error.get(ContextKind::InvalidArg)) {
        (ClapKind::UnknownArgument, Some(ContextValue::String(arg))) => !arg.starts_with('-'),
        (kind, _) => kind == ClapKind::TooManyValues,
    };
    if command == Some("login") && surplus {
        message = "Incorrect Usage: 'login' takes no argument; an API key is given with '--apikey @FILE' or '--apikey -'.".into();
    } else if command == Some("api-key-lookup") && surplus {
        message = "Incorrect Usage: 'api-key-lookup' takes no argument but @FILE or '-', and no value of a key.".into();
    } else if let Some(ContextValue::Strings(similar)) = error.get(ContextKind::SuggestedSubcommand)
    {
        // The most similar comes last.
        let best: Vec<String> =
            similar.iter().rev().take(3).map(|name| format!("'{name}'")).collect();
        let _ = write!(message, "\n   similar commands: {}", best.join(", "));
    } else {
        // `--d` is hidden.
        let tips = rendered.lines().map(str::trim).filter_map(|line| line.strip_prefix("tip: "));
        for tip in tips.filter(|tip| !tip.contains("'--d'")) {
            let _ = write!(message, "\n   {tip}");
        }
    }
    if command == Some("service-api-key-create") && surplus && args.iter().any(|arg| arg == "-f") {
        message.push_str("\n   '-f' is '--force' here; a file is given with '--file FILE'");
    }
    let help = match command {
        Some(command) => {
            format!("Run '{} {command} --help' for its arguments and examples.", program.shown)
        }
        None if args.last().is_some_and(|arg| arg == "--help") => {
            format!("Run '{} --help' for the list of commands. {}", program.shown, topics::named())
        }
        None => format!("Run '{} --help' for the list of commands.", program.shown),
    };
    let usage = rendered.lines().find_map(|line| line.strip_prefix("Usage: "));
    Error::usage(message).hint(match usage {
        Some(usage) => format!("\nUSAGE:\n   {usage}\n\n{help}"),
        None => help,
    })
}

/// Finds the command in a command line that could not be parsed.
fn known_command(args: &[OsString]) -> Option<&str> {
    let tree = Cli::command();
    args.iter()
        .skip(1)
        .filter_map(|arg| arg.to_str())
        .find(|word| tree.find_subcommand(word).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn iam_is_dropped_where_a_command_would_stand() {
        for (given, left) in [
            ("p iam api-keys", "p api-keys"),
            ("p -q iam api-keys", "p -q api-keys"),
            ("p --output json iam api-keys", "p --output json api-keys"),
            ("p --output=json iam api-keys", "p --output=json api-keys"),
            ("p api-key iam", "p api-key iam"),
            ("p iam api-key iam", "p api-key iam"),
            ("p iam", "p"),
        ] {
            assert_eq!(without_iam(words(given)), words(left), "{given}");
        }
    }
}
