//! The key systems: what is known of each, what it can do, and where its keys are.
//!
//! A system is a folder here and a variant of [`System`]. [`Facts`] are data. [`Keys`] is what every system can do; the
//! other traits are abilities that only some have.

/// Says which abilities a type has, each of them itself.
macro_rules! abilities {
    ($($method:ident -> $ability:ident),*) => {
        $(
            fn $method(&self) -> Option<&dyn $ability> {
                Some(self)
            }
        )*
    };
}

mod able;
mod answer;
pub mod classic;
mod error;
mod facts;
pub mod iam;
mod keys;
pub mod platform;
#[cfg(test)]
pub(crate) mod sample;
pub mod service_ids;
mod small_store;
pub mod task_credentials;
#[cfg(test)]
mod tests;

pub use error::{Condition, ServiceAnswer, SystemError};
pub use facts::{CreateEffect, Facts, LostAnswer, Rotation, System};
pub use keys::{
    Editing, Keys, Locking, LookUp, Note, Place, Proving, Reading, Result, ServiceIds, Several,
    Switching,
};

impl System {
    /// Every system.
    pub const ALL: &'static [Self] = &[
        Self::Iam,
        Self::ServiceIds,
        Self::TaskCredentials,
        Self::Platform,
        Self::Classic,
        #[cfg(test)]
        Self::Sample,
    ];

    /// Returns the system behind whose login the keys of this one are.
    #[must_use]
    pub fn login(self) -> Self {
        match self {
            Self::Iam | Self::ServiceIds | Self::TaskCredentials => Self::Iam,
            other => other,
        }
    }

    /// Returns what is known of the system.
    pub fn facts(self) -> &'static Facts {
        match self {
            Self::Iam => &iam::FACTS,
            Self::ServiceIds => &service_ids::FACTS,
            Self::TaskCredentials => &task_credentials::FACTS,
            Self::Platform => &platform::FACTS,
            Self::Classic => &classic::FACTS,
            #[cfg(test)]
            Self::Sample => &sample::FACTS,
        }
    }
}
