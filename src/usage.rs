//! Prepares the command line for parsing, and explains one that cannot be parsed.

mod arguments;
mod guess;
mod help;

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{self, Write as _};

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind as ClapKind};
use clap::{CommandFactory as _, Error as ClapError};

use crate::cli::{Cli, VERSION};
use crate::environment::{Environment, Program};
use crate::error::{Error, ErrorKind};
use crate::secret::veil;
use crate::settings::{self, ColourWhen, ErrorFormat, Flags};
use crate::text::shell_word;
use crate::topics::{self, Topic};
use crate::ui::{Manner, Ui};

pub use arguments::{with_help_as_flag, with_version_as_tag, without_iam};
pub use help::Help;

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
    format!("{}\n{end}", help.trim_end())
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
        (_, Some(name)) if surplus && let Some(meant) = meant_from(name, args) => {
            let _ = write!(message, "\n   the command meant is '{}'", meant.line);
            return Error::usage(message).hint(meant.hint(program));
        }
        _ => tips(error, &rendered, command, &mut message),
    }
    if command == Some("service-api-key-create") && surplus && args.iter().any(|arg| arg == "-f") {
        message.push_str("\n   '-f' is '--force' here; a file is given with '--file FILE'");
    }
    let help = where_help_is(command, args, program);
    let usage = rendered.lines().find_map(|line| line.strip_prefix("Usage: "));
    // clap takes the flag into it that it finds similar.
    let own = (error.kind() == ClapKind::UnknownArgument).then(|| usage_of(command)).flatten();
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
fn usage_of(command: Option<&str>) -> Option<String> {
    let mut tree = Cli::command();
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
    if word == "target" {
        return Error::usage(
            "Incorrect Usage: 'target' is not covered. There is nothing to target: a key belongs to its account, and to no region, resource group, organization or space.",
        )
        .hint(format!(
            "Leave the line out. '{0} whoami' shows the account; for another one, log in with a key of that account: '{0} login --apikey @FILE'.",
            program.shown
        ));
    }
    let mut message = if program.is_borrowed {
        format!(
            "Incorrect Usage: '{word}' is not covered. This is ibmcloud-iam; it covers 'ibmcloud iam' for API keys, service IDs and tokens, 'ibmcloud sl user apikey', 'login' and 'logout'."
        )
    } else {
        format!("Incorrect Usage: unrecognized subcommand '{word}'")
    };
    if let Some(meant) = meant_from(word, args) {
        let _ = write!(message, "\n   the command meant is '{}'", meant.line);
        return Error::usage(message).hint(meant.hint(program));
    }
    let similar: Vec<String> =
        guess::similar(word).iter().map(|name| format!("'{name}'")).collect();
    if !similar.is_empty() {
        let _ = write!(message, "\n   similar commands: {}", similar.join(", "));
    }
    Error::usage(message).hint(where_help_is(None, args, program))
}

/// A command line that was meant.
struct Line {
    /// The command.
    name: String,
    /// The command and what stands behind it, up to a flag.
    line: String,
}

impl Line {
    fn hint(&self, program: &Program) -> String {
        let name = Some(&*self.name).filter(|name| !name.starts_with('-'));
        match name {
            Some(_) => where_help_is(name, &[], program),
            None => format!("Run '{} {}'.", program.shown, self.name),
        }
    }
}

/// Guesses what was meant by the arguments from `word` on, if it is not the command that `word` is.
fn meant_from(word: &str, args: &[OsString]) -> Option<Line> {
    let from = args.iter().skip(1).position(|arg| arg == word)? + 1;
    let meant =
        guess::command(&args[from..]).filter(|meant| meant.name != word || meant.words > 1)?;
    // What is looked up may be the value of a key, and so may be what stands behind a flag.
    let repeats = !["api-key-lookup", "platform-api-key-check"].contains(&&*meant.name);
    let rest = args[from + meant.words..].iter().filter(|_| repeats);
    // Nor is what would have to be quoted: the line stands in quotes.
    let is_plain =
        |arg: &&str| !arg.starts_with('-') && shell_word(arg) == *arg && veil(arg) == *arg;
    let rest = rest.map_while(|arg| arg.to_str().filter(is_plain));
    let line = rest.fold(meant.name.clone(), |line, arg| line + " " + arg);
    Some(Line { name: meant.name, line })
}

/// Adds what clap advises, and what is almost the same as what was typed.
fn tips(error: &ClapError, rendered: &str, command: Option<&str>, message: &mut String) {
    if let Some(typed) = text_of(error, ContextKind::InvalidArg)
        && error.kind() == ClapKind::UnknownArgument
    {
        let mut tree = Cli::command();
        tree.build();
        let command = command.and_then(|name| tree.find_subcommand(name)).unwrap_or(&tree);
        let visible = command.get_arguments().filter(|arg| !arg.is_hide_set());
        let flags: Vec<String> =
            visible.filter_map(|arg| arg.get_long()).map(|long| format!("--{long}")).collect();
        let similar = guess::near(typed, flags.iter().map(|flag| &**flag));
        if let Some(flag) = guess::flag(typed, command) {
            let _ = write!(message, "\n   the flag meant is '{flag}'");
            return;
        } else if let [similar, ..] = similar[..] {
            let _ = write!(message, "\n   a similar argument exists: '{similar}'");
            return;
        }
    }
    if let (Some(typed), Some(ContextValue::Strings(valid))) =
        (text_of(error, ContextKind::InvalidValue), error.get(ContextKind::ValidValue))
        && let [similar, ..] = guess::near(typed, valid.iter().map(|value| &**value))[..]
    {
        let _ = write!(message, "\n   a similar value exists: '{similar}'");
    }
    // What clap finds similar may be far off; `--d` is hidden.
    let tips = rendered.lines().map(str::trim).filter_map(|line| line.strip_prefix("tip: "));
    for tip in tips.filter(|tip| !tip.contains("similar") && !tip.contains("'--d'")) {
        let _ = write!(message, "\n   {tip}");
    }
}

fn text_of(error: &ClapError, kind: ContextKind) -> Option<&str> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text),
        _ => None,
    }
}

/// Finds the command in a command line that could not be parsed.
fn known_command(args: &[OsString]) -> Option<&str> {
    let tree = Cli::command();
    args.iter()
        .skip(1)
        .filter_map(|arg| arg.to_str())
        .find(|word| tree.find_subcommand(word).is_some())
}
