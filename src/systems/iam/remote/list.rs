//! Listing: one page is read while the next is fetched.

use std::collections::HashSet;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};

use super::RemoteKeys;
use super::call::{Call, Sent};
use super::wire::{ListBody, early_next};
use crate::http::seconds;
use crate::model::{self, ApiKey, Identity};
use crate::systems::{Condition, Keys as _, Result, SystemError};

/// How many keys a page has; the maximum of the service.
const PAGE: &str = "100";
/// The most pages of a listing; no account has more.
const MOST_PAGES: usize = 10_000;
/// The most keys of a listing; no account has more.
const MOST_KEYS: usize = 500_000;
/// The most bytes of a listing; 100,000 keys take some 60 MB.
const MOST_BYTES: usize = 256 << 20;
/// How many time-outs a listing may take, beside [`FOR_A_KEY`].
const TIMEOUTS: u32 = 4;
/// How much longer a listing may take for each key: five seconds for a full page.
const FOR_A_KEY: Duration = Duration::from_millis(50);
/// How many pages may wait to be read.
const WAITING: usize = 4;

/// What a listing has brought so far. It is limited, or a bad service could fill the memory.
struct Came {
    since: Instant,
    pages: HashSet<String>,
    bytes: usize,
}

impl Came {
    /// Fails if there is more than an account can have.
    fn check(&self, keys: usize) -> Result<()> {
        let words = if self.pages.len() > MOST_PAGES {
            format!("The listing does not end after {MOST_PAGES} pages")
        } else if keys > MOST_KEYS {
            format!("The listing holds more than {MOST_KEYS} API keys")
        } else if self.bytes > MOST_BYTES {
            format!("The listing is larger than {} MiB", MOST_BYTES >> 20)
        } else {
            return Ok(());
        };
        Err(Condition::Unavailable(words).into())
    }

    /// Fails if too few keys came in the time so far.
    fn check_pace(&self, keys: usize, timeout: Duration) -> Result<()> {
        let took = self.since.elapsed();
        if took <= allowed(keys, timeout) {
            return Ok(());
        }
        let words = format!("The listing is too slow: {keys} API keys came in {}", seconds(took));
        let hint = "A listing may take four times IBMCLOUD_HTTP_TIMEOUT, and 5 s more for every 100 API keys.";
        Err(SystemError { hint: Some(hint.to_owned()), ..Condition::Unavailable(words).into() })
    }
}

/// Returns how long a listing of so many keys may take.
fn allowed(keys: usize, timeout: Duration) -> Duration {
    timeout.saturating_mul(TIMEOUTS) + FOR_A_KEY * u32::try_from(keys).unwrap_or(u32::MAX)
}

/// A thread that reads pages in order. It ends at a page that it does not understand, and returns that.
struct Reader<'scope> {
    pages: SyncSender<Sent>,
    keys: ScopedJoinHandle<'scope, std::result::Result<Vec<ApiKey>, Box<Sent>>>,
}

impl<'scope> Reader<'scope> {
    fn start(
        scope: &'scope Scope<'scope, '_>,
        me: &'scope Identity,
        count: &'scope AtomicUsize,
    ) -> Self {
        let (pages, waiting) = sync_channel(WAITING);
        let keys = scope.spawn(move || {
            let mut keys = Vec::new();
            for sent in waiting {
                if read_page(&sent, me, &mut keys, count).is_err() {
                    return Err(Box::new(sent));
                }
            }
            Ok(keys)
        });
        Self { pages, keys }
    }

    fn end(self) -> std::result::Result<Vec<ApiKey>, Box<Sent>> {
        drop(self.pages);
        self.keys.join().unwrap_or_else(|panic| resume_unwind(panic))
    }
}

impl RemoteKeys {
    pub(super) fn list_pages(&self, whose: &model::Scope) -> Result<Vec<ApiKey>> {
        let me = self.identity()?;
        let timeout = self.transport.settings.timeout();
        let count = AtomicUsize::new(0);
        let mut came = Came { since: Instant::now(), pages: HashSet::new(), bytes: 0 };
        thread::scope(|scope| {
            let mut reader: Option<Reader<'_>> = None;
            let mut behind = Vec::new();
            let mut page: Option<String> = None;
            loop {
                let mut query = vec![("account_id", &*me.account_id)];
                match whose {
                    // An administrator lists the keys of all users so ("Get API keys for a given service or user").
                    model::Scope::AllUsers => {
                        query.extend([("scope", "account"), ("type", "user")]);
                    }
                    model::Scope::AllServiceIds => {
                        query.extend([("scope", "account"), ("type", "serviceid")]);
                    }
                    model::Scope::Of(owner) => query.push(("iam_id", &*owner.0)),
                }
                query.push(("pagesize", PAGE));
                query.extend(page.as_deref().map(|page| ("pagetoken", page)));
                let call = Call::get(&["v1", "apikeys"], &query);
                let sent = self.fetch(&call)?;
                came.bytes += sent.reply.body.len();
                let early = early_next(&sent.reply.body).and_then(|next| page_token(&next));
                let next = if early.is_some() {
                    let reader = reader.get_or_insert_with(|| Reader::start(scope, &me, &count));
                    // The reader ended at an earlier page, and returns it below.
                    if reader.pages.send(sent).is_err() { None } else { early }
                } else {
                    read_page(&sent, &me, &mut behind, &count)
                        .map_err(|Unreadable| self.unreadable(&call, &sent))?
                };
                came.check(count.load(Ordering::Relaxed))?;
                let Some(next) = next else {
                    let read = reader.map_or_else(|| Ok(Vec::new()), Reader::end);
                    let mut keys = read.map_err(|sent| self.unreadable(&call, &sent))?;
                    // Now the pages that waited are counted too.
                    came.check(count.load(Ordering::Relaxed))?;
                    keys.append(&mut behind);
                    keys.sort_by_key(|key| key.created_at);
                    return Ok(keys);
                };
                came.check_pace(count.load(Ordering::Relaxed), timeout)?;
                if !came.pages.insert(next.clone()) {
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
fn read_page(
    sent: &Sent,
    me: &Identity,
    keys: &mut Vec<ApiKey>,
    count: &AtomicUsize,
) -> std::result::Result<Option<String>, Unreadable> {
    let body: ListBody<'_> = serde_json::from_slice(&sent.reply.body).map_err(|_| Unreadable)?;
    let before = count.fetch_add(body.apikeys.len(), Ordering::Relaxed);
    // The listing will fail; keep no more keys.
    let room = MOST_KEYS.saturating_sub(before);
    keys.extend(body.apikeys.iter().take(room).map(|key| key.key(me, None)));
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
