//! Many processes at once: nothing fails, nothing is lost, and a reader never sees half a change.

use std::fs;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::expected::{facts, never_expires};
use crate::support::shim::Shim;
use crate::support::{Outcome, Sandbox, run};

fn run_unlimited(sandbox: &Sandbox, args: &[&str]) -> Outcome {
    sandbox.run_env(&[("IBMCLOUD_IAM_KEY_LIMIT", "1000")], args)
}

/// Twelve changes to keys of its own; the second key stays, disabled and locked.
fn work(sandbox: &Sandbox, worker: usize) {
    let [first, second, file] =
        [format!("a{worker}"), format!("b{worker}"), format!("{worker}.json")];
    let (first, second, other_file) = (first.as_str(), second.as_str(), format!("other-{file}"));
    let steps: [&[&str]; 12] = [
        &["api-key-create", first, "--file", &file],
        &["api-key-update", first, "-d", "one"],
        &["api-key-lock", first, "-f"],
        &["api-key-create", second, "--file", &other_file],
        &["api-key-disable", second, "-f"],
        &["api-key-unlock", first, "-f"],
        &["api-key-update", second, "-d", "two"],
        &["api-key-enable", second, "-f"],
        &["api-key-delete", first, "-f"],
        &["api-key-disable", second, "-f"],
        &["api-key-update", second, "-d", "three"],
        &["api-key-lock", second, "-f"],
    ];
    for step in steps {
        let told = match step[0] {
            "api-key-create" => never_expires("ibmcloud-iam"),
            "api-key-delete" | "api-key-disable" => facts(1, step[1]),
            _ => String::new(),
        };
        run_unlimited(sandbox, step).ok().stderr(&told);
    }
}

#[test]
fn many_writers_and_a_reader() {
    let sandbox = Sandbox::new();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut lists = 0;
            while !done.load(Ordering::Relaxed) {
                sandbox.keys();
                lists += 1;
            }
            lists
        });
        let workers: Vec<_> = (0..16)
            .map(|worker| {
                scope.spawn({
                    let sandbox = &sandbox;
                    move || work(sandbox, worker)
                })
            })
            .collect();
        let results: Vec<_> = workers.into_iter().map(thread::ScopedJoinHandle::join).collect();
        done.store(true, Ordering::Relaxed);
        assert!(reader.join().unwrap() > 0);
        assert!(results.iter().all(Result::is_ok), "a worker failed");
    });
    let mut keys = sandbox.keys();
    keys.sort_by_key(|key| key["name"].as_str().unwrap()[1..].parse::<usize>().unwrap());
    assert_eq!(keys.len(), 16);
    for (worker, key) in keys.iter().enumerate() {
        assert_eq!(key["name"], format!("b{worker}"));
        assert_eq!(
            (&key["description"], &key["locked"], &key["disabled"]),
            (&"three".into(), &true.into(), &true.into())
        );
        // One create and six changes of its own.
        assert!(key["entity_tag"].as_str().unwrap().starts_with("7-"), "{key}");
        let found = sandbox.run(&["api-key-lookup", &format!("@other-{worker}.json"), "--uuid"]);
        assert_eq!(found.ok().stdout.trim_end(), key["id"].as_str().unwrap());
    }
    assert_eq!(sandbox.files_in_work().len(), 32);
    assert_eq!(sandbox.open_entries(), 0);
}

#[test]
fn the_limit_is_exact_in_a_race() {
    let sandbox = Sandbox::new();
    let outcomes: Vec<Outcome> = thread::scope(|scope| {
        let create =
            |at: usize| sandbox.run(&["api-key-create", "K", "--file", &format!("{at}.json")]);
        let racers: Vec<_> = (0..40).map(|at| scope.spawn(move || create(at))).collect();
        racers.into_iter().map(|racer| racer.join().unwrap()).collect()
    });
    let with = |code: i32| outcomes.iter().filter(|outcome| outcome.code == code).count();
    assert_eq!((with(0), with(9)), (20, 20), "{outcomes:#?}");
    let files = sandbox.files_in_work();
    assert_eq!(
        (sandbox.keys().len(), files.len(), sandbox.open_entries()),
        (20, 20, 0),
        "{files:?}"
    );
    for (at, outcome) in outcomes.iter().enumerate() {
        assert_eq!(files.contains(&format!("{at}.json")), outcome.code == 0);
    }
}

#[test]
fn a_journal_entry_that_is_not_locked_yet_is_in_nobodys_way() {
    let Some(shim) = Shim::build() else { return };
    let args = ["api-key-create", "K", "--file", "key.json"];
    let fault = shim.fault(&Sandbox::new(), &args, "stop", "open", ".new");
    let sandbox = Sandbox::new();
    let stopped = shim.stopped(&sandbox, &fault, &args);
    sandbox.create("other", &[]);
    stopped.go_on().ok();
    assert_eq!((sandbox.keys().len(), sandbox.open_entries()), (2, 0));
}

/// Stops an update between reading the key and changing it, lets `meanwhile` happen, and lets it go on.
fn overtaken(shim: &Shim, meanwhile: &[&str]) -> (Outcome, serde_json::Value) {
    let args = ["api-key-update", "K", "-d", "mine"];
    let fresh = || {
        let sandbox = Sandbox::new();
        sandbox.create("K", &[]);
        sandbox
    };
    let fault = shim.fault(&fresh(), &args, "stop", "open", "store.lock");
    let sandbox = fresh();
    let stopped = shim.stopped(&sandbox, &fault, &args);
    sandbox.run(meanwhile).ok();
    (stopped.go_on(), sandbox.keys().remove(0))
}

#[test]
fn an_update_that_was_overtaken_does_not_win_silently() {
    let Some(shim) = Shim::build() else { return };
    let (outcome, key) = overtaken(&shim, &["api-key-update", "K", "-d", "theirs"]);
    outcome.code(5).stderr(
        "FAILED\nAPI key 'K' was changed by somebody else meanwhile. Changed since it was read: description.\n\
         Look at it again, then repeat the command.\n\n",
    );
    assert_eq!(key["description"], "theirs");
    // Already as wanted.
    let (outcome, key) = overtaken(&shim, &["api-key-update", "K", "-d", "mine"]);
    outcome.ok();
    assert!(key["entity_tag"].as_str().unwrap().starts_with("2-"), "changed once only: {key}");
    let (outcome, key) = overtaken(&shim, &["api-key-lock", "K", "-f"]);
    outcome.code(6);
    assert_eq!(key["description"], "");
    overtaken(&shim, &["api-key-create", "other"]).0.ok();
}

/// A create that was stopped while it holds the lock of the store.
const HOLDER: [&str; 2] = ["api-key-create", "held"];

#[test]
fn the_lock_of_a_killed_process_is_free() {
    let Some(shim) = Shim::build() else { return };
    let fault = shim.fault(&Sandbox::new(), &HOLDER, "stop", "open", "store.jsonl");
    let sandbox = Sandbox::new();
    let stopped = shim.stopped(&sandbox, &fault, &HOLDER);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| sandbox.run(&["api-key-create", "K"]));
        thread::sleep(Duration::from_millis(100));
        assert!(!waiting.is_finished(), "it does not wait for the lock");
        drop(stopped);
        waiting.join().unwrap().ok();
    });
    assert_eq!(sandbox.keys().len(), 1);
}

#[test]
#[ignore = "takes the 30 seconds for which a process waits"]
fn the_lock_of_a_stopped_process_is_waited_for_with_patience() {
    let Some(shim) = Shim::build() else { return };
    let fault = shim.fault(&Sandbox::new(), &HOLDER, "stop", "open", "store.jsonl");
    let sandbox = Sandbox::new();
    let stopped = shim.stopped(&sandbox, &fault, &HOLDER);
    let start = Instant::now();
    let outcomes: Vec<Outcome> = thread::scope(|scope| {
        let waiting = [&["api-keys"][..], &["api-key-create", "K"]].map(|args| {
            let mut command = sandbox.command(args);
            scope.spawn(move || run(&mut command, b""))
        });
        waiting.into_iter().map(|waiting| waiting.join().unwrap()).collect()
    });
    for outcome in &outcomes {
        assert!(
            outcome
                .code(10)
                .stderr
                .contains("is busy: another process has held its lock for 30 seconds")
        );
    }
    assert!((29..45).contains(&start.elapsed().as_secs()));
    stopped.go_on().ok();
    assert_eq!(sandbox.keys().len(), 1);
}

/// Ten commands want one FILE: one key is made, and the others leave nothing.
#[test]
fn one_file_takes_one_key_in_a_race() {
    for (prepared, more) in [(None, &[][..]), (Some(""), &[]), (Some("an old key"), &["--force"])] {
        let sandbox = Sandbox::new();
        if let Some(content) = prepared {
            fs::write(sandbox.work("k"), content).unwrap();
        }
        let args = [&["api-key-create", "x", "--file", "k", "-q"], more].concat();
        let start = |_| {
            sandbox.command(&args).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
        };
        let children: Vec<Child> = (0..10).map(start).collect();
        let codes: Vec<i32> = children
            .into_iter()
            .map(|child| Outcome::from(child.wait_with_output().unwrap()).code)
            .collect();
        // With '--force' one may come when another is done, and replace its file as it was told to.
        let done = codes.iter().filter(|code| **code == 0).count();
        assert!(done >= 1 && codes.iter().all(|code| [0, 14].contains(code)), "{codes:?}");
        assert!(done == 1 || !more.is_empty(), "{codes:?}");
        let keys: Vec<String> =
            sandbox.keys().iter().map(|key| key["id"].as_str().unwrap().to_owned()).collect();
        assert_eq!(keys.len(), done, "{codes:?}");
        let in_file =
            sandbox.run(&["api-key-lookup", "@k", "--uuid"]).ok().stdout.trim().to_owned();
        assert!(keys.contains(&in_file));
        assert_eq!((sandbox.files_in_work(), sandbox.open_entries()), (vec!["k".to_owned()], 0));
    }
}
