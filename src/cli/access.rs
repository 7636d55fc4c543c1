//! The commands about the login and its token.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use super::shared::DryRunArgs;
use crate::complete;
use crate::ops::login;

/// Arguments of `login`.
#[derive(Debug, Args)]
#[command(after_help = "\
The API key is read from a hidden prompt, or with '--apikey' from a file or
from standard input. If the service accepts it, it is kept in the keyring of
the operating system, or with '--insecure-storage' in a file (0600). From then
on the remote backend is the default. Without a terminal, an API key in a
variable (IBMCLOUD_API_KEY) is only proven: every command uses it anyway. With
'--platform' the password or, with '--apikey', the platform API key of a user
is kept instead, for the 'platform-' commands only.

EXAMPLES:
   ibmcloud-iam login
   ibmcloud-iam login --apikey @key_file
   printf %s \"$KEY\" | ibmcloud-iam login --apikey - --insecure-storage
   ibmcloud-iam login --platform https://cpd.example.com --username me --password @pw
   ibmcloud-iam login --profile work --endpoint https://private.iam.cloud.ibm.com")]
pub struct LoginArgs {
    /// Keep the API key or password in a file (0600), not in the keyring of the operating system
    #[arg(long)]
    insecure_storage: bool,
    /// Log in to a platform (Cloud Pak for Data, Software Hub) instead: the URL of its web console
    #[arg(long, value_name = "URL", requires = "username", value_parser = NonEmptyStringValueParser::new())]
    platform: Option<String>,
    /// The user of the platform
    #[arg(long, value_name = "USER", requires = "platform", value_parser = NonEmptyStringValueParser::new())]
    username: Option<String>,
    /// The password of that user, from a file or from standard input; asked for when absent
    #[arg(long, value_name = "@FILE|-", requires = "platform", allow_hyphen_values = true, add = complete::at_files())]
    password: Option<String>,
    /// Ignored; accepted because the official CLI has it
    #[arg(long, hide = true)]
    no_region: bool,
    /// Ignored; accepted because the official CLI has it
    #[arg(short, long, value_name = "REGION", hide = true)]
    region: Option<String>,
    /// Ignored; accepted because the official CLI has it
    #[arg(short, long, value_name = "GROUP", hide = true)]
    group: Option<String>,
    /// Ignored, but for 'private.cloud.ibm.com'; accepted because the official CLI has it
    #[arg(short, long, value_name = "URL", hide = true)]
    api: Option<String>,
    /// Refuse an API key of any other account than this one
    #[arg(short = 'c', long, value_name = "ID", conflicts_with = "platform", value_parser = NonEmptyStringValueParser::new())]
    account: Option<String>,
    #[command(flatten)]
    dry_run: DryRunArgs,
}

/// Arguments of `logout`.
#[derive(Debug, Args)]
#[command(after_help = "\
Removes the API key and its token from this machine; the key itself stays valid
until it is deleted. Without '--endpoint', all logins of the profile are
removed, those to platforms too.

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
where IBM_CREDENTIALS_FILE names it. Logins to platforms and to classic
infrastructure are shown beside it, if there are any.

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
        let LoginArgs { platform, username, password, api, account, .. } = args;
        let platform = platform.zip(username);
        let platform = platform.map(|(url, user)| login::Platform { url, user, password });
        let (insecure_storage, dry_run) = (args.insecure_storage, args.dry_run.dry_run);
        Self { platform, insecure_storage, api, account, dry_run }
    }
}
