//! `/v1/accounts/{id}/settings/identity`, and what is effective of it.

use std::sync::PoisonError;

use hyper::Method;
use serde_json::json;

use super::body::{read, seen};
use crate::emulator::{
    response::{Refusal, Response},
    routes::Request,
    service::Emulator,
};

impl Emulator {
    pub(super) fn settings(&self, account: &str, request: &Request) -> Result<Response, Refusal> {
        let identity = &self.identity;
        if account != &*identity.account_id {
            return Err(Refusal::not_authorized());
        }
        let mut settings = self.settings.lock().unwrap_or_else(PoisonError::into_inner);
        let mut history = request.query.is_true("include_history");
        if request.path.contains("/effective_settings/") {
            let account = settings.document(account, history);
            let document = json!({"effective": settings.values, "account": account});
            return Ok(Response::json(200, &document));
        }
        if request.method == Method::PUT {
            let seen = seen(request)?;
            let changes = read(request)?;
            if seen.is_some_and(|seen| seen != settings.tag) {
                let words = "The entity was changed meanwhile";
                return Err(Refusal::new(409, "conflict", "", words));
            }
            settings.change(changes, &identity.iam_id, account, self.now()?);
            history = true;
        }
        let response = Response::json(200, &settings.document(account, history));
        Ok(Response { etag: Some(settings.tag.as_str().to_owned()), ..response })
    }
}
