//! The API of keys, service IDs and groups: "IAM Identity Services API", paths `/v1/apikeys`, `/v1/serviceids`,
//! `/v1/serviceid_groups` and `/v1/accounts`.

mod account;
mod body;
mod filter;
mod groups;
mod keys;
mod list;
mod listed;
mod paging;
mod service_ids;
mod settings;

use super::response::{Refusal, Response};
use super::routes::{Request, Route};
use super::service::{Caller, Emulator};
use crate::model::{ApiKeyId, Detail, GroupId, ServiceUuid};
use crate::systems::Keys as _;

impl Emulator {
    /// Carries out a request of a caller who may make it. `subject` is the id in its path.
    pub(super) fn carry_out(
        &self,
        caller: &Caller,
        route: Route,
        subject: &str,
        request: &Request,
    ) -> Result<Response, Refusal> {
        if caller.is_service_id() {
            self.permit(caller, route, subject)?;
        }
        let key = &ApiKeyId::new(subject);
        let service = &ServiceUuid::new(subject);
        let group = &GroupId::new(subject);
        match route {
            Route::List => self.list(caller, request),
            Route::Create => self.create(caller, request),
            Route::Details => self.details(caller, request),
            Route::Get => self.get(key, request),
            Route::Update => self.update(caller, key, request),
            Route::Delete => self.delete(caller, key),
            Route::Lock => self.set_locked(caller, key, true),
            Route::Unlock => self.set_locked(caller, key, false),
            Route::Disable => self.set_disabled(caller, key, true),
            Route::Enable => self.set_disabled(caller, key, false),
            Route::Limits => self.limits(subject, request),
            Route::Settings => self.settings(subject, request),
            Route::Others => self.none_of(subject, request),
            Route::Token | Route::Discovery | Route::Jwks | Route::Introspect | Route::UserInfo => {
                self.provide(route, request)
            }
            Route::ServiceList => self.list_service_ids(request),
            Route::ServiceCreate => self.create_service_id(caller, request),
            Route::ServiceGet => self.get_service_id(service, request),
            Route::ServiceUpdate => Self::update_service_id(caller, service, request),
            Route::ServiceDelete => Self::delete_service_id(caller, service),
            Route::ServiceLock => Self::set_service_id_locked(caller, service, true),
            Route::ServiceUnlock => Self::set_service_id_locked(caller, service, false),
            Route::GroupList => self.list_groups(request),
            Route::GroupCreate => self.create_group(caller, request),
            Route::GroupGet => self.get_group(group),
            Route::GroupUpdate => Self::update_group(caller, group, request),
            Route::GroupDelete => Self::delete_group(caller, group),
            Route::Task(route) => self.task_credentials(caller, route, subject, request),
            Route::Platform(route) => self.platform(route, request),
            Route::Classic(route) => self.classic(route, subject, request),
        }
    }

    /// Refuses what a service ID may not do. It may act on its keys, and see itself.
    fn permit(&self, caller: &Caller, route: Route, subject: &str) -> Result<(), Refusal> {
        let may = match route {
            // They look at the caller themselves.
            Route::List | Route::Create | Route::Details | Route::Task(_) => true,
            Route::Get
            | Route::Update
            | Route::Delete
            | Route::Lock
            | Route::Unlock
            | Route::Disable
            | Route::Enable => {
                let id = ApiKeyId::new(subject);
                let found = self.backend.get(&id, Detail::default());
                !self.bootstrap.is(&id)
                    && found.map_err(|error| Refusal::of(error, subject))?.key.iam_id
                        == caller.owner.0
            }
            Route::ServiceGet => {
                caller.owner.service_id().is_some_and(|own| own.as_str() == subject)
            }
            _ => false,
        };
        if may { Ok(()) } else { Err(Refusal::not_authorized()) }
    }
}
