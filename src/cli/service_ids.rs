//! The commands on service IDs and their groups: `service-id…`.

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};

use super::service_keys::service_ref;
use super::shared::{DryRunArgs, ForceArgs, InGroupArgs, JobsArgs, reference};
use super::tree::{ARGUMENTS, Deferred};
use crate::complete;
use crate::model::{Detail, EntityTag, GroupId, GroupRef, ServiceChoice, ServiceRef};
use crate::ops::service_ids::{act, create, groups, list, show, update};

/// The commands.
#[derive(Debug, Subcommand)]
pub enum ServiceIdCommand {
    /// List the service IDs of the account
    ServiceIds(Deferred<ServiceIdsArgs>),
    /// Show a service ID
    ServiceId(Deferred<ServiceIdArgs>),
    /// Create a service ID
    ServiceIdCreate(Deferred<ServiceIdCreateArgs>),
    /// Change the name or description of a service ID
    ServiceIdUpdate(Deferred<ServiceIdUpdateArgs>),
    /// Delete service IDs and their keys
    ServiceIdDelete(Deferred<ServiceIdDeleteArgs>),
    /// Lock service IDs against changes and deletion
    #[command(after_help = "EXAMPLE:\n   ibmcloud-iam service-id-lock my-service --force")]
    ServiceIdLock(Deferred<SeveralServiceIdsArgs>),
    /// Unlock service IDs
    #[command(after_help = "EXAMPLE:\n   ibmcloud-iam service-id-unlock my-service --force")]
    ServiceIdUnlock(Deferred<SeveralServiceIdsArgs>),
    /// List the groups of service IDs
    ServiceIdGroups(Deferred<ServiceIdGroupsArgs>),
    /// Create a group of service IDs
    ServiceIdGroupCreate(Deferred<ServiceIdGroupCreateArgs>),
    /// Change the name or description of a group
    ServiceIdGroupUpdate(Deferred<ServiceIdGroupUpdateArgs>),
    /// Delete a group that holds no service IDs
    ServiceIdGroupDelete(Deferred<ServiceIdGroupDeleteArgs>),
}

/// Arguments of `service-ids`.
#[derive(Debug, Args)]
#[command(after_help = "\
EXAMPLES:
   ibmcloud-iam service-ids
   ibmcloud-iam service-ids --group batch --sort name
   ibmcloud-iam service-ids --output json | jq -r '.[].id'")]
pub struct ServiceIdsArgs {
    /// Print IDs only, one per line
    #[arg(long)]
    uuid: bool,
    /// Only service IDs whose name contains this text
    #[arg(short, long, value_name = "NAME", allow_hyphen_values = true)]
    name: Option<String>,
    /// Only service IDs whose description contains this text
    #[arg(short, long, alias = "d", value_name = "DESCRIPTION", allow_hyphen_values = true)]
    description: Option<String>,
    /// Only service IDs of this group, by name or ID (ServiceIdGroup-...); every group when absent
    #[arg(long, value_name = "NAME|UUID", value_parser = reference::<GroupId>(), add = complete::groups())]
    group: Option<GroupRef>,
    /// Sort by name, description, created_at or modified_at; oldest first when absent
    #[arg(long, value_name = "FIELD")]
    sort: Option<list::SortBy>,
    /// Show more columns, and everything in full, however narrow the terminal is
    #[arg(long)]
    wide: bool,
}

/// One service ID.
#[derive(Debug, Args)]
struct WhichArgs {
    /// The name or the ID (ServiceId-...) of the service ID
    #[arg(value_name = "NAME|UUID", value_parser = service_ref(), add = complete::service_ids(), help_heading = ARGUMENTS)]
    service_id: ServiceRef,
    #[command(flatten)]
    place: InGroupArgs,
}

impl WhichArgs {
    fn choice(self) -> ServiceChoice {
        self.place.choice(self.service_id)
    }
}

/// One group.
#[derive(Debug, Args)]
struct GroupArgs {
    /// The name or the ID (ServiceIdGroup-...) of the group
    #[arg(value_name = "NAME|UUID", value_parser = reference::<GroupId>(), add = complete::groups(), help_heading = ARGUMENTS)]
    group: GroupRef,
}

/// What a service ID or a group is to be called.
#[derive(Debug, Args)]
struct NewArgs {
    /// The name
    #[arg(value_name = "NAME", value_parser = NonEmptyStringValueParser::new(), help_heading = ARGUMENTS)]
    name: String,
    /// The description
    #[arg(short, long, alias = "d", value_name = "DESCRIPTION", allow_hyphen_values = true)]
    description: Option<String>,
}

/// What changes of a service ID or a group.
#[derive(Debug, Args)]
struct TextArgs {
    /// The new name
    #[arg(short, long, value_name = "NAME", allow_hyphen_values = true, value_parser = NonEmptyStringValueParser::new())]
    name: Option<String>,
    /// The new description; "" clears it
    #[arg(short, long, alias = "d", value_name = "DESCRIPTION", allow_hyphen_values = true)]
    description: Option<String>,
}

/// Arguments of `service-id`.
#[derive(Debug, Args)]
#[command(after_help = "\
EXAMPLES:
   ibmcloud-iam service-id my-service
   ibmcloud-iam service-id my-service --uuid
   ibmcloud-iam service-id my-service --output json | jq -r '.[0].id'")]
pub struct ServiceIdArgs {
    #[command(flatten)]
    which: WhichArgs,
    /// Print the ID only
    #[arg(long)]
    uuid: bool,
    /// Show when and how often the keys of the service ID were used
    #[arg(long)]
    activity: bool,
    /// Show what happened to the service ID
    #[arg(long)]
    history: bool,
}

/// Arguments of `service-id-create`.
#[derive(Debug, Args)]
#[command(after_help = "\
Names need not be unique. If the answer of the service is lost, the service ID
may be there: look for it before you repeat the command.

EXAMPLES:
   ibmcloud-iam service-id-create my-service -d \"pushes images\"
   ID=$(ibmcloud-iam service-id-create my-service --output json | jq -r .id)

EXIT CODES:
   9: limit reached; 11: outcome unknown")]
pub struct ServiceIdCreateArgs {
    #[command(flatten)]
    new: NewArgs,
    /// Lock the service ID, so that it can be neither changed nor deleted
    #[arg(long)]
    lock: bool,
    /// The group to put it into, by name or ID (ServiceIdGroup-...); the default group when absent
    #[arg(long, value_name = "NAME|UUID", value_parser = reference::<GroupId>(), add = complete::groups())]
    group: Option<GroupRef>,
    #[command(flatten)]
    dry_run: DryRunArgs,
}

/// Arguments of `service-id-update`.
#[derive(Debug, Args)]
#[command(after_help = "\
At least one change must be given. Only what is given changes.

EXAMPLE:
   ibmcloud-iam service-id-update my-service -n new-name -d \"new description\"")]
pub struct ServiceIdUpdateArgs {
    #[command(flatten)]
    which: WhichArgs,
    #[command(flatten)]
    text: TextArgs,
    /// Change it only while it is at this version, as 'service-id' shows it
    #[arg(short = 'v', long, value_name = "VERSION", value_parser = NonEmptyStringValueParser::new())]
    if_version: Option<String>,
    #[command(flatten)]
    dry_run: DryRunArgs,
}

/// Arguments of the commands that do the same to several service IDs.
#[derive(Debug, Args)]
pub struct SeveralServiceIdsArgs {
    /// Names or IDs (ServiceId-...) of service IDs
    #[arg(value_name = "NAME|UUID", required = true, value_parser = service_ref(), add = complete::service_ids(), help_heading = ARGUMENTS)]
    service_ids: Vec<ServiceRef>,
    #[command(flatten)]
    place: InGroupArgs,
    #[command(flatten)]
    jobs: JobsArgs,
    #[command(flatten)]
    force: ForceArgs,
}

/// Arguments of `service-id-delete`.
#[derive(Debug, Args)]
#[command(after_help = "\
The keys of a service ID and its access policies are deleted with it, and
tokens of its keys stop working at once. If it or one of its keys is locked,
nothing is deleted. If several service IDs have the same name, give their IDs.

EXAMPLES:
   ibmcloud-iam service-id-delete my-service
   ibmcloud-iam service-id-delete old-1 old-2 --force --ignore-missing")]
pub struct ServiceIdDeleteArgs {
    #[command(flatten)]
    several: SeveralServiceIdsArgs,
    /// Succeed if a service ID does not exist, so that the command can be repeated
    #[arg(long)]
    ignore_missing: bool,
}

/// Arguments of `service-id-groups`.
#[derive(Debug, Args)]
pub struct ServiceIdGroupsArgs {
    /// Print IDs only, one per line
    #[arg(long)]
    pub uuid: bool,
    /// Show the table in full, however narrow the terminal is
    #[arg(long)]
    pub wide: bool,
}

/// Arguments of `service-id-group-create`.
#[derive(Debug, Args)]
#[command(
    after_help = "EXAMPLE:\n   ibmcloud-iam service-id-group-create batch -d \"nightly jobs\""
)]
pub struct ServiceIdGroupCreateArgs {
    #[command(flatten)]
    new: NewArgs,
    #[command(flatten)]
    dry_run: DryRunArgs,
}

/// Arguments of `service-id-group-update`.
#[derive(Debug, Args)]
#[command(after_help = "EXAMPLE:\n   ibmcloud-iam service-id-group-update batch -n nightly")]
pub struct ServiceIdGroupUpdateArgs {
    #[command(flatten)]
    which: GroupArgs,
    #[command(flatten)]
    text: TextArgs,
    #[command(flatten)]
    dry_run: DryRunArgs,
}

/// Arguments of `service-id-group-delete`.
#[derive(Debug, Args)]
#[command(after_help = "\
Only a group that holds no service IDs is deleted, and never the default group.

EXAMPLE:
   ibmcloud-iam service-id-group-delete batch --force")]
pub struct ServiceIdGroupDeleteArgs {
    #[command(flatten)]
    which: GroupArgs,
    #[command(flatten)]
    force: ForceArgs,
}

impl From<ServiceIdsArgs> for list::Request {
    fn from(args: ServiceIdsArgs) -> Self {
        let ServiceIdsArgs { uuid, name, description, group, sort, wide } = args;
        Self { ids_only: uuid, name, description, group, sort, wide }
    }
}

impl From<ServiceIdArgs> for show::Request {
    fn from(args: ServiceIdArgs) -> Self {
        let detail = Detail { history: args.history, activity: args.activity };
        Self { service_id: args.which.choice(), ids_only: args.uuid, detail }
    }
}

impl From<ServiceIdCreateArgs> for create::Request {
    fn from(args: ServiceIdCreateArgs) -> Self {
        let ServiceIdCreateArgs { new: NewArgs { name, description }, lock, group, dry_run } = args;
        let description = description.unwrap_or_default();
        Self { name, description, lock, group, dry_run: dry_run.dry_run }
    }
}

impl From<ServiceIdUpdateArgs> for update::Request {
    fn from(args: ServiceIdUpdateArgs) -> Self {
        let TextArgs { name, description } = args.text;
        Self {
            service_id: args.which.choice(),
            name,
            description,
            version: args.if_version.map(EntityTag::new),
            dry_run: args.dry_run.dry_run,
        }
    }
}

impl From<SeveralServiceIdsArgs> for act::Request {
    fn from(args: SeveralServiceIdsArgs) -> Self {
        let ForceArgs { force, dry_run } = args.force;
        let SeveralServiceIdsArgs { service_ids, place, jobs, .. } = args;
        let (group, jobs) = (place.group, jobs.jobs);
        Self { service_ids, group, force, dry_run, ignore_missing: false, jobs }
    }
}

impl From<ServiceIdDeleteArgs> for act::Request {
    fn from(args: ServiceIdDeleteArgs) -> Self {
        Self { ignore_missing: args.ignore_missing, ..args.several.into() }
    }
}

impl From<ServiceIdGroupCreateArgs> for groups::New {
    fn from(args: ServiceIdGroupCreateArgs) -> Self {
        let NewArgs { name, description } = args.new;
        let description = description.unwrap_or_default();
        Self { name, description, dry_run: args.dry_run.dry_run }
    }
}

impl From<ServiceIdGroupUpdateArgs> for groups::Change {
    fn from(args: ServiceIdGroupUpdateArgs) -> Self {
        let TextArgs { name, description } = args.text;
        Self { group: args.which.group, name, description, dry_run: args.dry_run.dry_run }
    }
}

impl From<ServiceIdGroupDeleteArgs> for groups::Deletion {
    fn from(args: ServiceIdGroupDeleteArgs) -> Self {
        let ForceArgs { force, dry_run } = args.force;
        Self { group: args.which.group, force, dry_run }
    }
}
