//! A scripted HTTP server on a loopback port: it records every request and answers as a test says.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use reqwest::Url;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// How long the server waits for a client before it gives the connection up.
const PATIENCE: Duration = Duration::from_secs(20);

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// The target as it was sent, query and all.
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Which connection it came on; the first is 1.
    pub(crate) connection: usize,
}

impl Request {
    /// Method and path without the query: `GET /v1/apikeys`.
    pub(crate) fn route(&self) -> String {
        let path = self.path.split('?').next().unwrap_or_default();
        format!("{} {path}", self.method)
    }

    /// The only header of this name, in any case.
    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(header, _)| header.eq_ignore_ascii_case(name));
        let value = found.next().map(|(_, value)| value.as_str());
        assert!(found.next().is_none(), "{name} was sent twice: {self:?}");
        value
    }

    /// The query, decoded, in the order in which it was sent.
    pub(crate) fn query(&self) -> Vec<(String, String)> {
        pairs(self.path.split_once('?').map_or("", |(_, query)| query))
    }

    /// The body as a form, decoded.
    pub(crate) fn form(&self) -> Vec<(String, String)> {
        pairs(std::str::from_utf8(&self.body).unwrap())
    }

    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

fn pairs(encoded: &str) -> Vec<(String, String)> {
    let url = Url::parse(&format!("http://127.0.0.1/?{encoded}")).unwrap();
    url.query_pairs().into_owned().collect()
}

/// What the server does about a request.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// Answers, and keeps the connection.
    Whole { status: u16, headers: Vec<(String, String)>, body: Vec<u8> },
    /// Announces the whole of an answer, sends so many bytes of its body, and closes.
    Truncated(usize, Box<Answer>),
    /// Sends these bytes, whatever they are, and closes.
    Raw(Vec<u8>),
    /// Closes without a word.
    Close,
    /// Says nothing until the client has gone.
    Hang,
    /// Waits, then answers.
    Slow(Duration, Box<Answer>),
}

impl Answer {
    /// An answer with a JSON document.
    #[expect(clippy::needless_pass_by_value, reason = "tests build the document in place")]
    pub(crate) fn json(status: u16, body: serde_json::Value) -> Self {
        let headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
        Self::Whole { status, headers, body: body.to_string().into_bytes() }
    }

    /// An answer without a body, such as 204.
    pub(crate) fn empty(status: u16) -> Self {
        Self::Whole { status, headers: Vec::new(), body: Vec::new() }
    }

    /// The same with one more header.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        let Self::Whole { headers, .. } = &mut self else { panic!("{self:?} has no headers") };
        headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same, broken off after so many bytes of its body.
    pub(crate) fn truncated(self, bytes: usize) -> Self {
        Self::Truncated(bytes, Box::new(self))
    }

    /// The same after a while.
    pub(crate) fn slow(self, wait: Duration) -> Self {
        Self::Slow(wait, Box::new(self))
    }

    /// Status line and headers, with the length of the whole body.
    fn head(status: u16, headers: &[(String, String)], length: usize) -> Vec<u8> {
        let mut lines = vec![format!("HTTP/1.1 {status} -")];
        lines.extend(headers.iter().map(|(name, value)| format!("{name}: {value}")));
        if status != 204 {
            lines.push(format!("Content-Length: {length}"));
        }
        (lines.join("\r\n") + "\r\n\r\n").into_bytes()
    }
}

/// A certificate authority that only this test trusts, and a certificate for 127.0.0.1.
pub(crate) struct Ca {
    directory: tempfile::TempDir,
    config: Arc<ServerConfig>,
}

impl Ca {
    pub(crate) fn new() -> Self {
        let ca_key = rcgen::KeyPair::generate().unwrap();
        let mut ca = rcgen::CertificateParams::new(Vec::new()).unwrap();
        ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("ca.pem"), ca.self_signed(&ca_key).unwrap().pem())
            .unwrap();
        let key = rcgen::KeyPair::generate().unwrap();
        let issuer = rcgen::Issuer::new(ca, ca_key);
        let server = rcgen::CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        let certificate = CertificateDer::from(server.signed_by(&key, &issuer).unwrap());
        // Both providers may be linked; naming one spares a panic.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate],
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap();
        Self { directory, config: Arc::new(config) }
    }

    /// The PEM file with the authority's certificate.
    pub(crate) fn file(&self) -> PathBuf {
        self.directory.path().join("ca.pem")
    }
}

type Script = Box<dyn FnMut(&Request) -> Answer + Send>;

struct Shared {
    script: Mutex<Script>,
    requests: Mutex<Vec<Request>>,
    connections: AtomicUsize,
    over: AtomicBool,
    tls: Option<Arc<ServerConfig>>,
}

/// A running server; it ends with its value.
pub(crate) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts a server that answers each request, one after another, as the script says.
    pub(crate) fn start(script: impl FnMut(&Request) -> Answer + Send + 'static) -> Self {
        Self::listen(bound("127.0.0.1:0"), None, Box::new(script))
    }

    /// The same at an address; waits for another run of the tests to leave it.
    pub(crate) fn start_at(
        address: &str,
        script: impl FnMut(&Request) -> Answer + Send + 'static,
    ) -> Self {
        Self::listen(bound(address), None, Box::new(script))
    }

    /// The same over HTTPS.
    pub(crate) fn start_tls(
        ca: &Ca,
        script: impl FnMut(&Request) -> Answer + Send + 'static,
    ) -> Self {
        Self::listen(bound("127.0.0.1:0"), Some(Arc::clone(&ca.config)), Box::new(script))
    }

    fn listen(listener: TcpListener, tls: Option<Arc<ServerConfig>>, script: Script) -> Self {
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            script: Mutex::new(script),
            requests: Mutex::default(),
            connections: AtomicUsize::new(0),
            over: AtomicBool::new(false),
            tls,
        });
        let listening = thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                for stream in listener.incoming() {
                    if shared.over.load(Ordering::SeqCst) {
                        break;
                    }
                    let connection = shared.connections.fetch_add(1, Ordering::SeqCst) + 1;
                    let shared = Arc::clone(&shared);
                    // A client that leaves is no failure of the server.
                    thread::spawn(move || stream.and_then(|tcp| shared.connect(tcp, connection)));
                }
            }
        });
        Self { address, shared, listening: Some(listening) }
    }

    /// Where the server is: `http://127.0.0.1:PORT`, or `https://…`.
    pub(crate) fn url(&self) -> String {
        let scheme = if self.shared.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// Every request so far, in the order in which they came.
    pub(crate) fn requests(&self) -> Vec<Request> {
        lock(&self.shared.requests).clone()
    }

    /// The routes of every request so far.
    pub(crate) fn routes(&self) -> Vec<String> {
        self.requests().iter().map(Request::route).collect()
    }

    /// How many connections were made.
    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for a connection.
        let _ = TcpStream::connect(self.address);
        if let Some(listening) = self.listening.take() {
            let _ = listening.join();
        }
    }
}

fn bound(address: &str) -> TcpListener {
    let start = Instant::now();
    loop {
        match TcpListener::bind(address) {
            Err(error) if start.elapsed() > PATIENCE * 3 => panic!("{address}: {error}"),
            Err(_) => thread::sleep(Duration::from_millis(50)),
            Ok(listener) => return listener,
        }
    }
}

/// A panic in a script fails its own test; it must not hide behind a poisoned lock in another thread.
fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn connect(&self, tcp: TcpStream, connection: usize) -> io::Result<()> {
        tcp.set_read_timeout(Some(PATIENCE))?;
        tcp.set_write_timeout(Some(PATIENCE))?;
        tcp.set_nodelay(true)?;
        match &self.tls {
            None => self.serve(tcp, connection),
            Some(config) => {
                let tls = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
                self.serve(StreamOwned::new(tls, tcp), connection)
            }
        }
    }

    fn serve(&self, mut stream: impl Read + Write, connection: usize) -> io::Result<()> {
        let mut buffer = Vec::new();
        while let Some(request) = read(&mut stream, &mut buffer, connection)? {
            lock(&self.requests).push(request.clone());
            let answer = (*lock(&self.script))(&request);
            if !send(&mut stream, answer)? || request.header("connection") == Some("close") {
                break;
            }
        }
        Ok(())
    }
}

/// Reads one request; `None` when the client has closed the connection.
fn read(
    stream: &mut impl Read,
    buffer: &mut Vec<u8>,
    connection: usize,
) -> io::Result<Option<Request>> {
    let head = loop {
        if let Some(end) = buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            let head: Vec<u8> = buffer.drain(..end + 4).collect();
            break String::from_utf8(head).map_err(io::Error::other)?;
        }
        if more(stream, buffer)? == 0 {
            return Ok(None);
        }
    };
    let mut lines = head.lines();
    let mut first = lines.next().unwrap_or_default().split(' ').map(str::to_owned);
    let mut request = Request {
        method: first.next().unwrap_or_default(),
        path: first.next().unwrap_or_default(),
        headers: lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        body: Vec::new(),
        connection,
    };
    assert!(request.header("transfer-encoding").is_none(), "the server reads plain bodies only");
    let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
    while buffer.len() < length {
        if more(stream, buffer)? == 0 {
            return Ok(None);
        }
    }
    request.body = buffer.drain(..length).collect();
    Ok(Some(request))
}

fn more(stream: &mut impl Read, buffer: &mut Vec<u8>) -> io::Result<usize> {
    let mut chunk = [0; 8192];
    let read = stream.read(&mut chunk)?;
    buffer.extend(&chunk[..read]);
    Ok(read)
}

/// Answers; says whether the connection can go on.
fn send(stream: &mut (impl Read + Write), answer: Answer) -> io::Result<bool> {
    match answer {
        Answer::Whole { status, headers, body } => {
            stream.write_all(&[Answer::head(status, &headers, body.len()), body].concat())?;
            stream.flush()?;
            return Ok(true);
        }
        Answer::Truncated(bytes, answer) => {
            let Answer::Whole { status, headers, body } = *answer else {
                panic!("{answer:?} cannot be broken off");
            };
            stream.write_all(&Answer::head(status, &headers, body.len()))?;
            stream.write_all(&body[..bytes])?;
            stream.flush()?;
        }
        Answer::Raw(bytes) => {
            stream.write_all(&bytes)?;
            stream.flush()?;
        }
        Answer::Close => {}
        Answer::Hang => while more(stream, &mut Vec::new())? > 0 {},
        Answer::Slow(wait, answer) => {
            thread::sleep(wait);
            return send(stream, *answer);
        }
    }
    Ok(false)
}

/// A client of the server's own kind, for its self-test.
pub(crate) fn client(ca: Option<&Path>) -> reqwest::blocking::Client {
    // Fails where another test was first, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::blocking::Client::builder().no_proxy().timeout(PATIENCE);
    if let Some(file) = ca {
        let pem = std::fs::read(file).unwrap();
        builder = builder.tls_certs_only([reqwest::Certificate::from_pem(&pem).unwrap()]);
    }
    builder.build().unwrap()
}
