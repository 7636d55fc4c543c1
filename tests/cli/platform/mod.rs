//! Platform API keys: logins, and the one request that makes a key.

mod commands;
mod login;
mod recover;
mod rig;
mod rivals;
mod secrets;
mod wire;
