//! The service itself: its store, its identity and its bootstrap key.

use std::path::Path;

use super::bootstrap::Bootstrap;
use super::fault::{Faults, Spec};
use super::kept::KeptValues;
use super::response::Refusal;
use super::token::Signer;
use crate::clock::Clock;
use crate::error::Result;
use crate::model::{Identity, Owner, Timestamp};
use crate::systems::iam::local::LocalKeys;
use crate::systems::{Keys as _, iam};
use crate::told::told;

/// The service. The modules of its endpoints add their methods.
#[derive(Debug)]
pub struct Emulator {
    pub(super) backend: LocalKeys,
    pub(super) clock: Clock,
    pub(super) identity: Identity,
    pub(super) signer: Signer,
    pub(super) bootstrap: Bootstrap,
    pub(super) faults: Faults,
    pub(super) kept: KeptValues,
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
        temporary: &Path,
    ) -> Result<Self> {
        let now = clock.now()?;
        let told = |error| told(error, "The local store", "ibmcloud-iam", &iam::FACTS);
        let opened = backend.found(|identity, directory| {
            (identity.clone(), Bootstrap::open(identity, directory, temporary, now))
        });
        let (identity, bootstrap) = opened.map_err(told)?;
        let signer = Signer(backend.derived_key("emulator access tokens").map_err(told)?);
        let faults = Faults::new(faults);
        Ok(Self {
            backend,
            clock,
            identity,
            signer,
            bootstrap: bootstrap?,
            faults,
            kept: KeptValues::default(),
        })
    }

    /// Returns the file of the bootstrap key.
    pub fn key_file(&self) -> &Path {
        &self.bootstrap.file
    }

    /// Returns warnings for the user, each once.
    pub fn take_warnings(&self) -> Vec<String> {
        self.backend.take_warnings()
    }

    pub(super) fn now(&self) -> std::result::Result<Timestamp, Refusal> {
        self.clock.now().map_err(|error| Refusal::of(error.into(), ""))
    }
}
