//! The network: accepts connections on one thread, does the store's work on others, and ends in an orderly way.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpStream;

use super::connections::{Connections, Waiting};
use super::exchange::{CLIENT_PATIENCE, serve};
use super::late::Late;
use super::service::Emulator;
use super::tls::{Stream, Tls};

/// Bytes of a request line with its headers.
const LARGEST_HEAD: usize = 64 * 1024;
/// How long an orderly end waits for requests in flight.
const PATIENCE: Duration = Duration::from_secs(5);

/// A bound port with the runtime that will serve it.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    runtime: tokio::runtime::Runtime,
    tls: Option<Arc<Tls>>,
}

impl Server {
    /// Binds `address`; port 0 lets the system choose one.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        Ok(Self { listener, address, runtime, tls: None })
    }

    /// Serves HTTPS instead of HTTP.
    #[must_use]
    pub fn encrypted(self, tls: Tls) -> Self {
        Self { tls: Some(Arc::new(tls)), ..self }
    }

    /// Returns the URL of the service.
    pub fn endpoint(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// Returns the file with the certificate that clients have to trust, if HTTPS is served.
    pub fn ca_file(&self) -> Option<&Path> {
        self.tls.as_ref().map(|tls| tls.ca_file.as_path())
    }

    /// Serves until `stop` is done, then lets requests in flight finish. Late requests are not carried out any more.
    pub fn run(self, emulator: &Arc<Emulator>, stop: impl Future<Output = ()>) -> io::Result<()> {
        let endpoint: Arc<str> = self.endpoint().into();
        let emulator = Arc::clone(emulator);
        let (listener, tls) = (self.listener, self.tls);
        let served = self.runtime.block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            let connections = Arc::new(GracefulShutdown::new());
            let late = Arc::new(Late::new());
            let serving = Serving {
                emulator,
                endpoint,
                late: Arc::clone(&late),
                tls,
                connections: Arc::downgrade(&connections),
            };
            let accepting = tokio::spawn(accept(listener, serving));
            stop.await;
            late.end();
            accepting.abort();
            let _ = accepting.await;
            if let Some(connections) = Arc::into_inner(connections) {
                let _ = tokio::time::timeout(PATIENCE, connections.shutdown()).await;
            }
            Ok(())
        });
        // Changes that still wait for the store are abandoned, as if the process was killed.
        self.runtime.shutdown_background();
        served
    }
}

/// What every connection needs.
#[derive(Clone)]
struct Serving {
    emulator: Arc<Emulator>,
    endpoint: Arc<str>,
    late: Arc<Late>,
    tls: Option<Arc<Tls>>,
    /// Those that are waited for at the end. Only the server owns them: a handshake is not waited for.
    connections: Weak<GracefulShutdown>,
}

async fn accept(listener: tokio::net::TcpListener, serving: Serving) -> Infallible {
    let mut open = Connections::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // The process may be out of file descriptors; some will be free soon.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        // Answers are small and written at once.
        let _ = stream.set_nodelay(true);
        let waiting = Waiting::begin();
        let task = tokio::spawn(serving.clone().connection(stream, waiting.clone()));
        open.add(task.abort_handle(), waiting);
    }
}

impl Serving {
    /// Serves a client until it leaves or is not waited for any more.
    async fn connection(self, stream: TcpStream, waiting: Waiting) {
        let stream: Box<dyn Stream> = match &self.tls {
            None => Box::new(stream),
            Some(tls) => match tokio::time::timeout(CLIENT_PATIENCE, tls.accept(stream)).await {
                Ok(Some(stream)) => stream,
                _ => return,
            },
        };
        let Some(connections) = self.connections.upgrade() else { return };
        let watcher = connections.watcher();
        drop(connections);
        let service = service_fn(move |request| {
            let (emulator, endpoint) = (Arc::clone(&self.emulator), Arc::clone(&self.endpoint));
            serve(emulator, endpoint, waiting.clone(), Arc::clone(&self.late), request)
        });
        let connection = http1::Builder::new()
            .max_buf_size(LARGEST_HEAD)
            .timer(TokioTimer::new())
            .header_read_timeout(CLIENT_PATIENCE)
            .serve_connection(TokioIo::new(stream), service);
        let _ = watcher.watch(connection).await;
    }
}
