//! What an account has: how many keys its identities have and may have, and what the emulator has none of.

use hyper::Method;
use serde::Deserialize;
use serde_json::json;

use super::keys::read;
use super::list::USUAL_SIZE;
use crate::emulator::{
    response::{Refusal, Response},
    routes::{Params, Request},
    service::Emulator,
};
use crate::model::{Scope, Selection};
use crate::object::object;
use crate::systems::Keys as _;

/// The limits that are asked for. A further kind is a field here, and in [`Emulator::limits`].
#[derive(Default, Deserialize)]
#[serde(default)]
struct Asked {
    /// IAM IDs.
    apikeys_per_identity: Vec<String>,
}

impl Asked {
    fn read(request: &Request) -> Result<Self, Refusal> {
        if request.method == Method::POST {
            return read(request);
        }
        let list = |name| request.query.each(name).map(str::to_owned).collect();
        Ok(Self { apikeys_per_identity: list("apikeys_per_identity") })
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
        let asked = Asked::read(request)?.apikeys_per_identity;
        let mut keys = Vec::new();
        if !asked.is_empty() {
            let all = self.backend.list(&Scope::AllUsers, &Selection::All);
            keys = all.map_err(|error| Refusal::of(error, ""))?;
        }
        let limit = || {
            let identities = asked.iter().map(|iam_id| {
                let count = keys.iter().filter(|key| *key.iam_id == **iam_id).count();
                object().with("iam_id", iam_id).with("count", count)
            });
            let identities: Vec<_> = identities.collect();
            object().with("limit", self.backend.limit).with("identities", identities)
        };
        let limit = (!asked.is_empty()).then(limit);
        Ok(Response::json(200, &object().with_some("apikeys_per_identity", limit)))
    }

    /// Lists what is in no account of the emulator; `kind` is in the path, and names the list.
    pub(super) fn none_of(&self, kind: &str, request: &Request) -> Result<Response, Refusal> {
        self.refuse_other_account(&request.query)?;
        let account = &self.identity.account_id;
        let first = format!("{}/v1/{kind}?account_id={account}", request.endpoint);
        let page = json!({ "offset": 0, "limit": USUAL_SIZE, "first": first, kind: [] });
        Ok(Response::json(200, &page))
    }
}
