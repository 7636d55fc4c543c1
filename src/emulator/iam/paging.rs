//! Page tokens. A page begins after the last item of the page before, even if items were deleted meanwhile.

use std::cmp::Ordering;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::listed::Listed;

/// How many characters of a sort value a token carries. Values with the same beginning count as equal.
const CARRIED: usize = 100;

words! {
    /// What a listing can be sorted by.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    pub(super) enum Sort {
        Name = "name",
        Description = "description",
        #[default]
        CreatedAt = "created_at",
        CreatedBy = "created_by",
        ModifiedAt = "modified_at",
    }
}

impl Sort {
    fn compare<T: Listed>(self, one: &T, other: &T) -> Ordering {
        match self {
            Self::Name => one.name().cmp(other.name()),
            Self::Description => one.description().cmp(other.description()),
            Self::CreatedAt => one.created_at().cmp(&other.created_at()),
            Self::CreatedBy => one.created_by().cmp(other.created_by()),
            Self::ModifiedAt => one.modified_at().cmp(&other.modified_at()),
        }
    }

    /// Returns the sort value of an item, cut as a token carries it.
    fn value(self, one: &impl Listed) -> String {
        match self {
            Self::Name => one.name().chars().take(CARRIED).collect(),
            Self::Description => one.description().chars().take(CARRIED).collect(),
            Self::CreatedAt => one.created_at().to_rfc3339(),
            Self::CreatedBy => one.created_by().chars().take(CARRIED).collect(),
            Self::ModifiedAt => one.modified_at().to_rfc3339(),
        }
    }
}

/// The parameter `scope`: whose keys a listing holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Reach {
    /// The caller's keys.
    #[default]
    Entity,
    /// The keys of every user of the account.
    Account,
}

/// The parameter `type`: the kind of owner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum OwnerType {
    #[default]
    User,
    ServiceId,
}

/// What a listing is asked for; a token carries it from page to page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Listing {
    #[serde(rename = "pgS")]
    pub(super) size: usize,
    pub(super) sort: Sort,
    #[serde(rename = "desc")]
    pub(super) descending: bool,
    #[serde(rename = "hist")]
    pub(super) history: bool,
    pub(super) filter: Option<String>,
    // Tokens of earlier versions lack the fields below.
    #[serde(rename = "scope", default)]
    pub(super) reach: Reach,
    #[serde(rename = "type", default)]
    pub(super) owner_type: OwnerType,
    /// The IAM id whose keys are listed.
    #[serde(rename = "iam", default, skip_serializing_if = "Option::is_none")]
    pub(super) owner: Option<String>,
    /// The group of the service IDs.
    #[serde(rename = "grp", default, skip_serializing_if = "Option::is_none")]
    pub(super) group: Option<String>,
    /// The name of the service IDs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    /// Whether service IDs are shown with their group.
    #[serde(rename = "shg", default)]
    pub(super) shows_group: bool,
}

/// The `pagetoken`: base64url of JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PageToken {
    #[serde(rename = "acc")]
    pub(super) account: String,
    #[serde(flatten)]
    pub(super) listing: Listing,
    #[serde(rename = "off")]
    offset: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    aft: Option<After>,
}

/// The end of the page before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct After {
    /// The sort value of its last item.
    v: String,
    /// The shortened ids of its items with that value.
    ids: Vec<String>,
}

impl PageToken {
    pub(super) fn first(account: &str, listing: Listing) -> Self {
        Self { account: account.to_owned(), listing, offset: 0, aft: None }
    }

    pub(super) fn decode(text: &str) -> Option<Self> {
        let json = URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()?;
        serde_json::from_slice(&json).ok()
    }

    pub(super) fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    /// Makes the token of the page that ends before `begin`; `None` if there is none.
    pub(super) fn before(&self, begin: usize) -> Option<Self> {
        let offset = begin.saturating_sub(self.listing.size);
        (begin > 0).then(|| Self { offset, aft: None, ..self.clone() })
    }

    /// Makes the token of the page after `page`, which begins at `begin`.
    pub(super) fn after<T: Listed>(&self, begin: usize, page: &[T]) -> Option<Self> {
        let sort = self.listing.sort;
        let v = sort.value(page.last()?);
        let ties = page.iter().filter(|one| sort.value(*one) == v);
        let ids = ties.map(|one| short(one).to_owned()).collect();
        Some(Self { offset: begin, aft: Some(After { v, ids }), ..self.clone() })
    }

    /// Finds where the page begins among all that is listed, sorted.
    pub(super) fn begin<T: Listed>(&self, all: &[T]) -> usize {
        let Some(after) = &self.aft else { return self.offset.min(all.len()) };
        let sort = self.listing.sort;
        let place = |one: &T| {
            let order = sort.value(one).cmp(&after.v);
            if self.listing.descending { order.reverse() } else { order }
        };
        let from = all.partition_point(|one| place(one) == Ordering::Less);
        let to = all.partition_point(|one| place(one) != Ordering::Greater);
        // Where nothing has changed, the last of them is where it was: many thousands may have the same value.
        let usual = self.offset.saturating_add(self.listing.size).clamp(from, to);
        let last = after.ids.last().map(String::as_str);
        if usual > from && last == Some(short(&all[usual - 1])) {
            return usual;
        }
        let shown = |one: &T| after.ids.iter().any(|id| id == short(one));
        match all[from..to].iter().rposition(shown) {
            Some(last) => from + last + 1,
            // All of them were deleted, so what came after them has moved up.
            None => self.offset.clamp(from, to),
        }
    }
}

/// Sorts what is listed, which must be in order of age.
pub(super) fn sort<T: Listed>(all: &mut [T], listing: &Listing) {
    all.sort_by(|one, other| {
        let order = listing.sort.compare(one, other);
        if listing.descending { order.reverse() } else { order }
    });
}

/// Shortens an id so that it still differs from the others on a page.
fn short(one: &impl Listed) -> &str {
    let uuid = one.id().split_once('-').map_or(one.id(), |(_, uuid)| uuid);
    uuid.get(..13).unwrap_or(uuid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ApiKey, ApiKeyDetails, ApiKeyId};

    fn keys(names: &[&str]) -> Vec<ApiKeyDetails> {
        let key = |name: &&str| ApiKey {
            id: ApiKeyId::new(format!("ApiKey-{name:0>13}-and-more")),
            ..ApiKey::sample(name)
        };
        let details = |key| ApiKeyDetails { key, history: None, activity: None };
        names.iter().map(key).map(details).collect()
    }

    fn begin(sort_by: Sort, descending: bool, before: &[&str], after: &[&str]) -> usize {
        let listing = Listing { size: 3, sort: sort_by, descending, ..Listing::default() };
        let [mut before, mut after] = [keys(before), keys(after)];
        sort(&mut before, &listing);
        sort(&mut after, &listing);
        let token = PageToken::first("a", listing).after(0, &before[..3]).unwrap();
        assert_eq!(PageToken::decode(&token.encode()).as_ref(), Some(&token));
        token.begin(&after)
    }

    #[test]
    fn a_page_follows_what_is_left_of_the_one_before() {
        let all = ["a", "b", "c", "d", "e"];
        for by in [Sort::CreatedAt, Sort::Name] {
            for (left, expected) in [
                (&["a", "b", "c", "d", "e"][..], 3),
                (&["a", "b", "d", "e"], 2),
                (&["b", "c", "e"], 2),
                (&["a", "d", "e"], 1),
                (&["d", "e"], 0),
                (&["a", "b", "c"], 3),
                (&[], 0),
            ] {
                assert_eq!(begin(by, false, &all, left), expected, "{by:?} {left:?}");
            }
        }
        assert_eq!(begin(Sort::Name, true, &all, &["a", "b", "d"]), 1);
        assert_eq!(begin(Sort::Name, true, &all, &["a", "b"]), 0);
        assert_eq!(begin(Sort::Name, false, &all, &["a", "bb", "c", "d"]), 3, "one came between");
    }

    #[test]
    fn a_token_of_an_earlier_version_means_ones_own_keys() {
        let old =
            r#"{"acc":"a","pgS":5,"sort":"name","desc":true,"hist":false,"filter":null,"off":5}"#;
        let listing = Listing { size: 5, sort: Sort::Name, descending: true, ..Listing::default() };
        let expected = PageToken { offset: 5, ..PageToken::first("a", listing) };
        assert_eq!(PageToken::decode(&URL_SAFE_NO_PAD.encode(old)), Some(expected.clone()));
        assert_eq!(expected.listing.reach, Reach::Entity);
    }

    #[test]
    fn garbage_is_no_token() {
        for text in ["", "x", "e30", "!!!", "bnVsbA"] {
            assert_eq!(PageToken::decode(text), None, "{text}");
        }
    }
}
