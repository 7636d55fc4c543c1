//! Where a credential comes from and where it is kept.
//!
//! The search reads files, but neither asks a question nor touches the keyring or standard input: that waits until the
//! credential is needed. A place that holds something which cannot be used is an error with its name; the search does not
//! go on to the next place.

mod candidate;
pub mod classic;
mod cli_session;
mod forms;
mod held;
pub mod input;
mod keyring;
pub mod login;
pub mod platform;
mod sdk;
mod search;
mod source;

pub use candidate::{Candidate, Contents};
pub use search::Search;
pub use source::CredentialSource;
