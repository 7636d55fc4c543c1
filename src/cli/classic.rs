//! The commands on the classic API key of a user: `classic-api-key…`, and `sl user apikey` of the official CLI.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::shared::{DryRunArgs, ForceArgs, WaitArgs, path};
use super::tree::{ARGUMENTS, COMMAND_TEMPLATE, COMMANDS, Deferred};
use crate::complete;
use crate::ops::only_key::{self, delete, plugin, show};

/// The commands.
#[derive(Debug, Subcommand)]
pub enum ClassicCommand {
    /// Show your classic API key, or save its value to FILE
    ClassicApiKey(Deferred<ClassicApiKeyArgs>),
    /// Create your classic API key
    ClassicApiKeyCreate(Deferred<ClassicApiKeyCreateArgs>),
    /// Delete your classic API key
    ClassicApiKeyDelete(Deferred<ClassicApiKeyDeleteArgs>),
    /// Remove your classic API key, then create a new one
    ClassicApiKeyRotate(Deferred<ClassicApiKeyRotateArgs>),
    /// Manage a classic API key as the official plug-in does
    #[command(
        subcommand,
        subcommand_required = true,
        disable_help_subcommand = true,
        display_name = "ibmcloud-iam sl",
        help_template = COMMAND_TEMPLATE,
        subcommand_help_heading = COMMANDS,
        after_help = "\
'sl user apikey ID' takes one of '--add', '--remove' and '--refresh', and asks
nothing. ID is the number of the user. No other command of the official plug-in
is covered.

EXAMPLES:
   ibmcloud sl user apikey 123456 --add
   ibmcloud sl user apikey 123456 --refresh"
    )]
    Sl(SlCommand),
}

/// The commands of the official plug-in for classic infrastructure.
#[derive(Debug, Subcommand)]
pub enum SlCommand {
    /// Manage what a user has: the classic API key
    #[command(
        subcommand,
        subcommand_required = true,
        disable_help_subcommand = true,
        display_name = "ibmcloud-iam sl user",
        help_template = COMMAND_TEMPLATE,
        subcommand_help_heading = COMMANDS
    )]
    User(SlUserCommand),
}

/// The commands of the official plug-in on users.
#[derive(Debug, Subcommand)]
pub enum SlUserCommand {
    /// Add, remove or refresh a user's classic API key, with the official texts
    #[command(display_name = "ibmcloud-iam sl user apikey")]
    Apikey(Deferred<SlUserApikeyArgs>),
}

/// Whose key is meant.
#[derive(Debug, Args)]
struct UserArgs {
    /// The ID of the user, a number; the one who is logged in when absent
    #[arg(long, value_name = "ID", value_parser = number)]
    user: Option<u64>,
}

fn number(text: &str) -> Result<u64, &'static str> {
    text.parse().map_err(|_| "the ID of a user is a number")
}

impl UserArgs {
    fn id(self) -> Option<String> {
        self.user.map(|id| id.to_string())
    }
}

/// Arguments of `classic-api-key`.
#[derive(Debug, Args)]
#[command(after_help = "\
A user has one classic API key at most. The service shows its value to its
owner; it is never printed here. On the local store it is not kept.
A credential is looked for in this order: '--apikey', SL_USERNAME and
SL_API_KEY, the credential that IAM is logged in to with, ~/.softlayer.

EXAMPLES:
   ibmcloud-iam classic-api-key
   ibmcloud-iam classic-api-key --file classic.json")]
pub struct ClassicApiKeyArgs {
    #[command(flatten)]
    user: UserArgs,
    /// Write the key with its value to FILE; FILE must not exist, or be empty
    #[arg(long, value_name = "FILE", value_parser = path(), add = complete::files())]
    file: Option<PathBuf>,
    /// Replace a FILE that is not empty
    #[arg(short, long)]
    force: bool,
}

/// Arguments of `classic-api-key-create`.
#[derive(Debug, Args)]
#[command(after_help = "\
A user has one classic API key at most; where there is one, nothing is created.
The service chooses the value. If its answer is lost, the value is read again,
at once or by 'ibmcloud-iam recover'.

EXAMPLES:
   ibmcloud-iam classic-api-key-create --file classic.json
   KEY=$(ibmcloud-iam classic-api-key-create -o json | jq -r .apikey)")]
pub struct ClassicApiKeyCreateArgs {
    #[command(flatten)]
    user: UserArgs,
    /// Write the key to FILE instead of printing it; FILE must not exist, or be empty
    #[arg(long, value_name = "FILE", value_parser = path(), add = complete::files())]
    file: Option<PathBuf>,
    /// Replace a FILE that is not empty, once the new key is safe
    #[arg(short, long)]
    force: bool,
    #[command(flatten)]
    wait: WaitArgs,
    #[command(flatten)]
    dry_run: DryRunArgs,
}

/// Arguments of `classic-api-key-delete`.
#[derive(Debug, Args)]
#[command(after_help = "\
EXAMPLE:
   ibmcloud-iam classic-api-key-delete --force")]
pub struct ClassicApiKeyDeleteArgs {
    #[command(flatten)]
    user: UserArgs,
    /// Succeed if there is no key, so that the command can be repeated
    #[arg(long)]
    ignore_missing: bool,
    #[command(flatten)]
    force: ForceArgs,
}

/// Arguments of `classic-api-key-rotate`.
#[derive(Debug, Args)]
#[command(after_help = "\
A user has one classic API key at most, so the old one is removed before the
new one is created: programs that use it fail until they have the new value. It
needs an IAM credential, for a classic API key cannot outlive itself. If the
command is interrupted, 'ibmcloud-iam recover' finishes it.

EXAMPLE:
   ibmcloud-iam classic-api-key-rotate --file classic.json --force")]
pub struct ClassicApiKeyRotateArgs {
    #[command(flatten)]
    user: UserArgs,
    /// Write the new key to FILE instead of printing it; a FILE that holds the old key is replaced
    #[arg(long, value_name = "FILE", value_parser = path(), add = complete::files())]
    file: Option<PathBuf>,
    #[command(flatten)]
    wait: WaitArgs,
    #[command(flatten)]
    force: ForceArgs,
}

/// Arguments of `sl user apikey`.
#[derive(Debug, Args)]
#[command(after_help = "\
One of the flags is needed. Nothing is asked. '--refresh' removes the key, if
there is one, and adds another.

EXAMPLES:
   ibmcloud sl user apikey 123456 --add
   ibmcloud sl user apikey 123456 --refresh")]
pub struct SlUserApikeyArgs {
    /// The ID of the user, a number
    #[arg(value_name = "IDENTIFIER", help_heading = ARGUMENTS)]
    identifier: String,
    /// Add a key
    #[arg(long)]
    add: bool,
    /// Remove the key
    #[arg(long)]
    remove: bool,
    /// Remove the key and add another
    #[arg(long)]
    refresh: bool,
}

impl From<ClassicApiKeyArgs> for show::Request {
    fn from(args: ClassicApiKeyArgs) -> Self {
        Self { user: args.user.id(), file: args.file, force: args.force }
    }
}

impl From<ClassicApiKeyCreateArgs> for only_key::Request {
    fn from(args: ClassicApiKeyCreateArgs) -> Self {
        Self {
            user: args.user.id(),
            file: args.file,
            force: args.force,
            no_wait: args.wait.no_wait,
            dry_run: args.dry_run.dry_run,
        }
    }
}

impl From<ClassicApiKeyDeleteArgs> for delete::Request {
    fn from(args: ClassicApiKeyDeleteArgs) -> Self {
        let ForceArgs { force, dry_run } = args.force;
        Self { user: args.user.id(), ignore_missing: args.ignore_missing, force, dry_run }
    }
}

impl From<ClassicApiKeyRotateArgs> for only_key::Request {
    fn from(args: ClassicApiKeyRotateArgs) -> Self {
        let (ForceArgs { force, dry_run }, WaitArgs { no_wait }) = (args.force, args.wait);
        Self { user: args.user.id(), file: args.file, force, no_wait, dry_run }
    }
}

impl From<SlUserApikeyArgs> for plugin::Request {
    fn from(args: SlUserApikeyArgs) -> Self {
        let SlUserApikeyArgs { identifier, add, remove, refresh } = args;
        Self { identifier, add, remove, refresh }
    }
}
