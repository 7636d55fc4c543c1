//! Sending requests, with time-outs and retries.

use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use reqwest::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use reqwest::{Certificate, Client, ClientBuilder, Method, RequestBuilder, redirect};
use tokio::runtime::{Builder, Runtime};

use super::endpoint::Endpoint;
use super::failure::{Failure, explain, root_cause, seconds};
use super::flow::{Flow, MOST_JOBS};
use super::message::{Body, Known, Reply, Request};
use super::proxy::Proxy;
use super::trace::{Trace, TraceTo};
use crate::clock::{Clock, ClockError, Skew};
use crate::model::Timestamp;
use crate::private_file;
use crate::secret::{self, Wiped};

/// How often a request is sent at most, if it may be sent again.
const ATTEMPTS: u32 = 4;
/// How long all attempts may take together, unless the time-out of one is longer.
const IN_ALL: Duration = Duration::from_secs(30);
/// The most bytes of an answer; a page of 100 keys has some 60 KB.
const MOST: u64 = 16 << 20;

/// How requests are sent.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// How long one request may take; `None` for the default of 60 seconds.
    pub timeout: Option<Duration>,
    /// A file with the certificates to trust instead of the system's, in PEM.
    pub ca_file: Option<PathBuf>,
    /// Whether certificates are not checked on loopback addresses.
    pub any_certificate_on_loopback: bool,
    /// The proxy for requests to other machines; `None` uses the system's, if it has one.
    pub proxy: Option<Proxy>,
    /// Where requests are traced; `None` for nowhere.
    pub trace: Option<TraceTo>,
}

impl Options {
    /// Returns how long one request may take.
    pub fn timeout(&self) -> Duration {
        self.timeout.unwrap_or(Duration::from_secs(60))
    }
}

/// How often and for how long a request may still be sent.
#[derive(Debug)]
pub(crate) struct Budget {
    attempts: u32,
    until: Instant,
    pause: Duration,
    /// How many others were answered when the service had too many last.
    others: Option<u64>,
}

impl Budget {
    pub(crate) fn new(settings: &Options) -> Self {
        let in_all = settings.timeout.map_or(IN_ALL, |timeout| timeout.max(IN_ALL));
        Self {
            attempts: ATTEMPTS - 1,
            until: Instant::now() + in_all,
            pause: Duration::from_millis(200),
            others: None,
        }
    }

    /// Takes note that the service had too many, when so many others were answered.
    fn had_too_many(&mut self, answered: u64) {
        if self.others.replace(answered).is_some_and(|before| answered > before) {
            // Others got through meanwhile, so this one will.
            self.attempts = ATTEMPTS - 1;
        }
    }

    fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// Waits before the next attempt, as long as the service asked. Returns `false` if there must be none.
    pub(crate) fn pause(&mut self, asked: Option<Duration>) -> bool {
        let pause = self.next_pause(asked);
        self.wait(pause)
    }

    /// Returns how long to wait before the next attempt; `None` if there must be none.
    fn next_pause(&self, asked: Option<Duration>) -> Option<Duration> {
        // Half of the pause or more, by chance, so that many clients do not come back at once.
        let jitter = secret::random::<1>().map_or(255, |[byte]| u32::from(byte));
        let pause = asked.unwrap_or(self.pause / 2 + self.pause * jitter / 510);
        (self.attempts > 0 && pause < self.left()).then_some(pause)
    }

    fn wait(&mut self, pause: Option<Duration>) -> bool {
        let Some(pause) = pause else { return false };
        std::thread::sleep(pause);
        self.attempts -= 1;
        self.pause = (self.pause * 2).min(Duration::from_secs(8));
        true
    }
}

/// A client and the runtime that it needs. The runtime has no threads of its own: whoever sends a request drives it.
#[derive(Debug)]
struct Connection {
    runtime: Runtime,
    client: Client,
}

/// What sends requests.
#[derive(Debug)]
pub(crate) struct Transport {
    pub(crate) settings: Options,
    clock: Clock,
    trace: Option<Trace>,
    /// The secrets that no text may repeat.
    pub(crate) known: Known,
    /// To other machines; to this machine, without a proxy; and to this machine without TLS.
    connections: [OnceLock<Connection>; 3],
    /// By the last answer that told the time.
    skew: Mutex<Option<Skew>>,
    flow: Flow,
}

impl Transport {
    pub(crate) fn new(settings: Options, clock: Clock) -> Self {
        let trace = settings.trace.clone().map(|to| Trace::new(to, clock));
        Self {
            settings,
            clock,
            trace,
            known: Known::default(),
            connections: Default::default(),
            skew: Mutex::default(),
            flow: Flow::default(),
        }
    }

    /// Sends a request that may be sent again.
    ///
    /// Returns the last answer, and whether an attempt may have been carried out though the answer says otherwise.
    pub(crate) fn send(&self, request: &Request<'_>) -> Result<(Reply, bool), Failure> {
        self.send_until(request, |_| false)
    }

    /// As [`Transport::send`]; `is_final` knows the answers that are clear, whatever their status.
    pub(crate) fn send_until(
        &self,
        request: &Request<'_>,
        is_final: impl Fn(&Reply) -> bool,
    ) -> Result<(Reply, bool), Failure> {
        let mut budget = Budget::new(&self.settings);
        let mut in_doubt = false;
        loop {
            let begun = Instant::now();
            self.flow.enter();
            // What others are told to wait for does not count.
            budget.until += begun.elapsed();
            let timeout = self.settings.timeout().min(budget.left());
            let result = self.send_once(request, timeout);
            let (asked, again) = match &result {
                Ok(reply) if is_final(reply) => (None, false),
                Ok(reply) => {
                    in_doubt |= reply.is_trouble();
                    (self.retry_after(reply), reply.may_pass())
                }
                Err(failure) => {
                    in_doubt |= failure.sent;
                    (None, !failure.lasting)
                }
            };
            let has_too_many = result.as_ref().is_ok_and(|reply| reply.status == 429);
            if has_too_many {
                budget.had_too_many(self.flow.answered());
            }
            let pause = budget.next_pause(asked);
            if has_too_many {
                self.flow.slow_down(pause);
            } else {
                self.flow.leave();
            }
            if !again || !budget.wait(pause) {
                return match result {
                    Ok(reply) => Ok((reply, in_doubt)),
                    Err(failure) => Err(Failure { sent: in_doubt, ..failure }),
                };
            }
        }
    }

    /// Calls `send` when it is the turn of a request that is sent once. Where the service has too many, all others wait too.
    pub(crate) fn in_turn<E>(&self, send: impl FnOnce() -> Result<Reply, E>) -> Result<Reply, E> {
        self.flow.enter();
        let result = send();
        match &result {
            Ok(reply) if reply.status == 429 => self.flow.slow_down(self.retry_after(reply)),
            _ => self.flow.leave(),
        }
        result
    }

    /// Waits before another attempt at a request that had the service say that it has too many.
    pub(crate) fn pause_after_too_many(
        &self,
        budget: &mut Budget,
        asked: Option<Duration>,
    ) -> bool {
        budget.had_too_many(self.flow.answered());
        budget.pause(asked)
    }

    /// Returns a warning if the trace cannot be written.
    pub(crate) fn complaint(&self) -> Option<String> {
        self.trace.as_ref()?.complaint()
    }

    /// Returns how the service's clock differs from this machine's, by the last answer that told the time.
    pub(crate) fn skew(&self) -> Option<Skew> {
        *self.skew.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn compare_clocks(&self, sent: Result<Timestamp, ClockError>, reply: &Reply) {
        if let (Some(date), Ok(sent), Ok(received)) = (reply.date(), sent, self.clock.now()) {
            let skew = Skew::new(date, sent, received);
            *self.skew.lock().unwrap_or_else(PoisonError::into_inner) = Some(skew);
        }
    }

    /// Returns how long an answer asks to wait.
    pub(crate) fn retry_after(&self, reply: &Reply) -> Option<Duration> {
        reply.retry_after(self.clock.now().ok()?.seconds())
    }

    pub(crate) fn send_once(
        &self,
        request: &Request<'_>,
        timeout: Duration,
    ) -> Result<Reply, Failure> {
        self.known.add_all_of(request);
        let Connection { runtime, client } = self.connection(request.to)?;
        let builder = fill(client.request(request.method.clone(), request.url.clone()), request)?
            .timeout(timeout);
        if let Some(trace) = &self.trace {
            trace.request(request, &self.known);
        }
        let (started, sent) = (Instant::now(), self.clock.now());
        let proxy = self.settings.proxy.as_ref().filter(|_| !request.to.is_loopback());
        let result = runtime.block_on(receive(builder, request.to, proxy, timeout, started));
        if let Ok(reply) = &result {
            self.compare_clocks(sent, reply);
        }
        if let Some(trace) = &self.trace {
            match &result {
                Ok(reply) => trace.response(reply, &self.known, started.elapsed()),
                Err(failure) => trace.failure(&failure.words, started.elapsed()),
            }
        }
        result
    }

    /// Returns the client, which is made when first needed: reading the system's certificates takes milliseconds.
    fn connection(&self, to: &Endpoint) -> Result<&Connection, Failure> {
        let slot = &self.connections[usize::from(to.is_loopback()) + usize::from(!to.is_https())];
        if let Some(connection) = slot.get() {
            return Ok(connection);
        }
        let runtime = Builder::new_current_thread().enable_io().enable_time().build();
        let runtime = runtime
            .map_err(|error| Failure::unsendable(format!("The network cannot be used: {error}")))?;
        let connection = Connection { runtime, client: self.build(to)? };
        Ok(slot.get_or_init(|| connection))
    }

    fn build(&self, to: &Endpoint) -> Result<Client, Failure> {
        // Fails if one is installed already, which only tests do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = Client::builder()
            .user_agent(concat!("ibmcloud-iam/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .pool_max_idle_per_host(MOST_JOBS);
        if to.is_loopback() {
            builder = builder.no_proxy();
            if self.settings.any_certificate_on_loopback {
                builder = builder.tls_danger_accept_invalid_certs(true);
            }
        } else if let Some(proxy) = &self.settings.proxy {
            builder = builder.proxy(proxy.for_client());
        }
        builder = match &self.settings.ca_file {
            Some(file) => trusting(builder, file)?,
            // Without TLS no certificates are needed, and the system need not have any.
            None if !to.is_https() => builder.tls_certs_only([]),
            None => builder,
        };
        builder.build().map_err(|error| {
            let hint =
                "Install the system's CA certificates, or name a file with '--ca-file' or SSL_CERT_FILE.";
            let words = format!("The network client cannot be made: {}", root_cause(&error));
            Failure { hint: Some(hint.to_owned()), ..Failure::unsendable(words) }
        })
    }
}

fn trusting(builder: ClientBuilder, file: &std::path::Path) -> Result<ClientBuilder, Failure> {
    let wrong = |why: String| {
        let shown = secret::veil(&file.display().to_string());
        let words = format!("The certificates in '{shown}' cannot be used: {why}");
        let hint = "'--ca-file' names a file with certificates in PEM.".to_owned();
        Failure { hint: Some(hint), ..Failure::unsendable(words) }
    };
    let bytes =
        private_file::read_named(file, 16 << 20).map_err(|error| wrong(error.to_string()))?;
    let bytes = bytes.ok_or_else(|| wrong("there is no such file".to_owned()))?;
    let certificates =
        Certificate::from_pem_bundle(&bytes).map_err(|error| wrong(root_cause(&error)))?;
    if certificates.is_empty() {
        return Err(wrong("it holds none".to_owned()));
    }
    Ok(builder.tls_certs_only(certificates))
}

/// Puts headers and body into a request.
fn fill(mut builder: RequestBuilder, request: &Request<'_>) -> Result<RequestBuilder, Failure> {
    builder = builder.header(ACCEPT, "application/json");
    for (name, text) in &request.headers {
        let mut value = HeaderValue::from_str(&text.expose())
            .map_err(|_| Failure::unsendable(format!("The {name} header cannot hold this text")))?;
        value.set_sensitive(text.secret().is_some());
        builder = builder.header(*name, value);
    }
    Ok(match &request.body {
        // Some proxies answer 411 to a POST without a Content-Length.
        Body::Empty if request.method == Method::POST => builder.header(CONTENT_LENGTH, 0),
        Body::Empty => builder,
        Body::Form(fields) => {
            let exposed: Vec<_> = fields.iter().map(|(name, text)| (name, text.expose())).collect();
            let pairs: Vec<_> = exposed.iter().map(|(name, text)| (*name, text.as_str())).collect();
            builder.form(&pairs)
        }
        Body::Json(document, _) => {
            builder.header(CONTENT_TYPE, "application/json").body(document.to_vec())
        }
    })
}

async fn receive(
    builder: RequestBuilder,
    to: &Endpoint,
    proxy: Option<&Proxy>,
    timeout: Duration,
    started: Instant,
) -> Result<Reply, Failure> {
    let mut response = builder.send().await.map_err(|error| explain(&error, to, proxy, timeout))?;
    let lost = |why: String| Failure {
        sent: true,
        lasting: false,
        words: format!("The answer of {} broke off: {why}", to.authority()),
        hint: None,
    };
    let status = response.status().as_u16();
    let headers = std::mem::take(response.headers_mut());
    let length = response.content_length().unwrap_or(8 * 1024).min(MOST);
    // A buffer that grows leaves a copy of a value behind.
    let mut body = Wiped::with_capacity(usize::try_from(length).unwrap_or_default());
    loop {
        match response.chunk().await {
            Ok(None) => return Ok(Reply { status, headers, body }),
            Ok(Some(piece)) => body.extend_from_slice(&piece),
            Err(_) if started.elapsed() >= timeout => {
                return Err(lost(format!("it took longer than {}", seconds(timeout))));
            }
            Err(error) => return Err(lost(root_cause(&error))),
        }
        if body.len() as u64 > MOST {
            return Err(Failure { lasting: true, ..lost("it is larger than 16 MiB".to_owned()) });
        }
    }
}
