//! `/v1/serviceids`: service IDs, and the keys that are made with them.

use serde::{Deserialize, Serialize};

use super::body::{deleted, done, flag, given, if_given, leak_action, read, seen, time};
use super::keys::document as key_document;
use super::list::{page, put_in_order, token};
use super::paging::Sort;
use crate::emulator::{
    response::{Refusal, Response},
    routes::Request,
    service::{Caller, Emulator},
};
use crate::model::{
    Absent, Detail, GroupId, NewApiKey, NewServiceId, NewValue, ServiceIdChanges, ServiceIdDetails,
    ServiceIdSelection, ServiceUuid, activity_document, history_document, service_id_document,
};
use crate::secret::Secret;
use crate::systems::{ServiceIds as _, SystemError};

/// What stands for the key where none was made.
const NO_KEY: Option<()> = None;

#[derive(Deserialize)]
struct NewBody {
    account_id: Option<String>,
    name: Option<String>,
    group_id: Option<String>,
    description: Option<String>,
    unique_instance_crns: Option<Vec<String>>,
    apikey: Option<KeyBody>,
}

#[derive(Deserialize)]
struct KeyBody {
    name: Option<String>,
    description: Option<String>,
    apikey: Option<String>,
    store_value: Option<bool>,
    action_when_leaked: Option<String>,
    expires_at: Option<String>,
}

#[derive(Deserialize)]
struct ChangesBody {
    name: Option<String>,
    description: Option<String>,
    unique_instance_crns: Option<Vec<String>>,
}

impl Emulator {
    pub(super) fn list_service_ids(&self, request: &Request) -> Result<Response, Refusal> {
        let query = &request.query;
        self.refuse_other_account(query)?;
        if query.get("account_id").or(query.get("pagetoken")).is_none() {
            return Err(Refusal::missing("account_id"));
        }
        let token = token(query, &self.identity.account_id, Sort::CreatedBy)?;
        let listing = &token.listing;
        let which = ServiceIdSelection {
            name: listing.name.clone(),
            group_id: Some(self.group_of(listing.group.as_deref())?),
        };
        let found = self.backend.service_ids_in_full(&which).map_err(|error| about("", error))?;
        let without_history = |details| ServiceIdDetails { history: None, ..details };
        let mut found =
            if listing.history { found } else { found.into_iter().map(without_history).collect() };
        put_in_order(&mut found, listing)?;
        Ok(page(request, &token, "serviceids", &found, |one| {
            document(one, NO_KEY, listing.shows_group)
        }))
    }

    pub(super) fn create_service_id(
        &self,
        caller: &Caller,
        request: &Request,
    ) -> Result<Response, Refusal> {
        let body: NewBody = read(request)?;
        self.check_account(body.account_id)?;
        let new = NewServiceId {
            name: given("name", body.name)?,
            description: body.description.unwrap_or_default(),
            locked: flag(&request.headers, "entity-lock")?,
            group_id: body.group_id.filter(|id| !id.is_empty()).map(GroupId::new),
            unique_instance_crns: body.unique_instance_crns.unwrap_or_default(),
        };
        let shows_group = request.query.is_true("show_group_id");
        let failed = |error| about("", error);
        let Some(key) = body.apikey else {
            let made = caller.keys.create_service_id(&new).map_err(failed)?;
            return Ok(Response::json(201, &document(&bare(made), NO_KEY, shows_group)));
        };
        let value = self.chosen(key.apikey)?;
        let is_kept = key.store_value == Some(true);
        let new_key = NewApiKey {
            id: None,
            // The service ID, as soon as it has an id.
            owner: caller.owner.clone(),
            name: given("apikey.name", key.name)?,
            description: key.description.unwrap_or_default(),
            locked: false,
            disabled: false,
            action_when_leaked: leak_action(key.action_when_leaked.as_deref())?,
            expires_at: time(key.expires_at.as_deref())?,
            support_sessions: None,
        };
        let chosen = value.as_ref().map_or(NewValue::ServiceChooses, NewValue::Chosen);
        let made = caller.keys.create_service_id_with(&new, Some((new_key, chosen)));
        let (made, created) = made.map_err(failed)?;
        let Some(created) = created else {
            return Err(Refusal::internal("The API key was not made".to_owned()));
        };
        let value = created.value.or(value);
        let made = bare(made);
        let response = {
            let key = key_document(&created.key, value.as_ref().map(Secret::expose));
            Response::json(201, &document(&made, Some(key), shows_group))
        };
        if let (true, Some(value)) = (is_kept, value) {
            self.kept.keep(created.key.id, value);
        }
        Ok(response)
    }

    pub(super) fn get_service_id(
        &self,
        id: &ServiceUuid,
        request: &Request,
    ) -> Result<Response, Refusal> {
        let query = &request.query;
        let detail = Detail {
            history: query.is_true("include_history"),
            activity: query.is_true("include_activity"),
        };
        let found = self.backend.get_service_id(id, detail);
        let found = found.map_err(|error| about(id.as_str(), error))?;
        Ok(with_etag(&found, query.is_true("show_group_id")))
    }

    pub(super) fn update_service_id(
        caller: &Caller,
        id: &ServiceUuid,
        request: &Request,
    ) -> Result<Response, Refusal> {
        let seen = seen(request)?;
        let body: ChangesBody = read(request)?;
        let changes = ServiceIdChanges {
            name: if_given("name", body.name)?,
            description: body.description,
            unique_instance_crns: body.unique_instance_crns,
        };
        let updated = caller.keys.change_service_id(id, seen.as_ref(), &changes);
        let updated = bare(updated.map_err(|error| about(id.as_str(), error))?);
        Ok(with_etag(&updated, request.query.is_true("show_group_id")))
    }

    pub(super) fn delete_service_id(
        caller: &Caller,
        id: &ServiceUuid,
    ) -> Result<Response, Refusal> {
        deleted(caller.keys.delete_service_id(id), "ServiceId", id.as_str())
    }

    pub(super) fn set_service_id_locked(
        caller: &Caller,
        id: &ServiceUuid,
        locked: bool,
    ) -> Result<Response, Refusal> {
        done(caller.keys.set_service_id_locked(id, locked), "ServiceId", id.as_str())
    }

    /// Checks the account of something that is to be made.
    pub(super) fn check_account(&self, asked: Option<String>) -> Result<(), Refusal> {
        if given("account_id", asked)? == *self.identity.account_id {
            return Ok(());
        }
        let message = "The specified account does not match the account in the token.";
        Err(Refusal::invalid(message))
    }
}

fn about(id: &str, error: SystemError) -> Refusal {
    Refusal::about("ServiceId", id, error)
}

fn bare(service_id: crate::model::ServiceId) -> ServiceIdDetails {
    ServiceIdDetails { service_id, history: None, activity: None }
}

/// A service ID as the service writes it. `key` is there on creation only.
fn document(
    details: &ServiceIdDetails,
    key: Option<impl Serialize>,
    shows_group: bool,
) -> impl Serialize {
    let service_id = &details.service_id;
    service_id_document(service_id, shows_group)
        .with_some("history", history_document(&service_id.account_id, details.history.as_ref()))
        .with_some("apikey", key)
        .with_some("activity", activity_document(details.activity.as_ref(), Absent::LeftOut))
}

fn with_etag(details: &ServiceIdDetails, shows_group: bool) -> Response {
    let tag = details.service_id.entity_tag.as_str().to_owned();
    let document = document(details, NO_KEY, shows_group);
    Response { etag: Some(tag), ..Response::json(200, &document) }
}
