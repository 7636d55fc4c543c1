//! The command tree: names, arguments, help. No logic, no input or output.

use clap::builder::{NonEmptyStringValueParser, TypedValueParser as _};
use clap::{Args, Parser, Subcommand, ValueEnum};

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
    infer_subcommands = false,
    after_help = "\
A leading word 'iam' is accepted, so that 'alias ibmcloud=ibmcloud-iam' runs existing scripts.
'ibmcloud-iam COMMAND --help' explains a command."
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
pub struct GlobalArgs {
    /// Where the keys live: a file store on this machine, or the IAM Identity service
    #[arg(long, global = true, value_name = "BACKEND", value_enum, help_heading = "GLOBAL OPTIONS")]
    pub backend: Option<BackendKind>,
    /// Print JSON; only 'json' is supported
    #[arg(
        short,
        long,
        global = true,
        value_name = "FORMAT",
        value_enum,
        ignore_case = true,
        help_heading = "GLOBAL OPTIONS"
    )]
    pub output: Option<OutputFormat>,
    /// Print no progress, no OK and no warnings
    #[arg(short, long, global = true, help_heading = "GLOBAL OPTIONS")]
    pub quiet: bool,
    /// Print failures to standard error as JSON
    #[arg(
        long,
        global = true,
        value_name = "FORMAT",
        value_enum,
        ignore_case = true,
        help_heading = "GLOBAL OPTIONS"
    )]
    pub error_format: Option<ErrorFormat>,
    /// When to use colours
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t = ColourWhen::Auto, help_heading = "GLOBAL OPTIONS")]
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
    #[command(visible_alias = "api-key-list")]
    ApiKeys(ApiKeysArgs),
    /// Show an API key
    ApiKey(ApiKeyArgs),
    /// Create an API key
    ApiKeyCreate(ApiKeyCreateArgs),
    /// Change the name, description, leak action or expiry of an API key
    ApiKeyUpdate(ApiKeyUpdateArgs),
    /// Delete API keys
    ApiKeyDelete(ApiKeyDeleteArgs),
    /// Lock API keys, so that they can be neither changed nor deleted
    ApiKeyLock(ApiKeyLockArgs),
    /// Unlock API keys
    ApiKeyUnlock(ApiKeyUnlockArgs),
    /// Disable API keys, so that they open nothing until they are enabled
    ApiKeyDisable(ApiKeyDisableArgs),
    /// Enable API keys that were disabled
    ApiKeyEnable(ApiKeyEnableArgs),
    /// Find the API key that a value belongs to
    ApiKeyLookup(ApiKeyLookupArgs),
    /// Finish or undo what an interrupted command left
    Recover(RecoverArgs),
}

/// `-f, --force` for commands that ask.
#[derive(Debug, Args)]
pub struct ForceArgs {
    /// Go on without confirmation
    #[arg(short, long)]
    pub force: bool,
}

/// `-f, --force` for commands that never ask: accepted, so that it can stand everywhere.
#[derive(Debug, Args)]
pub struct NothingToForceArgs {
    /// Accepted; this command asks nothing
    #[arg(short, long, hide = true)]
    pub force: bool,
}

/// `--dry-run` for commands that write.
#[derive(Debug, Args)]
pub struct DryRunArgs {
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// One key.
#[derive(Debug, Args)]
pub struct KeyArgs {
    /// The name or the ID (ApiKey-...) of the API key
    #[arg(value_name = "NAME|UUID", value_parser = key_ref())]
    pub key: KeyRef,
}

/// One key or more.
#[derive(Debug, Args)]
pub struct KeysArgs {
    /// Names or IDs (ApiKey-...) of API keys
    #[arg(value_name = "NAME|UUID", required = true, value_parser = key_ref())]
    pub keys: Vec<KeyRef>,
}

fn key_ref() -> impl clap::builder::TypedValueParser<Value = KeyRef> {
    NonEmptyStringValueParser::new().map(|text| KeyRef::parse(&text))
}

/// Arguments of `api-keys`.
#[derive(Debug, Args)]
#[command(
    help_template = COMMAND_TEMPLATE,
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
    /// Only keys in this state; may be given several times
    #[arg(long, value_name = "STATE", value_enum, value_delimiter = ',')]
    pub state: Vec<StateFilter>,
    /// The order of the list; oldest first when it is absent
    #[arg(long, value_name = "FIELD", value_enum)]
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
    after_help = "\
The value of the key is shown once, and cannot be retrieved later: with '--file' it is written to FILE
(mode 0600) and printed nowhere, without it is part of the output. What an interrupted command leaves
is finished or undone by 'ibmcloud-iam recover'.

EXAMPLES:
   ibmcloud-iam api-key-create MyKey -d \"this is my API key\" --file key_file
   ibmcloud-iam api-key-create ci-deploy --expires-in 90d --file key.json
   export IBMCLOUD_API_KEY=$(ibmcloud-iam api-key-create ci --output json | jq -r .apikey)

EXIT CODES:
   2 usage, 9 limit reached, 11 outcome unknown, 14 FILE cannot be used"
)]
pub struct ApiKeyCreateArgs {
    /// The name of the new API key; names need not be unique
    #[arg(value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub name: String,
    /// The description
    #[arg(short, long, alias = "d", value_name = "DESCRIPTION", allow_hyphen_values = true, default_value = "", hide_default_value = true)]
    pub description: String,
    /// Write the key to FILE instead of printing it; FILE must not exist or be empty
    #[arg(short, long, value_name = "FILE", value_parser = NonEmptyStringValueParser::new().map(PathBuf::from), value_hint = clap::ValueHint::FilePath)]
    pub file: Option<PathBuf>,
    /// Lock the key, so that it can be neither changed nor deleted
    #[arg(long)]
    pub lock: bool,
    /// What happens when the key is found published [default: DISABLE]
    #[arg(long, value_name = "ACTION", value_enum, ignore_case = true)]
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
    after_help = "\
At least one change must be given. Only what is given changes.

EXAMPLES:
   ibmcloud-iam api-key-update MyCurrentName -n MyNewName -d \"the new description of my key\"
   ibmcloud-iam api-key-update MyKey -d \"\" --no-expiry"
)]
#[group(id = "changes", required = true, multiple = true, args = ["name", "description", "action_if_leaked", "expires_at", "expires_in", "no_expiry"])]
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
    /// What happens when the key is found published
    #[arg(long, value_name = "ACTION", value_enum, ignore_case = true)]
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
        #[command(help_template = COMMAND_TEMPLATE, after_help = $help)]
        pub struct $name {
            /// What to do it to, and how.
            #[command(flatten)]
            pub act: ActArgs,
        }
    };
}

/// What the commands that act on several keys have in common.
#[derive(Debug, Args)]
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
A name that several keys have deletes none of them; give the IDs. A locked key is not deleted.

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
    after_help = "\
The value is read from standard input, or from a file: plain text, or JSON as 'api-key-create --file'
writes it. It is never taken from the command line, where every user of the machine could see it.

EXAMPLES:
   ibmcloud-iam api-key-lookup @key_file
   printf %s \"$IBMCLOUD_API_KEY\" | ibmcloud-iam api-key-lookup"
)]
pub struct ApiKeyLookupArgs {
    /// Where the value is: @FILE, or - for standard input
    #[arg(value_name = "@FILE", default_value = "-", hide_default_value = true)]
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
    after_help = "\
With a pending copy beside FILE, FILE is completed or, when the key was never made, the copy is removed.
Without '--file' a key whose value nobody can hold is deleted after confirmation, with '--force' only when
there is no doubt which one it is. A key whose value may have been printed is never deleted, only reported.
A machine that is thrown away loses the journal: there, use '--file' on storage that is kept.

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
