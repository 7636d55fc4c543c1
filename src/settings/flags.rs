//! The flags that every command has.

#![expect(clippy::doc_markdown, reason = "doc comments are help texts here")]

use std::path::PathBuf;

use clap::ValueEnum;

use super::profile::Profile;
use crate::model::BackendKind;

/// The flags of every command.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// Where the keys are.
    pub backend: Option<BackendKind>,
    /// The URL of the service.
    pub endpoint: Option<String>,
    /// `@FILE` or `-`: where the API key to log in with is.
    pub apikey: Option<String>,
    /// The profile.
    pub profile: Option<Profile>,
    /// Certificates to trust in place of the system's.
    pub ca_file: Option<PathBuf>,
    /// The format of the output; `None` for text.
    pub output: Option<OutputFormat>,
    /// Whether progress, `OK` and warnings are left out.
    pub quiet: bool,
    /// The format of failures.
    pub error_format: Option<ErrorFormat>,
    /// When colours are used.
    pub color: ColourWhen,
}

/// The formats of `--output`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// One JSON document.
    Json,
}

/// The formats of `--error-format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ErrorFormat {
    /// `FAILED`, a message, a hint.
    Text,
    /// One JSON object.
    Json,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ColourWhen {
    #[default]
    /// On a terminal, unless NO_COLOR or IBMCLOUD_COLOR say otherwise
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}
