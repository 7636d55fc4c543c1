//! `GET /v1/apikeys`: one page of the caller's keys or of the account's, filtered and sorted.

use super::Emulator;
use super::filter::Filter;
use super::keys::other_identity;
use super::paging::{self, Kind, Listing, PageToken, Scope, Sort};
use super::params::Params;
use super::refusal::Refusal;
use super::routes::Request;
use super::wire::{Key, Page, Reply};
use crate::model::{ApiKeyDetails, Owner, Selection};
use crate::systems::Backend as _;

const USUAL_SIZE: usize = 20;
const LARGEST: usize = 100;

impl Emulator {
    pub(super) fn list(&self, request: &Request) -> Result<Reply, Refusal> {
        let query = &request.query;
        let account = &*self.identity.account_id;
        if query.get("account_id").is_some_and(|asked| asked != account) {
            return Err(Refusal::not_authorized());
        }
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
        let apikeys =
            shown.iter().map(|one| Key::new(&one.key).history(account, one.history.as_deref()));
        let page = Page {
            offset: begin,
            limit: token.listing.size,
            first: link(&PageToken::first(account, token.listing.clone())),
            previous: token.before(begin).as_ref().map(link),
            next: next.as_ref().map(link),
            apikeys: apikeys.collect(),
        };
        Ok(Reply::json(200, &page))
    }

    fn all(&self, listing: &Listing) -> Result<Vec<ApiKeyDetails>, Refusal> {
        let failed = |error| Refusal::of(error, "");
        if listing.kind == Kind::ServiceId {
            return Ok(Vec::new());
        }
        let everybody = listing.scope == Scope::Account && !listing.is_own;
        let owner = if everybody { Owner::AllUsers } else { Owner::Myself };
        if listing.history {
            return self.backend.api_keys_in_full(&owner).map_err(failed);
        }
        let keys = self.backend.api_keys(&owner, &Selection::All).map_err(failed)?;
        let bare = |key| ApiKeyDetails { key, history: None, activity: None };
        Ok(keys.into_iter().map(bare).collect())
    }
}

/// Reads what is asked for; beside a page token, whatever is said again holds.
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
    if let Some(word) = one_of(query, "sort", &Sort::ALL.map(|(_, word)| word))? {
        let known = Sort::ALL.into_iter().find(|&(_, known)| known == word);
        listing.sort = known.map_or(listing.sort, |(sort, _)| sort);
    }
    if let Some(order) = one_of(query, "order", &["asc", "desc"])? {
        listing.descending = order == "desc";
    }
    if let Some(filter) = query.get("filter") {
        listing.filter = Some(filter.to_owned());
    }
    listing.history |= query.is_true("include_history");
    if let Some(scope) = one_of(query, "scope", &["entity", "account"])? {
        listing.scope = if scope == "account" { Scope::Account } else { Scope::Entity };
    }
    if let Some(kind) = one_of(query, "type", &["user", "serviceid"])? {
        listing.kind = if kind == "serviceid" { Kind::ServiceId } else { Kind::User };
    }
    // Another one is refused before.
    listing.is_own |= query.get("iam_id").is_some();
    Ok(token)
}

fn one_of<'a>(query: &'a Params, name: &str, valid: &[&str]) -> Result<Option<&'a str>, Refusal> {
    match query.get(name) {
        Some(word) if !valid.contains(&word) => Err(Refusal::not_one_of(name, &valid.join(", "))),
        found => Ok(found),
    }
}
