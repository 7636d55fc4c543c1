//! The commands on API keys of users: `api-keys` and `api-key…`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use super::key_args::{ChangeArgs, DeletionArgs, ListArgs, NewKeyArgs, RotationArgs, ShowArgs};
use super::shared::{KeyArgs, key_ref, path};
use super::tree::ARGUMENTS;
use crate::complete;
use crate::model::KeyRef;
use crate::ops::delete::DELETE;
use crate::ops::resolve::Meaning;
use crate::ops::{Owners, create, delete, list, lookup, rotate, show, update};

/// Arguments of `api-keys`.
#[derive(Debug, Args)]
#[command(after_help = "\
EXAMPLES:
   ibmcloud-iam api-keys
   ibmcloud-iam api-keys --name ci- --state active
   ibmcloud-iam api-keys --all-users --wide
   ibmcloud-iam api-keys --output json | jq -r '.[].id'")]
pub struct ApiKeysArgs {
    #[command(flatten)]
    list: ListArgs,
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
    #[command(flatten)]
    show: ShowArgs,
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
   2: usage; 9: limit reached; 11: outcome unknown; 14: FILE cannot be used")]
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
    /// Replace a FILE that is not empty, once the new key is safe
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    new: NewKeyArgs,
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
    #[command(flatten)]
    changes: ChangeArgs,
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
    #[arg(value_name = "NAME|UUID", required_unless_present_any = ["phased_out", "all"], conflicts_with = "all", value_parser = key_ref(), help_heading = ARGUMENTS, add = complete::keys(DELETE.meaning))]
    keys: Vec<KeyRef>,
    #[command(flatten)]
    deletion: DeletionArgs,
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
   ibmcloud-iam api-key-rotate --older-than 60d --files keys --grace 7d --force
   ibmcloud-iam api-key-delete --phased-out ci-deploy

EXIT CODES:
   6: the old key is locked; 9: limit reached; 11: outcome unknown; 12: some of
   several keys failed; 14: FILE cannot be used")]
pub struct ApiKeyRotateArgs {
    /// Names or IDs (ApiKey-...) of API keys; several need '--files'
    #[arg(value_name = "NAME|UUID", required_unless_present = "older_than", conflicts_with = "older_than", value_parser = key_ref(), help_heading = ARGUMENTS, add = complete::keys(Meaning::Current))]
    keys: Vec<KeyRef>,
    #[command(flatten)]
    rotation: RotationArgs,
}

/// Arguments of `api-key-lookup`.
#[derive(Debug, Args)]
#[command(after_help = "\
The value is read from standard input or a file: plain text, or JSON as written
by 'api-key-create --file'. It is never taken from the command line, where
every user of the machine could see it.

EXAMPLES:
   ibmcloud-iam api-key-lookup @key_file
   printf %s \"$KEY\" | ibmcloud-iam api-key-lookup")]
pub struct ApiKeyLookupArgs {
    /// Where the value is: @FILE, or - for standard input
    #[arg(value_name = "@FILE", default_value = "-", hide_default_value = true, help_heading = ARGUMENTS, add = complete::at_files())]
    from: String,
    /// Print the ID only
    #[arg(long)]
    uuid: bool,
}

impl From<ApiKeysArgs> for list::Request {
    fn from(ApiKeysArgs { list, all_users }: ApiKeysArgs) -> Self {
        list.of(if all_users { Owners::AllUsers } else { Owners::One })
    }
}

impl From<ApiKeyArgs> for show::Request {
    fn from(args: ApiKeyArgs) -> Self {
        args.show.of(args.which.key)
    }
}

impl From<ApiKeyCreateArgs> for create::Request {
    fn from(args: ApiKeyCreateArgs) -> Self {
        let ApiKeyCreateArgs { name, description, file, force, new } = args;
        new.of(name, description, file, force)
    }
}

impl From<ApiKeyUpdateArgs> for update::Request {
    fn from(args: ApiKeyUpdateArgs) -> Self {
        args.changes.of(args.which.key)
    }
}

impl From<ApiKeyDeleteArgs> for delete::Request {
    fn from(args: ApiKeyDeleteArgs) -> Self {
        args.deletion.of(args.keys)
    }
}

impl From<ApiKeyRotateArgs> for rotate::Request {
    fn from(args: ApiKeyRotateArgs) -> Self {
        args.rotation.of(args.keys)
    }
}

impl From<ApiKeyLookupArgs> for lookup::Request {
    fn from(args: ApiKeyLookupArgs) -> Self {
        Self { from: args.from, ids_only: args.uuid }
    }
}
