//! What requests bring along: bodies, headers, IAM ids.

use hyper::HeaderMap;
use hyper::header::IF_MATCH;
use serde::Deserialize;

use crate::emulator::{response::Refusal, response::Response, routes::Request, service::Emulator};
use crate::model::{EntityTag, LeakAction, Owner, ServiceUuid, Timestamp};
use crate::secret::Secret;
use crate::systems::{Condition, SystemError};

/// How many characters a value chosen by the client must have.
const SHORTEST_VALUE: usize = 32;

impl Emulator {
    /// Takes the value that a client chose for a key.
    pub(super) fn chosen(&self, value: Option<String>) -> Result<Option<Secret>, Refusal> {
        let value = value.map(Secret::new);
        if value.as_ref().is_some_and(|value| value.expose().chars().count() < SHORTEST_VALUE) {
            let words = format!("Property 'apikey' must have {SHORTEST_VALUE} characters or more.");
            return Err(Refusal::invalid(words));
        }
        if value.as_ref().is_some_and(|value| self.bootstrap.opens_with(value)) {
            return Err(Refusal::of(Condition::DuplicateValue.into(), ""));
        }
        Ok(value)
    }
}

/// Reads the body. An error names only the position, because the text there may be a value.
pub(super) fn read<'a, T: Deserialize<'a>>(request: &'a Request) -> Result<T, Refusal> {
    serde_json::from_slice(&request.body).map_err(|error| {
        Refusal::invalid("The request body is no JSON object of the expected form")
            .details(format!("Line {}, column {}", error.line(), error.column()))
    })
}

/// Takes a property that must be there.
pub(super) fn given(property: &str, text: Option<String>) -> Result<String, Refusal> {
    text.filter(|text| !text.is_empty()).ok_or_else(|| Refusal::missing(property))
}

/// Takes a property that may be absent, but not empty.
pub(super) fn if_given(property: &str, text: Option<String>) -> Result<Option<String>, Refusal> {
    text.map(|text| given(property, Some(text))).transpose()
}

/// Reads `If-Match`; `None` for any version.
pub(super) fn seen(request: &Request) -> Result<Option<EntityTag>, Refusal> {
    let tag = request.headers.get(IF_MATCH).and_then(|tag| tag.to_str().ok());
    let tag = tag.map(|tag| tag.trim().trim_matches('"')).filter(|tag| !tag.is_empty());
    let tag = tag.ok_or_else(|| Refusal::missing("If-Match"))?;
    Ok((tag != "*").then(|| EntityTag::new(tag)))
}

pub(super) fn flag(headers: &HeaderMap, name: &str) -> Result<bool, Refusal> {
    let Some(value) = headers.get(name) else { return Ok(false) };
    match value.to_str().unwrap_or_default().to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" | "" => Ok(false),
        _ => Err(Refusal::not_one_of(name, "true, false")),
    }
}

pub(super) fn leak_action(word: Option<&str>) -> Result<Option<LeakAction>, Refusal> {
    match word {
        None => Ok(None),
        Some("none") => Ok(Some(LeakAction::None)),
        Some("disable") => Ok(Some(LeakAction::Disable)),
        Some("delete") => Ok(Some(LeakAction::Delete)),
        Some(_) => Err(Refusal::not_one_of("action_when_leaked", "none, disable, delete")),
    }
}

/// Reads an expiry; empty means never.
pub(super) fn time(text: Option<&str>) -> Result<Option<Timestamp>, Refusal> {
    let text = text.filter(|text| !text.is_empty());
    text.map(Timestamp::parse).transpose().map_err(|_| {
        Refusal::invalid("Property 'expires_at' is no time of the form '2027-05-01T12:34+0000'")
    })
}

/// Reads an IAM id. That of a service ID may lack what stands before its own id.
pub(super) fn owner(iam_id: &str) -> Owner {
    let id = ServiceUuid::new(iam_id);
    if id.is_usual() { Owner::service(&id) } else { Owner(iam_id.into()) }
}

/// Answers a request that changes what `kind` and `id` name, and returns nothing.
pub(super) fn done(
    result: Result<(), SystemError>,
    kind: &str,
    id: &str,
) -> Result<Response, Refusal> {
    match result {
        Ok(()) => Ok(Response::empty(204)),
        Err(error) if error.condition == Condition::Conflict => Err(Refusal::already_so()),
        Err(error) => Err(Refusal::about(kind, id, error)),
    }
}

/// Answers a request to delete what `kind` and `id` name.
pub(super) fn deleted(
    result: Result<(), SystemError>,
    kind: &str,
    id: &str,
) -> Result<Response, Refusal> {
    result.map_err(|error| match error.condition {
        Condition::Locked => Refusal::not_deletable(kind, id),
        Condition::Conflict => {
            let refusal = Refusal::not_deletable(kind, id);
            match error.hint {
                Some(why) => refusal.details(why),
                None => refusal,
            }
        }
        _ => Refusal::about(kind, id, error),
    })?;
    Ok(Response::empty(204))
}
