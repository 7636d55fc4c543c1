//! Data as text: tables, JSON documents, key files and reports.

pub mod account;
mod columns;
pub mod findings;
mod fit;
pub mod json;
pub mod key_file;
pub mod only_key;
pub mod sarif;
pub mod service_ids;
pub mod table;
pub mod task_credentials;

pub use columns::Sheet;
