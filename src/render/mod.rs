//! Pure functions from data to text; nothing here prints.

pub mod account;
pub mod findings;
pub mod json;
pub mod key_file;
pub mod sarif;
pub mod table;
