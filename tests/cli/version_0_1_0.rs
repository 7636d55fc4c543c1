//! What version 0.1.0 wrote is read and carried on: stores, journals, logins, tokens and names.
//!
//! `fixtures/0.1.0/README.md` says how the fixtures were made.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::thread;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::completions::complete_with;
use crate::support::disk::snapshot;
use crate::support::emulator::Emulator;
use crate::support::iam::{TOKEN_ROUTE, key_json, list_answer, token_answer};
use crate::support::server::{Answer, Request, Server};
use crate::support::service::Service;
use crate::support::shim::{Call, Fault, KILLED, Shim};
use crate::support::{Outcome, Sandbox, run, write_private};

/// A box as version 0.1.0 left it.
#[derive(Serialize, Deserialize)]
struct Scene {
    /// The texts of its files by their paths. `@BOX@` stands for the box, `@ENDPOINT@` for the service, and
    /// `"@SEEN PATH@"` for what the journal notes of a file: device, inode, length and time.
    files: BTreeMap<String, String>,
    /// What version 0.1.0 itself made of it.
    then: Value,
}

/// What the journal notes of a file.
fn seen(path: &Path) -> String {
    let file = fs::metadata(path).unwrap();
    format!(
        r#"{{"device":{},"inode":{},"length":{},"modified":[{},{}]}}"#,
        file.dev(),
        file.ino(),
        file.len(),
        file.mtime(),
        file.mtime_nsec()
    )
}

fn fixture(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/fixtures/0.1.0");
    directory.join(name).with_extension("json")
}

fn read(name: &str) -> Vec<Scene> {
    serde_json::from_slice(&fs::read(fixture(name)).unwrap()).unwrap()
}

fn write(name: &str, scenes: &[Scene]) {
    assert!(!scenes.is_empty());
    fs::write(fixture(name), serde_json::to_string_pretty(scenes).unwrap() + "\n").unwrap();
}

impl Scene {
    /// Takes what is in a box, but nothing in these directories of its home.
    fn of(sandbox: &Sandbox, endpoint: &str, without: &[&str]) -> Self {
        let root = sandbox.root().to_str().unwrap();
        let things = ["home", "work"].map(|part| snapshot(&sandbox.root().join(part)));
        let files = things.into_iter().flatten().filter(|(path, _)| path.is_file());
        let files = files.map(|(path, thing)| {
            let text = String::from_utf8(thing.bytes).unwrap();
            let text = text.replace(root, "@BOX@").replace(endpoint, "@ENDPOINT@");
            let work = sandbox.files_in_work().into_iter();
            let text = work.fold(text, |text, file| {
                text.replace(&seen(&sandbox.work(&file)), &format!("\"@SEEN {file}@\""))
            });
            (path.strip_prefix(root).unwrap().to_str().unwrap().to_owned(), text)
        });
        let is_left_out = |path: &str| without.iter().any(|part| path.starts_with(part));
        let files = files.filter(|(path, _)| !is_left_out(path)).collect();
        Self { files, then: Value::Null }
    }

    /// Puts everything into a box.
    fn put_into(&self, sandbox: &Sandbox, endpoint: &str) {
        let root = sandbox.root().to_str().unwrap();
        for (path, text) in &self.files {
            let text = text.replace("@BOX@", root).replace("@ENDPOINT@", endpoint);
            write_private(&sandbox.root().join(path), text);
        }
        let journal = self.files.keys().filter(|path| path.starts_with("home/journal/"));
        for path in journal.map(|path| sandbox.root().join(path)) {
            let text = sandbox.files_in_work().into_iter().fold(
                fs::read_to_string(&path).unwrap(),
                |text, file| {
                    text.replace(&format!("\"@SEEN {file}@\""), &seen(&sandbox.work(&file)))
                },
            );
            write_private(&path, text);
        }
    }

    /// What tells it from others: names and lengths, which chance does not change.
    fn shape(&self) -> BTreeSet<(String, usize)> {
        let plain = |path: &String| path.replace(|c: char| c.is_ascii_hexdigit(), "x");
        self.files.iter().map(|(path, text)| (plain(path), text.len())).collect()
    }
}

/// The commands that are killed, what there was before, and whether they go to the service.
const KILLED_COMMANDS: [(&str, &[&str], bool); 8] = [
    ("create-file", &["api-key-create", "K", "--file", "key.json"], false),
    ("create-printed", &["api-key-create", "K", "--output", "json"], false),
    ("rotate-file", &["api-key-rotate", "ci", "--file", "ci.json", "--force"], false),
    ("rotate-printed", &["api-key-rotate", "ci", "--output", "json", "--force"], false),
    ("service-create-file", &["api-key-create", "K", "--file", "key.json"], true),
    ("service-create-printed", &["api-key-create", "K", "--output", "json"], true),
    ("service-rotate-file", &["api-key-rotate", "ci", "--file", "ci.json", "--force"], true),
    ("service-rotate-printed", &["api-key-rotate", "ci", "--output", "json", "--force"], true),
];

/// What is true of a box once `recover` has settled what was left: its keys, and its files.
fn settled(run: impl Fn(&[&str]) -> Outcome, sandbox: &Sandbox) -> Value {
    let recovered = run(&["recover", "--force"]);
    // What this version cannot settle for certain it reports.
    let is_reported = recovered.stderr.contains(" left keys for you to look at.\n");
    recovered.code(i32::from(is_reported));
    assert_eq!(sandbox.open_entries(), 0, "{recovered:#?}");
    let keys = run(&["api-keys", "--output", "json"]).json();
    let keys = keys.as_array().unwrap().iter();
    let keys: Vec<_> = keys.map(|key| json!([key["name"], key["state"]])).collect();
    let opens = |file: &String| {
        let found = run(&["api-key-lookup", &format!("@{file}"), "--output", "json"]).json();
        json!([file, found["name"], found["state"]])
    };
    let files: Vec<_> = sandbox.files_in_work().iter().map(opens).collect();
    json!({"keys": keys, "files": files})
}

#[test]
fn journal_entries_are_settled_as_before() {
    thread::scope(|scope| {
        for (name, _, is_remote) in KILLED_COMMANDS {
            scope.spawn(move || {
                for (at, scene) in read(name).iter().enumerate() {
                    let sandbox = Sandbox::new();
                    scene.put_into(&sandbox, "@ENDPOINT@");
                    assert!(sandbox.open_entries() > 0, "{name} {at}");
                    let now = if is_remote {
                        let service = Service::emulated_in(sandbox, &[], &[]).timeout("0.5");
                        let entries = fs::read_dir(service.sandbox.journal()).unwrap();
                        for path in entries.map(|entry| entry.unwrap().path()) {
                            let text = fs::read_to_string(&path).unwrap();
                            fs::write(path, text.replace("@ENDPOINT@", &service.endpoint)).unwrap();
                        }
                        settled(|args| service.run(args), &service.sandbox)
                    } else {
                        settled(|args| sandbox.run(args), &sandbox)
                    };
                    assert_eq!(now, scene.then, "{name} {at}");
                }
            });
        }
    });
}

#[test]
fn a_store_is_listed_as_before_and_carried_on() {
    let scenes = read("store");
    let sandbox = Sandbox::new();
    scenes[0].put_into(&sandbox, "@ENDPOINT@");
    let then = &scenes[0].then;
    assert_eq!(sandbox.run(&["api-keys", "-o", "json"]).ok().stdout, then["list"]);
    for (id, shown) in then["histories"].as_object().unwrap() {
        let now = sandbox.run(&["api-key", id, "--history", "--activity", "-o", "json"]);
        assert_eq!(now.ok().stdout, *shown);
    }
    for (file, id) in then["files"].as_object().unwrap() {
        let found = sandbox.run(&["api-key-lookup", &format!("@{file}"), "--uuid"]);
        assert_eq!(found.ok().stdout.trim_end(), id);
    }
    let names = sandbox.names();
    sandbox.run(&["api-key-update", "plain", "-d", "carried on"]).ok();
    sandbox.run(&["api-key-unlock", "locked", "--force"]).ok();
    sandbox.run(&["api-key-enable", "disabled", "--force"]).ok();
    sandbox.run(&["api-key-delete", "ending", "--force"]).ok();
    sandbox.create("new", &[]);
    let expected = names.iter().map(|name| &**name).filter(|name| *name != "ending");
    assert_eq!(sandbox.names(), expected.chain(["new"]).collect::<Vec<_>>());
    let history = sandbox.run(&["api-key", "locked", "--history", "-o", "json"]).json();
    let actions: Vec<_> = history["history"].as_array().unwrap().iter().collect();
    assert_eq!(actions.last().unwrap()["action"], "unlock");
    assert!(sandbox.run(&["api-keys"]).stdout.contains("carried on"));
}

/// Where the services of the logins are: the names of token files depend on it.
const API: &str = "127.0.0.1:18471";
const AUTH: &str = "127.0.0.1:18472";
const VALUE: &str = "a-login-of-version-0.1.0_aaaaaaaaaaaaaaaaaaaa";

fn answer(request: &Request) -> Answer {
    match &*request.route() {
        TOKEN_ROUTE => token_answer(),
        "GET /v1/apikeys/details" => Answer::json(200, key_json(7, "the-login")),
        "GET /v1/apikeys" => list_answer("http://127.0.0.1", &[key_json(1, "one")], None),
        other => panic!("{other}"),
    }
}

fn without_choice(sandbox: &Sandbox, args: &[&str]) -> std::process::Command {
    let mut command = sandbox.unchosen(args);
    command.env("IBMCLOUD_HTTP_TIMEOUT", "5");
    command
}

/// A box with a login of version 0.1.0, whose names are offered while the service is not there.
fn with_login(name: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    read(name)[0].put_into(&sandbox, "@ENDPOINT@");
    let offered = complete_with(&sandbox, &[("IBMCLOUD_IAM_BACKEND", "")], &["api-key", "o"]);
    assert_eq!(offered.ok().stdout, "one\n");
    sandbox
}

#[track_caller]
fn assert_logs_out(sandbox: &Sandbox) {
    run(&mut without_choice(sandbox, &["logout"]), b"").ok();
    let home = fs::read_dir(sandbox.root().join("home")).unwrap();
    let left = home.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(left.filter(|name| name.starts_with("login-")).count(), 0);
}

#[test]
fn a_login_its_token_and_its_names_are_used_as_before() {
    let sandbox = with_login("login");
    let server = Server::start_at(API, answer);
    let done = |args: &[&str]| run(&mut without_choice(&sandbox, args), b"");
    done(&["api-keys"]).ok();
    done(&["whoami"]).ok();
    assert!(!server.routes().contains(&TOKEN_ROUTE.to_owned()), "the token that was kept is used");
    fs::remove_dir_all(sandbox.root().join("home/tokens")).unwrap();
    done(&["api-keys"]).ok();
    let requests = server.requests();
    let login = requests.iter().find(|request| request.route() == TOKEN_ROUTE).unwrap();
    assert!(login.form().contains(&("apikey".to_owned(), VALUE.to_owned())));
    assert_logs_out(&sandbox);
}

/// Version 0.1.0 did not bind a key to a token service, so such a login is refused, and asked for anew.
#[test]
fn a_login_with_a_token_service_of_its_own_is_asked_for_anew() {
    let sandbox = with_login("login-auth");
    let (api, auth) = (Server::start_at(API, answer), Server::start_at(AUTH, answer));
    let list = || run(&mut without_choice(&sandbox, &["api-keys"]), b"");
    let refused = list();
    assert!(
        refused.code(7).stderr.contains("it is not bound to the token service"),
        "{refused:#?}"
    );
    assert!(refused.stderr.contains("Log in again with 'ibmcloud-iam login'."), "{refused:#?}");
    assert_eq!(auth.requests().len() + api.requests().len(), 0, "the key goes nowhere");
    log_in(&sandbox, &api, Some(&auth));
    list().ok();
    assert_logs_out(&sandbox);
}

fn log_in(sandbox: &Sandbox, api: &Server, auth: Option<&Server>) {
    let url = api.url();
    let args = ["login", "--apikey", "-", "--insecure-storage", "--endpoint", &url];
    let mut login = without_choice(sandbox, &args);
    if let Some(auth) = auth {
        login.env("IAM_IDENTITY_AUTH_URL", auth.url());
    }
    run(&mut login, VALUE.as_bytes()).ok();
}

/// Writes the fixtures with the program that `IBMCLOUD_IAM_BINARY` names, which must be version 0.1.0.
#[test]
#[ignore = "writes the fixtures, with a program of version 0.1.0"]
fn write_fixtures() {
    assert!(std::env::var_os("IBMCLOUD_IAM_BINARY").is_some());
    let shim = Shim::build().unwrap();
    for (name, args, is_remote) in KILLED_COMMANDS {
        let (mut shapes, mut scenes) = (BTreeSet::new(), Vec::new());
        for (service, mut scene) in (1..).map_while(|at| killed(&shim, args, is_remote, at)) {
            if service.sandbox.open_entries() > 0 && shapes.insert(scene.shape()) {
                let run_it = |args: &[&str]| run_at(&service, is_remote, args);
                scene.then = settled(run_it, &service.sandbox);
                scenes.push(scene);
            }
        }
        write(name, &scenes);
    }
    write("store", &[scene_of_store()]);
    write("login", &[scene_of_login(false)]);
    write("login-auth", &[scene_of_login(true)]);
}

/// Runs a command at the service, or on the local store that is served.
fn run_at(service: &Service<Emulator>, is_remote: bool, args: &[&str]) -> Outcome {
    if is_remote { service.run(args) } else { service.sandbox.run(args) }
}

/// Kills a command after its nth call that changes the disk; `None` where it has ended before.
fn killed(
    shim: &Shim,
    args: &[&str],
    is_remote: bool,
    at: usize,
) -> Option<(Service<Emulator>, Scene)> {
    let call = Call { name: String::new(), path: String::new() };
    let fault = Fault { at, mode: "after", call };
    let service = Service::emulated(&[]).timeout("0.5");
    let sandbox = &service.sandbox;
    if args[0] == "api-key-rotate" {
        let create = ["api-key-create", "ci", "--file", "ci.json", "-q"];
        run_at(&service, is_remote, &create).ok();
    }
    let mut command = shim.command(sandbox, Some(&fault), args);
    if is_remote {
        command
            .env_remove("IBMCLOUD_IAM_BACKEND")
            .env("IBMCLOUD_IAM_API_ENDPOINT", &service.endpoint)
            .env("IBMCLOUD_API_KEY", &service.credential)
            .env("IBMCLOUD_HTTP_TIMEOUT", service.timeout);
    }
    if run(&mut command, b"").code != KILLED {
        return None;
    }
    let without = ["home/tokens", "home/names", "home/store/bootstrap.json"];
    let scene = Scene::of(sandbox, &service.endpoint, &without);
    Some((service, scene))
}

fn scene_of_store() -> Scene {
    let sandbox = Sandbox::new();
    let days = [("plain", "-d", "first"), ("locked", "--lock", ""), ("disabled", "--disabled", "")];
    let more = [("ending", "--expires-in", "30d"), ("leaky", "--action-if-leaked", "delete")];
    for (day, (name, flag, word)) in (1..).zip(days.into_iter().chain(more)) {
        let (now, file) = (format!("2026-10-0{day}T08:00:00Z"), format!("{name}.json"));
        let args = ["api-key-create", name, "--file", &file, flag, word];
        let args: Vec<_> = args.into_iter().filter(|word| !word.is_empty()).collect();
        sandbox.run_at(&now, &args).ok();
    }
    sandbox.run_at("2026-10-08", &["api-key-update", "ending", "-e", "2026-12-31"]).ok();
    for (now, command) in [("2026-10-09", "api-key-disable"), ("2026-10-10", "api-key-enable")] {
        sandbox.run_at(now, &[command, "plain", "--force"]).ok();
    }
    // More superseded lines than are kept.
    for round in 0..4 {
        for key in 0..140 {
            let env = [("IBMCLOUD_IAM_KEY_LIMIT", "1000")];
            sandbox.run_env(&env, &["api-key-create", &format!("x{round}-{key}"), "-q"]).ok();
        }
        let names: Vec<String> = (0..140).map(|key| format!("x{round}-{key}")).collect();
        let names = names.iter().map(|name| &**name);
        sandbox
            .run(&["api-key-delete", "--force", "-q"].into_iter().chain(names).collect::<Vec<_>>())
            .ok();
    }
    let lines = String::from_utf8(sandbox.store_bytes().unwrap()).unwrap().lines().count();
    assert!(lines < 500, "{lines} lines: it was not compacted");
    sandbox.run_at("2026-11-20", &["api-key-update", "plain", "-n", "plain", "-d", "second"]).ok();
    let mut scene = Scene::of(&sandbox, "@ENDPOINT@", &["home/journal"]);
    let shown = |id: &str| {
        let shown = sandbox.run(&["api-key", id, "--history", "--activity", "-o", "json"]);
        (id.to_owned(), shown.ok().stdout.clone())
    };
    let keys = sandbox.keys();
    let ids = keys.iter().map(|key| key["id"].as_str().unwrap());
    let opened = |file: String| {
        let found = sandbox.run(&["api-key-lookup", &format!("@{file}"), "--uuid"]);
        (file, found.ok().stdout.trim_end().to_owned())
    };
    scene.then = json!({
        "list": sandbox.run(&["api-keys", "-o", "json"]).ok().stdout,
        "histories": ids.map(shown).collect::<BTreeMap<_, _>>(),
        "files": sandbox.files_in_work().into_iter().map(opened).collect::<BTreeMap<_, _>>(),
    });
    scene
}

fn scene_of_login(has_auth: bool) -> Scene {
    let sandbox = Sandbox::new();
    let api = Server::start_at(API, answer);
    let auth = has_auth.then(|| Server::start_at(AUTH, answer));
    log_in(&sandbox, &api, auth.as_ref());
    run(&mut without_choice(&sandbox, &["api-keys"]), b"").ok();
    Scene::of(&sandbox, "@ENDPOINT@", &[])
}
