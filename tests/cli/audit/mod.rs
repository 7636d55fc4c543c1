//! `api-keys-audit`: what it finds, how it says so, and what it asks of the service.

mod baseline;
mod documented;
mod fixes;
mod rules;
mod sarif;
