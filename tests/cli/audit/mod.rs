//! `api-keys-audit`: what it finds, how it says so, and what it asks of the service.

mod all_fixes;
mod baseline;
mod documented;
mod fixes;
mod people;
mod rules;
mod sarif;
