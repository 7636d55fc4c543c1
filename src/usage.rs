//! Prepares the command line for parsing, and explains one that cannot be parsed.

mod arguments;
mod fit;
mod guess;
mod help;
mod meant;
mod mistaken;
mod official;

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{self, Write as _};

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind as ClapKind};
use clap::{CommandFactory as _, Error as ClapError};

use crate::cli::{Cli, VERSION};
use crate::environment::{Environment, Program};
use crate::error::{Error, ErrorKind};
use crate::model::{Timestamp, parse_duration};
use crate::settings::{self, ColourWhen, ErrorFormat, Flags};
use crate::topics::{self, Topic};
use crate::ui::{Manner, Ui};

use self::meant::{Line, is_plain, known_command};

pub use arguments::{topic_asked_for, with_help_as_flag, with_version_as_tag, without_iam};
pub use help::Help;
pub use mistaken::mistaken;

/// Prints help if it was asked for, else a usage error; returns the exit code.
pub fn explain(
    error: &ClapError,
    args: &[OsString],
    program: &Program,
    environment: &Environment,
) -> u8 {
    match error.kind() {
        ClapKind::DisplayVersion => {
            print(&error.render().to_string(), Ui::new(early_manner(args, environment)))
        }
        ClapKind::DisplayHelp => {
            let ui = Ui::new(early_manner(args, environment));
            let help = whole_help(error, args, environment, ui.manner().colour.0);
            print(&beside_iam(help, program), ui)
        }
        ClapKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            // A call without a command gets the whole help, and fails.
            let colour = early_manner(args, environment).colour.1;
            let help = beside_iam(whole_help(error, args, environment, colour), program);
            let _ = write!(io::stderr().lock(), "{help}");
            ErrorKind::Usage.exit_code()
        }
        _ => Ui::new(early_manner(args, environment)).end(Err(told(error, args, program))),
    }
}

fn whole_help(
    error: &ClapError,
    args: &[OsString],
    environment: &Environment,
    colour: bool,
) -> String {
    let (help, end) = (error.render(), Help::of(args).end(environment));
    let text = |styled: StyledStr| {
        if colour { styled.ansi().to_string() } else { styled.to_string() }
    };
    let (help, end) = (text(help), text(end));
    Help::whole(&help, &end, environment)
}

/// Prints the version as clap does; returns the exit code.
pub fn print_version(environment: &Environment) -> u8 {
    let ui = Ui::new(early_manner(&[], environment));
    print(&format!("ibmcloud-iam {VERSION}\n"), ui)
}

/// Prints a topic of `help`; returns the exit code.
pub fn print_topic(topic: &Topic, environment: &Environment) -> u8 {
    let ui = Ui::new(early_manner(&[], environment));
    let Manner { colour, width, .. } = ui.manner();
    print(&topic.shown(width.0, colour.0), ui)
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
    let unknown = text_of(error, ContextKind::InvalidSubcommand);
    // No other command has commands of its own.
    let command = known_command(args).filter(|name| unknown.is_none() || *name == "sl");
    let rendered = error.render().to_string();
    let first = rendered.split("\n\n").next().unwrap_or_default();
    let first: Vec<&str> =
        first.trim_start_matches("error: ").trim().lines().map(str::trim).collect();
    let mut message = format!("Incorrect Usage: {}", first.join(" "));
    if error.kind() == ClapKind::MissingSubcommand {
        // The list of all commands is too long for a message.
        message.truncate(message.find(" [subcommands").unwrap_or(message.len()));
    }
    // A surplus argument of a look-up or a login may be the value of a key, so it is not repeated.
    let surplus = match (error.kind(), text_of(error, ContextKind::InvalidArg)) {
        (ClapKind::UnknownArgument, Some(arg)) => !arg.starts_with('-'),
        (kind, _) => kind == ClapKind::TooManyValues,
    };
    if let (Some("login"), Some(flag)) = (command, text_of(error, ContextKind::InvalidArg))
        && let is_value = error.kind() == ClapKind::InvalidValue
        && (is_value || error.kind() == ClapKind::UnknownArgument)
        && let Some(error) = official::login_flag(flag, is_value, program)
    {
        return error;
    }
    match (error.kind(), command) {
        (ClapKind::InvalidSubcommand, None) => {
            return unknown_command(unknown, args, program);
        }
        (ClapKind::InvalidSubcommand, Some("sl")) if program.is_borrowed => {
            let name = unknown.unwrap_or("this command");
            message = format!(
                "Incorrect Usage: '{name}' is not covered. This is ibmcloud-iam; of 'ibmcloud sl' it covers 'sl user apikey' only."
            );
        }
        (_, Some("login")) if surplus => {
            message = "Incorrect Usage: 'login' takes no argument; an API key is given with '--apikey @FILE' or '--apikey -'.".into();
        }
        (_, Some("api-key-lookup")) if surplus => {
            message = "Incorrect Usage: 'api-key-lookup' takes no argument but @FILE or '-', and no value of a key.".into();
        }
        (_, Some(name)) if surplus && let Some(meant) = Line::from(name, args) => {
            let _ = write!(message, "\n   the command meant is '{}'", meant.shown(program));
            return Error::usage(message).hint(where_more_is(&meant, program));
        }
        (_, Some("api-keys")) if surplus => {
            let name = text_of(error, ContextKind::InvalidArg).filter(|name| is_plain(name));
            let name = name.unwrap_or("NAME");
            let _ = write!(
                message,
                "\n   'api-keys -n {name}' lists the keys with this in their name, 'api-key {name}' shows the one of this name"
            );
        }
        _ => tips(error, &rendered, command, args, &mut message),
    }
    if command == Some("service-api-key-create") && surplus && args.iter().any(|arg| arg == "-f") {
        message.push_str("\n   '-f' is '--force' here; a file is given with '--file FILE'");
    }
    let help = where_help_is(command, args, program);
    let usage = rendered.lines().find_map(|line| line.strip_prefix("Usage: "));
    // clap takes the flag into it that it finds similar.
    let own =
        (error.kind() == ClapKind::UnknownArgument).then(|| usage_of(command, program)).flatten();
    let hint = match own.as_deref().or(usage) {
        Some(usage) => format!("\nUSAGE:\n   {usage}\n\n{help}"),
        None => help,
    };
    Error::usage(message).hint(beside_iam(hint, program))
}

/// Names `sl` as the official CLI does, where its name is borrowed: beside `iam`, and not in it.
fn beside_iam(text: String, program: &Program) -> String {
    if program.is_borrowed { text.replace(" iam sl ", " sl ") } else { text }
}

/// Returns how a command is used.
fn usage_of(command: Option<&str>, program: &Program) -> Option<String> {
    let mut tree = Cli::command().bin_name(&program.shown);
    tree.build();
    let usage = tree.find_subcommand_mut(command?)?.render_usage().to_string();
    Some(usage.strip_prefix("Usage: ")?.to_owned())
}

fn where_help_is(command: Option<&str>, args: &[OsString], program: &Program) -> String {
    match command {
        Some(command) => {
            format!("Run '{} {command} --help' for its arguments and examples.", program.shown)
        }
        None if args.last().is_some_and(|arg| arg == "--help") => {
            format!("Run '{} --help' for the list of commands. {}", program.shown, topics::named())
        }
        None => format!("Run '{} --help' for the list of commands.", program.shown),
    }
}

/// Tells of a command that there is not.
fn unknown_command(word: Option<&str>, args: &[OsString], program: &Program) -> Error {
    let word = word.unwrap_or("this command");
    let meant = Line::from(word, args);
    if let Some(error) = official::command(word, meant.as_ref().map(|meant| &*meant.name), program)
    {
        return error;
    }
    let mut message = if program.is_borrowed && meant.is_none() {
        format!(
            "Incorrect Usage: '{word}' is not covered. This is ibmcloud-iam; it covers 'ibmcloud iam' for API keys, service IDs and tokens, 'ibmcloud sl user apikey', 'login' and 'logout'."
        )
    } else {
        format!("Incorrect Usage: unrecognized subcommand '{word}'")
    };
    if let Some(meant) = meant {
        let _ = write!(message, "\n   the command meant is '{}'", meant.shown(program));
        return Error::usage(message).hint(where_more_is(&meant, program));
    }
    if let Some(Topic { name, about, .. }) = arguments::topic(word) {
        let shown = format!("'{} help {name}'", program.shown);
        let _ = write!(message, "\n   {shown} explains {about}");
    }
    let similar: Vec<String> =
        guess::similar(word).iter().map(|name| format!("'{name}'")).collect();
    if !similar.is_empty() {
        let _ = write!(message, "\n   similar commands: {}", similar.join(", "));
    }
    Error::usage(message).hint(where_help_is(None, args, program))
}

fn where_more_is(meant: &Line, program: &Program) -> String {
    match &*meant.name {
        name if name == "help" || name.starts_with('-') => {
            format!("Run '{} {name}'.", program.shown)
        }
        name => where_help_is(Some(name), &[], program),
    }
}

/// Adds what clap advises, and what is almost the same as what was typed.
fn tips(
    error: &ClapError,
    rendered: &str,
    name: Option<&str>,
    args: &[OsString],
    message: &mut String,
) {
    if let Some(typed) = text_of(error, ContextKind::InvalidArg)
        && error.kind() == ClapKind::UnknownArgument
    {
        let mut tree = Cli::command();
        tree.build();
        let command = name.and_then(|name| tree.find_subcommand(name)).unwrap_or(&tree);
        let value = value_behind(typed, args);
        let visible = command.get_arguments().filter(|arg| !arg.is_hide_set());
        let flags: Vec<String> =
            visible.filter_map(|arg| arg.get_long()).map(|long| format!("--{long}")).collect();
        let similar = guess::near(typed, flags.iter().map(|flag| &**flag));
        let takes_name = command.get_positionals().next().is_some_and(|arg| {
            arg.get_value_names().is_some_and(|names| names[0].starts_with("NAME"))
        });
        if let Some(flag) = guess::flag(typed, command) {
            let flag = match (flag, value) {
                ("--expires-in", Some(value)) if parse_duration(value).is_ok() => {
                    format!("{flag} {value}")
                }
                ("--expires-in", Some(value)) if Timestamp::parse(value).is_ok() => {
                    format!("--expires-at {value}")
                }
                ("--expires-in", _) => format!("{flag} 90d"),
                _ => flag.to_owned(),
            };
            let _ = write!(message, "\n   the flag meant is '{flag}'");
            return;
        } else if let ("--name" | "-n", true, Some(name)) = (typed, takes_name, name) {
            let value = value.unwrap_or("NAME");
            let _ = write!(message, "\n   NAME stands without a flag: '{name} {value}'");
            return;
        } else if let [similar, ..] = similar[..] {
            let _ = write!(message, "\n   a similar argument exists: '{similar}'");
            return;
        }
    }
    if let Some(typed) = text_of(error, ContextKind::InvalidValue) {
        let typed = if typed.eq_ignore_ascii_case("md") { "markdown" } else { typed };
        if name == Some("api-keys-audit") && ["csv", "html", "markdown", "sarif"].contains(&typed) {
            let _ = write!(message, "\n   the flag meant is '--format {typed}'");
            return;
        }
        if let Some(ContextValue::Strings(valid)) = error.get(ContextKind::ValidValue)
            && let [similar, ..] = guess::near(typed, valid.iter().map(|value| &**value))[..]
        {
            let _ = write!(message, "\n   a similar value exists: '{similar}'");
        }
    }
    // What clap finds similar may be far off; `--d` is hidden.
    let tips = rendered.lines().map(str::trim).filter_map(|line| line.strip_prefix("tip: "));
    for tip in tips.filter(|tip| !tip.contains("similar") && !tip.contains("'--d'")) {
        let _ = write!(message, "\n   {tip}");
    }
}

/// Returns the value that was typed behind a flag, if it may be repeated.
fn value_behind<'a>(flag: &str, args: &'a [OsString]) -> Option<&'a str> {
    let words: Vec<&str> = args.iter().skip(1).filter_map(|arg| arg.to_str()).collect();
    let joined = words
        .iter()
        .find_map(|word| word.strip_prefix(flag).and_then(|rest| rest.strip_prefix('=')));
    let next = || words.windows(2).find_map(|pair| (pair[0] == flag).then_some(pair[1]));
    joined.or_else(next).filter(|value| is_plain(value))
}

fn text_of(error: &ClapError, kind: ContextKind) -> Option<&str> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text),
        _ => None,
    }
}
