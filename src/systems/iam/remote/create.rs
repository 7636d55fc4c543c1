//! Making a key over a network that loses answers, without ever making two.
//!
//! A create is not sent again blindly. Where it is not known what became of it the key is sought by its value, which
//! is unique: found, it was made; not found, the same value may be sent again without making a second key.

use reqwest::Method;

use super::wire::{KeyBody, NewBody};
use super::{Call, Document, Header, Lost, RemoteBackend, Sent, errors, in_doubt_for};
use crate::http::Budget;
use crate::model::{ApiKey, CreatedApiKey, Identity, NewApiKey, NewValue};
use crate::secret::Secret;
use crate::systems::{Backend as _, BackendError, Condition, Note};

/// What one attempt has shown.
enum Attempt {
    Made(CreatedApiKey),
    /// Not made, and no attempt will be.
    Refused(BackendError),
    /// Not made for now.
    NotNow(BackendError),
    /// Perhaps made.
    InDoubt(BackendError),
}

impl RemoteBackend {
    pub(super) fn create(
        &self,
        new: &NewApiKey,
        value: &NewValue<'_>,
        note: &mut Note<'_>,
    ) -> Result<CreatedApiKey, BackendError> {
        let me = self.token()?.identity.clone();
        let value = match value {
            NewValue::Chosen(value) => Some(*value),
            NewValue::ServiceChooses => None,
        };
        let iam_id = Self::owner(&new.owner, &me)?;
        let body = NewBody::of(new, &me, iam_id, value.map(Secret::expose));
        let mut call = Call::new(Method::POST, &["v1", "apikeys"]);
        for (name, on) in [("Entity-Lock", new.locked), ("Entity-Disable", new.disabled)] {
            if on {
                call.headers.push((name, Header::Plain("true")));
            }
        }
        call.body = Some(Document::of(&body, value));
        let mut budget = Budget::new(&self.transport.settings);
        // What the attempts so far have come to, and whether one of them may have made the key.
        let mut standing: Option<(BackendError, bool)> = None;
        loop {
            if !note(in_doubt_for(&self.transport.settings)) {
                let unnoted = Condition::Unavailable("The attempt could not be noted".to_owned());
                return Err(standing.map_or_else(|| unnoted.into(), |(error, _)| error));
            }
            let sent = self.send_once(&call);
            let asked = sent.as_ref().ok().and_then(|sent| self.transport.retry_after(&sent.reply));
            let (error, in_doubt) = match (self.judge(&call, sent, value), standing) {
                (Attempt::Made(created), _) => {
                    self.learn_new(&created.key, &me);
                    return Ok(created);
                }
                // Doubt stays, whatever later attempts come to.
                (_, Some((earlier, true))) => (earlier, true),
                (Attempt::Refused(error), _) => return Err(error),
                (Attempt::NotNow(error), _) => (error, false),
                (Attempt::InDoubt(error), _) => (error, true),
            };
            if in_doubt {
                // Without the value there is nothing to look for, and another attempt could make another key.
                let Some(value) = value else { return Err(error) };
                if let Ok(key) = self.api_key_by_value(value) {
                    self.learn_new(&key, &me);
                    return Ok(CreatedApiKey { key, value: None });
                }
            }
            if !budget.pause(asked) {
                return Err(error);
            }
            standing = Some((error, in_doubt));
        }
    }

    /// Notes a new key, where it is one's own.
    fn learn_new(&self, key: &ApiKey, me: &Identity) {
        if key.iam_id == me.iam_id && key.account_id == me.account_id {
            self.learn(|learned| learned.made(key));
        }
    }

    fn judge(&self, call: &Call<'_>, sent: Result<Sent, Lost>, value: Option<&Secret>) -> Attempt {
        let sent = match sent {
            Ok(sent) => sent,
            Err(Lost::NoToken(error)) => return Attempt::Refused(error),
            Err(Lost::OnTheWay(failure)) if failure.sent => {
                return Attempt::InDoubt(errors::in_doubt(failure));
            }
            Err(Lost::OnTheWay(failure)) if failure.lasting => {
                return Attempt::Refused(errors::no_answer(failure));
            }
            Err(Lost::OnTheWay(failure)) => return Attempt::NotNow(errors::no_answer(failure)),
        };
        match (sent.reply.status, value) {
            (200..=299, _) => created(&sent, value).map_or_else(
                || Attempt::InDoubt(errors::unknown(self.unreadable(call, &sent))),
                Attempt::Made,
            ),
            // As a rule nothing was made, and the service can be asked.
            (429, Some(value)) => match self.api_key_by_value(value) {
                Ok(key) => Attempt::Made(CreatedApiKey { key, value: None }),
                Err(error) if error.condition == Condition::NotFound => {
                    Attempt::NotNow(self.refused(call, &sent))
                }
                Err(_) => Attempt::InDoubt(errors::unknown(self.refused(call, &sent))),
            },
            // 408 comes from a gateway that gave up waiting; 409 may mean that the key is there already.
            // A redirect that would send the request itself elsewhere says that it was not carried out here.
            (301 | 302 | 307 | 308 | 400..=407 | 410..=428 | 430..=499, _) => {
                Attempt::Refused(self.refused(call, &sent))
            }
            _ => Attempt::InDoubt(errors::unknown(self.refused(call, &sent))),
        }
    }
}

/// Reads the answer to a create. Whatever was asked for, the value in it is the one that opens the key.
fn created(sent: &Sent, chosen: Option<&Secret>) -> Option<CreatedApiKey> {
    let mut body: KeyBody<'_> = serde_json::from_slice(&sent.reply.body).ok()?;
    let told = body.apikey.take().map(Secret::new).filter(|value| {
        // Anything else would not be read back from where it is written to.
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
