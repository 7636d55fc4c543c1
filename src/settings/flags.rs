//! The flags that every command has.

#![expect(clippy::doc_markdown, reason = "doc comments are help texts here")]

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::ValueEnum;

use super::profile::Profile;
use crate::model::BackendKind;
use crate::text::shell_word;

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

impl Flags {
    /// Adds to a program what has to be typed, in any shell, for the same profile, endpoint and credential.
    pub(super) fn typed_behind(&self, program: &str) -> String {
        let from_file = self.apikey.as_deref().filter(|from| from.starts_with('@'));
        let chosen = [
            ("--profile", self.profile.as_ref().map(|profile| profile.name().to_owned())),
            ("--backend", self.backend.map(|kind| kind.as_str().to_owned())),
            ("--endpoint", self.endpoint.clone()),
            ("--apikey", from_file.map(str::to_owned)),
            ("--ca-file", self.ca_file.as_ref().map(|file| file.to_string_lossy().into_owned())),
        ];
        let mut typed = program.to_owned();
        for (flag, value) in chosen {
            if let Some(value) = value {
                // Writing to memory cannot fail.
                let _ = write!(typed, " {flag} {}", shell_word(&value));
            }
        }
        typed
    }
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
