//! `recover`, `emulate`, and what the program tells of itself: `profiles`, `completion` and `man`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use reqwest::Url;

use super::shared::{DryRunArgs, ForceArgs, WaitArgs, path};
use super::tree::ARGUMENTS;
use crate::complete;
use crate::ops::emulate::{self, Fault};
use crate::ops::recover;

/// Arguments of `recover`.
#[derive(Debug, Args)]
#[command(after_help = "\
After a command with '--file', FILE is completed from the pending copy beside
it, or the copy is removed if the key was never made. After one without, a key
whose value is lost is deleted after confirmation; with '--force' only if it is
certain which key that is. A key whose value may have been printed is only
reported.

With FILE only that one is settled: also if its value was moved there by hand,
or if the journal is lost and only the copy is left. On a machine that does not
last, such as a CI runner, use '--file' on storage that is kept.

EXAMPLES:
   ibmcloud-iam recover --force
   ibmcloud-iam recover key.json

EXIT CODES:
   1: look at the keys that the lines name; 11: run it again later; 12: something
   is in the way, and the line says what to do")]
pub struct RecoverArgs {
    /// Settle only what is to be in FILE, even if only the copy beside it is left
    #[arg(value_name = "FILE", value_parser = path(), add = complete::files(), help_heading = ARGUMENTS)]
    file: Option<PathBuf>,
    #[command(flatten)]
    wait: WaitArgs,
    /// Give up what is not in its place: delete the new key, and leave FILE
    #[arg(long)]
    discard: bool,
    #[command(flatten)]
    force: ForceArgs,
}

/// Arguments of `emulate`.
#[derive(Debug, Args)]
#[command(after_help = emulate::HELP)]
pub struct EmulateArgs {
    /// The loopback address and port to serve on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0", value_parser = loopback)]
    listen: SocketAddr,
    /// Keep the keys in DIR instead of the local store
    #[arg(long, value_name = "DIR", value_parser = path(), add = complete::directories())]
    store: Option<PathBuf>,
    /// Keep the keys in memory only
    #[arg(long, conflicts_with = "store")]
    in_memory: bool,
    /// Serve HTTPS, with the certificate of an authority that is made at each start
    #[arg(long)]
    tls: bool,
    /// Write 'export' lines for IBM's SDKs and this program to FILE while it runs
    #[arg(long, value_name = "FILE", value_parser = path(), add = complete::files())]
    env_file: Option<PathBuf>,
    /// Issue tokens in the name of URL instead of the endpoint's '/identity'
    #[arg(long, value_name = "URL", value_parser = issuer)]
    issuer: Option<String>,
    /// Make requests fail on purpose; may be given several times
    #[arg(long, value_name = "FAULT", value_parser = Fault::parse)]
    fault: Vec<Fault>,
    /// Make N API keys at the start, whatever the limit; their values are not shown
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, value_parser = clap::value_parser!(u32).range(..=1_000_000))]
    seed_keys: u32,
}

/// Arguments of `profiles`.
#[derive(Debug, Args)]
#[command(after_help = "\
A profile is a set of login, endpoint, backend and local store. It begins when
it is first used: 'ibmcloud-iam login --profile work'.

EXAMPLES:
   ibmcloud-iam profiles
   ibmcloud-iam api-keys --profile work")]
pub struct ProfilesArgs {}

/// The shells for which there is a completion script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CompletedShell {
    /// bash
    Bash,
    /// zsh
    Zsh,
    /// fish
    Fish,
    /// PowerShell
    #[value(alias = "pwsh")]
    Powershell,
}

/// Arguments of `completion`.
#[derive(Debug, Args)]
#[command(after_help = "\
The script asks this program what to offer, so it need not be renewed.

EXAMPLES:
   ibmcloud-iam completion bash > ~/.local/share/bash-completion/completions/ibmcloud-iam
   ibmcloud-iam completion zsh > ~/.zfunc/_ibmcloud-iam
   ibmcloud-iam completion fish > ~/.config/fish/completions/ibmcloud-iam.fish
   ibmcloud-iam completion powershell >> $PROFILE")]
pub struct CompletionArgs {
    /// The shell: bash, zsh, fish or powershell
    #[arg(value_name = "SHELL", help_heading = ARGUMENTS, ignore_case = true)]
    pub shell: CompletedShell,
}

/// Arguments of `man`.
#[derive(Debug, Args)]
#[command(after_help = "\
DIR is made if it is missing. Pages that are there are replaced; everybody may
read them (0644). 'man' looks beside each directory of PATH: for a program in
~/.cargo/bin below ~/.cargo/share/man, for one in ~/.local/bin below
~/.local/share/man. 'man -l FILE' shows a page from anywhere.

EXAMPLES:
   ibmcloud-iam man ~/.cargo/share/man/man1
   man ibmcloud-iam-api-key-create")]
pub struct ManArgs {
    /// The directory to write the pages to
    #[arg(value_name = "DIR", value_parser = path(), add = complete::directories(), help_heading = ARGUMENTS)]
    pub directory: PathBuf,
    /// Whether to write nothing.
    #[command(flatten)]
    pub dry_run: DryRunArgs,
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

/// Reads the URL of an issuer, which is taken as it is: clients compare it letter by letter.
fn issuer(text: &str) -> Result<String, String> {
    let is_issuer = Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.query().is_none()
            && url.fragment().is_none()
    });
    if is_issuer {
        Ok(text.to_owned())
    } else {
        Err("write a URL such as https://iam.cloud.ibm.com/identity".to_owned())
    }
}

impl From<RecoverArgs> for recover::Request {
    fn from(args: RecoverArgs) -> Self {
        let ForceArgs { force, dry_run } = args.force;
        let RecoverArgs { file, discard, wait: WaitArgs { no_wait }, .. } = args;
        Self { file, force, dry_run, no_wait, discard }
    }
}

impl From<EmulateArgs> for emulate::Request {
    fn from(args: EmulateArgs) -> Self {
        let EmulateArgs { listen, store, in_memory, tls, env_file, issuer, fault, seed_keys } =
            args;
        Self { listen, store, in_memory, faults: fault, tls, env_file, issuer, seed_keys }
    }
}
