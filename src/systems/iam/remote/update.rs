//! Updates: sent again only while the key is as it was read.

use reqwest::Method;

use super::RemoteKeys;
use super::call::{Call, Document, Header, Lost};
use super::wire::changes_body;
use crate::http::Budget;
use crate::model::{ApiKey, ApiKeyChanges, ApiKeyId, Detail, EntityTag};
use crate::systems::{Condition, Editing, Keys as _, Result, answer};

impl Editing for RemoteKeys {
    fn update(&self, id: &ApiKeyId, seen: &EntityTag, changes: &ApiKeyChanges) -> Result<ApiKey> {
        let segments = ["v1", "apikeys", Self::in_path(id)?];
        let mut call = Call::new(Method::PUT, &segments);
        call.headers.push(("If-Match", Header::Plain(seen.as_str())));
        call.body = Some(Document::of(&changes_body(changes), None));
        let mut budget = Budget::new(&self.transport.settings);
        loop {
            let sent = self.send_once(&call);
            let mut asked = None;
            let (error, in_doubt, again) = match sent {
                Ok(sent) if sent.reply.is_success() => match sent.key(Detail::default()) {
                    Some(details) => return expiry_removed(details.key, changes),
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
            // Sent again only if the key still is at the version that was read.
            let now = self.get(id, Detail::default());
            let is_seen = now.is_ok();
            if let Ok(now) = now {
                if changes.already_in(&now.key) {
                    return Ok(now.key);
                }
                if now.key.entity_tag != *seen {
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
