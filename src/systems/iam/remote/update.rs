//! Updates: sent again only while the thing is as it was read.

use reqwest::Method;
use serde::Serialize;

use super::RemoteKeys;
use super::call::{Call, Document, Header, Lost, Sent};
use super::wire::changes_body;
use crate::http::Budget;
use crate::model::{ApiKey, ApiKeyChanges, ApiKeyId, Detail, EntityTag};
use crate::systems::{Condition, Editing, Result, answer};

impl Editing for RemoteKeys {
    fn update(&self, id: &ApiKeyId, seen: &EntityTag, changes: &ApiKeyChanges) -> Result<ApiKey> {
        let key = self.put(
            &["v1", "apikeys", Self::in_path(id)?],
            seen,
            &changes_body(changes),
            |sent| sent.key(Detail::default()).map(|details| details.key),
            || self.key(id),
            |key| (&key.entity_tag, changes.already_in(key)),
        )?;
        expiry_removed(key, changes)
    }
}

impl RemoteKeys {
    /// Changes something that still is at version `seen`. `read` reads it from an answer, `look` asks for it as it is now,
    /// and `judge` returns its version and whether it is as the changes would leave it.
    pub(super) fn put<T>(
        &self,
        segments: &[&str],
        seen: &EntityTag,
        body: &impl Serialize,
        read: impl Fn(&Sent) -> Option<T>,
        look: impl Fn() -> Result<T>,
        judge: impl Fn(&T) -> (&EntityTag, bool),
    ) -> Result<T> {
        let mut call = Call::new(Method::PUT, segments);
        call.headers.push(("If-Match", Header::Plain(seen.as_str())));
        call.body = Some(Document::of(body, None));
        let mut budget = Budget::new(&self.transport.settings);
        loop {
            let sent = self.send_once(&call);
            let mut asked = None;
            let (error, in_doubt, again) = match sent {
                Ok(sent) if sent.reply.is_success() => match read(&sent) {
                    Some(changed) => return Ok(changed),
                    None => (self.unreadable(&call, &sent), true, true),
                },
                Ok(sent) => {
                    let reply = &sent.reply;
                    let error = self.refused(&call, &sent);
                    if !reply.is_trouble() && !reply.may_pass() {
                        return Err(error);
                    }
                    asked = self.transport.retry_after(reply);
                    (error, sent.in_doubt, reply.may_pass())
                }
                Err(Lost::OnTheWay(failure)) => {
                    let again = !failure.lasting;
                    (answer::in_doubt(failure), false, again)
                }
                Err(lost) => return Err(lost.into()),
            };
            // Sent again only if it still is at the version that was read.
            let now = look();
            let is_seen = now.is_ok();
            if let Ok(now) = now {
                let (version, is_as_asked) = judge(&now);
                if is_as_asked {
                    return Ok(now);
                }
                if version != seen {
                    return Err(Condition::Conflict.into());
                }
            }
            if !again || !budget.pause(asked) {
                return Err(if in_doubt && !is_seen { answer::unknown(error) } else { error });
            }
        }
    }
}

/// Fails if the expiry should be gone and is not: how to remove one is not documented.
fn expiry_removed(key: ApiKey, changes: &ApiKeyChanges) -> Result<ApiKey> {
    if changes.expires_at == Some(None) && key.expires_at.is_some() {
        let words = "The service keeps the expiry of the API key";
        return Err(Condition::Rejected(words.to_owned()).into());
    }
    Ok(key)
}
