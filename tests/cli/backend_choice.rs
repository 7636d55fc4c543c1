//! Which backend, which directories: flag, variable, configuration file, credential, default; and nothing outside.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::disk::snapshot;
use crate::support::pty::{Shown, Terminal};
use crate::support::{Outcome, Sandbox, run, write_private};

const LIST: &str = "Getting all API keys under 10ca1000000000000000000000000000 as local@localhost...\n\
                    OK\nNo API keys found\n";

/// What a command came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Came {
    /// The local store, chosen by somebody.
    Local,
    /// The service, with a credential that cannot be used: nothing is sent.
    Remote,
    /// Nowhere: nobody said anything, there is no credential, and nobody would see a notice.
    NotLoggedIn,
}

/// Runs `api-keys` with no choice but those given and no terminal; `program` is the name to be started under.
fn choose(sandbox: &Sandbox, program: &str, env: &[(&str, &str)], flags: &[&str]) -> Outcome {
    run(&mut chooses(sandbox, program, env, flags), b"")
}

/// The same at a terminal.
fn choose_at_terminal(
    sandbox: &Sandbox,
    program: &str,
    env: &[(&str, &str)],
    flags: &[&str],
) -> Shown {
    Terminal::start(&mut chooses(sandbox, program, env, flags), 200).end()
}

fn chooses(sandbox: &Sandbox, program: &str, env: &[(&str, &str)], flags: &[&str]) -> Command {
    let mut command = sandbox.program(sandbox.root().join("bin").join(program));
    command
        .env_remove("IBMCLOUD_IAM_BACKEND")
        .arg("api-keys")
        .args(flags)
        .envs(env.iter().copied());
    command
}

/// What is said at a terminal where the local store is used because nobody said anything.
fn notice(sandbox: &Sandbox) -> String {
    let store = sandbox.root().join("home/store");
    format!("No credential was found; using the local store in {}.\n", store.display())
}

#[track_caller]
fn came_to(outcome: &Outcome) -> Came {
    match outcome.code {
        0 => {
            outcome.stdout(LIST).stderr("");
            Came::Local
        }
        7 if outcome
            .stderr
            .starts_with("FAILED\nYou are not logged in: no credential was found.\n")
            || outcome.stderr.contains(" names a file: 'no such key' cannot be read: ") =>
        {
            outcome.stdout("");
            Came::Remote
        }
        7 => {
            let [_, told, hint, _] = *outcome.stderr.lines().collect::<Vec<_>>() else {
                panic!("{outcome:#?}")
            };
            let start = "You are not logged in: no credential was found. \
                         The local store is not used unasked ";
            assert!(told.starts_with(start), "{outcome:#?}");
            for named in [" login'", "'--backend local'"] {
                assert!(hint.contains(named), "{outcome:#?}");
            }
            outcome.stdout("");
            Came::NotLoggedIn
        }
        _ => panic!("{outcome:#?}"),
    }
}

const LOCAL: (&str, &str) = ("IBMCLOUD_IAM_BACKEND", "local");
const REMOTE: (&str, &str) = ("IBMCLOUD_IAM_BACKEND", "remote");
const KEY: (&str, &str) = ("IBMCLOUD_API_KEY", "@no such key");
const TERRAFORM: (&str, &str) = ("IC_API_KEY", "@no such key");

#[test]
fn the_nearest_choice_wins() {
    let sandbox = Sandbox::new();
    let config = sandbox.root().join("home/config.json");
    for (file, env, flags, expected) in [
        (None, &[][..], &[][..], Came::NotLoggedIn),
        (None, &[KEY], &[], Came::Remote),
        (None, &[TERRAFORM], &[], Came::Remote),
        (Some("local"), &[], &[], Came::Local),
        (Some("local"), &[KEY], &[], Came::Local),
        (Some("remote"), &[], &[], Came::Remote),
        (Some("remote"), &[LOCAL], &[], Came::Local),
        (Some("local"), &[REMOTE], &[], Came::Remote),
        (None, &[LOCAL, KEY], &[], Came::Local),
        (None, &[REMOTE], &[], Came::Remote),
        (Some("remote"), &[REMOTE, KEY], &["--backend", "local"], Came::Local),
        (Some("local"), &[LOCAL], &["--backend=remote"], Came::Remote),
        (Some("local"), &[LOCAL], &["--endpoint", "https://iam.example.com"], Came::Remote),
        (Some("local"), &[LOCAL], &["--apikey", "@no such key"], Came::Remote),
        (None, &[KEY], &["--backend", "local", "--endpoint", "https://x.example"], Came::Local),
    ] {
        let _ = fs::remove_file(&config);
        if let Some(kind) = file {
            fs::write(&config, format!("{{\"backend\":\"{kind}\"}}\n")).unwrap();
        }
        let outcome = choose(&sandbox, "ibmcloud-iam", env, flags);
        assert_eq!(came_to(&outcome), expected, "{file:?} {env:?} {flags:?}");
    }
    // An empty object chooses nothing; a flag does not even look at a broken file.
    fs::write(&config, "{}").unwrap();
    assert_eq!(came_to(&choose(&sandbox, "ibmcloud-iam", &[], &[])), Came::NotLoggedIn);
    choose_at_terminal(&sandbox, "ibmcloud-iam", &[], &[]).code(0);
    fs::write(&config, "{").unwrap();
    assert_eq!(
        came_to(&choose(&sandbox, "ibmcloud-iam", &[], &["--backend", "local"])),
        Came::Local
    );
    choose(&sandbox, "ibmcloud-iam", &[], &[]).code(2);
}

#[test]
fn the_local_store_is_used_unasked_only_where_a_person_sees_that_it_is() {
    let sandbox = Sandbox::new();
    let shown = choose_at_terminal(&sandbox, "ibmcloud-iam", &[], &["--color", "never"]);
    assert_eq!(shown.code(0).text, notice(&sandbox) + LIST);
    for (env, flags) in [
        (&[][..], &["-q"][..]),
        (&[("IBMCLOUD_QUIET", "true")], &[]),
        (&[], &["--output", "json"]),
        (&[], &["--error-format", "json"]),
        (&[("CI", "true")], &[]),
    ] {
        let shown = choose_at_terminal(&sandbox, "ibmcloud-iam", env, flags);
        assert!(shown.code(7).text.contains("used unasked"), "{env:?} {flags:?}: {shown:#?}");
        assert!(!shown.text.contains("No API keys"), "{shown:#?}");
        // Asked for, it is used.
        let flags = [flags, &["--backend", "local"]].concat();
        choose_at_terminal(&sandbox, "ibmcloud-iam", env, &flags).code(0);
    }
    choose_at_terminal(&sandbox, "ibmcloud", &[], &[]).code(7);
    // A report is a document too.
    let audit = ["api-keys-audit", "--format", "sarif"];
    Terminal::start(&mut sandbox.unchosen(&audit), 200).end().code(7);
    // One stream at a terminal is not enough.
    for script in
        ["exec ibmcloud-iam api-keys 2>told", "ibmcloud-iam api-keys | cat; exit ${PIPESTATUS[0]}"]
    {
        let mut command = sandbox.bash_command(script);
        Terminal::start(command.env_remove("IBMCLOUD_IAM_BACKEND"), 200).end().code(7);
    }
}

#[test]
fn without_a_terminal_no_command_makes_or_changes_a_local_key_unasked() {
    let sandbox = Sandbox::new();
    let id = sandbox.create("kept", &[]);
    write_private(&sandbox.work("value"), "tomato");
    let before = snapshot(sandbox.root());
    for args in [
        &["api-key-create", "deploy"][..],
        &["api-key-create", "deploy", "-o", "json"],
        &["api-key-create", "deploy", "--file", "key.json"],
        &["api-key-update", &id, "-d", "new"],
        &["api-key-lock", &id, "--force"],
        &["api-key-rotate", &id, "--force", "--file", "key.json"],
        &["api-key-delete", &id, "--force"],
        &["api-key-lookup", "@value"],
        &["api-keys", "--uuid"],
        &["api-keys-audit"],
        &["whoami"],
        &["bearer-token"],
    ] {
        let outcome = run(&mut sandbox.unchosen(args), b"");
        assert_eq!(came_to(outcome.code(7)), Came::NotLoggedIn, "{args:?}");
        assert_eq!(snapshot(sandbox.root()), before, "{args:?}");
    }
    // Where it does not matter that there is no credential, nothing is missing.
    run(&mut sandbox.unchosen(&["logout"]), b"").ok();
    let recover = run(&mut sandbox.unchosen(&["recover"]), b"");
    recover.is(0, "OK\nNo interrupted commands found\n", "");
}

#[test]
fn automation_that_lost_its_secret_gets_no_local_key() {
    let sandbox = Sandbox::new();
    for value in ["true", "1", "yes", "woodpecker"] {
        let ci = ("CI", value);
        choose_at_terminal(&sandbox, "ibmcloud-iam", &[ci], &[]).code(7);
        assert_eq!(
            came_to(&choose(&sandbox, "ibmcloud-iam", &[ci], &[])),
            Came::NotLoggedIn,
            "CI={value}"
        );
        assert_eq!(came_to(&choose(&sandbox, "ibmcloud-iam", &[ci, LOCAL], &[])), Came::Local);
        assert_eq!(came_to(&choose(&sandbox, "ibmcloud-iam", &[ci, KEY], &[])), Came::Remote);
    }
    for value in ["false", "0", ""] {
        choose_at_terminal(&sandbox, "ibmcloud-iam", &[("CI", value)], &[]).code(0);
    }
    for program in ["ibmcloud", "ic", "bx", "bluemix"] {
        assert_eq!(came_to(&choose(&sandbox, program, &[], &[])), Came::NotLoggedIn, "{program}");
        assert_eq!(came_to(&choose(&sandbox, program, &[LOCAL], &[])), Came::Local, "{program}");
        assert_eq!(came_to(&choose(&sandbox, program, &[], &["--backend", "local"])), Came::Local);
        assert_eq!(came_to(&choose(&sandbox, program, &[KEY], &[])), Came::Remote, "{program}");
    }
    for (env, args) in
        [(("CI", "true"), ["api-key-create", "x"]), (("IC_API_KEY", ""), ["api-key-create", "x"])]
    {
        let before = snapshot(sandbox.root());
        let mut command = sandbox.command(&args);
        command.args(["--file", "k"]).env_remove("IBMCLOUD_IAM_BACKEND").env(env.0, env.1);
        run(&mut command, b"").code(7);
        assert_eq!(snapshot(sandbox.root()), before, "no key, no file");
    }
}

#[test]
fn a_credential_that_is_set_but_empty_is_a_lost_secret() {
    let sandbox = Sandbox::new();
    for name in ["IBMCLOUD_API_KEY", "IC_API_KEY"] {
        choose(&sandbox, "ibmcloud-iam", &[(name, "")], &[]).code(7).stdout("").stderr(&format!(
            "FAILED\n{name} is set but empty.\nGive it an API key or '@FILE', or unset it; \
             IBMCLOUD_IAM_BACKEND=local asks for the local store.\n\n"
        ));
        assert_eq!(
            came_to(&choose(&sandbox, "ibmcloud-iam", &[(name, ""), LOCAL], &[])),
            Came::Local
        );
    }
}

/// The regular files below a directory, relative to it.
fn files(directory: &Path) -> BTreeSet<PathBuf> {
    let relative = |path: PathBuf| path.strip_prefix(directory).unwrap().to_owned();
    snapshot(directory).into_keys().filter(|path| path.is_file()).map(relative).collect()
}

fn paths(paths: &[&str]) -> BTreeSet<PathBuf> {
    paths.iter().map(PathBuf::from).collect()
}

/// A box whose `bin` is out of the way of counting files, and a command that leaves a journal entry open.
fn create(sandbox: &Sandbox, prepare: impl Fn(&mut Command)) {
    fs::remove_dir_all(sandbox.root().join("bin")).unwrap();
    let mut command = sandbox.command(&["api-key-create", "x"]);
    prepare(&mut command);
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    assert_eq!(
        command.stdout(full).stderr(std::process::Stdio::null()).status().unwrap().code(),
        Some(1)
    );
}

/// The only journal entry among files, by the directory it is in.
fn with_entry(found: &BTreeSet<PathBuf>, directory: &str, others: &[&str]) {
    let entries: Vec<&PathBuf> = found.iter().filter(|path| path.starts_with(directory)).collect();
    let [entry] = entries[..] else { panic!("{found:?}") };
    let mut expected = paths(others);
    expected.insert(entry.clone());
    assert_eq!(*found, expected);
}

#[test]
fn one_variable_moves_everything() {
    let sandbox = Sandbox::new();
    let home = sandbox.root().join("elsewhere/deep");
    create(&sandbox, |command| {
        command.env("IBMCLOUD_IAM_HOME", &home);
        for name in ["XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"] {
            command.env(name, sandbox.root().join("xdg"));
        }
    });
    with_entry(&files(&home), "journal", &["store/store.jsonl", "store/store.lock"]);
    assert_eq!(files(sandbox.root()).len(), 3, "nothing is outside");
    // A relative one means the directory it was said in.
    let sandbox = Sandbox::new();
    create(&sandbox, |command| {
        command.env("IBMCLOUD_IAM_HOME", "here");
    });
    with_entry(
        &files(&sandbox.work("here")),
        "journal",
        &["store/store.jsonl", "store/store.lock"],
    );
    assert_eq!(files(sandbox.root()).len(), 3);
}

#[test]
fn the_store_can_be_moved_alone() {
    let sandbox = Sandbox::new();
    let store = sandbox.root().join("shared/keys");
    create(&sandbox, |command| {
        command.env("IBMCLOUD_IAM_STORE", &store);
    });
    assert_eq!(files(&store), paths(&["store.jsonl", "store.lock"]));
    with_entry(&files(&sandbox.root().join("home")), "journal", &[]);
}

#[test]
fn without_it_the_directories_of_the_desktop_are_used() {
    let sandbox = Sandbox::new();
    create(&sandbox, |command| {
        command.env_remove("IBMCLOUD_IAM_HOME");
    });
    let own = |below: &str| format!("{below}/ibmcloud-iam");
    let (data, state) = (own(".local/share"), own(".local/state"));
    let store = [format!("{data}/store/store.jsonl"), format!("{data}/store/store.lock")];
    let store = store.each_ref().map(String::as_str);
    with_entry(&files(&sandbox.root().join("home")), &format!("{state}/journal"), &store);

    let sandbox = Sandbox::new();
    create(&sandbox, |command| {
        command.env_remove("IBMCLOUD_IAM_HOME");
        for (name, directory) in
            [("XDG_DATA_HOME", "data"), ("XDG_STATE_HOME", "state"), ("XDG_CONFIG_HOME", "config")]
        {
            command.env(name, sandbox.root().join(directory));
        }
    });
    let (data, state) = (own("data"), own("state"));
    let store = [format!("{data}/store/store.jsonl"), format!("{data}/store/store.lock")];
    let store = store.each_ref().map(String::as_str);
    with_entry(&files(sandbox.root()), &format!("{state}/journal"), &store);

    fs::create_dir_all(sandbox.root().join(own("config"))).unwrap();
    fs::write(sandbox.root().join(own("config")).join("config.json"), r#"{"backend":"remote"}"#)
        .unwrap();
    let mut command = sandbox.command(&["api-keys"]);
    command.env_remove("IBMCLOUD_IAM_HOME").env_remove("IBMCLOUD_IAM_BACKEND");
    let outcome = run(command.env("XDG_CONFIG_HOME", sandbox.root().join("config")), b"");
    assert!(outcome.code(7).stderr.contains("You are not logged in"), "{outcome:#?}");
}

#[test]
fn reading_makes_no_files() {
    let sandbox = Sandbox::new();
    let home = sandbox.root().join("absent");
    let id = "ApiKey-18f773b0-db53-43f1-ad68-92c667c218fe";
    for (args, code) in [
        (&["api-keys"][..], 0),
        (&["api-keys", "--output", "json", "--sort", "name"], 0),
        (&["api-key", "x"], 3),
        (&["api-key", id, "--history", "--activity"], 3),
        (&["api-key-lookup"], 3),
        (&["api-key-update", id, "-n", "y"], 3),
        (&["api-key-delete", "x", id, "--force"], 12),
        (&["api-key-lock", id, "--force"], 3),
        (&["api-key-create", "x", "--dry-run"], 0),
        (&["api-key-create", "x", "--dry-run", "--file", "k", "--output", "json"], 0),
        (&["recover"], 0),
        (&["recover", "--dry-run", "--output", "json"], 0),
        (&["--help"], 0),
        (&["--version"], 0),
    ] {
        let before = snapshot(sandbox.root());
        let mut command = sandbox.command(args);
        run(command.env("IBMCLOUD_IAM_HOME", &home), b"a-value").code(code);
        assert_eq!(snapshot(sandbox.root()), before, "{args:?}");
    }
    assert!(!home.exists());
}
