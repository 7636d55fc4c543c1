//! `GET /v1/apikeys`: one page of the caller's keys or of the account's, filtered and sorted.

use super::filter::Filter;
use super::keys::{details_document, other_identity};
use super::paging::{self, Listing, OwnerType, PageToken, Reach, Sort};
use crate::emulator::{
    response::{Refusal, Response},
    routes::{Params, Request},
    service::Emulator,
};
use crate::model::{ApiKeyDetails, Scope, Selection};
use crate::object::object;
use crate::systems::Keys as _;

pub(super) const USUAL_SIZE: usize = 20;
const LARGEST: usize = 100;

impl Emulator {
    pub(super) fn list(&self, request: &Request) -> Result<Response, Refusal> {
        let query = &request.query;
        let account = &*self.identity.account_id;
        self.refuse_other_account(query)?;
        if query.get("iam_id").is_some_and(|asked| asked != &*self.identity.iam_id) {
            return Err(other_identity());
        }
        let token = token(query, account)?;
        let mut keys = self.all(&token.listing)?;
        if let Some(filter) = &token.listing.filter {
            let filter = Filter::parse(filter)
                .map_err(|why| Refusal::invalid("The filter cannot be understood").details(why))?;
            keys.retain(|one| filter.admits(&one.key));
        }
        paging::sort(&mut keys, &token.listing);
        let begin = token.begin(&keys);
        let end = (begin + token.listing.size).min(keys.len());
        let shown = &keys[begin..end];
        let link = |token: &PageToken| {
            format!("{}/v1/apikeys?pagetoken={}", request.endpoint, token.encode())
        };
        let next = if end < keys.len() { token.after(begin, shown) } else { None };
        let page = object()
            .with("offset", begin)
            .with("limit", token.listing.size)
            .with("first", link(&PageToken::first(account, token.listing.clone())))
            .with_some("previous", token.before(begin).as_ref().map(link))
            .with_some("next", next.as_ref().map(link))
            .with("apikeys", shown.iter().map(details_document).collect::<Vec<_>>());
        Ok(Response::json(200, &page))
    }

    fn all(&self, listing: &Listing) -> Result<Vec<ApiKeyDetails>, Refusal> {
        let failed = |error| Refusal::of(error, "");
        if listing.owner_type == OwnerType::ServiceId {
            return Ok(Vec::new());
        }
        let everybody = listing.reach == Reach::Account && !listing.is_own;
        let scope = if everybody { Scope::AllUsers } else { Scope::Of(self.identity.owner()) };
        if listing.history {
            let keys = self.backend.list_in_full(&scope).map_err(failed)?;
            let without_activity = |details| ApiKeyDetails { activity: None, ..details };
            return Ok(keys.into_iter().map(without_activity).collect());
        }
        let keys = self.backend.list(&scope, &Selection::All).map_err(failed)?;
        let bare = |key| ApiKeyDetails { key, history: None, activity: None };
        Ok(keys.into_iter().map(bare).collect())
    }
}

/// Reads what is asked for. Parameters beside a page token replace what the token says.
fn token(query: &Params, account: &str) -> Result<PageToken, Refusal> {
    let mut token = match query.get("pagetoken") {
        None => PageToken::first(account, Listing { size: USUAL_SIZE, ..Listing::default() }),
        Some(text) => PageToken::decode(text)
            .filter(|token| token.account == account)
            .ok_or_else(|| Refusal::invalid("Property 'pagetoken' is no token of this service."))?,
    };
    let listing = &mut token.listing;
    if let Some(size) = query.get("pagesize") {
        listing.size = size.parse().unwrap_or(0);
    }
    if !(1..=LARGEST).contains(&listing.size) {
        return Err(Refusal::not_one_of("pagesize", "1 to 100"));
    }
    set(&mut listing.sort, query, "sort", &Sort::ALL.map(|sort| (sort, sort.as_str())))?;
    set(&mut listing.descending, query, "order", &[(false, "asc"), (true, "desc")])?;
    let reaches = [(Reach::Entity, "entity"), (Reach::Account, "account")];
    set(&mut listing.reach, query, "scope", &reaches)?;
    let types = [(OwnerType::User, "user"), (OwnerType::ServiceId, "serviceid")];
    set(&mut listing.owner_type, query, "type", &types)?;
    if let Some(filter) = query.get("filter") {
        listing.filter = Some(filter.to_owned());
    }
    listing.history |= query.is_true("include_history");
    // Every other `iam_id` was refused before.
    listing.is_own |= query.get("iam_id").is_some();
    Ok(token)
}

/// Sets what a parameter names, if it is there.
fn set<T: Copy>(
    target: &mut T,
    query: &Params,
    name: &str,
    valid: &[(T, &str)],
) -> Result<(), Refusal> {
    let Some(word) = query.get(name) else { return Ok(()) };
    let words: Vec<&str> = valid.iter().map(|(_, word)| *word).collect();
    let found = valid.iter().find(|(_, known)| *known == word);
    *target = found.ok_or_else(|| Refusal::not_one_of(name, &words.join(", ")))?.0;
    Ok(())
}
