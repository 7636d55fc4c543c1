//! `GET /v1/accounts/{id}/limits/identity`: how many keys identities have and may have.

use crate::emulator::refusal::Refusal;
use crate::emulator::reply::Reply;
use crate::emulator::routes::Request;
use crate::emulator::service::Emulator;
use crate::model::{Scope, Selection};
use crate::object::object;
use crate::systems::Keys as _;

impl Emulator {
    pub(super) fn limits(&self, account: &str, request: &Request) -> Result<Reply, Refusal> {
        if account != &*self.identity.account_id {
            return Err(Refusal::not_authorized());
        }
        let asked: Vec<&str> = request.query.each("apikeys_per_identity").collect();
        let mut keys = Vec::new();
        if !asked.is_empty() {
            let all = self.backend.list(&Scope::AllUsers, &Selection::All);
            keys = all.map_err(|error| Refusal::of(error, ""))?;
        }
        let limit = || {
            let identities = asked.iter().map(|iam_id| {
                let count = keys.iter().filter(|key| &*key.iam_id == *iam_id).count();
                object().with("iam_id", iam_id).with("count", count)
            });
            let identities: Vec<_> = identities.collect();
            object().with("limit", self.backend.limit()).with("identities", identities)
        };
        let limit = (!asked.is_empty()).then(limit);
        Ok(Reply::json(200, &object().with_some("apikeys_per_identity", limit)))
    }
}
