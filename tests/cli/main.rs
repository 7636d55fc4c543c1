//! Black-box tests: they run the real binary in a sealed box and compare what it prints, writes and returns.

#![expect(clippy::disallowed_methods, reason = "tests write files and read the environment")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
#![expect(clippy::print_stdout, reason = "a test that cannot run here says so")]

mod api_key;
mod api_key_create;
mod api_key_delete;
mod api_key_lookup;
mod api_key_states;
mod api_key_update;
mod api_keys;
mod backend_choice;
mod backends;
mod bad_input;
mod completions;
mod concurrency;
mod crash;
mod damage;
mod fresh;
mod invocations;
mod readme;
mod recover;
mod secrets;
mod support;
mod terminal;

/// A test file that is not named above would never run.
#[test]
fn no_test_file_is_forgotten() {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli");
    let list = std::fs::read_to_string(here.join("main.rs")).unwrap();
    for entry in std::fs::read_dir(here).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let module = name.strip_suffix(".rs").unwrap_or(&name);
        let named = list.lines().any(|line| line == format!("mod {module};"));
        assert!(module == "main" || named, "tests/cli/main.rs does not name {name}");
    }
}
