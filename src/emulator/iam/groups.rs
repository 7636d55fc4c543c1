//! `/v1/serviceid_groups`: groups of service IDs.

use serde::Deserialize;

use super::body::{deleted, given, if_given, read, seen};
use crate::emulator::{
    response::{Refusal, Response},
    routes::Request,
    service::{Caller, Emulator},
};
use crate::model::{GroupChanges, GroupId, ServiceIdGroup, group_document};
use crate::object::object;
use crate::systems::{ServiceIds as _, SystemError};

#[derive(Deserialize)]
struct NewBody {
    account_id: Option<String>,
    name: Option<String>,
    description: Option<String>,
}

#[derive(Deserialize)]
struct ChangesBody {
    name: Option<String>,
    description: Option<String>,
}

impl Emulator {
    pub(super) fn list_groups(&self, request: &Request) -> Result<Response, Refusal> {
        self.refuse_other_account(&request.query)?;
        let groups = self.backend.list_groups().map_err(|error| about("", error))?;
        let groups: Vec<_> = groups.iter().map(group_document).collect();
        Ok(Response::json(200, &object().with("serviceid_groups", groups)))
    }

    pub(super) fn create_group(
        &self,
        caller: &Caller,
        request: &Request,
    ) -> Result<Response, Refusal> {
        let body: NewBody = read(request)?;
        self.check_account(body.account_id)?;
        let name = given("name", body.name)?;
        let made = caller.keys.create_group(&name, &body.description.unwrap_or_default());
        let made = made.map_err(|error| about("", error))?;
        Ok(Response::json(201, &group_document(&made)))
    }

    pub(super) fn get_group(&self, id: &GroupId) -> Result<Response, Refusal> {
        let found = self.backend.group(id).map_err(|error| about(id.as_str(), error))?;
        Ok(with_etag(&found))
    }

    pub(super) fn update_group(
        caller: &Caller,
        id: &GroupId,
        request: &Request,
    ) -> Result<Response, Refusal> {
        let seen = seen(request)?;
        let body: ChangesBody = read(request)?;
        let changes =
            GroupChanges { name: if_given("name", body.name)?, description: body.description };
        let updated = caller.keys.change_group(id, seen.as_ref(), &changes);
        Ok(with_etag(&updated.map_err(|error| about(id.as_str(), error))?))
    }

    pub(super) fn delete_group(caller: &Caller, id: &GroupId) -> Result<Response, Refusal> {
        deleted(caller.keys.delete_group(id), "ServiceIdGroup", id.as_str())
    }
}

fn about(id: &str, error: SystemError) -> Refusal {
    Refusal::about("ServiceIdGroup", id, error)
}

fn with_etag(group: &ServiceIdGroup) -> Response {
    let tag = group.entity_tag.as_str().to_owned();
    Response { etag: Some(tag), ..Response::json(200, &group_document(group)) }
}
