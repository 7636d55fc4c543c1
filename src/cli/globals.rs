//! The flags of every command.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{ArgAction, Args};

use crate::complete;
use crate::model::BackendKind;
use crate::settings::{ColourWhen, ErrorFormat, Flags, OutputFormat, Profile};

/// Flags of every command.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "GLOBAL OPTIONS")]
pub struct GlobalArgs {
    /// Where the keys are: a file store on this machine, or the IAM Identity service
    #[arg(long, global = true, value_name = "local|remote")]
    backend: Option<BackendKind>,
    /// The URL of the IAM Identity service; chooses the remote backend
    #[arg(long, global = true, value_name = "URL", value_parser = NonEmptyStringValueParser::new())]
    endpoint: Option<String>,
    /// The API key to log in with, from a file or from standard input; chooses the remote backend
    #[arg(long, global = true, value_name = "@FILE|-", allow_hyphen_values = true, add = complete::at_files())]
    apikey: Option<String>,
    /// The profile to use: a set of login, endpoint, backend and local store
    #[arg(long, global = true, value_name = "NAME", value_parser = Profile::parse, add = complete::profiles())]
    profile: Option<Profile>,
    /// Trust the certificates in this PEM file in place of the system's
    #[arg(long, global = true, value_name = "FILE", add = complete::files())]
    ca_file: Option<PathBuf>,
    /// Print JSON; only 'json' is supported
    #[arg(short, long, global = true, value_name = "json", ignore_case = true)]
    output: Option<OutputFormat>,
    /// Print no progress, no OK and no warnings
    #[arg(short, long, global = true)]
    quiet: bool,
    /// How to print failures
    #[arg(long, global = true, value_name = "text|json", ignore_case = true)]
    error_format: Option<ErrorFormat>,
    /// When to use colours; NO_COLOR and IBMCLOUD_COLOR are obeyed
    #[arg(long, global = true, value_name = "auto|always|never")]
    color: Option<ColourWhen>,
    /// Print this help
    #[arg(short, long, global = true, action = ArgAction::HelpShort)]
    help: Option<bool>,
    /// Print the version
    #[arg(short = 'V', long, global = true, action = ArgAction::Version)]
    version: Option<bool>,
}

impl GlobalArgs {
    /// Returns the flags as plain values.
    pub fn flags(self) -> Flags {
        Flags {
            backend: self.backend,
            endpoint: self.endpoint,
            apikey: self.apikey,
            profile: self.profile,
            ca_file: self.ca_file,
            output: self.output,
            quiet: self.quiet,
            error_format: self.error_format,
            color: self.color.unwrap_or_default(),
        }
    }
}
