//! Data as text: tables, JSON documents, key files and reports.

pub mod account;
mod columns;
pub mod counts;
pub mod csv;
pub mod findings;
mod fit;
pub mod html;
pub mod json;
pub mod key_file;
pub mod markdown;
pub mod only_key;
pub mod profiles;
pub mod report;
pub mod sarif;
pub mod service_ids;
pub mod table;
pub mod task_credentials;

pub mod timeline;

pub use columns::Sheet;
