//! The command tree: names, arguments and help, without logic or I/O. Each family of commands has a file.

#![expect(clippy::doc_markdown, reason = "doc comments are help texts here")]

mod access;
mod audit;
mod classic;
mod globals;
mod iam_keys;
mod key_args;
mod platform;
mod service_ids;
mod service_keys;
mod shared;
mod task_credentials;
mod tools;
mod tree;

use clap::{Parser, Subcommand};

use self::access::{BearerTokenArgs, LoginArgs, LogoutArgs, OauthTokensArgs, WhoamiArgs};
use self::audit::ApiKeysAuditArgs;
pub use self::classic::{ClassicCommand, SlCommand, SlUserCommand};
pub use self::globals::GlobalArgs;
use self::iam_keys::{
    ApiKeyArgs, ApiKeyCreateArgs, ApiKeyDeleteArgs, ApiKeyLookupArgs, ApiKeyRotateArgs,
    ApiKeyUpdateArgs, ApiKeysArgs,
};
pub use self::platform::PlatformCommand;
pub use self::service_ids::ServiceIdCommand;
pub use self::service_keys::{OfService, ServiceActArgs, ServiceKeyCommand};
pub use self::shared::{ActArgs, Acts, DryRunArgs};
use self::shared::{Disable, Enable, Lock, Unlock};
pub use self::task_credentials::TaskCredentialCommand;
use self::tools::{EmulateArgs, RecoverArgs};
pub use self::tree::{Deferred, OnDemand, leave_out_for};

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

/// Manage IBM Cloud IAM API keys, on a local store or the service
#[derive(Debug, Parser)]
#[command(
    name = "ibmcloud-iam",
    version,
    help_template = ROOT_TEMPLATE,
    max_term_width = 100,
    hide_possible_values = true,
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
    /// The flags of every command.
    #[command(flatten)]
    pub global: GlobalArgs,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List your API keys
    #[command(visible_alias = "api-key-list")]
    ApiKeys(Deferred<ApiKeysArgs>),
    /// Show an API key
    ApiKey(Deferred<ApiKeyArgs>),
    /// Create an API key
    ApiKeyCreate(Deferred<ApiKeyCreateArgs>),
    /// Change the name, description, leak action or expiry of an API key
    ApiKeyUpdate(Deferred<ApiKeyUpdateArgs>),
    /// Delete API keys
    ApiKeyDelete(Deferred<ApiKeyDeleteArgs>),
    /// Lock API keys, so that they can be neither changed nor deleted
    #[command(after_help = "EXAMPLE:\n   ibmcloud-iam api-key-lock MyKey --force")]
    ApiKeyLock(Deferred<ActArgs<Lock>>),
    /// Unlock API keys
    #[command(after_help = "EXAMPLE:\n   ibmcloud-iam api-key-unlock MyKey --force")]
    ApiKeyUnlock(Deferred<ActArgs<Unlock>>),
    /// Disable API keys; they do not work until they are enabled
    #[command(after_help = "EXAMPLE:\n   ibmcloud-iam api-key-disable MyKey --force")]
    ApiKeyDisable(Deferred<ActArgs<Disable>>),
    /// Enable API keys that were disabled
    #[command(after_help = "EXAMPLE:\n   ibmcloud-iam api-key-enable MyKey --force")]
    ApiKeyEnable(Deferred<ActArgs<Enable>>),
    /// Replace API keys by new ones, with a working key at every moment
    ApiKeyRotate(Deferred<ApiKeyRotateArgs>),
    /// Report risky API keys: old, unused, never expiring, leaked
    ApiKeysAudit(Deferred<ApiKeysAuditArgs>),
    /// Find the API key that a value belongs to
    ApiKeyLookup(Deferred<ApiKeyLookupArgs>),
    /// The commands on service IDs and their groups.
    #[command(flatten)]
    ServiceIds(OnDemand<ServiceIdCommand>),
    /// The commands on API keys of service IDs.
    #[command(flatten)]
    ServiceKeys(OnDemand<ServiceKeyCommand>),
    /// The commands on the classic API key.
    #[command(flatten)]
    Classic(OnDemand<ClassicCommand>),
    /// The commands on platform API keys.
    #[command(flatten)]
    Platform(OnDemand<PlatformCommand>),
    /// The commands on task credentials of watsonx.
    #[command(flatten)]
    TaskCredentials(OnDemand<TaskCredentialCommand>),
    /// Finish or undo interrupted commands
    Recover(Deferred<RecoverArgs>),
    /// Log in with an API key and keep it
    Login(Deferred<LoginArgs>),
    /// Forget the API key of a login
    Logout(Deferred<LogoutArgs>),
    /// Show who you are, with which credential, and where
    Whoami(Deferred<WhoamiArgs>),
    /// Print the access token alone
    BearerToken(Deferred<BearerTokenArgs>),
    /// Print the access token as the official CLI does
    OauthTokens(Deferred<OauthTokensArgs>),
    /// Serve the IAM Identity API on this machine, over a local store
    Emulate(Deferred<EmulateArgs>),
}
