//! The commands on platform API keys.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::shared::{ForceArgs, WaitArgs, path};
use super::tree::{ARGUMENTS, Deferred};
use crate::complete;
use crate::ops::only_key;
use crate::ops::platform::check;

/// The commands on platform API keys: Cloud Pak for Data, Software Hub, Data Product Hub.
#[derive(Debug, Subcommand)]
pub enum PlatformCommand {
    /// Generate your platform API key
    PlatformApiKeyCreate(Deferred<PlatformKeyArgs>),
    /// Replace your platform API key by a new one
    PlatformApiKeyRotate(Deferred<PlatformKeyArgs>),
    /// Show whether a platform API key logs in, and as whom
    PlatformApiKeyCheck(Deferred<PlatformCheckArgs>),
    /// End your platform API key
    PlatformApiKeyDelete(Deferred<PlatformDeleteArgs>),
    /// Print a token of the platform
    PlatformToken(Deferred<PlatformTokenArgs>),
}

/// Arguments of `platform-api-key-create` and `platform-api-key-rotate`.
#[derive(Debug, Args)]
#[command(after_help = "\
A user has one key. Generating a new one ends the old one at once, so the
command asks first. The request is sent once: if its answer is lost, 'recover'
has another key generated into FILE. With CPD_APIKEY alone the credential may
end with the lost answer; then 'recover' needs CPD_PASSWORD. A login with the
key is moved to the new one.

Where and who: CPD_URL, CPD_USERNAME, and CPD_PASSWORD or CPD_APIKEY (values or
'@FILE'), else 'login --platform'. API keys of service instances, and keys of
the watsonx console on AWS, have no public interface: their web console makes
them.

EXAMPLES:
   ibmcloud-iam platform-api-key-create --file platform_key
   ibmcloud-iam platform-api-key-rotate --file platform_key --force")]
pub struct PlatformKeyArgs {
    /// Save the key to FILE (0600) and do not print it; FILE may hold the old key
    #[arg(long, value_name = "FILE", value_parser = path(), add = complete::files())]
    file: Option<PathBuf>,
    #[command(flatten)]
    wait: WaitArgs,
    #[command(flatten)]
    force: ForceArgs,
}

/// Arguments of `platform-api-key-check`.
#[derive(Debug, Args)]
#[command(after_help = "\
EXAMPLES:
   ibmcloud-iam platform-api-key-check
   ibmcloud-iam platform-api-key-check @platform_key

EXIT CODES:
   7: it does not log in")]
pub struct PlatformCheckArgs {
    /// The key, in a file or on standard input; the credential in use when absent
    #[arg(value_name = "@FILE|-", help_heading = ARGUMENTS, add = complete::at_files())]
    from: Option<String>,
}

/// Arguments of `platform-api-key-delete`.
#[derive(Debug, Args)]
#[command(after_help = "\
The platform has no request that deletes a key. So one is generated that nobody
keeps: the old key opens nothing from then on. The local store deletes the key.

EXAMPLE:
   ibmcloud-iam platform-api-key-delete --force")]
pub struct PlatformDeleteArgs {
    #[command(flatten)]
    force: ForceArgs,
}

/// Arguments of `platform-token`.
#[derive(Debug, Args)]
#[command(after_help = "\
Every user of the machine can see the arguments of a command. Let curl read the
header from standard input. Not every service of a platform takes a ZenApiKey.

EXAMPLES:
   ibmcloud-iam platform-token | sed 's/^/Authorization: Bearer /' | curl -H @- https://...
   ibmcloud-iam platform-token --zen | sed 's/^/Authorization: ZenApiKey /' | curl -H @- https://...")]
pub struct PlatformTokenArgs {
    /// Print what stands behind 'ZenApiKey': the user and the key in base64, without a login
    #[arg(long)]
    pub zen: bool,
}

impl From<PlatformKeyArgs> for only_key::Request {
    fn from(args: PlatformKeyArgs) -> Self {
        let PlatformKeyArgs { file, wait: WaitArgs { no_wait }, force } = args;
        let ForceArgs { force, dry_run } = force;
        Self { user: None, file, force, no_wait, dry_run }
    }
}

impl From<PlatformCheckArgs> for check::Request {
    fn from(args: PlatformCheckArgs) -> Self {
        Self { from: args.from }
    }
}

impl From<PlatformDeleteArgs> for only_key::delete::Request {
    fn from(args: PlatformDeleteArgs) -> Self {
        let ForceArgs { force, dry_run } = args.force;
        Self { user: None, ignore_missing: false, force, dry_run }
    }
}
