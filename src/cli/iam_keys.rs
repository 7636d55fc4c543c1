//! The commands on API keys of users: `api-keys` and `api-key…`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use super::shared::{
    DryRunArgs, ExpiryArgs, ForceArgs, KeyArgs, LeakActionArgs, WaitArgs, key_ref, path,
};
use super::tree::ARGUMENTS;
use crate::complete;
use crate::model::{Detail, KeyRef, parse_duration};
use crate::ops::delete::DELETE;
use crate::ops::list::{SortBy, StateFilter};
use crate::ops::{create, delete, list, lookup, rotate, show, update};

/// Arguments of `api-keys`.
#[derive(Debug, Args)]
#[command(after_help = "\
EXAMPLES:
   ibmcloud-iam api-keys
   ibmcloud-iam api-keys --name ci- --state active
   ibmcloud-iam api-keys --all-users --wide
   ibmcloud-iam api-keys --output json | jq -r '.[].id'")]
pub struct ApiKeysArgs {
    /// Print IDs only, one per line
    #[arg(long)]
    uuid: bool,
    /// Only keys whose name contains this text
    #[arg(short, long, value_name = "NAME", allow_hyphen_values = true)]
    name: Option<String>,
    /// Only keys whose description contains this text
    #[arg(short, long, alias = "d", value_name = "DESCRIPTION", allow_hyphen_values = true)]
    description: Option<String>,
    /// Only keys that are active, disabled, expired, phasing-out, phased-out or locked; may be given several times
    #[arg(long, value_name = "STATE", value_delimiter = ',')]
    state: Vec<StateFilter>,
    /// Sort by name, description, created_at, created_by or modified_at; oldest first when absent
    #[arg(long, value_name = "FIELD")]
    sort: Option<SortBy>,
    /// Show more columns
    #[arg(long)]
    wide: bool,
    /// List the keys of every user of the account; needs the role Administrator on the IAM Identity service
    #[arg(long)]
    all_users: bool,
}

/// Arguments of `api-key`.
#[derive(Debug, Args)]
#[command(after_help = "\
EXAMPLES:
   ibmcloud-iam api-key MyKey
   ibmcloud-iam api-key --uuid MyKey
   ibmcloud-iam api-key ApiKey-18f773b0-db53-43f1-ad68-92c667c218fe --history")]
pub struct ApiKeyArgs {
    #[command(flatten)]
    which: KeyArgs,
    /// Print the ID only
    #[arg(long)]
    uuid: bool,
    /// Show when and how often the key was used
    #[arg(long)]
    activity: bool,
    /// Show what happened to the key
    #[arg(long)]
    history: bool,
}

/// Arguments of `api-key-create`.
#[derive(Debug, Args)]
#[command(after_help = "\
The value of the key cannot be retrieved later. With '--file' it is written to
FILE (mode 0600) and not printed; without, it is printed. If the command is
interrupted, 'ibmcloud-iam recover' finishes or undoes it.

EXAMPLES:
   ibmcloud-iam api-key-create MyKey -d \"this is my API key\" --file key_file
   ibmcloud-iam api-key-create ci-deploy --expires-in 90d --file key.json
   KEY=$(ibmcloud-iam api-key-create ci --output json | jq -r .apikey)

EXIT CODES:
   2 usage, 9 limit reached, 11 outcome unknown, 14 FILE cannot be used")]
pub struct ApiKeyCreateArgs {
    /// The name of the new API key; names need not be unique
    #[arg(value_name = "NAME", value_parser = NonEmptyStringValueParser::new(), help_heading = ARGUMENTS)]
    name: String,
    /// The description
    #[arg(short, long, alias = "d", value_name = "DESCRIPTION", allow_hyphen_values = true)]
    description: Option<String>,
    /// Write the key to FILE instead of printing it; FILE must not exist, or be empty
    #[arg(short, long, value_name = "FILE", value_parser = path(), add = complete::files())]
    file: Option<PathBuf>,
    /// Lock the key, so that it can be neither changed nor deleted
    #[arg(long)]
    lock: bool,
    #[command(flatten)]
    leak_action: LeakActionArgs,
    #[command(flatten)]
    expiry: ExpiryArgs,
    /// Make the key disabled; 'api-key-enable' enables it
    #[arg(long)]
    disabled: bool,
    /// Let the service choose the value; if its answer is lost, so is the key
    #[arg(long)]
    server_value: bool,
    /// Replace a FILE that is not empty, once the new key is safe
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    wait: WaitArgs,
    #[command(flatten)]
    dry_run: DryRunArgs,
}

/// Arguments of `api-key-update`.
#[derive(Debug, Args)]
#[command(after_help = "\
At least one change must be given. Only what is given changes.

EXAMPLES:
   ibmcloud-iam api-key-update MyCurrentName -n MyNewName -d \"the new description of my key\"
   ibmcloud-iam api-key-update MyKey -d \"\" --no-expiry")]
pub struct ApiKeyUpdateArgs {
    #[command(flatten)]
    which: KeyArgs,
    /// The new name
    #[arg(short, long, value_name = "NAME", allow_hyphen_values = true, value_parser = NonEmptyStringValueParser::new())]
    name: Option<String>,
    /// The new description; "" clears it
    #[arg(short, long, alias = "d", value_name = "DESCRIPTION", allow_hyphen_values = true)]
    description: Option<String>,
    #[command(flatten)]
    leak_action: LeakActionArgs,
    #[command(flatten)]
    expiry: ExpiryArgs,
    /// Remove the expiry
    #[arg(long, conflicts_with_all = ["expires_at", "expires_in"])]
    no_expiry: bool,
    #[command(flatten)]
    dry_run: DryRunArgs,
}

/// Arguments of `api-key-delete`.
#[derive(Debug, Args)]
#[command(after_help = "\
If several keys have the same name, none of them is deleted; give their IDs.
A locked key is not deleted.

EXAMPLES:
   ibmcloud-iam api-key-delete MyKey
   ibmcloud-iam api-key-delete old-1 old-2 --force
   ibmcloud-iam api-key-delete ApiKey-18f773b0-db53-43f1-ad68-92c667c218fe -f
   ibmcloud-iam api-key-delete --phased-out ci-deploy
   ibmcloud-iam api-key-delete --all --older-than 365d --dry-run")]
pub struct ApiKeyDeleteArgs {
    /// Names or IDs (ApiKey-...) of API keys
    #[arg(value_name = "NAME|UUID", required_unless_present_any = ["phased_out", "all"], value_parser = key_ref(), help_heading = ARGUMENTS, add = complete::keys(DELETE.meaning))]
    keys: Vec<KeyRef>,
    /// Delete the phased-out keys; with names, only those of these names
    #[arg(long, group = "which_of_all")]
    phased_out: bool,
    /// Delete all keys; their number must be typed unless '--force' is given
    #[arg(long, group = "which_of_all", conflicts_with_all = ["keys", "phased_out"])]
    all: bool,
    /// With '--phased-out' or '--all': only keys that are older: 90d, 52w
    #[arg(long, value_name = "TIME", value_parser = parse_duration, requires = "which_of_all")]
    older_than: Option<Duration>,
    /// Succeed if a key does not exist, so that the command can be repeated
    #[arg(long)]
    ignore_missing: bool,
    #[command(flatten)]
    force: ForceArgs,
}

/// Arguments of `api-key-rotate`.
#[derive(Debug, Args)]
#[command(after_help = "\
A new key takes the place of the old one, with its name, description, leak
action, session support and lifetime. The old key is not touched until the new
one is in FILE, or printed, and has been proven to work. Then the old key is
disabled, or with '--grace' it works for some more time. If the command is
interrupted, repeat it or run 'ibmcloud-iam recover' to finish.

EXAMPLES:
   ibmcloud-iam api-key-rotate ci-deploy --file key.json --grace 7d --force
   ibmcloud-iam api-key-rotate ci-deploy --dry-run
   ibmcloud-iam api-key-delete --phased-out ci-deploy

EXIT CODES:
   6 the old key is locked, 9 limit reached, 11 outcome unknown, 14 FILE cannot
   be used")]
pub struct ApiKeyRotateArgs {
    #[command(flatten)]
    which: KeyArgs,
    /// Write the new key to FILE instead of printing it; with '--force', a FILE that holds the old key is replaced
    #[arg(long, value_name = "FILE", value_parser = path(), add = complete::files())]
    file: Option<PathBuf>,
    /// How long the old key works beside the new one: 12h, 7d
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    grace: Option<Duration>,
    /// Delete the phased-out keys of this name first, to make room
    #[arg(long)]
    purge: bool,
    /// How long the new key lives: 45m, 12h, 90d or 2w; as long as the old one when absent
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    expires_in: Option<Duration>,
    #[command(flatten)]
    wait: WaitArgs,
    #[command(flatten)]
    force: ForceArgs,
}

/// Arguments of `api-key-lookup`.
#[derive(Debug, Args)]
#[command(after_help = "\
The value is read from standard input or a file: plain text, or JSON as written
by 'api-key-create --file'. It is never taken from the command line, where every
user of the machine could see it.

EXAMPLES:
   ibmcloud-iam api-key-lookup @key_file
   printf %s \"$KEY\" | ibmcloud-iam api-key-lookup")]
pub struct ApiKeyLookupArgs {
    /// Where the value is: @FILE, or - for standard input
    #[arg(value_name = "@FILE", default_value = "-", hide_default_value = true, help_heading = ARGUMENTS)]
    from: String,
    /// Print the ID only
    #[arg(long)]
    uuid: bool,
}

impl From<ApiKeysArgs> for list::Request {
    fn from(args: ApiKeysArgs) -> Self {
        let ApiKeysArgs { list, all_users } = args;
        list.of(if all_users { Reach::AllUsers } else { Reach::One })
    }
}

impl From<ApiKeyArgs> for show::Request {
    fn from(args: ApiKeyArgs) -> Self {
        let detail = Detail { history: args.history, activity: args.activity };
        Self { key: args.which.key, ids_only: args.uuid, detail }
    }
}

impl From<ApiKeyCreateArgs> for create::Request {
    fn from(args: ApiKeyCreateArgs) -> Self {
        Self {
            expiry: args.expiry.given(),
            name: args.name,
            description: args.description.unwrap_or_default(),
            file: args.file,
            lock: args.lock,
            action_if_leaked: args.leak_action.action_if_leaked,
            disabled: args.disabled,
            server_value: args.server_value,
            force: args.force,
            no_wait: args.wait.no_wait,
            dry_run: args.dry_run.dry_run,
        }
    }
}

impl From<ApiKeyUpdateArgs> for update::Request {
    fn from(args: ApiKeyUpdateArgs) -> Self {
        Self {
            key: args.which.key,
            expiry: if args.no_expiry { Some(None) } else { args.expiry.given().map(Some) },
            name: args.name,
            description: args.description,
            action_if_leaked: args.leak_action.action_if_leaked,
            dry_run: args.dry_run.dry_run,
        }
    }
}

impl From<ApiKeyDeleteArgs> for delete::Request {
    fn from(args: ApiKeyDeleteArgs) -> Self {
        let ApiKeyDeleteArgs { keys, phased_out, all, older_than, ignore_missing, force } = args;
        let ForceArgs { force, dry_run } = force;
        Self { keys, phased_out, all, older_than, ignore_missing, force, dry_run }
    }
}

impl From<ApiKeyRotateArgs> for rotate::Request {
    fn from(args: ApiKeyRotateArgs) -> Self {
        let ApiKeyRotateArgs { which, file, grace, purge, expires_in, wait, force } = args;
        let (ForceArgs { force, dry_run }, WaitArgs { no_wait }) = (force, wait);
        Self { key: which.key, file, grace, purge, expires_in, force, no_wait, dry_run }
    }
}

impl From<ApiKeyLookupArgs> for lookup::Request {
    fn from(args: ApiKeyLookupArgs) -> Self {
        Self { from: args.from, ids_only: args.uuid }
    }
}
