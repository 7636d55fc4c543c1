//! The commands about the login and its token.

use clap::Args;

use super::shared::DryRunArgs;
use crate::ops::login;

/// Arguments of `login`.
#[derive(Debug, Args)]
#[command(after_help = "\
The API key is read from a hidden prompt, or with '--apikey' from a file or from
standard input. If the service accepts it, it is kept in the keyring of the
operating system, or with '--insecure-storage' in a file (0600). From then on the
remote backend is the default.

EXAMPLES:
   ibmcloud-iam login
   ibmcloud-iam login --apikey @key_file
   printf %s \"$KEY\" | ibmcloud-iam login --apikey - --insecure-storage
   ibmcloud-iam login --profile work --endpoint https://private.iam.cloud.ibm.com")]
pub struct LoginArgs {
    /// Keep the API key in a file (0600), not in the keyring of the operating system
    #[arg(long)]
    insecure_storage: bool,
    /// Ignored; accepted because the official CLI has it
    #[arg(long, hide = true)]
    no_region: bool,
    /// Ignored; accepted because the official CLI has it
    #[arg(short, long, value_name = "REGION", hide = true)]
    region: Option<String>,
    /// Ignored; accepted because the official CLI has it
    #[arg(short, long, value_name = "GROUP", hide = true)]
    group: Option<String>,
    #[command(flatten)]
    dry_run: DryRunArgs,
}

/// Arguments of `logout`.
#[derive(Debug, Args)]
#[command(after_help = "\
Removes the API key and its token from this machine; the key itself stays valid
until it is deleted. Without '--endpoint', all logins of the profile are removed.

EXAMPLES:
   ibmcloud-iam logout
   ibmcloud-iam logout --profile work")]
pub struct LogoutArgs {
    #[command(flatten)]
    pub dry_run: DryRunArgs,
}

/// Arguments of `whoami`.
#[derive(Debug, Args)]
#[command(after_help = "\
A credential is looked for in this order, and the first one wins: '--apikey',
IBMCLOUD_API_KEY, IC_API_KEY, the file in IBM_CREDENTIALS_FILE,
~/ibm-credentials.env, IAM_IDENTITY_APIKEY, the login, the session of the
'ibmcloud' CLI. An ibm-credentials.env in the working directory is used only
where IBM_CREDENTIALS_FILE names it.

EXAMPLES:
   ibmcloud-iam whoami
   ibmcloud-iam whoami --explain
   ibmcloud-iam whoami --output json | jq -r .account_id")]
pub struct WhoamiArgs {
    /// Show every place where a credential was looked for, and what was there
    #[arg(long)]
    pub explain: bool,
}

/// Arguments of `bearer-token`.
#[derive(Debug, Args)]
#[command(after_help = "\
Every user of the machine can see the arguments of a command. Let curl read the
header from standard input.

EXAMPLE:
   ibmcloud-iam bearer-token | sed 's/^/Authorization: Bearer /' | curl -H @- https://...")]
pub struct BearerTokenArgs {}

/// Arguments of `oauth-tokens`.
#[derive(Debug, Args)]
#[command(after_help = "\
EXAMPLES:
   ibmcloud-iam oauth-tokens
   ibmcloud-iam oauth-tokens --output json | jq -r .iam_token")]
pub struct OauthTokensArgs {}

impl From<LoginArgs> for login::Request {
    fn from(args: LoginArgs) -> Self {
        Self { insecure_storage: args.insecure_storage, dry_run: args.dry_run.dry_run }
    }
}
