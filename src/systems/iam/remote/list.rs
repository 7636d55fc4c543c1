//! Listing: page after page, each read while the next is on its way.

use std::collections::HashSet;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};

use super::wire::{ListBody, early_next};
use super::{Call, RemoteBackend, Sent};
use crate::http::seconds;
use crate::model::{ApiKey, Identity, Owner};
use crate::systems::{Backend as _, BackendError, Condition};

/// Keys in a page; the service's own maximum.
const PAGE: &str = "100";
/// More pages than any account can fill.
const MOST_PAGES: usize = 10_000;
/// More keys than any account has.
const MOST_KEYS: usize = 500_000;
/// More bytes than the pages of any account take together: 100,000 keys take some 60 MB.
const MOST_BYTES: usize = 256 << 20;
/// For how many time-outs a listing may go on, beside what its keys give it.
const TIMEOUTS: u32 = 4;
/// How much longer a listing may take for each key that came: five seconds for a full page.
const FOR_A_KEY: Duration = Duration::from_millis(50);
/// Pages that may wait to be read.
const WAITING: usize = 4;

/// What has come of a listing so far. A service that is not honest could go on for ever, or fill the memory.
struct Came {
    since: Instant,
    pages: HashSet<String>,
    bytes: usize,
}

impl Came {
    /// Fails where that is more than any account can bring.
    fn check(&self, keys: usize) -> Result<(), BackendError> {
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

    /// Fails where too few keys have come for the time that it took, and there are to be more.
    fn check_pace(&self, keys: usize, timeout: Duration) -> Result<(), BackendError> {
        let took = self.since.elapsed();
        if took <= allowed(keys, timeout) {
            return Ok(());
        }
        let words = format!("The listing is too slow: {keys} API keys came in {}", seconds(took));
        let hint = "A listing may take four times IBMCLOUD_HTTP_TIMEOUT, and 5 s more for every 100 API keys.";
        Err(BackendError { hint: Some(hint.to_owned()), ..Condition::Unavailable(words).into() })
    }
}

/// Returns how long a listing may take that has brought so many keys.
fn allowed(keys: usize, timeout: Duration) -> Duration {
    timeout.saturating_mul(TIMEOUTS) + FOR_A_KEY * u32::try_from(keys).unwrap_or(u32::MAX)
}

/// A thread that reads pages in the order in which they come, and gives back one that it does not understand.
struct Reader<'scope> {
    pages: SyncSender<Sent>,
    keys: ScopedJoinHandle<'scope, Result<Vec<ApiKey>, Box<Sent>>>,
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

    fn end(self) -> Result<Vec<ApiKey>, Box<Sent>> {
        drop(self.pages);
        self.keys.join().unwrap_or_else(|panic| resume_unwind(panic))
    }
}

impl RemoteBackend {
    pub(super) fn list(&self, owner: &Owner) -> Result<Vec<ApiKey>, BackendError> {
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
                match owner {
                    // As an administrator asks (`api/iam_identity.md` §2); an IAM id would have to be one's own.
                    Owner::AllUsers => query.extend([("scope", "account"), ("type", "user")]),
                    one => query.push(("iam_id", Self::owner(one, &me)?)),
                }
                query.push(("pagesize", PAGE));
                query.extend(page.as_deref().map(|page| ("pagetoken", page)));
                let call = Call::get(&["v1", "apikeys"], &query);
                let sent = self.get(&call)?;
                came.bytes += sent.reply.body.len();
                let early = early_next(&sent.reply.body).and_then(|next| page_token(&next));
                let next = if early.is_some() {
                    let reader = reader.get_or_insert_with(|| Reader::start(scope, &me, &count));
                    // Refused only where a page was not understood, which its end tells.
                    if reader.pages.send(sent).is_err() { None } else { early }
                } else {
                    read_page(&sent, &me, &mut behind, &count)
                        .map_err(|Unreadable| self.unreadable(&call, &sent))?
                };
                came.check(count.load(Ordering::Relaxed))?;
                let Some(next) = next else {
                    let read = reader.map_or_else(|| Ok(Vec::new()), Reader::end);
                    let mut keys = read.map_err(|sent| self.unreadable(&call, &sent))?;
                    // What waited to be read is counted by now.
                    came.check(count.load(Ordering::Relaxed))?;
                    keys.append(&mut behind);
                    keys.sort_by_key(|key| key.created_at);
                    if *owner == Owner::Myself {
                        self.learn(|learned| learned.all(&keys));
                    }
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

/// Reads a page and returns the token of the next, if there is one.
fn read_page(
    sent: &Sent,
    me: &Identity,
    keys: &mut Vec<ApiKey>,
    count: &AtomicUsize,
) -> Result<Option<String>, Unreadable> {
    let body: ListBody<'_> = serde_json::from_slice(&sent.reply.body).map_err(|_| Unreadable)?;
    let before = count.fetch_add(body.apikeys.len(), Ordering::Relaxed);
    // The rest is not kept: the listing fails for it.
    let room = MOST_KEYS.saturating_sub(before);
    keys.extend(body.apikeys.iter().take(room).map(|key| key.key(me, None)));
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
