//! Listings, page by page, filtered and sorted. `GET /v1/apikeys`: the caller's keys or the account's.

use std::collections::HashSet;
use std::sync::Arc;

use serde::Serialize;

use super::body::owner;
use super::filter::Filter;
use super::keys::{details_document, other_identity};
use super::listed::Listed;
use super::paging::{self, Listing, OwnerType, PageToken, Reach, Sort};
use crate::emulator::{
    response::{Refusal, Response},
    routes::{Params, Request},
    service::{Caller, Emulator},
};
use crate::model::{ApiKeyDetails, Detail, GroupId, Owner, Scope, Selection, ServiceIdSelection};
use crate::object::object;
use crate::systems::iam::local::LocalKeys;
use crate::systems::{Keys as _, ServiceIds as _};

pub(super) const USUAL_SIZE: usize = 20;
const LARGEST: usize = 100;

impl Emulator {
    pub(super) fn list(&self, caller: &Caller, request: &Request) -> Result<Response, Refusal> {
        let account = &*self.identity.account_id;
        self.refuse_other_account(&request.query)?;
        let token = token(&request.query, account, Sort::ModifiedAt)?;
        let state = self.backend.state().map_err(|error| Refusal::of(error, ""))?;
        // Keys that expired long ago are left out, so the time counts too.
        let minute = self.now()?.seconds() / 60;
        let of = (&caller.owner, Listing { size: 0, ..token.listing.clone() }, minute, state);
        let keys = self.last_listing.of(format!("{of:?}"), || {
            let mut keys = self.all(caller, &token.listing)?;
            put_in_order(&mut keys, &token.listing)?;
            Ok(keys)
        })?;
        Ok(page(request, &token, "apikeys", &keys, details_document))
    }

    fn all(&self, caller: &Caller, listing: &Listing) -> Result<Vec<ApiKeyDetails>, Refusal> {
        let failed = |error| Refusal::of(error, "");
        let Some(scope) = self.scope(caller, listing)? else { return Ok(Vec::new()) };
        let mut keys = if listing.history {
            let keys = self.backend.list_in_full(&scope).map_err(failed)?.into_iter();
            keys.map(|details| ApiKeyDetails { activity: None, ..details }).collect()
        } else {
            let keys = self.backend.list(&scope, &Selection::All).map_err(failed)?.into_iter();
            let bare = |key| ApiKeyDetails { key, history: None, activity: None };
            keys.map(bare).collect::<Vec<_>>()
        };
        if scope == Scope::AllServiceIds {
            let owners = self.owners_in(&self.group_of(listing.group.as_deref())?)?;
            let owners: HashSet<Arc<str>> = owners.into_iter().map(|owner| owner.0).collect();
            keys.retain(|one| owners.contains(&one.key.iam_id));
        }
        Ok(keys)
    }

    /// Decides whose keys are listed; `None` for nobody's.
    fn scope(&self, caller: &Caller, listing: &Listing) -> Result<Option<Scope>, Refusal> {
        let is_service_id = caller.is_service_id();
        if let Some(asked) = &listing.owner {
            let owner = owner(asked);
            if owner != caller.owner {
                if is_service_id {
                    return Err(Refusal::not_authorized());
                }
                let id = owner.service_id().ok_or_else(other_identity)?;
                let found = self.backend.get_service_id(&id, Detail::default());
                found.map_err(|error| Refusal::about("ServiceId", id.as_str(), error))?;
            }
            return Ok(Some(Scope::Of(owner)));
        }
        Ok(match (listing.reach, listing.owner_type) {
            (Reach::Account, _) if is_service_id => return Err(Refusal::not_authorized()),
            (Reach::Account, OwnerType::User) => Some(Scope::AllUsers),
            (Reach::Account, OwnerType::ServiceId) => Some(Scope::AllServiceIds),
            (Reach::Entity, OwnerType::ServiceId) if !is_service_id => None,
            (Reach::Entity, _) => Some(Scope::Of(caller.owner.clone())),
        })
    }

    /// Finds a group of service IDs; the default group when none is named.
    pub(super) fn group_of(&self, asked: Option<&str>) -> Result<GroupId, Refusal> {
        let Some(id) = asked else { return Ok(LocalKeys::default_group()) };
        let found = self.backend.group(&GroupId::new(id));
        Ok(found.map_err(|error| Refusal::about("ServiceIdGroup", id, error))?.id)
    }

    /// Returns the service IDs in a group as owners of keys.
    pub(super) fn owners_in(&self, group: &GroupId) -> Result<Vec<Owner>, Refusal> {
        let which = ServiceIdSelection { name: None, group_id: Some(group.clone()) };
        let found = self.backend.list_service_ids(&which);
        let found = found.map_err(|error| Refusal::about("ServiceId", "", error))?;
        Ok(found.iter().map(crate::model::ServiceId::owner).collect())
    }
}

/// Leaves out what a filter does not admit, and sorts the rest, which must be in order of age.
pub(super) fn put_in_order<T: Listed>(all: &mut Vec<T>, listing: &Listing) -> Result<(), Refusal> {
    if let Some(filter) = &listing.filter {
        let filter = Filter::parse(filter)
            .map_err(|why| Refusal::invalid("The filter cannot be understood").details(why))?;
        all.retain(|one| filter.admits(one));
    }
    paging::sort(all, listing);
    Ok(())
}

/// Answers with one page of what is listed, which must be in order. It stands in the field `member`.
pub(super) fn page<'a, T: Listed, D: Serialize>(
    request: &Request,
    token: &PageToken,
    member: &'static str,
    all: &'a [T],
    document: impl Fn(&'a T) -> D,
) -> Response {
    let begin = token.begin(all);
    let end = (begin + token.listing.size).min(all.len());
    let shown = &all[begin..end];
    let path = request.path.trim_end_matches('/');
    let link =
        |token: &PageToken| format!("{}{path}?pagetoken={}", request.endpoint, token.encode());
    let next = if end < all.len() { token.after(begin, shown) } else { None };
    let page = object()
        .with("offset", begin)
        .with("limit", token.listing.size)
        .with("first", link(&PageToken::first(&token.account, token.listing.clone())))
        .with_some("previous", token.before(begin).as_ref().map(link))
        .with_some("next", next.as_ref().map(link))
        .with(member, shown.iter().map(document).collect::<Vec<_>>());
    Response::json(200, &page)
}

/// Reads how many a page may hold.
pub(super) fn page_size(query: &Params, usual: usize) -> Result<usize, Refusal> {
    let size = query.get("pagesize").map_or(usual, |size| size.parse().unwrap_or(0));
    let is_valid = (1..=LARGEST).contains(&size);
    is_valid.then_some(size).ok_or_else(|| Refusal::not_one_of("pagesize", "1 to 100"))
}

/// Reads what is asked for. Parameters beside a page token replace what the token says. It cannot be
/// sorted by `never`.
pub(super) fn token(query: &Params, account: &str, never: Sort) -> Result<PageToken, Refusal> {
    let mut token = match query.get("pagetoken") {
        None => PageToken::first(account, Listing { size: USUAL_SIZE, ..Listing::default() }),
        Some(text) => PageToken::decode(text)
            .filter(|token| token.account == account)
            .ok_or_else(|| Refusal::invalid("Property 'pagetoken' is no token of this service."))?,
    };
    let listing = &mut token.listing;
    listing.size = page_size(query, listing.size)?;
    let sorts = Sort::ALL.into_iter().filter(|sort| *sort != never);
    let sorts: Vec<_> = sorts.map(|sort| (sort, sort.as_str())).collect();
    set(&mut listing.sort, query, "sort", &sorts)?;
    set(&mut listing.descending, query, "order", &[(false, "asc"), (true, "desc")])?;
    let reaches = [(Reach::Entity, "entity"), (Reach::Account, "account")];
    set(&mut listing.reach, query, "scope", &reaches)?;
    let types = [(OwnerType::User, "user"), (OwnerType::ServiceId, "serviceid")];
    set(&mut listing.owner_type, query, "type", &types)?;
    for (kept, name) in [
        (&mut listing.filter, "filter"),
        (&mut listing.owner, "iam_id"),
        (&mut listing.group, "group_id"),
        (&mut listing.name, "name"),
    ] {
        if let Some(asked) = query.get(name) {
            *kept = Some(asked.to_owned());
        }
    }
    listing.history |= query.is_true("include_history");
    listing.shows_group |= query.is_true("show_group_id");
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
