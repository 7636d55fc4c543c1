//! The IAM Identity Services API on a loopback port over a local store, for testing software that uses the service.
//!
//! `server` accepts connections and `exchange` takes each request through `fault` and `routes` to the token service
//! (`grant`, `provider`, `token`) or to the API of a key system (`iam`, and
//! the mounts of the others). These know nothing of the network: they turn a request into
//! a `response`, which `answer` sends or spoils. `late` keeps requests for later. docs/reference/emulated-api.md lists the behaviour that IBM
//! does not document.

mod answer;
mod bootstrap;
mod claims;
mod classic;
mod connections;
mod exchange;
pub mod fault;
mod grant;
mod iam;
mod kept;
mod kept_values;
mod last_listing;
mod late;
mod mounts;
mod platform;
mod platform_user;
mod provider;
mod response;
mod routes;
mod rsa;
mod server;
mod service;
mod settings;
mod task_credentials;
mod tls;
mod token;
mod token_key;

pub use server::Server;
pub use service::Emulator;
