//! Listing keys and service IDs: one page is read while the next is fetched.

use std::collections::HashSet;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::RemoteKeys;
use super::call::{Call, Sent};
use super::wire::{KeyBody, ListBody, early_next};
use crate::http::seconds;
use crate::model::{self, ApiKey, GroupId, Identity, Timestamp};
use crate::systems::{Condition, Keys as _, Result, SystemError};

/// How many items a page has; the maximum of the service.
const PAGE: &str = "100";
/// The most pages of a listing; no account has more.
const MOST_PAGES: usize = 10_000;
/// The most items of a listing; no account has more.
const MOST_ITEMS: usize = 500_000;
/// The most bytes of a listing; 100,000 keys take some 60 MB.
const MOST_BYTES: usize = 256 << 20;
/// How many time-outs a listing may take, beside [`FOR_AN_ITEM`].
const TIMEOUTS: u32 = 4;
/// How much longer a listing may take for each item: five seconds for a full page.
const FOR_AN_ITEM: Duration = Duration::from_millis(50);
/// How many pages may wait to be read.
const WAITING: usize = 4;

/// Something that the service lists in pages.
pub(super) trait Listed: Sized + Send {
    /// It as a page has it.
    type Body<'a>: Deserialize<'a>;
    /// The segments of the path.
    const PATH: &'static [&'static str];
    /// What several are called.
    const NOUNS: &'static str;

    /// Reads it.
    fn read(body: &Self::Body<'_>, me: &Identity) -> Self;

    /// Returns the id.
    fn id(&self) -> &str;

    /// Returns when it was created.
    fn created_at(&self) -> Timestamp;
}

impl Listed for ApiKey {
    type Body<'a> = KeyBody<'a>;
    const PATH: &'static [&'static str] = &["v1", "apikeys"];
    const NOUNS: &'static str = "API keys";

    fn read(body: &KeyBody<'_>, me: &Identity) -> Self {
        body.key(me, None)
    }

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn created_at(&self) -> Timestamp {
        self.created_at
    }
}

/// What a listing has brought so far. It is limited, or a bad service could fill the memory.
struct Came {
    since: Instant,
    /// The pages of the group that is being read.
    tokens: HashSet<String>,
    pages: usize,
    bytes: usize,
    nouns: &'static str,
}

impl Came {
    /// Fails if there is more than an account can have.
    fn check(&self, items: usize) -> Result<()> {
        let words = if self.pages > MOST_PAGES {
            format!("The listing does not end after {MOST_PAGES} pages")
        } else if items > MOST_ITEMS {
            format!("The listing holds more than {MOST_ITEMS} {}", self.nouns)
        } else if self.bytes > MOST_BYTES {
            format!("The listing is larger than {} MiB", MOST_BYTES >> 20)
        } else {
            return Ok(());
        };
        Err(Condition::Unavailable(words).into())
    }

    /// Fails if too few items came in the time so far.
    fn check_pace(&self, items: usize, timeout: Duration) -> Result<()> {
        let took = self.since.elapsed();
        if took <= allowed(items, timeout) {
            return Ok(());
        }
        let nouns = self.nouns;
        let words = format!("The listing is too slow: {items} {nouns} came in {}", seconds(took));
        let hint = format!(
            "A listing may take four times IBMCLOUD_HTTP_TIMEOUT, and 5 s more for every 100 {nouns}."
        );
        Err(SystemError { hint: Some(hint), ..Condition::Unavailable(words).into() })
    }
}

/// Returns how long a listing of so many items may take.
fn allowed(items: usize, timeout: Duration) -> Duration {
    timeout.saturating_mul(TIMEOUTS) + FOR_AN_ITEM * u32::try_from(items).unwrap_or(u32::MAX)
}

/// A thread that reads pages in order. It ends at a page that it does not understand, and returns that.
struct Reader<'scope, T> {
    pages: SyncSender<Sent>,
    items: ScopedJoinHandle<'scope, std::result::Result<Vec<T>, Box<Sent>>>,
}

impl<'scope, T: Listed + 'scope> Reader<'scope, T> {
    fn start(
        scope: &'scope Scope<'scope, '_>,
        me: &'scope Identity,
        count: &'scope AtomicUsize,
    ) -> Self {
        let (pages, waiting) = sync_channel(WAITING);
        let items = scope.spawn(move || {
            let mut items = Vec::new();
            for sent in waiting {
                if read_page(&sent, me, &mut items, count).is_err() {
                    return Err(Box::new(sent));
                }
            }
            Ok(items)
        });
        Self { pages, items }
    }

    fn end(self) -> std::result::Result<Vec<T>, Box<Sent>> {
        drop(self.pages);
        self.items.join().unwrap_or_else(|panic| resume_unwind(panic))
    }
}

impl RemoteKeys {
    /// Lists the keys of a scope, oldest first.
    pub(super) fn list_keys(&self, whose: &model::Scope) -> Result<Vec<ApiKey>> {
        let mut keys = match whose {
            // An administrator lists the keys of all users so ("Get API keys for a given service or user").
            model::Scope::AllUsers => {
                self.list_pages(&[("scope", "account"), ("type", "user")], &[None])?
            }
            model::Scope::AllServiceIds => {
                let groups = self.groups_to_walk()?;
                self.list_pages(&[("scope", "account"), ("type", "serviceid")], &groups)?
            }
            model::Scope::Of(owner) => self.list_pages(&[("iam_id", &*owner.0)], &[None])?,
        };
        // A key of somebody else must not be taken for one that is meant, whatever the service answers.
        keys.retain(|key: &ApiKey| whose.holds(key.iam_id.as_bytes()));
        Ok(keys)
    }

    /// Lists what fits a query in these groups of service IDs, oldest first; `None` is the default group.
    pub(super) fn list_pages<T: Listed>(
        &self,
        query: &[(&str, &str)],
        groups: &[Option<GroupId>],
    ) -> Result<Vec<T>> {
        let me = self.identity()?;
        let mut came = Came {
            since: Instant::now(),
            tokens: HashSet::new(),
            pages: 0,
            bytes: 0,
            nouns: T::NOUNS,
        };
        let count = AtomicUsize::new(0);
        let mut items: Vec<T> = Vec::new();
        for group in groups {
            came.check_pace(items.len(), self.transport.settings.timeout())?;
            came.tokens.clear();
            let mut query = query.to_vec();
            query.extend(group.as_ref().map(|group| ("group_id", group.as_str())));
            items.append(&mut self.list_group(&query, &me, &mut came, &count)?);
        }
        if groups.len() > 1 {
            // The default group may be one of those that the service lists.
            let mut seen = HashSet::new();
            items.retain(|item| seen.insert(item.id().to_owned()));
        }
        items.sort_by_key(T::created_at);
        Ok(items)
    }

    fn list_group<T: Listed>(
        &self,
        which: &[(&str, &str)],
        me: &Identity,
        came: &mut Came,
        count: &AtomicUsize,
    ) -> Result<Vec<T>> {
        let timeout = self.transport.settings.timeout();
        thread::scope(|scope| {
            let mut reader: Option<Reader<'_, T>> = None;
            let mut behind = Vec::new();
            let mut page: Option<String> = None;
            loop {
                let mut query = vec![("account_id", &*me.account_id)];
                query.extend(which);
                query.push(("pagesize", PAGE));
                query.extend(page.as_deref().map(|page| ("pagetoken", page)));
                let call = Call::get(T::PATH, &query);
                let sent = self.fetch(&call)?;
                came.pages += 1;
                came.bytes += sent.reply.body.len();
                let early = early_next(&sent.reply.body).and_then(|next| page_token(&next));
                let next = if early.is_some() {
                    let reader = reader.get_or_insert_with(|| Reader::start(scope, me, count));
                    // The reader ended at an earlier page, and returns it below.
                    if reader.pages.send(sent).is_err() { None } else { early }
                } else {
                    read_page(&sent, me, &mut behind, count)
                        .map_err(|Unreadable| self.unreadable(&call, &sent))?
                };
                came.check(count.load(Ordering::Relaxed))?;
                self.came.store(count.load(Ordering::Relaxed), Ordering::Relaxed);
                let Some(next) = next else {
                    let read = reader.map_or_else(|| Ok(Vec::new()), Reader::end);
                    let mut items = read.map_err(|sent| self.unreadable(&call, &sent))?;
                    // Now the pages that waited are counted too.
                    came.check(count.load(Ordering::Relaxed))?;
                    items.append(&mut behind);
                    return Ok(items);
                };
                came.check_pace(count.load(Ordering::Relaxed), timeout)?;
                if !came.tokens.insert(next.clone()) {
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

/// Reads a page. Returns the token of the next; `None` at the last.
fn read_page<T: Listed>(
    sent: &Sent,
    me: &Identity,
    items: &mut Vec<T>,
    count: &AtomicUsize,
) -> std::result::Result<Option<String>, Unreadable> {
    let body: ListBody<T::Body<'_>> =
        serde_json::from_slice(&sent.reply.body).map_err(|_| Unreadable)?;
    let before = count.fetch_add(body.items.len(), Ordering::Relaxed);
    // The listing will fail; keep no more.
    let room = MOST_ITEMS.saturating_sub(before);
    items.extend(body.items.iter().take(room).map(|item| T::read(item, me)));
    match body.next.filter(|next| !next.is_empty()) {
        None => Ok(None),
        Some(next) => page_token(&next).map(Some).ok_or(Unreadable),
    }
}

/// Returns the page token in the URL of the next page. The URL is not followed: it is absolute, and the access token
/// must not be sent to another host.
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
