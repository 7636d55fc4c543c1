//! The command tree: names, arguments, help. No logic, no input or output.

#![expect(clippy::doc_markdown, reason = "doc comments are help texts here")]

use clap::builder::{NonEmptyStringValueParser, TypedValueParser as _};
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

use std::path::PathBuf;
use std::time::Duration;

use crate::backend::BackendKind;
use crate::model::{KeyRef, LeakAction, Timestamp, parse_duration};

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

const COMMAND_TEMPLATE: &str = "\
NAME:
   {name} - {about}

USAGE:
   {usage}

{all-args}{after-help}
";

const ARGUMENTS: &str = "ARGUMENTS";
const OPTIONS: &str = "OPTIONS";
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

/// Flags of every command.
#[derive(Debug, Clone, Args)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColourWhen {
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
    ApiKeys(ApiKeysArgs),
    /// Show an API key
    #[command(display_name = "ibmcloud-iam api-key")]
    ApiKey(ApiKeyArgs),
    /// Create an API key
    #[command(display_name = "ibmcloud-iam api-key-create")]
    ApiKeyCreate(ApiKeyCreateArgs),
    /// Change the name, description, leak action or expiry of an API key
    #[command(display_name = "ibmcloud-iam api-key-update")]
    ApiKeyUpdate(ApiKeyUpdateArgs),
    /// Delete API keys
    #[command(display_name = "ibmcloud-iam api-key-delete")]
    ApiKeyDelete(ApiKeyDeleteArgs),
    /// Lock API keys, so that they can be neither changed nor deleted
    #[command(display_name = "ibmcloud-iam api-key-lock")]
    ApiKeyLock(ApiKeyLockArgs),
    /// Unlock API keys
    #[command(display_name = "ibmcloud-iam api-key-unlock")]
    ApiKeyUnlock(ApiKeyUnlockArgs),
    /// Disable API keys, so that they open nothing until they are enabled
    #[command(display_name = "ibmcloud-iam api-key-disable")]
    ApiKeyDisable(ApiKeyDisableArgs),
    /// Enable API keys that were disabled
    #[command(display_name = "ibmcloud-iam api-key-enable")]
    ApiKeyEnable(ApiKeyEnableArgs),
    /// Find the API key that a value belongs to
    #[command(display_name = "ibmcloud-iam api-key-lookup")]
    ApiKeyLookup(ApiKeyLookupArgs),
    /// Finish or undo what an interrupted command left
    #[command(display_name = "ibmcloud-iam recover")]
    Recover(RecoverArgs),
}

/// `-f, --force` for commands that ask.
#[derive(Debug, Args)]
#[command(next_help_heading = OPTIONS)]
pub struct ForceArgs {
    /// Go on without confirmation
    #[arg(short, long)]
    pub force: bool,
}

/// `-f, --force` for commands that never ask: accepted, so that it can stand everywhere.
#[derive(Debug, Args)]
#[command(next_help_heading = OPTIONS)]
pub struct NothingToForceArgs {
    /// Accepted; this command asks nothing
    #[arg(short, long, hide = true)]
    pub force: bool,
}

/// `--dry-run` for commands that write.
#[derive(Debug, Args)]
#[command(next_help_heading = OPTIONS)]
pub struct DryRunArgs {
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// One key.
#[derive(Debug, Args)]
pub struct KeyArgs {
    /// The name or the ID (ApiKey-...) of the API key
    #[arg(value_name = "NAME|UUID", value_parser = key_ref(), help_heading = ARGUMENTS)]
    pub key: KeyRef,
}

/// One key or more.
#[derive(Debug, Args)]
pub struct KeysArgs {
    /// Names or IDs (ApiKey-...) of API keys
    #[arg(value_name = "NAME|UUID", required = true, value_parser = key_ref(), help_heading = ARGUMENTS)]
    pub keys: Vec<KeyRef>,
}

fn key_ref() -> impl clap::builder::TypedValueParser<Value = KeyRef> {
    NonEmptyStringValueParser::new().map(|text| KeyRef::parse(&text))
}

/// Arguments of `api-keys`.
#[derive(Debug, Args)]
#[command(
    help_template = COMMAND_TEMPLATE,
    next_help_heading = OPTIONS,
    after_help = "\
EXAMPLES:
   ibmcloud-iam api-keys
   ibmcloud-iam api-keys --name ci- --state active
   ibmcloud-iam api-keys --output json | jq -r '.[].id'"
)]
pub struct ApiKeysArgs {
    /// Print IDs only, one a line
    #[arg(long)]
    pub uuid: bool,
    /// Only keys whose name holds this text
    #[arg(short, long, value_name = "NAME", allow_hyphen_values = true)]
    pub name: Option<String>,
    /// Only keys whose description holds this text
    #[arg(short, long, alias = "d", value_name = "DESCRIPTION", allow_hyphen_values = true)]
    pub description: Option<String>,
    /// Only keys that are active, disabled, expired, phasing-out, phased-out or locked; may be given several times
    #[arg(
        long,
        value_name = "STATE",
        value_enum,
        value_delimiter = ',',
        hide_possible_values = true
    )]
    pub state: Vec<StateFilter>,
    /// Sort by name, description, created_at, created_by or modified_at; oldest first when absent
    #[arg(long, value_name = "FIELD", value_enum, hide_possible_values = true)]
    pub sort: Option<SortBy>,
    /// Show more columns
    #[arg(long)]
    pub wide: bool,
    /// Nothing to force.
    #[command(flatten)]
    pub force: NothingToForceArgs,
}

/// What `--state` can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StateFilter {
    /// It opens things
    Active,
    /// It was switched off
    Disabled,
    /// Its expiry has passed
    Expired,
    /// It works, but expires before another active key of its name
    PhasingOut,
    /// It no longer works, and another active key of its name does
    PhasedOut,
    /// It can be neither changed nor deleted, whatever its state
    Locked,
}

/// What `--sort` can sort by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum SortBy {
    /// By name
    Name,
    /// By description
    Description,
    /// By creation, oldest first
    CreatedAt,
    /// By the IAM ID of the creator
    CreatedBy,
    /// By last change, oldest first
    ModifiedAt,
}

/// Arguments of `api-key`.
#[derive(Debug, Args)]
#[command(
    help_template = COMMAND_TEMPLATE,
    next_help_heading = OPTIONS,
    after_help = "\
EXAMPLES:
   ibmcloud-iam api-key MyKey
   ibmcloud-iam api-key --uuid MyKey
   ibmcloud-iam api-key ApiKey-18f773b0-db53-43f1-ad68-92c667c218fe --history"
)]
pub struct ApiKeyArgs {
    /// Which key.
    #[command(flatten)]
    pub which: KeyArgs,
    /// Print the ID only
    #[arg(long)]
    pub uuid: bool,
    /// Show when and how often the key was used
    #[arg(long)]
    pub activity: bool,
    /// Show what happened to the key
    #[arg(long)]
    pub history: bool,
    /// Nothing to force.
    #[command(flatten)]
    pub force: NothingToForceArgs,
}

/// Arguments of `api-key-create`.
#[derive(Debug, Args)]
#[command(
    help_template = COMMAND_TEMPLATE,
    next_help_heading = OPTIONS,
    after_help = "\
The value of the key is told once and cannot be retrieved later: with '--file'
it is written to FILE (mode 0600) and printed nowhere, without it it is printed.
'ibmcloud-iam recover' finishes or undoes what an interrupted command left.

EXAMPLES:
   ibmcloud-iam api-key-create MyKey -d \"this is my API key\" --file key_file
   ibmcloud-iam api-key-create ci-deploy --expires-in 90d --file key.json
   export IBMCLOUD_API_KEY=$(ibmcloud-iam api-key-create ci --output json | jq -r .apikey)

EXIT CODES:
   2 usage, 9 limit reached, 11 outcome unknown, 14 FILE cannot be used"
)]
pub struct ApiKeyCreateArgs {
    /// The name of the new API key; names need not be unique
    #[arg(value_name = "NAME", value_parser = NonEmptyStringValueParser::new(), help_heading = ARGUMENTS)]
    pub name: String,
    /// The description
    #[arg(
        short,
        long,
        alias = "d",
        value_name = "DESCRIPTION",
        allow_hyphen_values = true,
        default_value = "",
        hide_default_value = true
    )]
    pub description: String,
    /// Write the key to FILE instead of printing it; FILE must not exist or be empty
    #[arg(short, long, value_name = "FILE", value_parser = NonEmptyStringValueParser::new().map(PathBuf::from), value_hint = clap::ValueHint::FilePath)]
    pub file: Option<PathBuf>,
    /// Lock the key, so that it can be neither changed nor deleted
    #[arg(long)]
    pub lock: bool,
    /// What the service does when it finds the key published; DISABLE when absent
    #[arg(
        long,
        value_name = "NONE|DISABLE|DELETE",
        value_enum,
        ignore_case = true,
        hide_possible_values = true
    )]
    pub action_if_leaked: Option<LeakAction>,
    /// From when on the key opens nothing
    #[command(flatten)]
    pub expiry: ExpiryArgs,
    /// Make the key disabled; 'api-key-enable' switches it on
    #[arg(long)]
    pub disabled: bool,
    /// Replace a FILE that is not empty; it stays until the new key is safe
    #[arg(long)]
    pub force: bool,
    /// Do nothing.
    #[command(flatten)]
    pub dry_run: DryRunArgs,
}

/// When a key expires.
#[derive(Debug, Args)]
#[command(next_help_heading = OPTIONS)]
pub struct ExpiryArgs {
    /// When the key expires: 2027-05-01, 2027-05-01T12:34+0000 or 2027-05-01T12:34:00Z
    #[arg(short, long, value_name = "TIME", value_parser = Timestamp::parse, conflicts_with = "expires_in")]
    pub expires_at: Option<Timestamp>,
    /// How long the key lives: 45m, 12h, 90d or 2w
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub expires_in: Option<Duration>,
}

/// Arguments of `api-key-update`.
#[derive(Debug, Args)]
#[command(
    help_template = COMMAND_TEMPLATE,
    next_help_heading = OPTIONS,
    after_help = "\
At least one change must be given. Only what is given changes.

EXAMPLES:
   ibmcloud-iam api-key-update MyCurrentName -n MyNewName -d \"the new description of my key\"
   ibmcloud-iam api-key-update MyKey -d \"\" --no-expiry"
)]
pub struct ApiKeyUpdateArgs {
    /// Which key.
    #[command(flatten)]
    pub which: KeyArgs,
    /// The new name
    #[arg(short, long, value_name = "NAME", allow_hyphen_values = true, value_parser = NonEmptyStringValueParser::new())]
    pub name: Option<String>,
    /// The new description; \"\" clears it
    #[arg(short, long, alias = "d", value_name = "DESCRIPTION", allow_hyphen_values = true)]
    pub description: Option<String>,
    /// What the service does when it finds the key published
    #[arg(
        long,
        value_name = "NONE|DISABLE|DELETE",
        value_enum,
        ignore_case = true,
        hide_possible_values = true
    )]
    pub action_if_leaked: Option<LeakAction>,
    /// The new expiry.
    #[command(flatten)]
    pub expiry: ExpiryArgs,
    /// Let the key live for ever
    #[arg(long, conflicts_with_all = ["expires_at", "expires_in"])]
    pub no_expiry: bool,
    /// Nothing to force.
    #[command(flatten)]
    pub force: NothingToForceArgs,
    /// Do nothing.
    #[command(flatten)]
    pub dry_run: DryRunArgs,
}

/// Declares the arguments of a command that acts on several keys after asking.
macro_rules! acts_on_keys {
    ($name:ident, $command:literal, $help:literal) => {
        #[doc = concat!("Arguments of `", $command, "`.")]
        #[derive(Debug, Args)]
        #[command(help_template = COMMAND_TEMPLATE, next_help_heading = OPTIONS, after_help = $help)]
        pub struct $name {
            /// What to do it to, and how.
            #[command(flatten)]
            pub act: ActArgs,
        }
    };
}

/// What the commands that act on several keys have in common.
#[derive(Debug, Args)]
#[command(next_help_heading = OPTIONS)]
pub struct ActArgs {
    /// Which keys.
    #[command(flatten)]
    pub which: KeysArgs,
    /// Do not ask.
    #[command(flatten)]
    pub force: ForceArgs,
    /// Do nothing.
    #[command(flatten)]
    pub dry_run: DryRunArgs,
}

acts_on_keys!(
    ApiKeyDeleteArgs,
    "api-key-delete",
    "\
A name that several keys have deletes none of them; give the IDs.
A locked key is not deleted.

EXAMPLES:
   ibmcloud-iam api-key-delete MyKey
   ibmcloud-iam api-key-delete old-1 old-2 --force
   ibmcloud-iam api-key-delete ApiKey-18f773b0-db53-43f1-ad68-92c667c218fe -f"
);
acts_on_keys!(
    ApiKeyLockArgs,
    "api-key-lock",
    "\
EXAMPLE:
   ibmcloud-iam api-key-lock MyKey --force"
);
acts_on_keys!(
    ApiKeyUnlockArgs,
    "api-key-unlock",
    "\
EXAMPLE:
   ibmcloud-iam api-key-unlock MyKey --force"
);
acts_on_keys!(
    ApiKeyDisableArgs,
    "api-key-disable",
    "\
EXAMPLE:
   ibmcloud-iam api-key-disable MyKey --force"
);
acts_on_keys!(
    ApiKeyEnableArgs,
    "api-key-enable",
    "\
EXAMPLE:
   ibmcloud-iam api-key-enable MyKey --force"
);

/// Arguments of `api-key-lookup`.
#[derive(Debug, Args)]
#[command(
    help_template = COMMAND_TEMPLATE,
    next_help_heading = OPTIONS,
    after_help = "\
The value is read from standard input or a file: plain text, or JSON as written
by 'api-key-create --file'. It is never taken from the command line, where every
user of the machine could see it.

EXAMPLES:
   ibmcloud-iam api-key-lookup @key_file
   printf %s \"$IBMCLOUD_API_KEY\" | ibmcloud-iam api-key-lookup"
)]
pub struct ApiKeyLookupArgs {
    /// Where the value is: @FILE, or - for standard input
    #[arg(value_name = "@FILE", default_value = "-", hide_default_value = true, help_heading = ARGUMENTS)]
    pub from: String,
    /// Print the ID only
    #[arg(long)]
    pub uuid: bool,
    /// Nothing to force.
    #[command(flatten)]
    pub force: NothingToForceArgs,
}

/// Arguments of `recover`.
#[derive(Debug, Args)]
#[command(
    help_template = COMMAND_TEMPLATE,
    next_help_heading = OPTIONS,
    after_help = "\
With '--file': FILE is completed from the pending copy beside it, or the copy is
removed when the key was never made. Without: a key whose value nobody can hold
is deleted after confirmation; one whose value may have been printed is only
reported. A machine that is thrown away loses the journal: there, use '--file' on
storage that is kept.

EXAMPLE:
   ibmcloud-iam recover --force"
)]
pub struct RecoverArgs {
    /// Do not ask.
    #[command(flatten)]
    pub force: ForceArgs,
    /// Do nothing.
    #[command(flatten)]
    pub dry_run: DryRunArgs,
}
