//! Arguments that several commands share.

use std::fmt::Debug;
use std::marker::PhantomData;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::builder::{NonEmptyStringValueParser, TypedValueParser};

use super::tree::ARGUMENTS;
use crate::complete;
use crate::model::{
    GroupId, GroupRef, Id, KeyRef, LeakAction, Ref, ServiceChoice, ServiceRef, Timestamp,
    parse_duration,
};
use crate::ops::act::{self, Verb};
use crate::ops::resolve::Meaning;
use crate::ops::{Expiry, state};

/// For commands that write without asking.
#[derive(Debug, Args)]
pub struct DryRunArgs {
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// For commands that ask before they write.
#[derive(Debug, Args)]
pub(super) struct ForceArgs {
    /// Go on without confirmation
    #[arg(short, long)]
    pub force: bool,
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Where the name of a service ID is looked for.
#[derive(Debug, Args)]
pub(super) struct InGroupArgs {
    /// Look for the name of the service ID in this group only, by name or ID (ServiceIdGroup-...)
    #[arg(long, value_name = "GROUP", value_parser = reference::<GroupId>(), add = complete::groups())]
    pub group: Option<GroupRef>,
}

impl InGroupArgs {
    pub(super) fn choice(self, named: ServiceRef) -> ServiceChoice {
        ServiceChoice { named, group: self.group }
    }
}

/// For commands that may have to wait for lost requests.
#[derive(Debug, Args)]
pub(super) struct WaitArgs {
    /// Leave to 'recover' what the service may still carry out, instead of waiting
    #[arg(long)]
    pub no_wait: bool,
}

/// For commands that send many requests.
#[derive(Debug, Args)]
pub(super) struct JobsArgs {
    /// How many requests to the service are under way at once; 16 when absent
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=64))]
    pub jobs: Option<u8>,
}

/// One key, to show, change or replace.
#[derive(Debug, Args)]
pub(super) struct KeyArgs {
    /// The name or the ID (ApiKey-...) of the API key
    #[arg(value_name = "NAME|UUID", value_parser = key_ref(), help_heading = ARGUMENTS, add = complete::keys(Meaning::Current))]
    pub key: KeyRef,
}

/// When a key expires.
#[derive(Debug, Args)]
pub(super) struct ExpiryArgs {
    /// When the key expires: 2027-05-01, 2027-05-01T12:34+0000 or 2027-05-01T12:34:00Z
    #[arg(short, long, value_name = "TIME", value_parser = Timestamp::parse, conflicts_with = "expires_in")]
    pub expires_at: Option<Timestamp>,
    /// How long the key lives: 45m, 12h, 90d or 2w
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub expires_in: Option<Duration>,
}

impl ExpiryArgs {
    /// Returns the expiry that was given.
    pub(super) fn given(&self) -> Option<Expiry> {
        self.expires_at.map(Expiry::At).or(self.expires_in.map(Expiry::In))
    }
}

/// What happens to a published key.
#[derive(Debug, Args)]
pub(super) struct LeakActionArgs {
    /// What the service does when it finds the key published; a new key gets DISABLE when absent
    #[arg(long, value_name = "NONE|DISABLE|DELETE", ignore_case = true)]
    pub action_if_leaked: Option<LeakAction>,
}

/// The verb of a command on several keys, as a type: clap builds arguments from types.
pub trait Acts: Debug + Send + Sync + 'static {
    /// The verb.
    const VERB: &'static Verb;
}

macro_rules! verbs {
    ($($name:ident $verb:ident)*) => {
        $(
            #[doc = concat!("See [`state::", stringify!($verb), "`].")]
            #[derive(Debug)]
            pub enum $name {}

            impl Acts for $name {
                const VERB: &'static Verb = &state::$verb;
            }
        )*
    };
}

verbs! { Lock LOCK Unlock UNLOCK Disable DISABLE Enable ENABLE }

/// Arguments of the commands that do the same to several keys.
#[derive(Debug, Args)]
pub struct ActArgs<V: Acts> {
    /// Names or IDs (ApiKey-...) of API keys
    #[arg(value_name = "NAME|UUID", required = true, value_parser = key_ref(), help_heading = ARGUMENTS, add = complete::keys(V::VERB.meaning))]
    keys: Vec<KeyRef>,
    #[command(flatten)]
    jobs: JobsArgs,
    #[command(flatten)]
    force: ForceArgs,
    #[arg(skip)]
    verb: PhantomData<V>,
}

impl<V: Acts> From<ActArgs<V>> for act::Request {
    fn from(args: ActArgs<V>) -> Self {
        let ForceArgs { force, dry_run } = args.force;
        Self { keys: args.keys, force, dry_run, jobs: args.jobs.jobs }
    }
}

pub(super) fn key_ref() -> impl TypedValueParser<Value = KeyRef> {
    reference()
}

/// Reads NAME|UUID.
pub(super) fn reference<I>() -> impl TypedValueParser<Value = Ref<I>>
where
    I: Id + Clone + Send + Sync + 'static,
{
    NonEmptyStringValueParser::new().map(|text| Ref::parse(&text))
}

/// Reads a path that must not be empty.
pub(super) fn path() -> impl TypedValueParser<Value = PathBuf> {
    NonEmptyStringValueParser::new().map(PathBuf::from)
}
