//! Help: the commands in groups, and the flags of every command apart from those of one.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::stdout;

use clap::builder::StyledStr;
use clap::{Args as _, Command};

use super::fit;
use crate::cli::{GROUPS, GlobalArgs};
use crate::environment::Environment;
use crate::settings;

/// The widest line.
const WIDEST: usize = 100;
/// Below this many columns an explanation stands below its flag: beside it there would be no room.
const NARROW: usize = 60;

/// The help that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Help {
    /// None.
    No,
    /// `-h`, or no arguments: commands, arguments, and one paragraph.
    Short,
    /// `--help`: also the other paragraphs, examples, exit codes, topics and the flags of every command.
    Long,
}

impl Help {
    /// Finds out which help the arguments ask for, if they ask for help.
    pub fn of(args: &[OsString]) -> Self {
        let is_short = |arg: &OsString| {
            let arg = arg.as_encoded_bytes();
            arg.starts_with(b"-") && !arg.starts_with(b"--") && arg.contains(&b'h')
        };
        if args.iter().any(|arg| arg == "--help") {
            Self::Long
        } else if args.len() < 2 || args.iter().any(is_short) {
            Self::Short
        } else {
            Self::No
        }
    }

    /// Prepares the tree to print this help, which takes too long for a command that prints none.
    pub fn prepare(self, tree: Command, environment: &Environment) -> Command {
        if self == Self::No {
            return tree;
        }
        let usage = format!("{} [OPTIONS] <COMMAND>", tree.get_bin_name().unwrap_or_default());
        let mut template = "\
NAME:
   ibmcloud-iam - {about}

USAGE:
   {usage}
"
        .to_owned();
        for (heading, names) in GROUPS {
            let commands = names.iter().zip(0..).filter_map(|(name, place)| {
                Some(tree.find_subcommand(name)?.clone().display_order(place))
            });
            let commands = rendered(Command::new("").subcommands(commands), "{subcommands}");
            let _ = write!(template, "\n{heading}:\n{commands}\n");
        }
        template.truncate(template.trim_end().len());
        template.push_str("{after-help}");
        let tree = tree.override_usage(usage).help_template(template);
        let columns = settings::columns(stdout(), environment);
        let tree = tree.next_line_help(is_narrow(environment)).mut_args(|arg| arg.hide(true));
        // Most texts are there only when the tree is built.
        let mut tree = tree;
        tree.build();
        self.with_texts(tree, columns)
    }

    /// Shortens the texts behind the arguments, and lays them out.
    fn with_texts(self, command: Command, columns: Option<usize>) -> Command {
        let text = command.get_after_help().map(ToString::to_string);
        let command = command.mut_subcommands(|command| self.with_texts(command, columns));
        let Some(text) = text else { return command };
        // What begins with a heading is a list, such as examples, and no paragraph.
        let first = text.split("\n\n").next().unwrap_or_default();
        let has_heading = first.lines().next().is_some_and(|line| line.ends_with(':'));
        let text = match self {
            Self::Short if has_heading => return command.after_help(None::<&str>),
            Self::Short => first,
            _ => &text,
        };
        command.after_help(columns.map_or_else(|| text.to_owned(), |width| fit::text(text, width)))
    }

    /// Returns a rendered help and its end, as wide as the terminal.
    pub fn whole(help: &str, end: &str, environment: &Environment) -> String {
        let whole = format!("{}\n{end}", help.trim_end());
        match settings::columns(stdout(), environment) {
            Some(width) => fit::rest(&whole, width),
            None => whole,
        }
    }

    /// Returns what stands at the end of the help of any command.
    pub fn end(self, environment: &Environment) -> StyledStr {
        let end = if self == Self::No {
            // The help of this command has them in its midst.
            String::new()
        } else if self == Self::Long {
            let flags = GlobalArgs::augment_args(Command::new("").version(""))
                .next_line_help(is_narrow(environment));
            format!("\nGLOBAL OPTIONS:\n{}\n", rendered(flags, "{options}"))
        } else {
            let flags = Command::new("").after_help(
                "'--help' has more: global options (-o json, -q, --profile and others), examples, exit codes, topics.",
            );
            format!("\n{}\n", rendered(flags, "{after-help}").trim_start())
        };
        end.into()
    }
}

fn is_narrow(environment: &Environment) -> bool {
    settings::columns(stdout(), environment).is_some_and(|columns| columns < NARROW)
}

/// Lays out a part of a help for the width of the terminal.
fn rendered(command: Command, part: &'static str) -> String {
    let command = command.help_template(part).max_term_width(WIDEST).hide_possible_values(true);
    let mut command =
        command.disable_help_flag(true).disable_version_flag(true).disable_help_subcommand(true);
    command.render_help().ansi().to_string().trim_end().to_owned()
}
