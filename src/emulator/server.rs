//! The network: connections on one thread, the store's work on others, and an orderly end.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http_body_util::BodyExt as _;
use hyper::body::{Bytes, Incoming};
use hyper::header::{HOST, USER_AGENT};
use hyper::http::request::Parts;
use hyper::http::uri::Authority;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use rustix::process::{Resource, getrlimit};
use tokio::task::AbortHandle;

use super::answer::{Answer, Dropped, spoil, whole};
use super::fault::Plan;
use super::params::Params;
use super::refusal::Refusal;
use super::routes::{self, Request};
use super::wire::Reply;
use super::{Emulator, Trace};
use crate::secret;

/// Bytes of a request body.
const LARGEST_BODY: usize = 64 * 1024;
/// Bytes of a request line with its headers.
const LARGEST_HEAD: usize = 64 * 1024;
/// How long a client may take to send a head, and how long a body; a connection may be idle for as long.
const CLIENT_PATIENCE: Duration = Duration::from_secs(10);
/// So many connections may wait for their clients, where the process may open so many files.
const MOST_CONNECTIONS: usize = 512;
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
    let mut open = Open::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, say: some will be free soon.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        // Answers are small and written at once.
        let _ = stream.set_nodelay(true);
        let (emulator, endpoint) = (Arc::clone(&emulator), Arc::clone(&endpoint));
        let turn = Turn::default();
        let its = turn.clone();
        let service = service_fn(move |request| {
            serve(Arc::clone(&emulator), Arc::clone(&endpoint), its.clone(), request)
        });
        let connection = http1::Builder::new()
            .max_buf_size(LARGEST_HEAD)
            .timer(TokioTimer::new())
            .header_read_timeout(CLIENT_PATIENCE)
            .serve_connection(TokioIo::new(stream), service);
        let task = tokio::spawn(connections.watch(connection));
        open.add(task.abort_handle(), turn);
    }
}

/// The connections there are. Clients that say nothing must not keep others out.
struct Open {
    connections: Vec<(AbortHandle, Turn)>,
    most: usize,
}

impl Open {
    fn new() -> Self {
        let files = getrlimit(Resource::Nofile).current;
        // The other half is for the store.
        let half = files.and_then(|files| usize::try_from(files / 2).ok());
        let most = half.map_or(MOST_CONNECTIONS, |half| half.clamp(1, MOST_CONNECTIONS));
        Self { connections: Vec::new(), most }
    }

    /// Adds a connection. Where there are too many, the one that has waited longest for its client is closed.
    fn add(&mut self, task: AbortHandle, turn: Turn) {
        if self.connections.len() >= self.most {
            self.connections.retain(|(task, _)| !task.is_finished());
        }
        if self.connections.len() >= self.most {
            let waiting = self.connections.iter().enumerate();
            let waiting =
                waiting.filter_map(|(index, (_, turn))| Some((turn.waits_since()?, index)));
            if let Some((_, index)) = waiting.min() {
                self.connections.swap_remove(index).0.abort();
            }
        }
        self.connections.push((task, turn));
    }
}

/// Whose turn it is on a connection: the client's, since when, or `None` while a request is worked on.
#[derive(Clone, Debug)]
struct Turn(Arc<Mutex<Option<Instant>>>);

impl Default for Turn {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Some(Instant::now()))))
    }
}

impl Turn {
    fn waits_since(&self) -> Option<Instant> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, since: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }

    /// Takes the turn until the result is dropped.
    fn take(&self) -> Taken<'_> {
        self.set(None);
        Taken(self)
    }
}

/// The turn is ours.
struct Taken<'a>(&'a Turn);

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.0.set(Some(Instant::now()));
    }
}

/// Tells whether a request means this machine by whatever names it gives the server. A page whose own name was made to
/// lead to 127.0.0.1 can send requests here, and its browser tells that name.
fn is_meant_for_loopback(head: &Parts) -> bool {
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

async fn serve(
    emulator: Arc<Emulator>,
    endpoint: Arc<str>,
    turn: Turn,
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
    let read = tokio::time::timeout(CLIENT_PATIENCE, read(body)).await;
    let body = read.map_err(|_| Dropped)??;
    let _taken = turn.take();
    if !is_meant_for_loopback(&head) {
        let refusal = Refusal::new(
            421,
            "misdirected_request",
            "",
            "The Host of the request is not 127.0.0.1, [::1] or localhost, and the emulator answers to no other",
        );
        return Ok(whole(refusal.reply(&trace), &trace));
    }
    let Some(body) = body else {
        let words = format!("The request body is larger than {LARGEST_BODY} bytes");
        let refusal = Refusal::new(413, "request_too_large", "", words);
        return Ok(whole(refusal.reply(&trace), &trace));
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

/// Reads a body; `None` for one that is too large. That one is read all the same, within bounds: a client that is still
/// sending when the connection is closed would not see the answer.
async fn read(mut body: Incoming) -> Result<Option<Bytes>, Dropped> {
    let mut bytes = Vec::new();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Dropped)?.into_data() else { continue };
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

/// Takes the client's id, or makes one in the service's form: the base64 of a pod's name, and 32 hex digits.
fn transaction_id(asked: String) -> String {
    if !asked.is_empty() {
        return asked;
    }
    let random: [u8; 16] = secret::random().unwrap_or_default();
    format!("ZW11bGF0b3I-{}", secret::hex(&random))
}
