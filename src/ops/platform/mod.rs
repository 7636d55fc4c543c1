//! What only the platform has: a check of a key, and tokens.

pub mod check;
mod login;
pub mod token;

pub use login::refuse_flags;
