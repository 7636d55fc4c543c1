//! The network: connections on one thread, the store's work on others, and an orderly end.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::{BodyExt as _, Either, Full, LengthLimitError, Limited};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::{CONTENT_LENGTH, HOST, HeaderValue, RETRY_AFTER, USER_AGENT};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Response, StatusCode};
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;

use super::fault::{Act, Plan};
use super::params::Params;
use super::routes::{self, Operation, Request};
use super::wire::{Refusal, Reply};
use super::{Emulator, Trace};
use crate::secret;

/// Bytes of a request body.
const LARGEST_BODY: usize = 64 * 1024;
/// Bytes of a request line with its headers.
const LARGEST_HEAD: usize = 64 * 1024;
/// How long an orderly end waits for requests in flight.
const PATIENCE: Duration = Duration::from_secs(5);

/// A bound port, and the runtime that will serve it.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    runtime: tokio::runtime::Runtime,
}

impl Server {
    /// Binds `address`; port 0 lets the system choose one.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        Ok(Self { listener, address, runtime })
    }

    /// Returns the URL of the service.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Serves until `stop` is done, then lets requests in flight finish.
    pub fn run(self, emulator: &Arc<Emulator>, stop: impl Future<Output = ()>) -> io::Result<()> {
        let endpoint: Arc<str> = self.endpoint().into();
        let emulator = Arc::clone(emulator);
        let listener = self.listener;
        let served = self.runtime.block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            let connections = Arc::new(GracefulShutdown::new());
            let accepting =
                tokio::spawn(accept(listener, Arc::clone(&connections), emulator, endpoint));
            stop.await;
            accepting.abort();
            let _ = accepting.await;
            if let Some(connections) = Arc::into_inner(connections) {
                let _ = tokio::time::timeout(PATIENCE, connections.shutdown()).await;
            }
            Ok(())
        });
        // A change that is still waiting for the store is one that a kill would have ended, too.
        self.runtime.shutdown_background();
        served
    }
}

async fn accept(
    listener: tokio::net::TcpListener,
    connections: Arc<GracefulShutdown>,
    emulator: Arc<Emulator>,
    endpoint: Arc<str>,
) -> Infallible {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, say: some will be free soon.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        // Answers are small and written at once.
        let _ = stream.set_nodelay(true);
        let (emulator, endpoint) = (Arc::clone(&emulator), Arc::clone(&endpoint));
        let service =
            service_fn(move |request| serve(Arc::clone(&emulator), Arc::clone(&endpoint), request));
        let connection = http1::Builder::new()
            .max_buf_size(LARGEST_HEAD)
            .serve_connection(TokioIo::new(stream), service);
        tokio::spawn(connections.watch(connection));
    }
}

/// The connection is closed without an answer.
#[derive(Debug)]
struct Dropped;

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("dropped on purpose")
    }
}

impl std::error::Error for Dropped {}

type Answer = Result<Response<Either<Full<Bytes>, CutOff>>, Dropped>;

async fn serve(
    emulator: Arc<Emulator>,
    endpoint: Arc<str>,
    request: hyper::Request<Incoming>,
) -> Answer {
    let (head, body) = request.into_parts();
    let host = head.headers.get(HOST).and_then(|host| host.to_str().ok());
    let endpoint = host.map_or_else(|| endpoint.to_string(), |host| format!("http://{host}"));
    let text = |name: &str| {
        let value = head.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let trace = Trace {
        transaction: transaction_id(text("transaction-id")),
        user_agent: text(USER_AGENT.as_str()),
        url: format!("{endpoint}{}", head.uri.path()),
    };
    let body = match Limited::new(body, LARGEST_BODY).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            let words = format!("The request body is larger than {LARGEST_BODY} bytes");
            let refusal = Refusal::new(413, "request_too_large", "", words);
            return Ok(whole(refusal.reply(&trace), &trace));
        }
        Err(_) => return Err(Dropped),
    };
    let request = Request {
        query: Params::parse(head.uri.query().unwrap_or_default()),
        path: head.uri.path().to_owned(),
        method: head.method,
        headers: head.headers,
        body,
        endpoint,
    };
    let operation = routes::find(&request.method, &request.path).ok().map(|(found, _)| found);
    let plan = operation.map_or(Plan::default(), |operation| emulator.faults.plan(operation));
    pause(plan.before.delay).await;
    if let Some(act) = plan.before.act {
        return spoil(act, operation, Reply::empty(200), &trace);
    }
    let work = move || {
        let reply = emulator.answer(&request, &trace);
        (reply, trace)
    };
    // It fails only if the work panics.
    let (reply, trace) = tokio::task::spawn_blocking(work).await.map_err(|_| Dropped)?;
    pause(plan.after.delay).await;
    match plan.after.act {
        Some(act) => spoil(act, operation, reply, &trace),
        None => Ok(whole(reply, &trace)),
    }
}

async fn pause(delay: Duration) {
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
}

fn spoil(act: Act, operation: Option<Operation>, reply: Reply, trace: &Trace) -> Answer {
    match act {
        Act::Drop => Err(Dropped),
        Act::Status { code, retry_after } => {
            let refusal = on_purpose(code);
            let reply = match operation {
                Some(Operation::Token) => refusal.token_reply(trace, None),
                _ => refusal.reply(trace),
            };
            Ok(whole(Reply { retry_after, ..reply }, trace))
        }
        Act::Garbage => {
            let status = if reply.status == 204 { 200 } else { reply.status };
            let body = b"<html><body>This is no JSON".to_vec();
            Ok(whole(Reply { body, ..Reply::empty(status) }, trace))
        }
        Act::Truncate => {
            let body =
                if reply.body.is_empty() { b"{\"id\":\"ApiKey-".to_vec() } else { reply.body };
            let status = if reply.status == 204 { 200 } else { reply.status };
            let (promised, mut body) = (body.len(), body);
            body.truncate(promised / 2);
            let mut response = whole(Reply::empty(status), trace);
            response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(promised));
            Ok(response.map(|_| Either::Right(CutOff { left: Some(body.into()), flushed: false })))
        }
    }
}

/// Says what the service says with such a status, as far as that is known.
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

/// Puts the headers around an answer that every answer has.
fn whole(reply: Reply, trace: &Trace) -> Response<Either<Full<Bytes>, CutOff>> {
    let bare = reply.status == 204;
    let mut response = Response::new(Either::Left(Full::new(Bytes::from(reply.body))));
    *response.status_mut() =
        StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
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
    put(headers, "transaction-id", &trace.transaction);
    put(headers, "x-correlation-id", &trace.transaction);
    put(headers, "x-request-id", &request_id());
    if let Some(tag) = reply.etag {
        put(headers, "etag", &tag);
    }
    if let Some(seconds) = reply.retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn put(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// Takes the client's id, or makes one in the service's form: the base64 of a pod's name, and 32 hex digits.
fn transaction_id(asked: String) -> String {
    if !asked.is_empty() {
        return asked;
    }
    let random: [u8; 16] = secret::random().unwrap_or_default();
    format!("ZW11bGF0b3I-{}", secret::hex(&random))
}

fn request_id() -> String {
    let random = secret::random().unwrap_or_default();
    uuid::Builder::from_random_bytes(random).into_uuid().to_string()
}

/// A body that is shorter than it promised to be.
#[derive(Debug)]
struct CutOff {
    left: Option<Bytes>,
    flushed: bool,
}

impl Body for CutOff {
    type Data = Bytes;
    type Error = Dropped;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Dropped>>> {
        if let Some(bytes) = self.left.take() {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        if !self.flushed {
            // What was given so far is sent while we say that we wait; an error at once would take it back.
            self.flushed = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(Dropped)))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
