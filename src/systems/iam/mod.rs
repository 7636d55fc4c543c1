//! API keys of users: IAM Identity Services v1 in IBM Cloud, and the same on this machine.

pub mod local;
pub mod remote;
