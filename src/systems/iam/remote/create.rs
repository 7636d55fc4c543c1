//! Making one key over a network that loses answers.
//!
//! After a lost answer the key is looked up by its value, which is unique. If it is found, it was made. If not, the
//! same value may be sent again: that makes no second key.

use reqwest::Method;

use super::RemoteKeys;
use super::call::{Call, Document, Header, Lost, Sent};
use super::wire::{KeyBody, new_body};
use crate::http::Budget;
use crate::model::{CreatedApiKey, NewApiKey, NewValue};
use crate::secret::Secret;
use crate::systems::{Condition, LookUp as _, Note, SystemError, answer};

/// The outcome of one attempt.
enum Attempt {
    Made(CreatedApiKey),
    /// Not made. Another attempt would end the same.
    Refused(SystemError),
    /// Not made. Another attempt may succeed.
    NotNow(SystemError),
    /// Perhaps made.
    InDoubt(SystemError),
}

impl RemoteKeys {
    pub(super) fn make(
        &self,
        new: &NewApiKey,
        value: &NewValue<'_>,
        note: &mut Note<'_>,
    ) -> Result<CreatedApiKey, SystemError> {
        let me = self.token()?.identity.clone();
        let value = match value {
            NewValue::Chosen(value) => Some(*value),
            NewValue::ServiceChooses => None,
        };
        let body = new_body(new, &me, value.map(Secret::expose));
        let mut call = Call::new(Method::POST, &["v1", "apikeys"]);
        for (name, on) in [("Entity-Lock", new.locked), ("Entity-Disable", new.disabled)] {
            if on {
                call.headers.push((name, Header::Plain("true")));
            }
        }
        call.body = Some(Document::of(&body, value));
        let mut budget = Budget::new(&self.transport.settings);
        // The error of the attempts so far, and whether one of them may have made the key.
        let mut standing: Option<(SystemError, bool)> = None;
        loop {
            let sent = self.send_noted(&call, note);
            let asked = sent.as_ref().ok().and_then(|sent| self.transport.retry_after(&sent.reply));
            let has_too_many = sent.as_ref().is_ok_and(|sent| sent.reply.status == 429);
            let (error, in_doubt) = match (self.judge(&call, sent, value), standing) {
                (Attempt::Made(created), _) => return Ok(created),
                // A later failure does not remove the doubt.
                (_, Some((earlier, true))) => (earlier, true),
                (Attempt::Refused(error), _) => return Err(hinted(error, &me.iam_id)),
                (Attempt::NotNow(error), _) => (error, false),
                (Attempt::InDoubt(error), _) => (error, true),
            };
            if in_doubt {
                // Without a value there is no look-up, and another attempt could make a second key.
                let Some(value) = value else { return Err(error) };
                if let Ok(key) = self.by_value(value) {
                    return Ok(CreatedApiKey { key, value: None });
                }
            }
            let goes_on = if has_too_many {
                self.transport.pause_after_too_many(&mut budget, asked)
            } else {
                budget.pause(asked)
            };
            if !goes_on {
                return Err(error);
            }
            standing = Some((error, in_doubt));
        }
    }

    fn judge(&self, call: &Call<'_>, sent: Result<Sent, Lost>, value: Option<&Secret>) -> Attempt {
        let sent = match sent {
            Ok(sent) => sent,
            Err(Lost::NotSent(error)) => return Attempt::Refused(error),
            Err(Lost::OnTheWay(failure)) if failure.sent => {
                return Attempt::InDoubt(answer::in_doubt(failure));
            }
            Err(Lost::OnTheWay(failure)) if failure.lasting => {
                return Attempt::Refused(answer::no_answer(failure));
            }
            Err(Lost::OnTheWay(failure)) => return Attempt::NotNow(answer::no_answer(failure)),
        };
        match (sent.reply.status, value) {
            (200..=299, _) => created(&sent, value).map_or_else(
                || Attempt::InDoubt(answer::unknown(self.unreadable(call, &sent))),
                Attempt::Made,
            ),
            // Usually nothing was made; the look-up makes sure.
            (429, Some(value)) => match self.by_value(value) {
                Ok(key) => Attempt::Made(CreatedApiKey { key, value: None }),
                Err(error) if error.condition == Condition::NotFound => {
                    Attempt::NotNow(self.refused(call, &sent))
                }
                Err(_) => Attempt::InDoubt(answer::unknown(self.refused(call, &sent))),
            },
            // 408 may be a gateway's that gave up waiting, and 409 may mean that the key exists already. These redirects
            // would repeat the request elsewhere, so it was not carried out here.
            (301 | 302 | 307 | 308 | 400..=407 | 410..=428 | 430..=499, _) => {
                Attempt::Refused(self.refused(call, &sent))
            }
            _ => Attempt::InDoubt(answer::unknown(self.refused(call, &sent))),
        }
    }
}

/// Says what is needed where the service does not permit a create.
fn hinted(error: SystemError, iam_id: &str) -> SystemError {
    if error.condition != Condition::Forbidden {
        return error;
    }
    let hint = if iam_id.starts_with("iam-Profile-") {
        "A session of a trusted profile cannot create API keys for a user: log in as the user."
    } else {
        "The account may restrict the creation of API keys; then the role UserApiKeyCreator on the IAM Identity service is needed."
    };
    SystemError { hint: Some(hint.to_owned()), ..error }
}

/// Reads the answer to a create; `None` if it is not understood. The value in it counts, even if another was sent.
fn created(sent: &Sent, chosen: Option<&Secret>) -> Option<CreatedApiKey> {
    let mut body: KeyBody<'_> = serde_json::from_slice(&sent.reply.body).ok()?;
    let told = body.apikey.take().map(Secret::new).filter(|value| {
        // Another value could not be read back from the places it is written to.
        let text = value.expose();
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
    });
    let value = match (told, chosen) {
        (Some(told), Some(chosen)) if told.expose() == chosen.expose() => None,
        (None, None) => return None,
        (told, _) => told,
    };
    let key = body.key(&sent.token.identity, sent.reply.header("etag"));
    Some(CreatedApiKey { key, value })
}
