//! `api-key-rotate`: at every instant a key works whose value somebody holds, and it always comes to an end.

mod acting;
mod disk;
mod file;
mod service;
mod wire;

use std::thread;
use std::time::{Duration, Instant};

use reqwest::header::{CONTENT_TYPE, ETAG};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::server::{Answer, Request};
use crate::support::{NOW, Sandbox};

/// A key as it is listed, and what it is good for.
#[derive(Clone, Debug)]
struct Listed {
    id: String,
    state: String,
}

impl Listed {
    fn works(&self) -> bool {
        self.state == "active" || self.state == "phasing out"
    }
}

fn listed(keys: &Value) -> Vec<Listed> {
    let text = |key: &Value, field: &str| key[field].as_str().unwrap().to_owned();
    let keys = keys.as_array().unwrap().iter();
    keys.map(|key| Listed { id: text(key, "id"), state: text(key, "state") }).collect()
}

/// Asserts that one of the keys that somebody holds works.
#[track_caller]
fn assert_held(keys: &[Listed], held: &[String], what: &str) {
    let works = keys.iter().any(|key| key.works() && held.contains(&key.id));
    assert!(works, "{what}: no working key is held: {keys:?}, {held:?}");
}

/// Asserts that one key is in use, that it is held, and that all others were retired for it.
#[track_caller]
fn assert_settled(keys: &[Listed], held: &[String], what: &str) {
    let active: Vec<&Listed> = keys.iter().filter(|key| key.state == "active").collect();
    let [active] = active[..] else { panic!("{what}: {keys:?}") };
    assert!(held.contains(&active.id), "{what}: nobody holds {active:?}: {held:?}");
    let retired = ["phasing out", "phased out"];
    let others = keys.iter().filter(|key| key.id != active.id);
    assert!(others.clone().all(|key| retired.contains(&key.state.as_str())), "{what}: {keys:?}");
    assert!(others.count() <= 1, "{what}: a third key was made: {keys:?}");
}

/// The id of a key file, or of a printed document; `None` where it is not whole.
fn id_in(document: &[u8]) -> Option<String> {
    let document: Value = serde_json::from_slice(document).ok()?;
    (document["apikey"].as_str()?.len() == 44)
        .then(|| document["id"].as_str().map(ToOwned::to_owned))?
}

/// A box with one key `ci`, whose value is in FILE.
fn with_key(flags: &[&str]) -> Sandbox {
    let sandbox = Sandbox::new();
    let args = [&["api-key-create", "ci", "--file", "key.json", "-q"], flags].concat();
    sandbox.run_at(NOW, &args).ok();
    sandbox
}

/// The id of the key in FILE.
fn id_in_file(sandbox: &Sandbox) -> String {
    id_in(&std::fs::read(sandbox.work("key.json")).unwrap()).unwrap()
}

/// Passes a request on to a service, and brings back its answer.
fn passed_on(to: &str, request: &Request) -> Answer {
    let client = crate::support::server::client(None);
    let method = request.method.parse().unwrap();
    let mut onward = client.request(method, format!("{to}{}", request.path));
    for (name, value) in &request.headers {
        if !["host", "content-length", "connection"].contains(&name.to_ascii_lowercase().as_str()) {
            onward = onward.header(name, value);
        }
    }
    let answer = onward.body(request.body.clone()).send().unwrap();
    let status = answer.status().as_u16();
    let headers = [CONTENT_TYPE, ETAG].into_iter().filter_map(|name| {
        let value = answer.headers().get(&name)?.to_str().unwrap().to_owned();
        Some((name.to_string(), value))
    });
    let headers = headers.collect();
    let body = answer.bytes().unwrap().to_vec();
    Answer::Whole { status, headers, body }
}

/// Ends a client, as soon as it is known which process that is.
fn kill(client: impl Fn() -> Option<u32>) {
    let start = Instant::now();
    let client = loop {
        assert!(start.elapsed() < Duration::from_secs(10), "the client is not known");
        if let Some(client) = client() {
            break client;
        }
        thread::sleep(Duration::from_millis(1));
    };
    kill_process(Pid::from_raw(client.cast_signed()).unwrap(), Signal::KILL).unwrap();
}
