//! A running emulator, and a plain client of it.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use reqwest::blocking::{Client as Http, RequestBuilder, Response};
use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};
use serde_json::Value;

use super::{Outcome, Sandbox, value_in};

/// How long a start or a stop may take before a test fails by it.
const PATIENCE: Duration = Duration::from_secs(30);

/// The emulator as a process of its own; stopped when nobody needs it any more.
pub(crate) struct Emulator {
    child: Option<Child>,
    lines: Receiver<String>,
    endpoint: String,
    key_file: PathBuf,
    ca_file: Option<PathBuf>,
}

impl Emulator {
    /// Starts `emulate` in the box and waits until it listens.
    #[track_caller]
    pub(crate) fn start(sandbox: &Sandbox, args: &[&str], env: &[(&str, &str)]) -> Self {
        let mut command = sandbox.command(&["emulate"]);
        command.args(args).envs(env.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        let (endpoint, key_file) = (String::new(), PathBuf::new());
        let mut emulator = Self { child: Some(child), lines, endpoint, key_file, ca_file: None };
        emulator.endpoint = emulator.line("Listening on ");
        emulator.key_file = emulator.line("Bootstrap API key: ").into();
        if args.contains(&"--tls") {
            emulator.ca_file = Some(emulator.line("CA certificate: ").into());
        }
        emulator
    }

    #[track_caller]
    fn line(&mut self, prefix: &str) -> String {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => line.strip_prefix(prefix).unwrap_or_else(|| panic!("{line}")).to_owned(),
            Err(error) => {
                let child = self.child.take().unwrap();
                if error == RecvTimeoutError::Timeout {
                    kill_process(Pid::from_child(&child), Signal::KILL).unwrap();
                }
                panic!("{error}: {:#?}", Outcome::from(child.wait_with_output().unwrap()));
            }
        }
    }

    /// The URL it serves.
    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The file of the key that logs in.
    pub(crate) fn key_file(&self) -> &Path {
        &self.key_file
    }

    /// The certificate to trust.
    #[track_caller]
    pub(crate) fn ca_file(&self) -> &Path {
        self.ca_file.as_ref().unwrap()
    }

    /// The value in that file.
    pub(crate) fn value(&self) -> String {
        value_in(&std::fs::read(&self.key_file).unwrap())
    }

    /// A client that is logged in with the bootstrap key.
    #[track_caller]
    pub(crate) fn client(&self) -> Client {
        let mut client = Client::trusting(&self.endpoint, self.ca_file.as_deref());
        let (status, body) = client.log_in(&self.value());
        assert_eq!(status, 200, "{body}");
        client.token = Some(body["access_token"].as_str().unwrap().to_owned());
        client
    }

    /// Lets it open no more than so many files from now on.
    pub(crate) fn limit_files(&self, most: u64) {
        let limit = Rlimit { current: Some(most), maximum: Some(most) };
        prlimit(Some(Pid::from_child(self.child.as_ref().unwrap())), Resource::Nofile, limit)
            .unwrap();
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(self.child.as_ref().unwrap()), signal).unwrap();
    }

    /// Waits for the end; standard output is what came behind the first lines.
    #[track_caller]
    pub(crate) fn wait(mut self) -> Outcome {
        let mut child = self.child.take().unwrap();
        wait_bounded(&mut child);
        let mut outcome = Outcome::from(child.wait_with_output().unwrap());
        outcome.stdout = self.lines.iter().fold(String::new(), |text, line| text + &line + "\n");
        outcome
    }

    /// Ends it in an orderly way.
    #[track_caller]
    pub(crate) fn stop(self) -> Outcome {
        self.signal(Signal::TERM);
        self.wait()
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = kill_process(Pid::from_child(child), Signal::TERM);
            wait_bounded(child);
        }
    }
}

/// Waits for a process, and kills it when that takes too long.
fn wait_bounded(child: &mut Child) {
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if start.elapsed() > PATIENCE {
            let _ = child.kill();
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Requests to the emulator, each on a connection of its own.
#[derive(Clone)]
pub(crate) struct Client {
    http: Http,
    pub(crate) endpoint: String,
    pub(crate) token: Option<String>,
}

impl Client {
    /// A client without a token.
    pub(crate) fn new(endpoint: &str) -> Self {
        Self::trusting(endpoint, None)
    }

    /// A client without a token that trusts only the authority in a file, if one is named.
    pub(crate) fn trusting(endpoint: &str, ca: Option<&Path>) -> Self {
        // The client wants to know how it would encrypt, even where it never does.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut http = Http::builder().no_proxy().pool_max_idle_per_host(0).timeout(PATIENCE);
        if let Some(ca) = ca {
            let ca = reqwest::Certificate::from_pem(&std::fs::read(ca).unwrap()).unwrap();
            http = http.tls_certs_only([ca]);
        }
        Self { http: http.build().unwrap(), endpoint: endpoint.to_owned(), token: None }
    }

    /// Posts a form to the token endpoint.
    pub(crate) fn grant(&self, form: &[(&str, &str)], basic: Option<(&str, &str)>) -> (u16, Value) {
        let mut request = self.http.post(format!("{}/identity/token", self.endpoint)).form(form);
        if let Some((client, secret)) = basic {
            request = request.basic_auth(client, Some(secret));
        }
        answer(request.send().unwrap())
    }

    /// Exchanges a value for a token.
    pub(crate) fn log_in(&self, value: &str) -> (u16, Value) {
        let grant_type = "urn:ibm:params:oauth:grant-type:apikey";
        self.grant(&[("grant_type", grant_type), ("apikey", value)], None)
    }

    /// Begins a request with the token; `path` may be a whole URL.
    pub(crate) fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let url =
            if path.starts_with('/') { self.endpoint.clone() + path } else { path.to_owned() };
        let request = self.http.request(method.parse().unwrap(), url);
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Sends a request without a body.
    pub(crate) fn call(&self, method: &str, path: &str) -> (u16, Value) {
        answer(self.request(method, path).send().unwrap())
    }

    /// Sends a request with a document.
    pub(crate) fn send(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        answer(self.request(method, path).json(body).send().unwrap())
    }

    /// Makes a key.
    #[track_caller]
    pub(crate) fn create(&self, name: &str) -> Value {
        let body = serde_json::json!({"name": name, "iam_id": super::IAM_ID});
        let (status, key) = self.send("POST", "/v1/apikeys", &body);
        assert_eq!(status, 201, "{key}");
        key
    }
}

/// Reads an answer: its status, and its document, null where there is none.
pub(crate) fn answer(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let body = response.bytes().unwrap();
    let document =
        if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() };
    (status, document)
}
