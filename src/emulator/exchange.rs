//! One request and its answer: reads the request, applies faults, and calls the service.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::{Bytes, Incoming};
use hyper::header::{DATE, HOST, HeaderValue, USER_AGENT};
use hyper::http::request::Parts;
use hyper::http::uri::Authority;

use super::answer::{Whole, dropped, spoil, whole};
use super::connections::Waiting;
use super::fault::Effects;
use super::late::Late;
use super::response::{Origin, Refusal, Response};
use super::routes::{self, Params, Request, Route};
use super::service::Emulator;
use crate::secret;

/// How long a client may take to send a head, and how long a body. A connection may be idle for as long.
pub(super) const CLIENT_PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of a request body.
const LARGEST_BODY: usize = 64 * 1024;

/// Answers a request. `endpoint` is the URL of the service for requests that name no host.
pub(super) async fn serve(
    emulator: Arc<Emulator>,
    endpoint: Arc<str>,
    waiting: Waiting,
    late: Arc<Late>,
    request: hyper::Request<Incoming>,
) -> io::Result<Whole> {
    let clock = emulator.clock;
    let mut response = answer(emulator, endpoint, waiting, late, request).await?;
    // Without it hyper adds the time of the system, which the clock need not follow.
    let date = clock.now().ok().and_then(|now| HeaderValue::try_from(now.to_http()).ok());
    response.headers_mut().extend(date.map(|date| (DATE, date)));
    Ok(response)
}

async fn answer(
    emulator: Arc<Emulator>,
    endpoint: Arc<str>,
    waiting: Waiting,
    late: Arc<Late>,
    request: hyper::Request<Incoming>,
) -> io::Result<Whole> {
    let (head, body) = request.into_parts();
    let host = head.headers.get(HOST).and_then(|host| host.to_str().ok());
    let scheme = if endpoint.starts_with("https") { "https" } else { "http" };
    let endpoint = host.map_or_else(|| endpoint.to_string(), |host| format!("{scheme}://{host}"));
    let text = |name: &str| {
        let value = head.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let origin = Origin {
        transaction: transaction_id(text("transaction-id")),
        user_agent: text(USER_AGENT.as_str()),
        url: format!("{endpoint}{}", head.uri.path()),
        is_identity: matches!(head.uri.path().split('/').nth(1), Some("identity" | "oidc")),
        is_classic: head.uri.path().starts_with("/rest/"),
        time: emulator.clock.now().ok(),
    };
    let read = tokio::time::timeout(CLIENT_PATIENCE, read(body)).await;
    let body = read.map_err(|_| dropped())??;
    let _paused = waiting.pause();
    if !is_for_loopback(&head) {
        let refusal = Refusal::new(
            421,
            "misdirected_request",
            "",
            "The Host of the request is not 127.0.0.1, [::1] or localhost, and the emulator answers to no other",
        );
        return Ok(whole(refusal.response(&origin), &origin));
    }
    let Some(body) = body else {
        let words = format!("The request body is larger than {LARGEST_BODY} bytes");
        let refusal = Refusal::new(413, "request_too_large", "", words);
        return Ok(whole(refusal.response(&origin), &origin));
    };
    let request = Request {
        query: Params::parse(head.uri.query().unwrap_or_default()),
        path: head.uri.path().to_owned(),
        method: head.method,
        headers: head.headers,
        body,
        endpoint,
    };
    let route = routes::find(&request.method, &request.path).ok().map(|(route, _)| route);
    let plan = route.map_or(Effects::default(), |route| emulator.faults.plan(route));
    let early = plan.before.act.map(|act| spoil(act, Response::empty(200), &origin));
    let work = move || {
        let first = response(&emulator, &request, &origin);
        if plan.twice {
            response(&emulator, &request, &origin);
        }
        (first, origin)
    };
    if let Some(early) = early {
        // It does not depend on the client's patience.
        if let Some(wait) = plan.late {
            late.add(plan.before.delay + wait, work);
        }
        pause(plan.before.delay).await;
        return early;
    }
    pause(plan.before.delay).await;
    // This fails only if the work panics.
    let (response, origin) = tokio::task::spawn_blocking(work).await.map_err(|_| dropped())?;
    pause(plan.after.delay).await;
    match plan.after.act {
        Some(act) => spoil(act, response, &origin),
        None => Ok(whole(response, &origin)),
    }
}

fn response(emulator: &Emulator, request: &Request, origin: &Origin) -> Response {
    let found = routes::find(&request.method, &request.path);
    let answered = found.and_then(|(route, subject)| {
        match route {
            _ if origin.is_identity => return emulator.provide(route, request),
            Route::Platform(route) => return emulator.platform(route, request),
            Route::Classic(route) => return emulator.classic(route, subject, request),
            _ => {}
        }
        let caller = emulator.check_token(request)?;
        emulator.carry_out(&caller, route, subject, request)
    });
    answered.unwrap_or_else(|refusal| refusal.response(origin))
}

/// Tells whether every host name in the request means this machine. Otherwise a web page could send requests here through
/// a DNS name of its own that points to 127.0.0.1.
fn is_for_loopback(head: &Parts) -> bool {
    let read = |text: &str| text.parse::<Authority>().ok();
    let hosts = head.headers.get_all(HOST).iter();
    let hosts = hosts.map(|host| host.to_str().ok().and_then(read));
    let mut hosts = hosts.chain(head.uri.authority().cloned().map(Some)).peekable();
    hosts.peek().is_some() && hosts.all(|host| host.as_ref().is_some_and(is_loopback))
}

fn is_loopback(authority: &Authority) -> bool {
    let host = authority.host();
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    let is_ours = address
        .map_or_else(|_| host.eq_ignore_ascii_case("localhost"), |address| address.is_loopback());
    is_ours && !authority.as_str().contains('@')
}

/// Reads a body; `None` if it is too large. Such a body is still read, up to a limit: a client that is sending when the
/// connection is closed would not see the answer.
async fn read(mut body: Incoming) -> io::Result<Option<Bytes>> {
    let mut bytes = Vec::new();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| dropped())?.into_data() else { continue };
        length += data.len();
        if length > 16 * LARGEST_BODY {
            break;
        }
        if length <= LARGEST_BODY {
            bytes.extend_from_slice(&data);
        }
    }
    Ok((length <= LARGEST_BODY).then(|| bytes.into()))
}

async fn pause(delay: Duration) {
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
}

/// Takes the client's id, or makes one in the service's form: a pod's name in base64, and 32 hex digits.
fn transaction_id(asked: String) -> String {
    if !asked.is_empty() {
        return asked;
    }
    let random: [u8; 16] = secret::random().unwrap_or_default();
    format!("ZW11bGF0b3I-{}", secret::hex(&random))
}
