//! Sending calls: with a token, and again where that is safe.

use super::call::{Call, Header, Lost, Sent};
use super::credential::Token;
use super::{RemoteKeys, errors};
use crate::http::{Body, Reply, Request, Text};
use crate::systems::answer::{self, Unsettled};
use crate::systems::{Condition, Keys as _, Note, SystemError};

impl RemoteKeys {
    fn request<'r>(&'r self, call: &'r Call<'_>, token: &'r Token) -> Request<'r> {
        let to = &self.settings.endpoint;
        let mut request = Request::new(call.method.clone(), to, call.segments, call.query);
        request.headers.push(("Authorization", Text::Authorization("Bearer", &token.value)));
        for (name, header) in &call.headers {
            let text = match header {
                Header::Plain(text) => Text::plain(*text),
                Header::Secret(secret) => Text::Secret(secret),
            };
            request.headers.push((name, text));
        }
        if let Some(document) = &call.body {
            request.body = Body::Json(&document.json, document.secret);
        }
        request
    }

    /// Sends a call with a token. If a token of an earlier command is refused, sends it again with a new one.
    fn with_token(
        &self,
        call: &Call<'_>,
        mut send: impl FnMut(&Request<'_>) -> Result<(Reply, bool), Lost>,
    ) -> Result<Sent, Lost> {
        let mut token = self.token().map_err(Lost::NotSent)?;
        loop {
            let (reply, in_doubt) = send(&self.request(call, &token))?;
            if reply.status == 401
                && let Some(renewed) =
                    self.tokens.renewed(&token, &self.transport).map_err(Lost::NotSent)?
            {
                token = renewed;
                continue;
            }
            return Ok(Sent { reply, in_doubt, token });
        }
    }

    /// Sends a call that may be sent again.
    pub(super) fn send(&self, call: &Call<'_>) -> Result<Sent, Lost> {
        self.with_token(call, |request| self.transport.send(request).map_err(Lost::OnTheWay))
    }

    /// Sends a call once. The caller decides whether it may be sent again.
    pub(super) fn send_once(&self, call: &Call<'_>) -> Result<Sent, Lost> {
        self.send_noted(call, &mut |_| true)
    }

    /// Sends a call once, and again where a token had to be renewed. Each is noted before; else it is not sent.
    pub(super) fn send_noted(&self, call: &Call<'_>, note: &mut Note<'_>) -> Result<Sent, Lost> {
        let timeout = self.transport.settings.timeout();
        self.with_token(call, |request| {
            let reply = self.transport.in_turn(|| {
                if !note(self.doubt()) {
                    let words = "The attempt could not be noted".to_owned();
                    return Err(Lost::NotSent(Condition::Unavailable(words).into()));
                }
                self.transport.send_once(request, timeout).map_err(Lost::OnTheWay)
            })?;
            let in_doubt = reply.is_trouble();
            Ok((reply, in_doubt))
        })
    }

    /// Makes the error for an answer that is no success.
    pub(super) fn refused(&self, call: &Call<'_>, sent: &Sent) -> SystemError {
        errors::refused(&self.request(call, &sent.token), &sent.reply, &self.transport)
    }

    /// Makes the error for an answer of success that is not understood.
    pub(super) fn unreadable(&self, call: &Call<'_>, sent: &Sent) -> SystemError {
        answer::unreadable(&self.request(call, &sent.token))
    }

    /// Sends a call that only reads. Fails if the answer is no success.
    pub(super) fn fetch(&self, call: &Call<'_>) -> Result<Sent, SystemError> {
        let sent = self.send(call)?;
        if sent.reply.is_success() { Ok(sent) } else { Err(self.refused(call, &sent)) }
    }

    /// Sends a call that only reads, and reads the answer; `read` returns `None` for what it does not understand.
    pub(super) fn read<T>(
        &self,
        call: &Call<'_>,
        read: impl FnOnce(&Sent) -> Option<T>,
    ) -> Result<T, SystemError> {
        let sent = self.fetch(call)?;
        read(&sent).ok_or_else(|| self.unreadable(call, &sent))
    }

    /// Sends a call that changes something and may be sent again.
    ///
    /// If an attempt may have been carried out unseen, `look` reads the thing, and `done` tells whether it is as asked.
    pub(super) fn act<T>(
        &self,
        call: &Call<'_>,
        look: impl Fn() -> Result<T, SystemError>,
        done: impl Fn(&Result<T, SystemError>) -> bool,
    ) -> Result<(), SystemError> {
        let sent = match self.send(call) {
            Ok(sent) if sent.reply.is_success() => Ok(()),
            Ok(sent) if sent.in_doubt => Err(Unsettled::InDoubt(self.refused(call, &sent))),
            Ok(sent) => Err(Unsettled::Refused(self.refused(call, &sent))),
            Err(Lost::OnTheWay(failure)) => Err(Unsettled::Lost(failure)),
            Err(Lost::NotSent(error)) => Err(Unsettled::Refused(error)),
        };
        answer::settle(sent, look, done)
    }
}
