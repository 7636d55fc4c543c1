//! The mount of the platform: Cloud Pak for Data, Software Hub, Data Product Hub.

use super::mounts::Platform;
use super::response::{Refusal, Response};
use super::routes::Request;
use super::service::Emulator;

impl Emulator {
    pub(super) fn platform(
        &self,
        _route: Platform,
        _request: &Request,
    ) -> Result<Response, Refusal> {
        Err(Refusal::not_authorized())
    }
}
