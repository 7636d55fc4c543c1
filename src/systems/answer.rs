//! What a service's answer over HTTP means, as far as it means the same for every system.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::error::{Condition, ServiceAnswer, SystemError};
use super::keys::Result;
use crate::http::{Failure, Reply, Request, Transport};

/// The most characters of a text of the service that are repeated.
const MOST: usize = 2_000;

/// Reads the code, the message and the transaction id of an error, without any secret. Absent fields are left out.
///
/// Understands the error of an IBM Cloud API (`errors`, `trace`), that of the token endpoint (`errorCode`, `errorMessage`,
/// `context`), that of classic infrastructure (`error`, `code`), and those of the platform (`_messageCode_`, `message`,
/// `exception`).
pub(super) fn read(reply: &Reply, transport: &Transport) -> ServiceAnswer {
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let item = &body["errors"][0];
    let context = &body["context"];
    let tidy = |text: &str| tidy(text, transport);
    // The first that is there.
    let text = |candidates: &[&Value]| {
        let mut found = candidates.iter().filter_map(|value| value.as_str()).map(str::trim);
        found.find(|text| !text.is_empty()).map(tidy)
    };
    let in_header = || {
        let mut names = ["transaction-id", "x-correlation-id"].iter();
        names.find_map(|name| reply.header(name)).map(tidy)
    };
    let trace = text(&[&body["trace"], &context["requestId"], &context["transaction_id"]]);
    let codes = [
        &item["message_code"],
        &item["code"],
        &body["errorCode"],
        &body["code"],
        &body["_messageCode_"],
    ];
    let messages = [
        &item["message"],
        &body["errorMessage"],
        &body["message"],
        &body["exception"],
        &body["error"],
    ];
    ServiceAnswer {
        code: text(&codes),
        message: text(&messages),
        status: Some(reply.status),
        trace: trace.or_else(in_header),
    }
}

/// Returns a text of the service as one line of a limited length, without any secret.
fn tidy(text: &str, transport: &Transport) -> String {
    let lines: Vec<&str> = text.split(['\r', '\n']).filter(|line| !line.is_empty()).collect();
    transport.known.blot(&lines.join(" ")).chars().take(MOST).collect()
}

/// Returns the body of an answer as it is; `None` where it is empty.
pub(super) fn raw(reply: &Reply, transport: &Transport) -> Option<String> {
    let text = String::from_utf8_lossy(&reply.body);
    let text = tidy(text.trim(), transport);
    (!text.is_empty()).then_some(text)
}

/// Makes the error for a request that got no answer and changed nothing.
pub(super) fn no_answer(failure: Failure) -> SystemError {
    SystemError { hint: failure.hint, ..Condition::Unavailable(failure.words).into() }
}

/// Makes the error for a request that got no answer and may have changed something.
pub(super) fn in_doubt(failure: Failure) -> SystemError {
    if failure.sent {
        return Condition::OutcomeUnknown(failure.words).into();
    }
    no_answer(failure)
}

/// Turns an error into `OutcomeUnknown`: the request may have been carried out in spite of it.
pub(super) fn unknown(error: SystemError) -> SystemError {
    let words = match error.condition {
        Condition::Unavailable(words) | Condition::Rejected(words) => words,
        _ => "The answer of the service is not clear".to_owned(),
    };
    SystemError { condition: Condition::OutcomeUnknown(words), hint: None, ..error }
}

/// Why a change is not known to be done.
pub(super) enum Unsettled {
    /// There is no answer.
    Lost(Failure),
    /// It was refused.
    Refused(SystemError),
    /// It was refused, and an attempt before may have been carried out.
    InDoubt(SystemError),
}

/// Settles a change that may be sent again.
///
/// If an attempt may have been carried out unseen, `look` reads the thing, and `done` tells whether it is as asked.
pub(super) fn settle<T>(
    sent: std::result::Result<(), Unsettled>,
    look: impl Fn() -> Result<T>,
    done: impl Fn(&Result<T>) -> bool,
) -> Result<()> {
    match sent {
        Ok(()) => Ok(()),
        Err(Unsettled::Lost(failure)) if failure.sent && done(&look()) => Ok(()),
        Err(Unsettled::Lost(failure)) => Err(in_doubt(failure)),
        Err(Unsettled::Refused(error)) => Err(error),
        Err(Unsettled::InDoubt(error)) => {
            let now = look();
            if done(&now) {
                return Ok(());
            }
            if now.is_err_and(|error| error.condition != Condition::NotFound) {
                return Err(unknown(error));
            }
            Err(error)
        }
    }
}

/// Logs in with a key that was just made, again and again for so long: a service may not know it yet.
pub(super) fn log_in_within<T>(patience: Duration, log_in: impl Fn() -> Result<T>) -> Result<T> {
    let start = Instant::now();
    let mut pause = Duration::from_millis(250);
    loop {
        let result = log_in();
        let is_refused =
            result.as_ref().is_err_and(|error| error.condition == Condition::Unauthorized);
        if !is_refused || start.elapsed() + pause >= patience {
            return result;
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_secs(4));
    }
}

/// Makes the error for an answer that means the same for every system.
pub(super) fn other(
    request: &Request<'_>,
    reply: &Reply,
    service: ServiceAnswer,
    transport: &Transport,
) -> SystemError {
    let host = request.to.authority();
    let status = reply.status;
    let asked = transport.retry_after(reply).filter(|asked| !asked.is_zero());
    let asked = asked.map(|asked| {
        format!("Nothing was changed; the service asks to wait {} s.", asked.as_secs())
    });
    let (condition, hint) = match status {
        300..400 => {
            let to = reply.header("location").and_then(|to| reqwest::Url::parse(to).ok());
            let to = to.as_ref().and_then(|to| to.host_str()).unwrap_or("another address");
            let words = format!("{host} redirects to {to}, and redirects are not followed");
            let hint = "Check the endpoint; a credential is sent to the configured endpoint only.";
            (Condition::Unavailable(words), Some(hint.to_owned()))
        }
        404 => {
            let words = format!("{host} does not know the address of the request (404)");
            (Condition::Unavailable(words), Some("Check the endpoint.".to_owned()))
        }
        429 => (Condition::Unavailable(format!("{host} gets too many requests (429)")), asked),
        408 | 500.. => {
            let words = format!("{host} cannot serve the request now ({status})");
            (Condition::Unavailable(words), asked)
        }
        _ => (Condition::Rejected(format!("{host} refuses the request ({status})")), None),
    };
    SystemError { service: Some(Box::new(service)), hint, ..condition.into() }
}

/// Makes the error for an answer of success that cannot be read.
pub(super) fn unreadable(request: &Request<'_>) -> SystemError {
    let host = request.to.authority();
    Condition::Unavailable(format!("{host} gave an answer that is not understood")).into()
}
