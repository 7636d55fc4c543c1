//! The command tree: names, arguments and help, without logic or I/O. Each family of commands has a file.

#![expect(clippy::doc_markdown, reason = "doc comments are help texts here")]

mod access;
mod audit;
mod classic;
mod globals;
mod groups;
mod iam_keys;
mod key_args;
mod platform;
mod service_ids;
mod service_keys;
mod shared;
mod task_credentials;
mod tools;
mod tree;

use std::ffi::OsString;
use std::mem::ManuallyDrop;

use clap::{CommandFactory, FromArgMatches as _, Parser, Subcommand};

use self::access::{BearerTokenArgs, LoginArgs, LogoutArgs, OauthTokensArgs, WhoamiArgs};
use self::audit::ApiKeysAuditArgs;
pub use self::classic::{ClassicCommand, SlCommand, SlUserCommand};
pub use self::globals::GlobalArgs;
pub use self::groups::GROUPS;
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
pub use self::tools::{CompletedShell, ManArgs};
use self::tools::{CompletionArgs, EmulateArgs, ProfilesArgs, RecoverArgs};
pub use self::tree::Deferred;

/// The version of the program, and the commit that it was built from where that is known: `0.2.0 (abc1234)`.
pub const VERSION: &str = env!("IBMCLOUD_IAM_VERSION");

#[derive(Debug, Parser)]
#[command(
    name = "ibmcloud-iam",
    version = VERSION,
    max_term_width = 100,
    hide_possible_values = true,
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    disable_help_flag = true,
    disable_version_flag = true,
    propagate_version = true,
    after_help = "\
TOPICS, which 'ibmcloud-iam help TOPIC' explains:
   audit         find risky keys, by hand and in pipelines
   deliver       how a new key reaches those who need it
   emulator      the service on this machine, for tests
   environment   every variable that is read
   exit-codes    what each exit code means
   files         what is kept, where, and who may touch it
   recover       after an interruption
   rotation      replace keys without a gap
   scripts       output, questions and failures where nobody watches

'ibmcloud-iam COMMAND --help' explains a command. A leading word 'iam' is
accepted: 'alias ibmcloud=ibmcloud-iam' serves you at the prompt, and a link to
the program in PATH, named 'ibmcloud', serves scripts, which no alias reaches."
)]
struct Root {
    #[command(flatten)]
    global: GlobalArgs,
}

/// What a command line says.
#[derive(Debug)]
pub struct Cli {
    /// The flags of every command.
    pub global: GlobalArgs,
    /// The command.
    pub command: Command,
}

impl CommandFactory for Cli {
    fn command() -> clap::Command {
        Command::augment_subcommands(Root::command())
    }

    fn command_for_update() -> clap::Command {
        Self::command()
    }
}

impl Cli {
    /// Parses `args`, shown as of the program `name`.
    ///
    /// clap gives each command of a tree a copy of the flags of every command, 7 µs a command. So the command that `args` seem
    /// to ask for is tried alone. A word that is the value of a flag may look like it: then that fails, and all are tried, as
    /// `prepare` returns them.
    pub fn parse(
        args: &[OsString],
        name: &str,
        prepare: impl FnOnce(clap::Command) -> clap::Command,
    ) -> Result<Self, clap::Error> {
        let all = Command::augment_subcommands(clap::Command::default());
        let mut words = args.iter().skip(1).filter_map(|arg| arg.to_str());
        let one = words.find_map(|word| all.find_subcommand(word)).cloned();
        let root = || Root::command().bin_name(name);
        let alone = one.map(|one| Self::parse_by(root().subcommand(one), args));
        // Freeing a tree takes a tenth of a short command's time, and the process ends soon.
        std::mem::forget(all);
        match alone {
            Some(Ok(cli)) => Ok(cli),
            _ => Self::parse_by(prepare(Self::command().bin_name(name)), args),
        }
    }

    fn parse_by(tree: clap::Command, args: &[OsString]) -> Result<Self, clap::Error> {
        let mut tree = ManuallyDrop::new(tree);
        let mut matches = tree.try_get_matches_from_mut(args)?;
        let root = Root::from_arg_matches_mut(&mut matches)?;
        Ok(Self { global: root.global, command: Command::from_arg_matches_mut(&mut matches)? })
    }
}

/// Manage IBM Cloud IAM API keys, on a local store or the service
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List your API keys
    #[command(visible_alias = "api-key-list")]
    ApiKeys(Deferred<ApiKeysArgs>),
    /// Show an API key
    ApiKey(Deferred<ApiKeyArgs>),
    /// Create an API key
    ApiKeyCreate(Deferred<ApiKeyCreateArgs>),
    /// Change an API key: its name, description, leak action, expiry
    ApiKeyUpdate(Deferred<ApiKeyUpdateArgs>),
    /// Delete API keys
    ApiKeyDelete(Deferred<ApiKeyDeleteArgs>),
    /// Lock API keys against changes and deletion
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
    /// Replace API keys, with a working one at every moment
    ApiKeyRotate(Deferred<ApiKeyRotateArgs>),
    /// Report risky API keys: old, unused, never expiring, leaked
    ApiKeysAudit(Deferred<ApiKeysAuditArgs>),
    /// Find the API key that a value belongs to
    ApiKeyLookup(Deferred<ApiKeyLookupArgs>),
    /// The commands on service IDs and their groups.
    #[command(flatten)]
    ServiceIds(ServiceIdCommand),
    /// The commands on API keys of service IDs.
    #[command(flatten)]
    ServiceKeys(ServiceKeyCommand),
    /// The commands on the classic API key.
    #[command(flatten)]
    Classic(ClassicCommand),
    /// The commands on platform API keys.
    #[command(flatten)]
    Platform(PlatformCommand),
    /// The commands on task credentials of watsonx.
    #[command(flatten)]
    TaskCredentials(TaskCredentialCommand),
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
    /// List the profiles, and who is logged in with each
    Profiles(Deferred<ProfilesArgs>),
    /// Print the completion script of a shell
    Completion(Deferred<CompletionArgs>),
    /// Write the man pages into a directory
    Man(Deferred<ManArgs>),
}
