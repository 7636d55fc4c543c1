//! Black-box tests: they run the real binary in a sealed box and compare what it prints, writes and returns.

#![expect(clippy::disallowed_methods, reason = "tests write files and read the environment")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
#![expect(clippy::print_stdout, reason = "a test that cannot run here says so")]

use std::fs;

mod api_key_delete_many;
mod audit;
mod backend_choice;
mod backends;
mod bad_input;
mod classic;
mod completions;
mod concurrency;
mod crash;
mod credentials;
mod damage;
mod differential;
mod docs;
mod emulate;
mod examples;
mod faults;
mod fresh;
mod inventory;
mod invocations;
mod late;
mod layout;
mod newcomers;
mod platform;
mod printed_commands;
mod project;
mod recording;
mod recover;
mod recover_elsewhere;
mod recover_remote;
mod remote;
mod rotation;
mod scenarios;
mod scripted_server;
mod secrets;
mod support;
mod tampered;
mod task_credentials;
mod terminal;
mod transcripts;
mod version;
mod version_0_1_0;

/// A test file that no `mod` line names would never run.
#[test]
fn no_test_file_is_forgotten() {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli");
    let mut directories = vec![(here.clone(), here.join("main.rs"))];
    while let Some((directory, list)) = directories.pop() {
        let named = fs::read_to_string(&list).unwrap();
        for entry in fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            let module = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let is_rust = path.extension().is_some_and(|extension| extension == "rs");
            let is_module = path.is_dir()
                && fs::read_dir(&path).unwrap().any(|entry| {
                    entry.unwrap().path().extension().is_some_and(|extension| extension == "rs")
                });
            if path == list || !is_rust && !is_module {
                continue;
            }
            let is_named = named
                .lines()
                .any(|line| line.trim_start_matches("pub(crate) ") == format!("mod {module};"));
            assert!(is_named, "{} does not name {module}", list.display());
            if path.is_dir() {
                let [inner, beside] = [path.join("mod.rs"), path.with_extension("rs")];
                directories.push((path, if inner.exists() { inner } else { beside }));
            }
        }
    }
}
