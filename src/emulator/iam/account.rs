//! What an account has: how many keys its identities have and may have, and what the emulator has none of.

use hyper::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::body::read;
use super::list::{USUAL_SIZE, page_size};
use crate::emulator::{
    response::{Refusal, Response},
    routes::{Params, Request},
    service::Emulator,
};
use crate::model::{GroupId, Scope, Selection};
use crate::object::object;
use crate::systems::iam::local::{MOST_GROUPS, MOST_IN_GROUP};
use crate::systems::{Keys as _, ServiceIds as _};

/// The limits that are asked for. A further kind is a field here, and in [`Emulator::limits`].
#[derive(Default, Deserialize)]
#[serde(default)]
struct Asked {
    /// IAM IDs.
    apikeys_per_identity: Vec<String>,
    serviceid_groups: bool,
    /// IDs of groups.
    serviceids_per_group: Vec<String>,
}

impl Asked {
    fn read(request: &Request) -> Result<Self, Refusal> {
        if request.method == Method::POST {
            return read(request);
        }
        let list = |name| request.query.each(name).map(str::to_owned).collect();
        Ok(Self {
            apikeys_per_identity: list("apikeys_per_identity"),
            serviceid_groups: request.query.is_true("serviceid_groups"),
            serviceids_per_group: list("serviceids_per_group"),
        })
    }
}

impl Emulator {
    /// Refuses a query about another account than that of the token.
    pub(super) fn refuse_other_account(&self, query: &Params) -> Result<(), Refusal> {
        let asked = query.get("account_id");
        if asked.is_some_and(|asked| asked != &*self.identity.account_id) {
            return Err(Refusal::not_authorized());
        }
        Ok(())
    }

    /// Answers `/v1/accounts/{id}/limits/identity`: `GET` asks in the query, `POST` in a document.
    pub(super) fn limits(&self, account: &str, request: &Request) -> Result<Response, Refusal> {
        if account != &*self.identity.account_id {
            return Err(Refusal::not_authorized());
        }
        let asked = Asked::read(request)?;
        let document = object()
            .with_some("serviceid_groups", self.limit_of_groups(&asked)?)
            .with_some("serviceids_per_group", self.limits_per_group(&asked)?)
            .with_some("apikeys_per_identity", self.limits_of_keys(&asked)?);
        Ok(Response::json(200, &document))
    }

    fn limits_of_keys(&self, asked: &Asked) -> Result<Option<impl Serialize>, Refusal> {
        let asked = &asked.apikeys_per_identity;
        if asked.is_empty() {
            return Ok(None);
        }
        let mut keys = Vec::new();
        for scope in [Scope::AllUsers, Scope::AllServiceIds] {
            let all = self.backend.list(&scope, &Selection::All);
            keys.extend(all.map_err(|error| Refusal::of(error, ""))?);
        }
        let identities = asked.iter().map(|iam_id| {
            let count = keys.iter().filter(|key| *key.iam_id == **iam_id).count();
            object().with("iam_id", iam_id.clone()).with("count", count)
        });
        let identities: Vec<_> = identities.collect();
        Ok(Some(object().with("limit", self.backend.limit).with("identities", identities)))
    }

    fn limit_of_groups(&self, asked: &Asked) -> Result<Option<impl Serialize>, Refusal> {
        if !asked.serviceid_groups {
            return Ok(None);
        }
        let groups = self.backend.list_groups();
        let groups = groups.map_err(|error| Refusal::about("ServiceIdGroup", "", error))?;
        Ok(Some(object().with("limit", MOST_GROUPS).with("count", groups.len())))
    }

    fn limits_per_group(&self, asked: &Asked) -> Result<Option<impl Serialize>, Refusal> {
        let mut groups = Vec::new();
        for id in &asked.serviceids_per_group {
            let count = self.owners_in(&GroupId::new(id.as_str()))?.len();
            groups.push(object().with("group_id", id.clone()).with("count", count));
        }
        let limit = object().with("limit", MOST_IN_GROUP).with("serviceid_groups", groups);
        Ok((!asked.serviceids_per_group.is_empty()).then_some(limit))
    }

    /// Lists what is in no account of the emulator; `kind` is in the path.
    pub(super) fn none_of(&self, kind: &str, request: &Request) -> Result<Response, Refusal> {
        self.refuse_other_account(&request.query)?;
        let account = &self.identity.account_id;
        let first = format!("{}/v1/{kind}?account_id={account}", request.endpoint);
        let limit = page_size(&request.query, USUAL_SIZE)?;
        let member = if kind.ends_with("_assignments") { "assignments" } else { kind };
        let page = json!({ "offset": 0, "limit": limit, "first": first, member: [] });
        Ok(Response::json(200, &page))
    }
}
