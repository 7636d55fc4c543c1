//! Listing: page after page, each read while the next is on its way.

use std::collections::HashSet;
use std::panic::resume_unwind;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, Scope, ScopedJoinHandle};

use super::wire::{ListBody, early_next};
use super::{Call, RemoteBackend, Sent};
use crate::model::{ApiKey, Identity, Owner};
use crate::systems::{Backend as _, BackendError, Condition};

/// Keys in a page; the service's own maximum.
const PAGE: &str = "100";
/// More pages than any account can fill.
const MOST_PAGES: usize = 10_000;
/// Pages that may wait to be read.
const WAITING: usize = 4;

/// A thread that reads pages in the order in which they come, and gives back one that it does not understand.
struct Reader<'scope> {
    pages: SyncSender<Sent>,
    keys: ScopedJoinHandle<'scope, Result<Vec<ApiKey>, Box<Sent>>>,
}

impl<'scope> Reader<'scope> {
    fn start(scope: &'scope Scope<'scope, '_>, me: &'scope Identity) -> Self {
        let (pages, waiting) = sync_channel(WAITING);
        let keys = scope.spawn(move || {
            let mut keys = Vec::new();
            for sent in waiting {
                if read_page(&sent, me, &mut keys).is_err() {
                    return Err(Box::new(sent));
                }
            }
            Ok(keys)
        });
        Self { pages, keys }
    }

    fn end(self) -> Result<Vec<ApiKey>, Box<Sent>> {
        drop(self.pages);
        self.keys.join().unwrap_or_else(|panic| resume_unwind(panic))
    }
}

impl RemoteBackend {
    pub(super) fn list(&self, owner: &Owner) -> Result<Vec<ApiKey>, BackendError> {
        let me = self.identity()?;
        thread::scope(|scope| {
            let mut reader: Option<Reader<'_>> = None;
            let mut behind = Vec::new();
            let mut page: Option<String> = None;
            let mut pages = HashSet::new();
            loop {
                let mut query = vec![("account_id", &*me.account_id)];
                match owner {
                    // As an administrator asks (`api/iam_identity.md` §2); an IAM id would have to be one's own.
                    Owner::AllUsers => query.extend([("scope", "account"), ("type", "user")]),
                    one => query.push(("iam_id", Self::owner(one, &me)?)),
                }
                query.push(("pagesize", PAGE));
                query.extend(page.as_deref().map(|page| ("pagetoken", page)));
                let call = Call::get(&["v1", "apikeys"], &query);
                let sent = self.get(&call)?;
                let early = early_next(&sent.reply.body).and_then(|next| page_token(&next));
                let next = if early.is_some() {
                    let reader = reader.get_or_insert_with(|| Reader::start(scope, &me));
                    // Refused only where a page was not understood, which its end tells.
                    if reader.pages.send(sent).is_err() { None } else { early }
                } else {
                    read_page(&sent, &me, &mut behind)
                        .map_err(|Unreadable| self.unreadable(&call, &sent))?
                };
                let Some(next) = next else {
                    let read = reader.map_or_else(|| Ok(Vec::new()), Reader::end);
                    let mut keys = read.map_err(|sent| self.unreadable(&call, &sent))?;
                    keys.append(&mut behind);
                    keys.sort_by_key(|key| key.created_at);
                    if *owner == Owner::Myself {
                        self.learn(|learned| learned.all(&keys));
                    }
                    return Ok(keys);
                };
                if pages.len() >= MOST_PAGES {
                    let words = format!("The listing does not end after {MOST_PAGES} pages");
                    return Err(Condition::Unavailable(words).into());
                }
                if !pages.insert(next.clone()) {
                    let words =
                        "The listing goes in circles: a page names an earlier one as the next";
                    return Err(Condition::Unavailable(words.to_owned()).into());
                }
                page = Some(next);
            }
        })
    }
}

/// A page that is not understood.
struct Unreadable;

/// Reads a page and returns the token of the next, if there is one.
fn read_page(
    sent: &Sent,
    me: &Identity,
    keys: &mut Vec<ApiKey>,
) -> Result<Option<String>, Unreadable> {
    let body: ListBody<'_> = serde_json::from_slice(&sent.reply.body).map_err(|_| Unreadable)?;
    keys.extend(body.apikeys.iter().map(|key| key.key(me, None)));
    match body.next.filter(|next| !next.is_empty()) {
        // A page that names no next one is the last; one that names it badly is not understood.
        None => Ok(None),
        Some(next) => page_token(&next).map(Some).ok_or(Unreadable),
    }
}

/// Takes the page token out of the URL of the next page. The URL itself is never followed: it is absolute, and a token
/// must not travel to wherever it points.
fn page_token(next: &str) -> Option<String> {
    let base = reqwest::Url::parse("https://nowhere.invalid").ok()?;
    let url = base.join(next).ok()?;
    url.query_pairs().find(|(name, _)| name == "pagetoken").map(|(_, token)| token.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_page_token_is_taken_from_the_next_page() {
        for next in [
            "https://iam.cloud.ibm.com/v1/apikeys?pagetoken=a%3Db&pagesize=20",
            "http://evil.example.com/?x=1&pagetoken=a%3Db",
            "/v1/apikeys?pagetoken=a%3Db",
        ] {
            assert_eq!(page_token(next).as_deref(), Some("a=b"), "{next}");
        }
        assert_eq!(page_token("https://iam.cloud.ibm.com/v1/apikeys"), None);
    }

    #[test]
    fn the_next_page_is_known_before_the_keys_are_read() {
        for (page, next) in [
            (r#"{"offset":0,"first":"f","next":"n","apikeys":[{"#, Some("n")),
            (r#"{"context":{"next":"wrong"},"next":"n\u002f","apikeys":["#, Some("n/")),
            (r#"{"apikeys":[],"next":"n"}"#, None),
            (r#"{"next":null,"apikeys":[]}"#, None),
            (r#"{"next":1,"apikeys":[]}"#, None),
            (r#"{"offset":0,"apikeys":[]}"#, None),
            ("[]", None),
            ("{", None),
            ("", None),
        ] {
            assert_eq!(early_next(page.as_bytes()).as_deref(), next, "{page}");
        }
    }
}
