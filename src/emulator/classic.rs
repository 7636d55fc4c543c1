//! The mount of classic infrastructure: `/rest/v3.1`.

use super::mounts::Classic;
use super::response::{Refusal, Response};
use super::routes::Request;
use super::service::Emulator;

impl Emulator {
    pub(super) fn classic(
        &self,
        _route: Classic,
        _subject: &str,
        _request: &Request,
    ) -> Result<Response, Refusal> {
        Err(Refusal::not_authorized())
    }
}
