//! The network: connections on one thread, the store's work on others, and an orderly end.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::{Bytes, Incoming};
use hyper::header::{HOST, USER_AGENT};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;

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
    let Some(body) = read(body).await? else {
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
