//! `GET /v1/accounts/{id}/limits/identity`: how many keys identities have, and may have (`api/iam_identity.md` §4).

use serde::Serialize;

use super::Emulator;
use super::refusal::Refusal;
use super::routes::Request;
use super::wire::Reply;
use crate::model::{Owner, Selection};
use crate::systems::Backend as _;

#[derive(Serialize)]
struct Limits<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    apikeys_per_identity: Option<Limit<'a>>,
}

#[derive(Serialize)]
struct Limit<'a> {
    limit: usize,
    identities: Vec<Count<'a>>,
}

#[derive(Serialize)]
struct Count<'a> {
    iam_id: &'a str,
    count: usize,
}

impl Emulator {
    pub(super) fn limits(&self, account: &str, request: &Request) -> Result<Reply, Refusal> {
        if account != &*self.identity.account_id {
            return Err(Refusal::not_authorized());
        }
        let asked: Vec<&str> = request.query.each("apikeys_per_identity").collect();
        let mut keys = Vec::new();
        if !asked.is_empty() {
            let all = self.backend.api_keys(&Owner::AllUsers, &Selection::All);
            keys = all.map_err(|error| Refusal::of(error, ""))?;
        }
        let count = |iam_id| Count {
            iam_id,
            count: keys.iter().filter(|key| &*key.iam_id == iam_id).count(),
        };
        let identities: Vec<Count<'_>> = asked.into_iter().map(count).collect();
        let asked = !identities.is_empty();
        let limit = asked.then(|| Limit { limit: self.backend.limit(), identities });
        Ok(Reply::json(200, &Limits { apikeys_per_identity: limit }))
    }
}
