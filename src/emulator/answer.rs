//! Sends an answer with its headers, or spoils it on purpose.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use http_body_util::{Either, Full};
use hyper::body::{Body, Bytes, Frame};
use hyper::header::{CONTENT_LENGTH, HeaderValue, RETRY_AFTER};
use hyper::{HeaderMap, StatusCode};

use super::fault::Fate;
use super::response::{Origin, Refusal, Response};
use crate::secret;

/// Returns the error that closes the connection.
pub(super) fn dropped() -> io::Error {
    io::Error::other("dropped on purpose")
}

/// An answer that is sent in full, or cut off on purpose.
pub(super) type Whole = hyper::Response<Either<Full<Bytes>, CutOff>>;

/// Spoils an answer on purpose.
pub(super) fn spoil(act: Fate, response: Response, origin: &Origin) -> io::Result<Whole> {
    match act {
        Fate::Drop => Err(dropped()),
        Fate::Status { code, retry_after } => {
            let response = on_purpose(code).response(origin);
            Ok(whole(Response { retry_after, ..response }, origin))
        }
        Fate::Garbage => {
            let status = if response.status == 201 { 201 } else { 200 };
            let body = b"<html><body>This is no JSON".to_vec();
            Ok(whole(Response { body, ..Response::empty(status) }, origin))
        }
        Fate::Truncate => {
            let body = if response.body.is_empty() {
                b"{\"id\":\"ApiKey-".to_vec()
            } else {
                response.body
            };
            let status = if response.status == 204 { 200 } else { response.status };
            let (promised, mut body) = (body.len(), body);
            body.truncate(promised / 2);
            let mut whole = whole(Response::empty(status), origin);
            whole.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(promised));
            Ok(whole.map(|_| Either::Right(CutOff { left: Some(body.into()), flushed: false })))
        }
    }
}

/// Returns the service's words for a status, if they are known.
fn on_purpose(status: u16) -> Refusal {
    let (code, message_code, message) = match status {
        400 => ("bad_request", "BXNIM0109E", "Property missing or empty."),
        401 => ("invalid_access_token", "", "The provided access token provided is invalid."),
        403 => ("forbidden", "BXNIM0513E", "You are not authorized to use this API"),
        404 => ("not_found", "BXNIM0102E", "Unable to find object"),
        409 => ("conflict", "", "The entity is already in the requested state."),
        422 => ("limit_reached", "BXNIM0151E", "The limit of supported API keys is reached"),
        429 => ("too_many_requests", "", "Too many requests were sent within a time window"),
        500 => ("internal_server_error", "", "Internal server error"),
        502 => ("bad_gateway", "", "Bad gateway"),
        503 => ("service_unavailable", "", "The service is unavailable"),
        504 => ("gateway_timeout", "", "Gateway time-out"),
        _ => ("fault", "", "A fault of the emulator"),
    };
    Refusal::new(status, code, message_code, message).details("This is a fault on purpose")
}

/// Adds the headers that every answer has.
pub(super) fn whole(response: Response, origin: &Origin) -> Whole {
    let bare = response.status == 204;
    let mut whole = hyper::Response::new(Either::Left(Full::new(Bytes::from(response.body))));
    *whole.status_mut() =
        StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = whole.headers_mut();
    for (name, value) in [
        ("cache-control", "no-cache, no-store, must-revalidate"),
        ("pragma", "no-cache"),
        ("expires", "0"),
        ("content-language", "en-US"),
        ("ibm-cloud-service-name", "iam-identity"),
        ("x-content-type-options", "nosniff"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if !bare {
        headers.insert("content-type", HeaderValue::from_static("application/json"));
    }
    put(headers, "transaction-id", &origin.transaction);
    put(headers, "x-correlation-id", &origin.transaction);
    put(headers, "x-request-id", &request_id());
    if let Some(tag) = response.etag {
        put(headers, "etag", &tag);
    }
    if let Some(total) = response.total {
        headers.insert("softlayer-total-items", HeaderValue::from(total));
    }
    if let Some(seconds) = response.retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    whole
}

fn put(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

fn request_id() -> String {
    let random = secret::random().unwrap_or_default();
    uuid::Builder::from_random_bytes(random).into_uuid().to_string()
}

/// A body that is shorter than its `Content-Length`.
#[derive(Debug)]
pub(super) struct CutOff {
    left: Option<Bytes>,
    flushed: bool,
}

impl Body for CutOff {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if let Some(bytes) = self.left.take() {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        if !self.flushed {
            // An immediate error would discard the bytes above. They are sent while the body is pending.
            self.flushed = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(dropped())))
    }
}
