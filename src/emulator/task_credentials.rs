//! The mount of watsonx task credentials: `/v1/task_credentials` for us-south, `/regions/REGION/v1/task_credentials` for every
//! region.

use super::mounts::Task;
use super::response::{Refusal, Response};
use super::routes::Request;
use super::service::{Caller, Emulator};

impl Emulator {
    pub(super) fn task_credentials(
        &self,
        _caller: &Caller,
        _route: Task,
        _subject: &str,
        _request: &Request,
    ) -> Result<Response, Refusal> {
        Err(Refusal::not_authorized())
    }
}
