//! The commands on API keys of service IDs: `service-api-keys` and `service-api-key…`. The key comes first, then the service
//! ID. `-f` is `--force` everywhere, also where a key is created.

use std::marker::PhantomData;
use std::path::PathBuf;

use clap::builder::{NonEmptyStringValueParser, TypedValueParser};
use clap::{Args, Subcommand};

use super::key_args::{ChangeArgs, DeletionArgs, ListArgs, NewKeyArgs, RotationArgs, ShowArgs};
use super::shared::{Acts, Disable, Enable, ForceArgs, InGroupArgs, JobsArgs, Lock, Unlock, path};
use super::tree::{ARGUMENTS, Deferred};
use crate::complete;
use crate::model::{KeyRef, ServiceChoice, ServiceRef};
use crate::ops::resolve::Meaning;
use crate::ops::{Owners, act, create, delete, list, rotate, show, update};

/// A request about keys, and the service ID that owns them; `None` for those of every service ID.
pub type OfService<R> = (Option<ServiceChoice>, R);

/// The commands.
#[derive(Debug, Subcommand)]
pub enum ServiceKeyCommand {
    /// List the API keys of a service ID
    ServiceApiKeys(Deferred<ServiceApiKeysArgs>),
    /// Show an API key of a service ID
    ServiceApiKey(Deferred<ServiceApiKeyArgs>),
    /// Create an API key for a service ID
    ServiceApiKeyCreate(Deferred<ServiceApiKeyCreateArgs>),
    /// Change an API key of a service ID
    ServiceApiKeyUpdate(Deferred<ServiceApiKeyUpdateArgs>),
    /// Delete API keys of a service ID
    #[command(override_usage = "ibmcloud-iam service-api-key-delete [OPTIONS] <KEY>... <SERVICE>")]
    ServiceApiKeyDelete(Deferred<ServiceApiKeyDeleteArgs>),
    /// Lock API keys of a service ID
    #[command(override_usage = "ibmcloud-iam service-api-key-lock [OPTIONS] <KEY>... <SERVICE>")]
    ServiceApiKeyLock(Deferred<ServiceActArgs<Lock>>),
    /// Unlock API keys of a service ID
    #[command(override_usage = "ibmcloud-iam service-api-key-unlock [OPTIONS] <KEY>... <SERVICE>")]
    ServiceApiKeyUnlock(Deferred<ServiceActArgs<Unlock>>),
    /// Disable API keys of a service ID
    #[command(override_usage = "ibmcloud-iam service-api-key-disable [OPTIONS] <KEY>... <SERVICE>")]
    ServiceApiKeyDisable(Deferred<ServiceActArgs<Disable>>),
    /// Enable API keys of a service ID that were disabled
    #[command(override_usage = "ibmcloud-iam service-api-key-enable [OPTIONS] <KEY>... <SERVICE>")]
    ServiceApiKeyEnable(Deferred<ServiceActArgs<Enable>>),
    /// Replace API keys of a service ID by new ones
    #[command(override_usage = "ibmcloud-iam service-api-key-rotate [OPTIONS] <KEY>... <SERVICE>")]
    ServiceApiKeyRotate(Deferred<ServiceApiKeyRotateArgs>),
}

/// Arguments of `service-api-keys`.
#[derive(Debug, Args)]
#[command(after_help = "\
EXAMPLES:
   ibmcloud-iam service-api-keys my-service
   ibmcloud-iam service-api-keys --all --state phased-out
   ibmcloud-iam service-api-keys my-service --output json | jq -r '.[].id'")]
pub struct ServiceApiKeysArgs {
    /// The name or the ID (ServiceId-...) of the service ID
    #[arg(value_name = "SERVICE", required_unless_present = "all", conflicts_with = "all", value_parser = service_ref(), help_heading = ARGUMENTS, add = complete::service_ids())]
    service: Option<ServiceRef>,
    #[command(flatten)]
    place: InGroupArgs,
    /// List the keys of all service IDs of the account
    #[arg(short, long, conflicts_with = "group")]
    all: bool,
    #[command(flatten)]
    list: ListArgs,
}

/// One key and its service ID, as they were typed.
#[derive(Debug, Args)]
struct KeyOfServiceArgs {
    /// The name or the ID (ApiKey-...) of the API key
    #[arg(value_name = "KEY", value_parser = NonEmptyStringValueParser::new(), help_heading = ARGUMENTS, add = complete::service_keys(Meaning::Current))]
    key: String,
    /// The name or the ID (ServiceId-...) of the service ID
    #[arg(value_name = "SERVICE", value_parser = NonEmptyStringValueParser::new(), help_heading = ARGUMENTS, add = complete::service_ids())]
    service: String,
    #[command(flatten)]
    place: InGroupArgs,
}

impl KeyOfServiceArgs {
    fn read(self) -> (KeyRef, ServiceChoice) {
        let (mut keys, service) = in_order(vec![self.key], self.service);
        (keys.remove(0), self.place.choice(service))
    }
}

/// Arguments of `service-api-key`.
#[derive(Debug, Args)]
#[command(after_help = "\
EXAMPLES:
   ibmcloud-iam service-api-key MyKey my-service
   ibmcloud-iam service-api-key --uuid MyKey my-service")]
pub struct ServiceApiKeyArgs {
    #[command(flatten)]
    which: KeyOfServiceArgs,
    #[command(flatten)]
    show: ShowArgs,
}

/// Arguments of `service-api-key-create`.
#[derive(Debug, Args)]
#[command(after_help = "\
The value of the key cannot be retrieved later. With '--file' it is written to
FILE (mode 0600) and not printed; without, it is printed. If the command is
interrupted, 'ibmcloud-iam recover' finishes or undoes it.

EXAMPLES:
   ibmcloud-iam service-api-key-create MyKey my-service --file key_file
   KEY=$(ibmcloud-iam service-api-key-create ci my-service -o json | jq -r .apikey)")]
pub struct ServiceApiKeyCreateArgs {
    /// The name of the new API key; names need not be unique
    #[arg(value_name = "NAME", value_parser = NonEmptyStringValueParser::new(), help_heading = ARGUMENTS)]
    name: String,
    /// The name or the ID (ServiceId-...) of the service ID
    #[arg(value_name = "SERVICE", value_parser = service_ref(), help_heading = ARGUMENTS, add = complete::service_ids())]
    service: ServiceRef,
    #[command(flatten)]
    place: InGroupArgs,
    /// The description
    #[arg(short, long, alias = "d", value_name = "DESCRIPTION", allow_hyphen_values = true)]
    description: Option<String>,
    /// Write the key to FILE instead of printing it; FILE must not exist, or be empty
    #[arg(long, value_name = "FILE", value_parser = path(), add = complete::files())]
    file: Option<PathBuf>,
    /// Replace a FILE that is not empty, once the new key is safe
    #[arg(short, long)]
    force: bool,
    #[command(flatten)]
    new: NewKeyArgs,
}

/// Arguments of `service-api-key-update`.
#[derive(Debug, Args)]
#[command(after_help = "\
At least one change must be given. Only what is given changes.

EXAMPLE:
   ibmcloud-iam service-api-key-update MyKey my-service -n MyKey-old")]
pub struct ServiceApiKeyUpdateArgs {
    #[command(flatten)]
    which: KeyOfServiceArgs,
    #[command(flatten)]
    changes: ChangeArgs,
}

/// Several keys and their service ID, which comes last. They are one argument: clap takes the word before a flag for the last
/// one where an argument of several words stands before another.
#[derive(Debug, Args)]
struct KeysOfServiceArgs {
    /// Names or IDs (ApiKey-...) of API keys, and then the name or the ID (ServiceId-...) of their service ID
    #[arg(value_name = "KEY... SERVICE", required = true, value_parser = NonEmptyStringValueParser::new(), help_heading = ARGUMENTS, add = complete::service_keys(Meaning::Every))]
    keys: Vec<String>,
    #[command(flatten)]
    place: InGroupArgs,
}

impl KeysOfServiceArgs {
    fn read(mut self) -> (Vec<KeyRef>, ServiceChoice) {
        let service = self.keys.pop().unwrap_or_default();
        let (keys, service) = in_order(self.keys, service);
        (keys, self.place.choice(service))
    }
}

/// Arguments of `service-api-key-delete`.
#[derive(Debug, Args)]
#[command(after_help = "\
If several keys have the same name, none of them is deleted; give their IDs.
A locked key is not deleted.

EXAMPLES:
   ibmcloud-iam service-api-key-delete MyKey my-service -f
   ibmcloud-iam service-api-key-delete old-1 old-2 my-service
   ibmcloud-iam service-api-key-delete --phased-out my-service")]
pub struct ServiceApiKeyDeleteArgs {
    #[command(flatten)]
    which: KeysOfServiceArgs,
    #[command(flatten)]
    deletion: DeletionArgs,
}

/// Arguments of the commands that do the same to several keys of a service ID.
#[derive(Debug, Args)]
pub struct ServiceActArgs<V: Acts> {
    #[command(flatten)]
    which: KeysOfServiceArgs,
    #[command(flatten)]
    jobs: JobsArgs,
    #[command(flatten)]
    force: ForceArgs,
    #[arg(skip)]
    verb: PhantomData<V>,
}

/// Arguments of `service-api-key-rotate`.
#[derive(Debug, Args)]
#[command(after_help = "\
As 'api-key-rotate': the old key is not touched until the new one is in FILE,
or printed, and has been proven to work. Whoever may manage the service ID can
rotate its keys.

EXAMPLES:
   ibmcloud-iam service-api-key-rotate ci my-service --file key.json --grace 7d
   ibmcloud-iam service-api-key-rotate --older-than 60d my-service --files keys")]
pub struct ServiceApiKeyRotateArgs {
    /// Names or IDs (ApiKey-...) of API keys, and then the name or the ID (ServiceId-...) of their service ID; several need
    /// '--files'
    #[arg(value_name = "KEY... SERVICE", required = true, value_parser = NonEmptyStringValueParser::new(), help_heading = ARGUMENTS, add = complete::service_keys(Meaning::Current))]
    keys: Vec<String>,
    #[command(flatten)]
    place: InGroupArgs,
    #[command(flatten)]
    rotation: RotationArgs,
}

/// Puts keys and their service ID in order: where the IDs tell that they were swapped, that is understood.
fn in_order(mut keys: Vec<String>, mut service: String) -> (Vec<KeyRef>, ServiceRef) {
    let is_service = |text: &str| matches!(ServiceRef::parse_owner(text), ServiceRef::Id(_));
    let is_key = |text: &str| matches!(KeyRef::parse(text), KeyRef::Id(_));
    if let Some(first) = keys.first_mut()
        && (is_service(first) && !is_service(&service) || is_key(&service) && !is_key(first))
    {
        std::mem::swap(first, &mut service);
    }
    let keys = keys.iter().map(|key| KeyRef::parse(key)).collect();
    (keys, ServiceRef::parse_owner(&service))
}

pub(super) fn service_ref() -> impl TypedValueParser<Value = ServiceRef> {
    NonEmptyStringValueParser::new().map(|text| ServiceRef::parse_owner(&text))
}

impl From<ServiceApiKeysArgs> for OfService<list::Request> {
    fn from(ServiceApiKeysArgs { service, place, all, list }: ServiceApiKeysArgs) -> Self {
        let service = service.map(|service| place.choice(service));
        (service, list.of(if all { Owners::AllServiceIds } else { Owners::One }))
    }
}

impl From<ServiceApiKeyArgs> for OfService<show::Request> {
    fn from(args: ServiceApiKeyArgs) -> Self {
        let (key, service) = args.which.read();
        (Some(service), args.show.of(key))
    }
}

impl From<ServiceApiKeyCreateArgs> for OfService<create::Request> {
    fn from(args: ServiceApiKeyCreateArgs) -> Self {
        let ServiceApiKeyCreateArgs { name, service, place, description, file, force, new } = args;
        (Some(place.choice(service)), new.of(name, description, file, force))
    }
}

impl From<ServiceApiKeyUpdateArgs> for OfService<update::Request> {
    fn from(args: ServiceApiKeyUpdateArgs) -> Self {
        let (key, service) = args.which.read();
        (Some(service), args.changes.of(key))
    }
}

impl From<ServiceApiKeyDeleteArgs> for OfService<delete::Request> {
    fn from(args: ServiceApiKeyDeleteArgs) -> Self {
        let (keys, service) = args.which.read();
        (Some(service), args.deletion.of(keys))
    }
}

impl<V: Acts> From<ServiceActArgs<V>> for OfService<act::Request> {
    fn from(args: ServiceActArgs<V>) -> Self {
        let (keys, service) = args.which.read();
        let ForceArgs { force, dry_run } = args.force;
        (Some(service), act::Request { keys, force, dry_run, jobs: args.jobs.jobs })
    }
}

impl From<ServiceApiKeyRotateArgs> for OfService<rotate::Request> {
    fn from(args: ServiceApiKeyRotateArgs) -> Self {
        let (keys, service) = KeysOfServiceArgs { keys: args.keys, place: args.place }.read();
        (Some(service), args.rotation.of(keys))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swapped_ids_are_understood() {
        let (key, service) = (
            "ApiKey-18f773b0-db53-43f1-ad68-92c667c218fe",
            "ServiceId-18f773b0-db53-43f1-ad68-92c667c218fe",
        );
        let meant = |first: &str, second: &str| in_order(vec![first.into()], second.into());
        let right = (vec![KeyRef::parse(key)], ServiceRef::parse(service));
        assert_eq!(meant(key, service), right);
        assert_eq!(meant(service, key), right);
        assert_eq!(meant(key, &format!("iam-{service}")), right);
        assert_eq!(meant(service, "ci"), (vec![KeyRef::parse("ci")], ServiceRef::parse(service)));
        assert_eq!(meant("ci", key), (vec![KeyRef::parse(key)], ServiceRef::parse("ci")));
        // Two service IDs: the first is taken for the name of a key.
        assert_eq!(meant(service, service).1, ServiceRef::parse(service));
    }
}
