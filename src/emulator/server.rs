//! The network: accepts connections on one thread, does the store's work on others, and ends in an orderly way.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;

use super::connections::{Connections, Waiting};
use super::exchange::{CLIENT_PATIENCE, serve};
use super::late::Late;
use super::service::Emulator;

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

    /// Serves until `stop` is done, then lets requests in flight finish. Late requests are not carried out any more.
    pub fn run(self, emulator: &Arc<Emulator>, stop: impl Future<Output = ()>) -> io::Result<()> {
        let endpoint: Arc<str> = self.endpoint().into();
        let emulator = Arc::clone(emulator);
        let listener = self.listener;
        let served = self.runtime.block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            let connections = Arc::new(GracefulShutdown::new());
            let late = Arc::new(Late::new());
            let (watched, queue) = (Arc::clone(&connections), Arc::clone(&late));
            let accepting = tokio::spawn(accept(listener, watched, emulator, endpoint, queue));
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

async fn accept(
    listener: tokio::net::TcpListener,
    connections: Arc<GracefulShutdown>,
    emulator: Arc<Emulator>,
    endpoint: Arc<str>,
    late: Arc<Late>,
) -> Infallible {
    let mut open = Connections::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // The process may be out of file descriptors; some will be free soon.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        // Answers are small and written at once.
        let _ = stream.set_nodelay(true);
        let (emulator, endpoint) = (Arc::clone(&emulator), Arc::clone(&endpoint));
        let late = Arc::clone(&late);
        let waiting = Waiting::begin();
        let shared = waiting.clone();
        let service = service_fn(move |request| {
            let (emulator, endpoint) = (Arc::clone(&emulator), Arc::clone(&endpoint));
            serve(emulator, endpoint, shared.clone(), Arc::clone(&late), request)
        });
        let connection = http1::Builder::new()
            .max_buf_size(LARGEST_HEAD)
            .timer(TokioTimer::new())
            .header_read_timeout(CLIENT_PATIENCE)
            .serve_connection(TokioIo::new(stream), service);
        let task = tokio::spawn(connections.watch(connection));
        open.add(task.abort_handle(), waiting);
    }
}
