//! `api-keys-audit`: what it finds, how it says so, and what it asks of the service.

mod baseline;
mod documented;
mod fixes;
mod report;
mod rules;
mod sarif;
