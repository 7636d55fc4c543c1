//! Measures start-up and the local store against an empty program and jq, as ratios of one run.
//!
//! `cargo bench` prints a Markdown table; docs/design/speed.md quotes the rows with a bar. Each figure is the median of many whole processes that
//! take turns, so that a slow moment of the machine meets all of them. Nothing here passes or fails on a time.

#![expect(
    clippy::disallowed_methods,
    reason = "a benchmark reads the environment and writes files"
)]
#![expect(clippy::expect_used, reason = "a benchmark that cannot run should stop")]
#![expect(clippy::print_stdout, reason = "a benchmark prints what it found")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ibmcloud_iam::clock::Clock;
use ibmcloud_iam::model::{Scope, Selection, Timestamp};
use ibmcloud_iam::names::NameFile;
use ibmcloud_iam::systems::Keys as _;
use ibmcloud_iam::systems::iam::local::LocalKeys;

const PROGRAM: &str = env!("CARGO_BIN_EXE_ibmcloud-iam");

struct Bench {
    root: PathBuf,
}

impl Bench {
    /// Makes a store of `keys` keys and returns its directory.
    fn store(&self, keys: usize) -> PathBuf {
        let directory = self.root.join(format!("store-{keys}"));
        LocalKeys::new(directory.clone(), keys, Clock::System)
            .seed(keys)
            .expect("the store can be seeded");
        directory
    }

    /// The program on a store.
    fn on(&self, store: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command
            .args(args)
            .env_clear()
            .env("IBMCLOUD_IAM_HOME", self.root.join("home"))
            .env("IBMCLOUD_IAM_STORE", store)
            .env("IBMCLOUD_IAM_BACKEND", "local")
            .env("IBMCLOUD_IAM_KEY_LIMIT", "1000000");
        command
    }

    /// Compares a list of all keys, as a table and as JSON, with what jq takes for the same from that JSON.
    fn lists_against_jq(&self, keys: &str, store: &Path, rounds: usize, bar: &str) {
        let json = self.root.join("keys.json");
        let listed = self.on(store, &["api-keys", "--output", "json"]).output().expect("the list");
        fs::write(&json, listed.stdout).expect("the list can be kept");
        let columns =
            "[.id, .name, .description, .created_at, .modified_at, (.locked | tostring)] | @tsv";
        let [table, as_json, jq_table, jq_json] = medians(
            [
                self.on(store, &["api-keys"]),
                self.on(store, &["api-keys", "--output", "json"]),
                jq(&format!(".[] | {columns}"), true, &json),
                jq(".", false, &json),
            ],
            rounds,
        );
        row(
            &format!("`api-keys`, {keys} keys, table"),
            table,
            "jq to a table of that JSON",
            jq_table,
            bar,
        );
        row(&format!("`api-keys`, {keys} keys, JSON"), as_json, "jq over that JSON", jq_json, bar);
    }

    /// Compares audits of 10,000 keys with lists of them: of young keys without their use, one finding a key; of old ones
    /// with it, three.
    fn audits_against_lists(&self) {
        let young = self.store(10_000);
        let old = self.root.join("store-old");
        let then = Timestamp::parse("2020-01-01").expect("a time");
        LocalKeys::new(old.clone(), 10_000, Clock::Fixed(then))
            .seed(10_000)
            .expect("the store can be seeded");
        let without = ["api-keys-audit", "--skip", "unused", "--fail-on", "none"];
        let with = ["api-keys-audit", "--fail-on", "none"];
        for (form, more) in [("table", &[][..]), ("JSON", &["--output", "json"])] {
            let of = |store: &Path, args: &[&str]| self.on(store, &[args, more].concat());
            let [list, young, old] =
                medians([of(&young, &["api-keys"]), of(&young, &without), of(&old, &with)], 51);
            let against = "a list of them";
            row(&format!("audit of 10,000 keys, {form}"), young, against, list, "< 2");
            let what = format!("audit of 10,000 old keys with their use, {form}");
            row(&what, old, against, list, "");
        }
        let sarif = [&without[..], &["--format", "sarif"]].concat();
        let [list, sarif] = medians([self.on(&young, &["api-keys"]), self.on(&young, &sarif)], 51);
        row("audit of 10,000 keys, SARIF", sarif, "a list of them, table", list, "");
    }

    /// Makes a login whose keys have the names of those in `store`, as if they had been listed.
    fn remember(&self, store: &Path) {
        let (home, endpoint) = (self.root.join("home"), "https://iam.example.com");
        let backend = LocalKeys::new(store.to_owned(), 0, Clock::System);
        let identity = backend.identity().expect("the store has an identity");
        let keys = backend
            .list(&Scope::Of(identity.owner()), &Selection::All)
            .expect("the store has keys");
        let login = format!(
            r#"{{"logins":[{{"endpoint":"{endpoint}","kept":"keyring","entry":"0123456789abcdef","iam_id":"{}","account_id":"{}","user":""}}]}}"#,
            identity.iam_id, identity.account_id
        );
        fs::create_dir_all(&home).expect("the home can be made");
        fs::write(home.join("config.json"), login).expect("the login can be written");
        let names = NameFile::new(&home.join("names"), endpoint, &identity, "default");
        names.write(keys.iter().map(Into::into).collect()).expect("the names can be written");
        assert!(names.read().is_ok(), "the names are there");
    }

    /// Compiles a program that does nothing.
    fn empty_program(&self) -> Command {
        let source = self.root.join("empty.rs");
        fs::write(&source, "fn main() {}").expect("the source can be written");
        let program = self.root.join("empty");
        let built = Command::new("rustc").arg("-O").arg("-o").arg(&program).arg(&source).status();
        assert!(built.is_ok_and(|status| status.success()), "rustc builds an empty program");
        let mut command = Command::new(program);
        command.env_clear();
        command
    }
}

fn once(command: &mut Command) -> Duration {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    let status = command.status().expect("the program starts");
    let took = start.elapsed();
    assert!(status.success(), "{command:?} failed");
    took
}

/// Runs each command `rounds` times, in turns, and returns the medians in milliseconds.
fn medians<const N: usize>(mut commands: [Command; N], rounds: usize) -> [f64; N] {
    let mut times: [Vec<Duration>; N] = std::array::from_fn(|_| Vec::with_capacity(rounds));
    for _ in 0..rounds {
        for (command, times) in commands.iter_mut().zip(&mut times) {
            times.push(once(command));
        }
    }
    times.map(|mut times| {
        times.sort();
        times[times.len() / 2].as_secs_f64() * 1e3
    })
}

fn row(what: &str, ms: f64, against: &str, base: f64, bar: &str) {
    println!("| {what} | {ms:.2} ms | {:.2} × {against} ({base:.2} ms) | {bar} |", ms / base);
}

fn jq(filter: &str, raw: bool, file: &Path) -> Command {
    let mut command = Command::new("jq");
    if raw {
        command.arg("-r");
    }
    command.arg(filter).arg(file);
    command
}

/// Peak memory of a command in MiB, as the kernel counts it.
fn peak_memory(command: &mut Command) -> Option<f64> {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let mut out = child.stdout.take()?;
    let mut peak = 0.0_f64;
    let mut buffer = vec![0; 1 << 16];
    while std::io::Read::read(&mut out, &mut buffer).ok()? > 0 {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let found = text
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .and_then(|rest| rest.trim().trim_end_matches(" kB").trim().parse::<f64>().ok());
        peak = peak.max(found.unwrap_or(0.0) / 1024.0);
    }
    child.wait().ok()?;
    Some(peak)
}

fn main() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let bench = Bench { root: directory.path().to_owned() };
    let (small, medium, large) = (bench.store(20), bench.store(1_000), bench.store(100_000));
    println!("| what | median | ratio | bar |\n|---|---|---|---|");

    let [empty, version, list] = medians(
        [bench.empty_program(), bench.on(&small, &["--version"]), bench.on(&small, &["api-keys"])],
        400,
    );
    row("`--version`", version, "an empty Rust program", empty, "≤ 1.6");
    row("`api-keys`, 20 keys", list, "an empty Rust program", empty, "≤ 2");

    if Command::new("jq").arg("--version").stdout(Stdio::null()).status().is_ok() {
        for (keys, store, rounds, bar) in
            [("20", &small, 101, ""), ("1,000", &medium, 51, ""), ("100,000", &large, 7, "≤ 0.12")]
        {
            bench.lists_against_jq(keys, store, rounds, bar);
        }
    } else {
        println!("| lists against jq | skipped: jq is not installed | | |");
    }
    for (what, args) in [("table", &["api-keys"][..]), ("JSON", &["api-keys", "--output", "json"])]
    {
        if let Some(peak) = peak_memory(&mut bench.on(&large, args)) {
            println!("| peak memory, 100,000 keys, {what} | {peak:.0} MiB | | ≤ 120 MiB |");
        }
    }

    let tab = |backend: &str, store: &Path| {
        let mut command = bench.on(store, &["--", "ibmcloud-iam", "api-key", ""]);
        command.env("IBMCLOUD_IAM_BACKEND", backend).env("IBMCLOUD_IAM_COMPLETE", "bash");
        command.env("_CLAP_COMPLETE_INDEX", "2");
        command
    };
    bench.remember(&medium);
    let [at_20, at_1_000, remembered] =
        medians([tab("local", &small), tab("local", &medium), tab("remote", &medium)], 101);
    for (what, ms) in
        [("20 keys", at_20), ("1,000 keys", at_1_000), ("1,000 remote keys", remembered)]
    {
        println!("| Tab, {what} | {ms:.2} ms | | ≤ 50 ms |");
    }

    // Each create adds a key; 200 more change nothing about the order of magnitude.
    let create = |store: &Path| bench.on(store, &["api-key-create", "bench", "--output", "json"]);
    let [at_20, at_1_000, at_100_000] =
        medians([create(&small), create(&medium), create(&large)], 101);
    row("create with 1,000 keys", at_1_000, "one with 20", at_20, "≤ 1.6");
    row("create with 100,000 keys", at_100_000, "one with 20", at_20, "≤ 15");
    bench.audits_against_lists();
    let size = fs::metadata(PROGRAM).map_or(0, |metadata| metadata.len());
    println!("| size of the binary | {} KiB | | ≤ 8 MiB |", size / 1024);
}
