//! The arguments of each command, and the groups of them that several share.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{NonEmptyStringValueParser, TypedValueParser as _};
use clap::{Args, ValueEnum};

use crate::emulator::fault::Spec;
use crate::model::{KeyRef, LeakAction, Rule, Severity, Timestamp, parse_duration};

const COMMAND_TEMPLATE: &str = "\
NAME:
   {name} - {about}

USAGE:
   {usage}

{all-args}{after-help}
";

const ARGUMENTS: &str = "ARGUMENTS";
const OPTIONS: &str = "OPTIONS";
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
   ibmcloud-iam api-keys --all-users --wide
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
    /// List the keys of every user of the account; needs the role Administrator on the IAM Identity service
    #[arg(long)]
    pub all_users: bool,
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
   KEY=$(ibmcloud-iam api-key-create ci --output json | jq -r .apikey)

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
    /// Let the service choose the value; a lost answer then costs the key
    #[arg(long)]
    pub server_value: bool,
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
    /// The new description; "" clears it
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

/// Arguments of `api-key-delete`.
#[derive(Debug, Args)]
#[command(
    help_template = COMMAND_TEMPLATE,
    next_help_heading = OPTIONS,
    after_help = "\
A name that several keys have deletes none of them; give the IDs.
A locked key is not deleted.

EXAMPLES:
   ibmcloud-iam api-key-delete MyKey
   ibmcloud-iam api-key-delete old-1 old-2 --force
   ibmcloud-iam api-key-delete ApiKey-18f773b0-db53-43f1-ad68-92c667c218fe -f
   ibmcloud-iam api-key-delete --phased-out ci-deploy
   ibmcloud-iam api-key-delete --all --older-than 365d --dry-run"
)]
pub struct ApiKeyDeleteArgs {
    /// Names or IDs (ApiKey-...) of API keys
    #[arg(value_name = "NAME|UUID", required_unless_present_any = ["phased_out", "all"], value_parser = key_ref(), help_heading = ARGUMENTS)]
    pub keys: Vec<KeyRef>,
    /// Delete the phased-out keys, of the given names if there are some
    #[arg(long, group = "which_of_all")]
    pub phased_out: bool,
    /// Delete all keys; their number must be typed unless '--force' is given
    #[arg(long, group = "which_of_all", conflicts_with_all = ["keys", "phased_out"])]
    pub all: bool,
    /// With '--phased-out' or '--all': only keys that were created longer ago: 90d, 52w
    #[arg(long, value_name = "TIME", value_parser = parse_duration, requires = "which_of_all")]
    pub older_than: Option<Duration>,
    /// A key that is not there is no failure, so that a deletion can be repeated
    #[arg(long)]
    pub ignore_missing: bool,
    /// Do not ask.
    #[command(flatten)]
    pub force: ForceArgs,
    /// Do nothing.
    #[command(flatten)]
    pub dry_run: DryRunArgs,
}

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

/// Arguments of `api-key-rotate`.
#[derive(Debug, Args)]
#[command(
    help_template = COMMAND_TEMPLATE,
    next_help_heading = OPTIONS,
    after_help = "\
A new key takes the place of the old one, with its name, description, leak
action, session support and lifetime. The old key is not touched until the new
one is in FILE, or printed, and has proven that it opens something. Then it is
disabled, or with '--grace' works on for a while. Interrupted anywhere, the same
command again, or 'ibmcloud-iam recover', finishes the rest.

EXAMPLES:
   ibmcloud-iam api-key-rotate ci-deploy --file key.json --grace 7d --force
   ibmcloud-iam api-key-rotate ci-deploy --dry-run
   ibmcloud-iam api-key-delete --phased-out ci-deploy

EXIT CODES:
   6 the old key is locked, 9 limit reached, 11 outcome unknown, 14 FILE cannot
   be used"
)]
pub struct ApiKeyRotateArgs {
    /// Which key.
    #[command(flatten)]
    pub which: KeyArgs,
    /// Write the new key to FILE instead of printing it; with '--force' in place of the old one, and of nothing else
    #[arg(long, value_name = "FILE", value_parser = NonEmptyStringValueParser::new().map(PathBuf::from), value_hint = clap::ValueHint::FilePath)]
    pub file: Option<PathBuf>,
    /// Let the old key work beside the new one for so long: 12h, 7d
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub grace: Option<Duration>,
    /// Delete the phased-out keys of this name first, to make room
    #[arg(long)]
    pub purge: bool,
    /// How long the new key lives: 45m, 12h, 90d or 2w; as long as the old one when absent
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub expires_in: Option<Duration>,
    /// Do not ask.
    #[command(flatten)]
    pub force: ForceArgs,
    /// Do nothing.
    #[command(flatten)]
    pub dry_run: DryRunArgs,
}

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
   printf %s \"$KEY\" | ibmcloud-iam api-key-lookup"
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

/// Arguments of `login`.
#[derive(Debug, Args)]
#[command(
    help_template = COMMAND_TEMPLATE,
    next_help_heading = OPTIONS,
    after_help = "\
The API key comes from a hidden prompt, or with '--apikey' from a file or from
standard input. It is exchanged for a token first; a key that is refused is not
kept. It is kept in the keyring of the operating system, or in a file (0600)
where you say so. From then on the remote backend is the default.

EXAMPLES:
   ibmcloud-iam login
   ibmcloud-iam login --apikey @key_file
   printf %s \"$KEY\" | ibmcloud-iam login --apikey - --insecure-storage
   ibmcloud-iam login --profile work --endpoint https://private.iam.cloud.ibm.com"
)]
pub struct LoginArgs {
    /// Keep the API key in a file (0600), not in the keyring of the operating system
    #[arg(long)]
    pub insecure_storage: bool,
    /// Accepted as the official CLI's; there is no region to target
    #[arg(long, hide = true)]
    pub no_region: bool,
    /// Accepted as the official CLI's; there is no region to target
    #[arg(short, long, value_name = "REGION", hide = true)]
    pub region: Option<String>,
    /// Accepted as the official CLI's; there is no resource group to target
    #[arg(short, long, value_name = "GROUP", hide = true)]
    pub group: Option<String>,
    /// Nothing to force.
    #[command(flatten)]
    pub force: NothingToForceArgs,
    /// Do not keep it.
    #[command(flatten)]
    pub dry_run: DryRunArgs,
}

/// Arguments of `logout`.
#[derive(Debug, Args)]
#[command(
    help_template = COMMAND_TEMPLATE,
    next_help_heading = OPTIONS,
    after_help = "\
Removes the API key and its token from this machine; the key itself stays valid
until it is deleted. Without '--endpoint' every login of the profile goes.

EXAMPLES:
   ibmcloud-iam logout
   ibmcloud-iam logout --profile work"
)]
pub struct LogoutArgs {
    /// Nothing to force.
    #[command(flatten)]
    pub force: NothingToForceArgs,
    /// Do nothing.
    #[command(flatten)]
    pub dry_run: DryRunArgs,
}

/// Arguments of `whoami`.
#[derive(Debug, Args)]
#[command(
    help_template = COMMAND_TEMPLATE,
    next_help_heading = OPTIONS,
    after_help = "\
A credential is looked for in this order, and the first one wins: '--apikey',
IBMCLOUD_API_KEY, IC_API_KEY, the file in IBM_CREDENTIALS_FILE,
~/ibm-credentials.env, IAM_IDENTITY_APIKEY, the login, the session of the
'ibmcloud' CLI. An ibm-credentials.env in the working directory is used only
where IBM_CREDENTIALS_FILE names it.

EXAMPLES:
   ibmcloud-iam whoami
   ibmcloud-iam whoami --explain
   ibmcloud-iam whoami --output json | jq -r .account_id"
)]
pub struct WhoamiArgs {
    /// Show every place where a credential was looked for, and what was there
    #[arg(long)]
    pub explain: bool,
    /// Nothing to force.
    #[command(flatten)]
    pub force: NothingToForceArgs,
}

/// Arguments of `bearer-token`.
#[derive(Debug, Args)]
#[command(
    help_template = COMMAND_TEMPLATE,
    next_help_heading = OPTIONS,
    after_help = "\
Whatever stands on a command line, every user of the machine can see. curl reads
a header from standard input.

EXAMPLE:
   ibmcloud-iam bearer-token | sed 's/^/Authorization: Bearer /' | curl -H @- https://..."
)]
pub struct BearerTokenArgs {
    /// Nothing to force.
    #[command(flatten)]
    pub force: NothingToForceArgs,
}

/// Arguments of `oauth-tokens`.
#[derive(Debug, Args)]
#[command(
    help_template = COMMAND_TEMPLATE,
    next_help_heading = OPTIONS,
    after_help = "\
EXAMPLES:
   ibmcloud-iam oauth-tokens
   ibmcloud-iam oauth-tokens --output json | jq -r .iam_token"
)]
pub struct OauthTokensArgs {
    /// Nothing to force.
    #[command(flatten)]
    pub force: NothingToForceArgs,
}

/// Arguments of `emulate`.
#[derive(Debug, Args)]
#[command(
    help_template = COMMAND_TEMPLATE,
    next_help_heading = OPTIONS,
    after_help = "\
The first line printed is 'Listening on URL', the second names the file of an
API key that logs in. SIGINT, SIGTERM or SIGHUP ends it.
A fault is OPERATION:WHAT,...
OPERATION: token, list, create, details, get, update, delete, lock, unlock,
   disable, enable, limits, any
WHAT: status=CODE [retry-after=SECONDS], drop, truncate or garbage;
   delay=500ms or 2s; before or after the request is carried out;
   skip=N, times=N, chance=PERCENT of the matching requests

EXAMPLES:
   ibmcloud-iam emulate --in-memory
   ibmcloud-iam emulate --listen 127.0.0.1:8080 --store ./keys --seed-keys 30
   ibmcloud-iam emulate --fault create:drop,after,times=1 --fault any:delay=200ms"
)]
pub struct EmulateArgs {
    /// The loopback address and port to serve on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0", value_parser = loopback)]
    pub listen: SocketAddr,
    /// Keep the keys in DIR, and not in the local store
    #[arg(long, value_name = "DIR", value_parser = NonEmptyStringValueParser::new().map(PathBuf::from), value_hint = clap::ValueHint::DirPath)]
    pub store: Option<PathBuf>,
    /// Keep the keys in memory, until the end
    #[arg(long, conflicts_with = "store")]
    pub in_memory: bool,
    /// Make requests fail on purpose; may be given several times
    #[arg(long, value_name = "FAULT", value_parser = Spec::parse)]
    pub fault: Vec<Spec>,
    /// Make N API keys at first, past the limit, with values that nobody knows
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, value_parser = clap::value_parser!(u32).range(..=1_000_000))]
    pub seed_keys: u32,
    /// Nothing to force.
    #[command(flatten)]
    pub force: NothingToForceArgs,
}

/// Reads an address that only this machine can reach.
fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    let address: SocketAddr = address
        .as_deref()
        .unwrap_or(text)
        .parse()
        .map_err(|_| "write 127.0.0.1:PORT or [::1]:PORT".to_owned())?;
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err("only a loopback address can be served".to_owned())
    }
}

/// Arguments of `api-keys-audit`.
#[derive(Debug, Args)]
#[command(
    help_template = COMMAND_TEMPLATE,
    next_help_heading = OPTIONS,
    after_help = "\
RULES, and their severity:
   leaked            error     The service found it published.
   old               error     It works and is older than '--max-age'.
   owner-key         error     It belongs to '--account-owner'.
   unused            warning   It works and was not used for '--max-unused'.
   never-expires     warning   It works and never expires.
   expires-soon      warning   It ends within '--expires-within', unreplaced.
   leak-action-none  warning   Nothing happens when it is found published.
   same-name         warning   A newer working key has its name.
   near-limit        warning   Nine tenths of the allowed keys are there.
   expired           note      It has expired and was not deleted.
   phased-out        note      It was replaced and not deleted.
   use-unknown       warning   The service does not tell whether it is used.
The policy 'cis' follows the CIS IBM Cloud Foundations benchmark: 'unused' (1.2)
and 'use-unknown' are errors, after 180 days; 'old' is 1.3, 'owner-key' 1.5.

A baseline is a report with '--output json', or a part of it: a finding whose
rule and key_id stand there is accepted, and neither told nor counted. A new one
is written without '--baseline', to another file.

EXAMPLES:
   ibmcloud-iam api-keys-audit
   ibmcloud-iam api-keys-audit --all-users --policy cis --account-owner IBMid-1
   ibmcloud-iam api-keys-audit --format sarif --fail-on none > audit.sarif
   ibmcloud-iam api-keys-audit --fail-on none --output json > accepted.json
   ibmcloud-iam api-keys-audit --baseline accepted.json --fail-on warning

EXIT CODES:
   15 a rule of '--fail-on' fired"
)]
pub struct ApiKeysAuditArgs {
    /// How old a working key may be; 90d when absent
    #[arg(long, value_name = "TIME", value_parser = whole_minutes)]
    pub max_age: Option<Duration>,
    /// How long a working key may go unused; 30d when absent, 180d with '--policy cis'
    #[arg(long, value_name = "TIME", value_parser = whole_minutes)]
    pub max_unused: Option<Duration>,
    /// How long before its end a key expires soon; 14d when absent
    #[arg(long, value_name = "TIME", value_parser = whole_minutes)]
    pub expires_within: Option<Duration>,
    /// The limits and severities to start from: default or cis
    #[arg(long, value_name = "default|cis", value_enum, ignore_case = true, default_value_t = PolicyName::Default, hide_default_value = true, hide_possible_values = true)]
    pub policy: PolicyName,
    /// The IAM ID of the owner of the account, who should have no keys
    #[arg(long, value_name = "IAM_ID", value_parser = iam_id)]
    pub account_owner: Option<String>,
    /// Leave rules out; without 'unused' nobody is asked for the last use of a key
    #[arg(
        long,
        value_name = "RULE",
        value_enum,
        ignore_case = true,
        value_delimiter = ',',
        hide_possible_values = true
    )]
    pub skip: Vec<Rule>,
    /// Exit with 15 when these rules fire, or any of this severity or a graver one, or never: rules, error, warning, note, none; error when absent
    #[arg(
        long,
        value_name = "RULE",
        value_delimiter = ',',
        default_value = "error",
        hide_default_value = true,
        value_parser = fail_on(),
        ignore_case = true,
        hide_possible_values = true
    )]
    pub fail_on: Vec<FailOn>,
    /// Findings that were accepted before: a report in JSON
    #[arg(long, value_name = "FILE", value_parser = NonEmptyStringValueParser::new().map(PathBuf::from), value_hint = clap::ValueHint::FilePath)]
    pub baseline: Option<PathBuf>,
    /// The form of the report: table, json (as '--output json') or sarif (SARIF 2.1.0)
    #[arg(
        long,
        value_name = "table|json|sarif",
        value_enum,
        ignore_case = true,
        hide_possible_values = true
    )]
    pub format: Option<ReportFormat>,
    /// Audit the keys of every user of the account; needs the role Administrator on the IAM Identity service
    #[arg(long)]
    pub all_users: bool,
    /// Nothing to force.
    #[command(flatten)]
    pub force: NothingToForceArgs,
}

/// The limits and severities of an audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PolicyName {
    /// Those of this program
    Default,
    /// Those of the CIS IBM Cloud Foundations benchmark, as far as API keys show them
    Cis,
}

/// The forms of an audit's report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// A table, for people
    Table,
    /// An array of findings
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
}

/// What makes an audit fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailOn {
    /// This rule.
    Rule(Rule),
    /// Any rule of this severity or a graver one.
    Severity(Severity),
    /// Nothing.
    None,
}

const NO_FAILURE: &str = "none";

/// Reads a limit of the audit: the service tells times in whole minutes, and less could not be kept.
fn whole_minutes(text: &str) -> Result<Duration, String> {
    let limit = parse_duration(text)?;
    if limit.as_secs().is_multiple_of(60) {
        Ok(limit)
    } else {
        Err(format!("'{text}' is no whole number of minutes; write 45m, 12h, 90d or 2w"))
    }
}

/// Reads an IAM id; an e-mail address would fit nobody's.
fn iam_id(text: &str) -> Result<String, String> {
    if text.is_empty() || text.contains(|c: char| c == '@' || c.is_whitespace()) {
        return Err(
            "write the IAM ID, IBMid-... or iam-..., as 'whoami' shows one's own".to_owned()
        );
    }
    Ok(text.to_owned())
}

fn fail_on() -> impl clap::builder::TypedValueParser<Value = FailOn> {
    let rules = Rule::ALL.map(|rule| (rule.id(), FailOn::Rule(rule)));
    let severities = Severity::ALL.map(|severity| (severity.as_str(), FailOn::Severity(severity)));
    let known = rules.into_iter().chain(severities).chain([(NO_FAILURE, FailOn::None)]);
    let known: Vec<(&'static str, FailOn)> = known.collect();
    let words: Vec<&'static str> = known.iter().map(|(word, _)| *word).collect();
    clap::builder::PossibleValuesParser::new(words).map(move |text| {
        known
            .iter()
            .find(|(word, _)| text.eq_ignore_ascii_case(word))
            .map_or(FailOn::None, |(_, on)| *on)
    })
}
