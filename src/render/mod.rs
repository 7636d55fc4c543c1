//! Data as text: tables, JSON documents, key files and reports.

pub mod account;
mod columns;
pub mod findings;
pub mod json;
pub mod key_file;
pub mod only_key;
pub mod profiles;
pub mod sarif;
pub mod service_ids;
pub mod table;
pub mod task_credentials;
