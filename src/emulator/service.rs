//! The service itself: its store, its identity and its bootstrap key.

use std::path::Path;
use std::sync::Mutex;

use super::bootstrap::Bootstrap;
use super::fault::{Faults, Spec};
use super::kept_values::KeptValues;
use super::last_listing::LastListing;
use super::platform_user::PlatformUser;
use super::response::Refusal;
use super::settings::Settings;
use super::tls::Tls;
use super::token::Refresher;
use super::token_key::Keeper;
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::model::{Identity, Owner, Timestamp};
use crate::private_file;
use crate::secret::Secret;
use crate::systems::classic::local::LocalClassic;
use crate::systems::iam::local::LocalKeys;
use crate::systems::task_credentials::Regions as _;
use crate::systems::task_credentials::local::LocalRegions;
use crate::systems::{Keys as _, iam};
use crate::told::{Family, told};

/// The service. The modules of its endpoints add their methods.
#[derive(Debug)]
pub struct Emulator {
    pub(super) backend: LocalKeys,
    pub(super) clock: Clock,
    pub(super) identity: Identity,
    pub(super) refresher: Refresher,
    pub(super) token_key: Keeper,
    /// Who issues tokens; `None` is the endpoint as the client names it.
    pub(super) issuer: Option<String>,
    pub(super) bootstrap: Bootstrap,
    pub(super) faults: Faults,
    pub(super) settings: Mutex<Settings>,
    pub(super) kept: KeptValues,
    pub(super) last_listing: LastListing,
    /// The classic API key of the user.
    pub(super) classic: LocalClassic,
    pub(super) platform: PlatformUser,
    pub(super) task_credentials: LocalRegions,
}

/// Who sends a request.
#[derive(Debug)]
pub(super) struct Caller {
    /// The user of the store, who may do everything, or a service ID.
    pub(super) owner: Owner,
    /// The store, for changes by this caller.
    pub(super) keys: LocalKeys,
}

impl Caller {
    /// Tells whether this is a service ID, which may act on itself and its keys only.
    pub(super) fn is_service_id(&self) -> bool {
        self.owner.service_id().is_some()
    }
}

impl Emulator {
    /// Opens the service over `backend` and writes the bootstrap key's file beside the store, or below `temporary` for a
    /// store in memory.
    pub fn open(
        backend: LocalKeys,
        clock: Clock,
        faults: Vec<Spec>,
        issuer: Option<String>,
        temporary: &Path,
    ) -> Result<Self> {
        let now = clock.now()?;
        let told = |error| told(error, "The local store", &Family::of("ibmcloud-iam", &iam::FACTS));
        let opened = backend.found(|identity, directory| {
            let bootstrap = Bootstrap::open(identity, directory, temporary, now);
            let classic = LocalClassic::new(directory.map(Path::to_owned), clock);
            let task_credentials = LocalRegions::new(directory.map(Path::to_owned), clock);
            let platform = PlatformUser::open(directory, clock);
            let others = (classic, platform, task_credentials);
            (identity.clone(), bootstrap, Keeper::open(directory), others)
        });
        let (identity, bootstrap, token_key, others) = opened.map_err(told)?;
        let (classic, platform, task_credentials) = others;
        let refresher = Refresher(backend.derived_key("emulator refresh tokens").map_err(told)?);
        let faults = Faults::new(faults);
        let settings = Mutex::new(Settings::new());
        let (token_key, bootstrap) = (token_key?, bootstrap?);
        Ok(Self {
            backend,
            clock,
            identity,
            refresher,
            token_key,
            issuer,
            bootstrap,
            faults,
            kept: KeptValues::default(),
            last_listing: LastListing::default(),
            settings,
            classic,
            platform: platform.map_err(|error| {
                Error::failure(format!("The system has no randomness: {error}."))
            })?,
            task_credentials,
        })
    }

    /// Makes the certificates of a run, and writes the authority's beside the bootstrap key.
    pub fn tls(&self) -> Result<Tls> {
        Tls::new(private_file::parent(self.key_file()))
    }

    /// Returns whom the bootstrap key logs in.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Returns the file of the bootstrap key.
    pub fn key_file(&self) -> &Path {
        &self.bootstrap.file
    }

    /// Returns the name and the password of the user of the platform.
    pub fn platform_login(&self) -> (&str, &Secret) {
        self.platform.login()
    }

    /// Returns warnings for the user, each once.
    pub fn take_warnings(&self) -> Vec<String> {
        let mut warnings = self.backend.take_warnings();
        warnings.extend(self.classic.take_warnings());
        warnings.extend(self.platform.keys.take_warnings());
        warnings.extend(self.task_credentials.take_warnings());
        warnings
    }

    pub(super) fn now(&self) -> std::result::Result<Timestamp, Refusal> {
        self.clock.now().map_err(|error| Refusal::of(error.into(), ""))
    }
}
