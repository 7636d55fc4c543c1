//! The IAM Identity API on a loopback port, over a local store, for software that talks to the service.
//!
//! What a request means is decided without any network (`routes` and what it calls); `server` brings requests to it, and
//! `fault` spoils them on demand. Behaviour that no source documents is chosen, and listed in the README.

mod answer;
mod bootstrap;
pub mod fault;
mod filter;
mod grant;
mod keys;
mod limits;
mod list;
mod paging;
mod params;
mod refusal;
mod routes;
mod server;
mod token;
mod wire;

use std::path::Path;

use self::bootstrap::Bootstrap;
use self::fault::{Faults, Spec};
use self::token::Signer;
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::model::{Identity, Timestamp};
use crate::systems::iam::local::LocalBackend;

pub use server::Server;

/// The service: a store, who it belongs to, and what opens it.
#[derive(Debug)]
pub struct Emulator {
    backend: LocalBackend,
    clock: Clock,
    identity: Identity,
    signer: Signer,
    bootstrap: Bootstrap,
    faults: Faults,
}

/// What identifies a request in its answer.
#[derive(Debug, Default)]
pub(super) struct Trace {
    /// The client's `Transaction-Id`, or one of ours.
    transaction: String,
    user_agent: String,
    url: String,
}

impl Emulator {
    /// Opens the service over `backend` and puts the bootstrap key's file in its place: beside the store, or below
    /// `temporary` for a store in memory.
    pub fn open(
        backend: LocalBackend,
        clock: Clock,
        faults: Vec<Spec>,
        temporary: &Path,
    ) -> Result<Self> {
        let now = clock.now()?;
        let told = |error| Error::of_backend(error, "The local store", "ibmcloud-iam");
        let opened = backend.found(|identity, directory| {
            (identity.clone(), Bootstrap::open(identity, directory, temporary, now))
        });
        let (identity, bootstrap) = opened.map_err(told)?;
        let signer = Signer::new(backend.derived_key("emulator access tokens").map_err(told)?);
        let faults = Faults::new(faults);
        Ok(Self { backend, clock, identity, signer, bootstrap: bootstrap?, faults })
    }

    /// Returns the file of the key that opens the service from the start.
    pub fn key_file(&self) -> &Path {
        self.bootstrap.file()
    }

    /// Hands over what the user should be warned of, once.
    pub fn take_warnings(&self) -> Vec<String> {
        use crate::systems::Backend as _;
        self.backend.take_warnings()
    }

    fn now(&self) -> std::result::Result<Timestamp, refusal::Refusal> {
        self.clock.now().map_err(|error| refusal::Refusal::of(error.into(), ""))
    }
}
