//! The commands on task credentials of watsonx: `task-credentials` and `task-credential…`.

use std::time::Duration;

use clap::builder::{NonEmptyStringValueParser, PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};

use super::shared::{DryRunArgs, ForceArgs};
use super::tree::{ARGUMENTS, Deferred};
use crate::complete;
use crate::model::parse_duration;
use crate::ops::task_credentials::{RegionRef, create, delete, list, rotate};
use crate::systems::task_credentials::Region;

/// The commands.
#[derive(Debug, Subcommand)]
pub enum TaskCredentialCommand {
    /// List the task credentials of watsonx, region by region
    TaskCredentials(Deferred<TaskCredentialsArgs>),
    /// Store an API key for your jobs in watsonx
    TaskCredentialCreate(Deferred<TaskCredentialCreateArgs>),
    /// Replace the API key in your task credentials
    TaskCredentialRotate(Deferred<TaskCredentialRotateArgs>),
    /// Delete task credentials
    TaskCredentialDelete(Deferred<TaskCredentialDeleteArgs>),
}

/// Regions.
#[derive(Debug, Args)]
struct RegionArgs {
    /// The region; may be given several times
    #[arg(long = "region", value_name = "REGION", value_parser = region())]
    regions: Vec<RegionRef>,
}

/// Arguments of `task-credentials`.
#[derive(Debug, Args)]
#[command(after_help = "\
Without '--region' the six regions of IBM Cloud are asked: us-south, eu-de,
eu-gb, jp-tok, au-syd and ca-tor. Others are ap-south-1, us-east-1 and
us-gov-east-1. A key inside that does not work any more is named.

EXAMPLES:
   ibmcloud-iam task-credentials
   ibmcloud-iam task-credentials --region eu-de --output json | jq -r '.[].key_id'

EXIT CODES:
   12: some regions could not be asked")]
pub struct TaskCredentialsArgs {
    #[command(flatten)]
    region: RegionArgs,
    /// Show the table in full, however narrow the terminal is
    #[arg(long)]
    wide: bool,
}

/// Arguments of `task-credential-create`.
#[derive(Debug, Args)]
#[command(after_help = "\
Jobs that run on after you have left (training, pipelines, Data Refinery, text
extraction) log in with the task credential of their region. A user has one in
each region. Without '--from' an API key is created for it, named
watsonx-task-credential-NAME, whose value nobody else gets. No value is
printed. Jobs see a new task credential after 15 to 20 minutes.

EXAMPLES:
   ibmcloud-iam task-credential-create --region us-south
   ibmcloud-iam task-credential-create jobs --region eu-de --region eu-gb
   ibmcloud-iam task-credential-create --from @key.json --region us-south

EXIT CODES:
   5: the region has one already; 9: limit reached; 11: outcome unknown")]
pub struct TaskCredentialCreateArgs {
    /// The name of the task credential
    #[arg(value_name = "NAME", default_value = create::NAME, value_parser = NonEmptyStringValueParser::new(), help_heading = ARGUMENTS)]
    name: String,
    /// Store an existing API key: @FILE, or - for standard input
    #[arg(long, value_name = "@FILE|-", add = complete::at_files())]
    from: Option<String>,
    #[command(flatten)]
    region: RegionArgs,
    #[command(flatten)]
    dry_run: DryRunArgs,
}

/// Arguments of `task-credential-rotate`.
#[derive(Debug, Args)]
#[command(after_help = "\
A new API key is created and proven. In each region that has a task credential,
the old one is deleted and the new one stored at once. Only when all have it,
the old key gets its end. Cut off anywhere, the same command or 'recover' goes
on. A key that another region holds, or may hold, that the task credential does
not tell, or that this program did not create is left; with '--retire' a key
gets its end, too, that this program did not create or a region only may hold.

EXAMPLES:
   ibmcloud-iam task-credential-rotate --force
   ibmcloud-iam task-credential-rotate --region eu-de --grace 2h --dry-run

EXIT CODES:
   3: there is none; 6: an old key is locked; 9: limit reached; 11: outcome
   unknown")]
pub struct TaskCredentialRotateArgs {
    #[command(flatten)]
    region: RegionArgs,
    /// How long the old key works beside the new one, 20m or more
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = parse_duration)]
    grace: Duration,
    /// End an old key, too, that this program did not create or a region only may hold
    #[arg(long)]
    retire: bool,
    #[command(flatten)]
    force: ForceArgs,
}

/// Arguments of `task-credential-delete`.
#[derive(Debug, Args)]
#[command(after_help = "\
Jobs that need it fail from then on. The API key inside works on unless it is
deleted with it. '--with-key' is refused while another region holds the key.

EXAMPLES:
   ibmcloud-iam task-credential-delete --region eu-de
   ibmcloud-iam task-credential-delete --region eu-de --with-key --force

EXIT CODES:
   3: there is none; 5: another region holds the key; 12: some could not be
   deleted")]
pub struct TaskCredentialDeleteArgs {
    #[command(flatten)]
    region: RegionArgs,
    /// Delete the API key inside, too
    #[arg(long)]
    with_key: bool,
    #[command(flatten)]
    force: ForceArgs,
}

/// Reads the name of a region.
fn region() -> impl TypedValueParser<Value = RegionRef> {
    let names = Region::all().iter().map(|region| region.name);
    PossibleValuesParser::new(names)
        .try_map(|name| Region::find(&name).ok_or("this version does not know the region"))
}

impl From<TaskCredentialsArgs> for list::Request {
    fn from(args: TaskCredentialsArgs) -> Self {
        Self { regions: args.region.regions, wide: args.wide }
    }
}

impl From<TaskCredentialCreateArgs> for create::Request {
    fn from(args: TaskCredentialCreateArgs) -> Self {
        let TaskCredentialCreateArgs { name, from, region, dry_run } = args;
        Self { name, from, regions: region.regions, dry_run: dry_run.dry_run }
    }
}

impl From<TaskCredentialRotateArgs> for rotate::Request {
    fn from(args: TaskCredentialRotateArgs) -> Self {
        let TaskCredentialRotateArgs { region, grace, retire, force } = args;
        let ForceArgs { force, dry_run } = force;
        Self { regions: region.regions, grace, retire, force, dry_run }
    }
}

impl From<TaskCredentialDeleteArgs> for delete::Request {
    fn from(args: TaskCredentialDeleteArgs) -> Self {
        let TaskCredentialDeleteArgs { region, with_key, force } = args;
        let ForceArgs { force, dry_run } = force;
        Self { regions: region.regions, with_key, force, dry_run }
    }
}
