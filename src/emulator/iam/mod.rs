//! The API of users' keys: "IAM Identity Services API", paths `/v1/apikeys` and `/v1/accounts`.

mod account;
mod filter;
mod keys;
mod list;
mod paging;
mod settings;

use super::response::{Refusal, Response};
use super::routes::{Request, Route};
use super::service::Emulator;
use crate::model::ApiKeyId;

impl Emulator {
    /// Carries out a request of a caller who may make it. `subject` is the id in its path.
    pub(super) fn carry_out(
        &self,
        route: Route,
        subject: &str,
        request: &Request,
    ) -> Result<Response, Refusal> {
        let id = ApiKeyId::new(subject);
        match route {
            Route::List => self.list(request),
            Route::Create => self.create(request),
            Route::Details => self.details(request),
            Route::Get => self.get(&id, request),
            Route::Update => self.update(&id, request),
            Route::Delete => self.delete(&id),
            Route::Lock => self.set_locked(&id, true),
            Route::Unlock => self.set_locked(&id, false),
            Route::Disable => self.set_disabled(&id, true),
            Route::Enable => self.set_disabled(&id, false),
            Route::Limits => self.limits(subject, request),
            Route::Settings => self.settings(subject, request),
            Route::Others => self.none_of(subject, request),
            Route::Token => self.grant(request),
            Route::Discovery => Ok(self.discovery(request)),
            Route::Jwks => self.jwks(),
            Route::Introspect => self.introspect(request),
            Route::UserInfo => self.user_info(request),
        }
    }
}
