//! The command tree: names, arguments, help. No logic, no input or output. The arguments of each command are in `args`.

#![expect(clippy::doc_markdown, reason = "doc comments are help texts here")]

mod args;
mod deferred;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

pub use args::*;
pub use deferred::Deferred;

use crate::config::Profile;
use crate::model::BackendKind;

const ROOT_TEMPLATE: &str = "\
NAME:
   ibmcloud-iam - {about}

USAGE:
   {usage}

COMMANDS:
{subcommands}

GLOBAL OPTIONS:
{options}{after-help}
";

const GLOBAL: &str = "GLOBAL OPTIONS";

/// Manage IBM Cloud IAM API keys, on a local store or the service
#[derive(Debug, Parser)]
#[command(
    name = "ibmcloud-iam",
    version,
    help_template = ROOT_TEMPLATE,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    disable_help_flag = true,
    disable_version_flag = true,
    propagate_version = true,
    after_help = "\
'ibmcloud-iam COMMAND --help' explains a command. A leading word 'iam' is
accepted, so that 'alias ibmcloud=ibmcloud-iam' runs existing scripts."
)]
pub struct Cli {
    /// What holds for every command.
    #[command(flatten)]
    pub global: GlobalArgs,
    /// What is to be done.
    #[command(subcommand)]
    pub command: Command,
}

/// Returns a tree that understands, of all commands, the first that is named on a line. To give every command the flags of
/// all of them costs a good part of a short command's time. `None` where none is named, or help is asked for.
pub fn with_one_command(tree: &clap::Command, args: &[OsString]) -> Option<clap::Command> {
    if args.iter().any(|arg| arg == "--help" || arg == "-h") {
        return None;
    }
    let command = args.iter().skip(1).find_map(|arg| tree.find_subcommand(arg))?;
    let root = clap::Command::new(env!("CARGO_PKG_NAME"))
        .version(env!("CARGO_PKG_VERSION"))
        .propagate_version(true)
        .disable_help_flag(true)
        .disable_help_subcommand(true)
        .disable_version_flag(true)
        .subcommand(command.clone());
    Some(GlobalArgs::augment_args(root))
}

/// Flags of every command.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = GLOBAL)]
pub struct GlobalArgs {
    /// Where the keys live: a file store on this machine, or the IAM Identity service
    #[arg(
        long,
        global = true,
        value_name = "local|remote",
        value_enum,
        hide_possible_values = true
    )]
    pub backend: Option<BackendKind>,
    /// The URL of the IAM Identity service; chooses the remote backend
    #[arg(long, global = true, value_name = "URL", value_parser = NonEmptyStringValueParser::new())]
    pub endpoint: Option<String>,
    /// The API key to log in with, from a file or from standard input; chooses the remote backend
    #[arg(long, global = true, value_name = "@FILE|-", allow_hyphen_values = true)]
    pub apikey: Option<String>,
    /// The profile to use: a set of login, endpoint, backend and local store
    #[arg(long, global = true, value_name = "NAME", value_parser = Profile::parse)]
    pub profile: Option<Profile>,
    /// Trust the certificates in this PEM file in place of the system's
    #[arg(long, global = true, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub ca_file: Option<PathBuf>,
    /// Print JSON; only 'json' is supported
    #[arg(
        short,
        long,
        global = true,
        value_name = "json",
        value_enum,
        ignore_case = true,
        hide_possible_values = true
    )]
    pub output: Option<OutputFormat>,
    /// Print no progress, no OK and no warnings
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// How to print failures
    #[arg(
        long,
        global = true,
        value_name = "text|json",
        value_enum,
        ignore_case = true,
        hide_possible_values = true
    )]
    pub error_format: Option<ErrorFormat>,
    /// When to use colours; NO_COLOR and IBMCLOUD_COLOR are obeyed
    #[arg(
        long,
        global = true,
        value_name = "auto|always|never",
        value_enum,
        default_value_t = ColourWhen::Auto,
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub color: ColourWhen,
    /// Print this help
    #[arg(short, long, global = true, action = ArgAction::HelpShort)]
    pub help: Option<bool>,
    /// Print the version
    #[arg(short = 'V', long, global = true, action = ArgAction::Version)]
    pub version: Option<bool>,
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

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List your API keys
    #[command(visible_alias = "api-key-list", display_name = "ibmcloud-iam api-keys")]
    ApiKeys(Deferred<ApiKeysArgs>),
    /// Show an API key
    #[command(display_name = "ibmcloud-iam api-key")]
    ApiKey(Deferred<ApiKeyArgs>),
    /// Create an API key
    #[command(display_name = "ibmcloud-iam api-key-create")]
    ApiKeyCreate(Deferred<ApiKeyCreateArgs>),
    /// Change the name, description, leak action or expiry of an API key
    #[command(display_name = "ibmcloud-iam api-key-update")]
    ApiKeyUpdate(Deferred<ApiKeyUpdateArgs>),
    /// Delete API keys
    #[command(display_name = "ibmcloud-iam api-key-delete")]
    ApiKeyDelete(Deferred<ApiKeyDeleteArgs>),
    /// Lock API keys, so that they can be neither changed nor deleted
    #[command(display_name = "ibmcloud-iam api-key-lock")]
    ApiKeyLock(Deferred<ApiKeyLockArgs>),
    /// Unlock API keys
    #[command(display_name = "ibmcloud-iam api-key-unlock")]
    ApiKeyUnlock(Deferred<ApiKeyUnlockArgs>),
    /// Disable API keys, so that they open nothing until they are enabled
    #[command(display_name = "ibmcloud-iam api-key-disable")]
    ApiKeyDisable(Deferred<ApiKeyDisableArgs>),
    /// Enable API keys that were disabled
    #[command(display_name = "ibmcloud-iam api-key-enable")]
    ApiKeyEnable(Deferred<ApiKeyEnableArgs>),
    /// Replace an API key by a new one, so that a working one is held at every instant
    #[command(display_name = "ibmcloud-iam api-key-rotate")]
    ApiKeyRotate(Deferred<ApiKeyRotateArgs>),
    /// Report the API keys that will hurt: old, unused, eternal, leaked
    #[command(display_name = "ibmcloud-iam api-keys-audit")]
    ApiKeysAudit(Deferred<ApiKeysAuditArgs>),
    /// Find the API key that a value belongs to
    #[command(display_name = "ibmcloud-iam api-key-lookup")]
    ApiKeyLookup(Deferred<ApiKeyLookupArgs>),
    /// Finish or undo what an interrupted command left
    #[command(display_name = "ibmcloud-iam recover")]
    Recover(Deferred<RecoverArgs>),
    /// Log in with an API key and keep it
    #[command(display_name = "ibmcloud-iam login")]
    Login(Deferred<LoginArgs>),
    /// Forget the API key of a login
    #[command(display_name = "ibmcloud-iam logout")]
    Logout(Deferred<LogoutArgs>),
    /// Show who you are, with which credential, and where
    #[command(display_name = "ibmcloud-iam whoami")]
    Whoami(Deferred<WhoamiArgs>),
    /// Print the access token alone
    #[command(display_name = "ibmcloud-iam bearer-token")]
    BearerToken(Deferred<BearerTokenArgs>),
    /// Print the access token as the official CLI does
    #[command(display_name = "ibmcloud-iam oauth-tokens")]
    OauthTokens(Deferred<OauthTokensArgs>),
    /// Serve the IAM Identity API on this machine, over a local store
    #[command(display_name = "ibmcloud-iam emulate")]
    Emulate(Deferred<EmulateArgs>),
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, FromArgMatches as _, Parser as _};

    use super::*;

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
            // The value of a flag is no command; the whole tree knows.
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
}
