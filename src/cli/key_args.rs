//! The arguments of commands on API keys that are the same whoever owns the keys.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use super::shared::{DryRunArgs, ExpiryArgs, ForceArgs, JobsArgs, LeakActionArgs, WaitArgs, path};
use crate::complete;
use crate::model::{Detail, KeyRef, parse_duration};
use crate::ops::list::{SortBy, StateFilter};
use crate::ops::rotate::Terms;
use crate::ops::{Owners, create, delete, list, rotate, show, update};

/// Which keys are listed, and how.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Print IDs only, one per line
    #[arg(long)]
    uuid: bool,
    /// Only keys whose name contains this text
    #[arg(short, long, value_name = "NAME", allow_hyphen_values = true)]
    name: Option<String>,
    /// Only keys whose description contains this text
    #[arg(short, long, alias = "d", value_name = "DESCRIPTION", allow_hyphen_values = true)]
    description: Option<String>,
    /// Only keys that are active, disabled, expired, phasing-out, phased-out or locked; may be given several times
    #[arg(long, value_name = "STATE", value_delimiter = ',')]
    state: Vec<StateFilter>,
    /// Sort by name, description, created_at, created_by, modified_at or expires_at; oldest first when absent
    #[arg(long, value_name = "FIELD")]
    sort: Option<SortBy>,
    /// Show more columns, and everything in full, however narrow the terminal is
    #[arg(long)]
    wide: bool,
    /// Draw the life of each key: when it was made and last used, and when it ends
    #[arg(long, conflicts_with_all = ["uuid", "wide"])]
    timeline: bool,
}

impl ListArgs {
    pub(super) fn of(self, owners: Owners) -> list::Request {
        let Self { uuid, name, description, state, sort, wide, timeline } = self;
        let states = state;
        list::Request { ids_only: uuid, name, description, states, sort, wide, timeline, owners }
    }
}

/// What is shown of a key.
#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// Print the ID only
    #[arg(long)]
    uuid: bool,
    /// Show when and how often the key was used
    #[arg(long)]
    activity: bool,
    /// Show what happened to the key
    #[arg(long)]
    history: bool,
}

impl ShowArgs {
    pub(super) fn of(self, key: KeyRef) -> show::Request {
        let detail = Detail { history: self.history, activity: self.activity };
        show::Request { key, ids_only: self.uuid, detail }
    }
}

/// What a new key is to be.
#[derive(Debug, Args)]
pub(super) struct NewKeyArgs {
    /// Lock the key, so that it can be neither changed nor deleted
    #[arg(long)]
    lock: bool,
    #[command(flatten)]
    leak_action: LeakActionArgs,
    #[command(flatten)]
    expiry: ExpiryArgs,
    /// Make the key disabled
    #[arg(long)]
    disabled: bool,
    /// Let the service choose the value; if its answer is lost, so is the key
    #[arg(long)]
    server_value: bool,
    #[command(flatten)]
    wait: WaitArgs,
    #[command(flatten)]
    dry_run: DryRunArgs,
}

impl NewKeyArgs {
    pub(super) fn of(
        self,
        name: String,
        description: Option<String>,
        file: Option<PathBuf>,
        force: bool,
    ) -> create::Request {
        create::Request {
            expiry: self.expiry.given(),
            name,
            description: description.unwrap_or_default(),
            file,
            lock: self.lock,
            action_if_leaked: self.leak_action.action_if_leaked,
            disabled: self.disabled,
            server_value: self.server_value,
            force,
            no_wait: self.wait.no_wait,
            dry_run: self.dry_run.dry_run,
        }
    }
}

/// Changes to a key.
#[derive(Debug, Args)]
pub(super) struct ChangeArgs {
    /// The new name
    #[arg(short, long, value_name = "NAME", allow_hyphen_values = true, value_parser = NonEmptyStringValueParser::new())]
    name: Option<String>,
    /// The new description; "" clears it
    #[arg(short, long, alias = "d", value_name = "DESCRIPTION", allow_hyphen_values = true)]
    description: Option<String>,
    #[command(flatten)]
    leak_action: LeakActionArgs,
    #[command(flatten)]
    expiry: ExpiryArgs,
    /// Remove the expiry
    #[arg(long, conflicts_with_all = ["expires_at", "expires_in"])]
    no_expiry: bool,
    #[command(flatten)]
    dry_run: DryRunArgs,
}

impl ChangeArgs {
    pub(super) fn of(self, key: KeyRef) -> update::Request {
        update::Request {
            key,
            expiry: if self.no_expiry { Some(None) } else { self.expiry.given().map(Some) },
            name: self.name,
            description: self.description,
            action_if_leaked: self.leak_action.action_if_leaked,
            dry_run: self.dry_run.dry_run,
        }
    }
}

/// How keys are deleted.
#[derive(Debug, Args)]
pub(super) struct DeletionArgs {
    /// Delete the phased-out keys; with names, only those of these names
    #[arg(long, group = "which_of_all")]
    phased_out: bool,
    /// Delete all keys; their number must be typed unless '--force' is given
    #[arg(long, group = "which_of_all", conflicts_with = "phased_out")]
    all: bool,
    /// With '--phased-out' or '--all': only keys that are older: 90d, 52w
    #[arg(long, value_name = "TIME", value_parser = parse_duration, requires = "which_of_all")]
    older_than: Option<Duration>,
    /// Succeed if a key does not exist, so that the command can be repeated
    #[arg(long)]
    ignore_missing: bool,
    #[command(flatten)]
    jobs: JobsArgs,
    #[command(flatten)]
    force: ForceArgs,
}

impl DeletionArgs {
    pub(super) fn of(self, keys: Vec<KeyRef>) -> delete::Request {
        let Self { phased_out, all, older_than, ignore_missing, jobs, force } = self;
        let (ForceArgs { force, dry_run }, JobsArgs { jobs }) = (force, jobs);
        delete::Request { keys, phased_out, all, older_than, ignore_missing, force, dry_run, jobs }
    }
}

/// How a key is rotated.
#[derive(Debug, Args)]
pub(super) struct RotationArgs {
    /// Rotate the active keys that are older, in place of keys that are named: 60d, 52w
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    older_than: Option<Duration>,
    /// Write the new key to FILE instead of printing it; with '--force', a FILE that holds the old key is replaced
    #[arg(long, value_name = "FILE", value_parser = path(), add = complete::files())]
    file: Option<PathBuf>,
    /// Write each new key to its own file in DIR: the one that holds the old key, else NAME.json
    #[arg(long, value_name = "DIR", value_parser = path(), conflicts_with = "file", add = complete::files())]
    files: Option<PathBuf>,
    /// How long the old key works beside the new one: 12h, 7d
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    grace: Option<Duration>,
    /// Delete the phased-out keys of this name first, to make room
    #[arg(long)]
    purge: bool,
    /// How long the new key lives: 45m, 12h, 90d or 2w; as long as the old one when absent
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    expires_in: Option<Duration>,
    #[command(flatten)]
    wait: WaitArgs,
    #[command(flatten)]
    jobs: JobsArgs,
    #[command(flatten)]
    force: ForceArgs,
}

impl RotationArgs {
    pub(super) fn of(self, keys: Vec<KeyRef>) -> rotate::Request {
        let Self { older_than, file, files, grace, purge, expires_in, wait, jobs, force } = self;
        let (ForceArgs { force, dry_run }, WaitArgs { no_wait }) = (force, wait);
        let terms = Terms { grace, purge, expires_in, force, no_wait, dry_run };
        rotate::Request { keys, older_than, file, files, jobs: jobs.jobs, terms }
    }
}
