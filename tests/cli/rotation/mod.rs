//! `api-key-rotate`: at every instant a key works whose value somebody holds, and it always comes to an end.

mod acting;
mod disk;
mod elsewhere;
mod file;
mod service;
mod service_id;
mod several;
mod wire;

use serde_json::Value;

use crate::support::emulator::Emulator;
use crate::support::service::Service;
use crate::support::{NOW, Sandbox};

pub(crate) const TO_FILE: [&str; 5] = ["api-key-rotate", "ci", "--file", "key.json", "--force"];
pub(crate) const WITH_GRACE: [&str; 7] =
    ["api-key-rotate", "ci", "--file", "key.json", "--force", "--grace", "7d"];
pub(crate) const PRINTED: [&str; 5] = ["api-key-rotate", "ci", "--output", "json", "--force"];

/// How an interruption is followed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    Recover,
    Again,
}

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

/// A service in memory with flags of `emulate`, at which there is one key `ci`, whose value is in FILE.
pub(crate) fn served(flags: &[&str]) -> Service<Emulator> {
    let service = Service::emulated(&[&["--in-memory"], flags].concat());
    service.run(&["api-key-create", "ci", "--file", "key.json", "-q"]).ok();
    service
}

/// The id of the key in FILE.
pub(crate) fn id_in_file(sandbox: &Sandbox) -> String {
    id_in(&std::fs::read(sandbox.work("key.json")).unwrap()).unwrap()
}

/// The value of the key in FILE.
pub(crate) fn value_in_file(sandbox: &Sandbox) -> String {
    sandbox.value_in("key.json")
}
