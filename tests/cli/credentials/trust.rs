//! Whose files are believed. What needs two users runs where the tests are root, and says so elsewhere.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::path::{Path, PathBuf};

use super::{bare, done, log_in, login_file, service, session_file, token_for, write_session};
use crate::support::disk::snapshot;
use crate::support::server::Server;
use crate::support::{Outcome, Sandbox, mode, run, skipped, write_private};

/// Somebody else, who need not be in any list of users.
pub(super) const STRANGER: u32 = 41_234;

pub(super) fn is_root() -> bool {
    let is_root = rustix::process::geteuid().is_root();
    if !is_root {
        skipped("only root can act as two users");
    }
    is_root
}

pub(super) fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// The only file of a directory.
#[track_caller]
fn only_file(directory: &Path) -> PathBuf {
    let mut files = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let file = files.next().unwrap();
    assert!(files.next().is_none(), "{}", directory.display());
    file
}

/// A box in which everything is that is kept: a login with its token and names, a local store, a journal entry.
pub(super) fn lived_in() -> (Server, Sandbox) {
    let (server, sandbox) = (service(), Sandbox::new());
    log_in(&sandbox, &server, "key", &[]);
    done(bare(&sandbox, &["api-keys"])).ok();
    sandbox.create("local", &[]);
    // The value that cannot be printed leaves an entry.
    sandbox.bash("ibmcloud-iam api-key-create left > /dev/full").code(1);
    (server, sandbox)
}

/// What is kept: its file, and a command that reads it, with what comes of that when the file is not private.
fn kept(sandbox: &Sandbox) -> [(PathBuf, Vec<&'static str>, i32); 6] {
    let home = sandbox.root().join("home");
    let local = |args: &[&'static str]| [args, &["--backend", "local"]].concat();
    [
        (home.join("config.json"), vec!["api-keys"], 2),
        (login_file(&home), vec!["api-keys"], 7),
        (only_file(&home.join("tokens")), vec!["api-keys"], 1),
        (only_file(&home.join("journal")), local(&["recover"]), 1),
        (home.join("store/store.jsonl"), local(&["api-keys"]), 1),
        (home.join("store/store.lock"), local(&["api-key-create", "x"]), 1),
    ]
}

#[track_caller]
fn refused(sandbox: &Sandbox, args: &[&str], code: i32, why: &str, remedy: &str) -> Outcome {
    let outcome = done(bare(sandbox, args));
    assert!(outcome.code(code).stderr.contains(why), "{why}: {outcome:#?}");
    assert!(outcome.stderr.contains(remedy), "{remedy}: {outcome:#?}");
    outcome
}

#[test]
fn what_others_can_write_is_refused_and_the_error_tells_how_to_mend_it() {
    let (server, sandbox) = lived_in();
    let asked = server.requests().len();
    for (file, args, code) in kept(&sandbox) {
        let shown = file.display().to_string();
        for loose in [0o666, 0o620, 0o602] {
            set_mode(&file, loose);
            let why = format!("{shown} can be written by others (mode {loose:04o})");
            refused(&sandbox, &args, code, &why, &format!("run 'chmod 600 {shown}'"));
            assert_eq!(mode(&file), loose);
        }
        set_mode(&file, 0o600);
        let directory = file.parent().unwrap();
        // The configuration is read first.
        let code = if directory.ends_with("home") { 2 } else { code };
        let was = mode(directory);
        for loose in [0o777, 0o770] {
            set_mode(directory, loose);
            let why =
                format!("{} can be written by others (mode {loose:04o})", directory.display());
            let remedy = format!("run 'chmod go-w {}'", directory.display());
            refused(&sandbox, &args, code, &why, &remedy);
        }
        set_mode(directory, was);
    }
    assert_eq!(server.requests().len(), asked, "nothing was sent");
    done(bare(&sandbox, &["api-keys"])).ok().stderr("");
}

#[test]
fn what_belongs_to_somebody_else_is_refused() {
    if !is_root() {
        return;
    }
    let (server, sandbox) = lived_in();
    let asked = server.requests().len();
    for (file, args, code) in kept(&sandbox) {
        let directory = file.parent().unwrap();
        let code_of_directory = if directory.ends_with("home") { 2 } else { code };
        for (path, back, code) in [(&*file, 0o600, code), (directory, 0o700, code_of_directory)] {
            chown(path, Some(STRANGER), None).unwrap();
            let shown = path.display();
            let why = format!("{shown} belongs to user {STRANGER}, and you are user 0");
            let remedy = format!(
                "Run the command as user {STRANGER}, or with root's own home ('sudo -H'); 'chown 0 {shown}' takes it over."
            );
            refused(&sandbox, &args, code, &why, &remedy);
            chown(path, Some(0), None).unwrap();
            set_mode(path, back);
        }
    }
    assert_eq!(server.requests().len(), asked, "nothing was sent");
    done(bare(&sandbox, &["api-keys"])).ok().stderr("");
}

#[test]
fn names_that_others_can_write_are_neither_offered_nor_kept() {
    let (_server, sandbox) = lived_in();
    let names = sandbox.root().join("home/names");
    let file = only_file(&names);
    let before = fs::read(&file).unwrap();
    for (path, loose, fix) in [(&file, 0o666, "600"), (&names, 0o777, "go-w")] {
        let was = mode(path);
        set_mode(path, loose);
        let shown = path.display();
        done(bare(&sandbox, &["api-keys"])).ok().stderr(&format!(
            "The names of keys are not kept for Tab: {shown} can be written by others (mode {loose:04o}). \
             Keep others out: run 'chmod {fix} {shown}'.\n"
        ));
        assert_eq!(fs::read(&file).unwrap(), before);
        set_mode(path, was);
    }
    done(bare(&sandbox, &["api-keys"])).ok().stderr("");
}

#[test]
fn nothing_is_begun_where_others_can_write_the_journal_or_the_tokens() {
    let (server, sandbox) = (service(), Sandbox::new());
    let home = sandbox.root().join("home");
    for directory in ["journal", "tokens"] {
        fs::create_dir(home.join(directory)).unwrap();
        set_mode(&home.join(directory), 0o777);
    }
    let outcome = sandbox.run(&["api-key-create", "x"]);
    let why = format!("{} can be written by others", home.join("journal").display());
    assert!(outcome.code(1).stderr.contains(&why), "{outcome:#?}");
    assert!(sandbox.keys().is_empty());
    log_in(&sandbox, &server, "key", &[]);
    assert_eq!(fs::read_dir(home.join("tokens")).unwrap().count(), 0, "a token is not kept there");
    // In a sticky directory nobody else can put a file in the place of another.
    for directory in ["journal", "tokens"] {
        set_mode(&home.join(directory), 0o1777);
    }
    sandbox.create("x", &[]);
    done(bare(&sandbox, &["api-keys"])).ok();
    assert_eq!(fs::read_dir(home.join("tokens")).unwrap().count(), 1);
}

#[test]
fn what_is_a_link_is_neither_read_nor_written_through() {
    let (_server, sandbox) = lived_in();
    for (file, args, code) in kept(&sandbox) {
        let elsewhere = sandbox.work("elsewhere");
        fs::rename(&file, &elsewhere).unwrap();
        symlink(&elsewhere, &file).unwrap();
        let before = snapshot(&sandbox.root().join("work"));
        let name = file.file_name().unwrap().to_str().unwrap();
        if name.starts_with("token-") {
            // A kept token is got anew.
            done(bare(&sandbox, &args)).ok();
        } else if file.parent().unwrap().ends_with("journal") {
            let outcome = done(bare(&sandbox, &args));
            assert!(
                outcome.code(1).stderr.contains("is no readable journal entry"),
                "{outcome:#?}"
            );
        } else {
            refused(&sandbox, &args, code, "it is a symbolic link", "");
        }
        assert_eq!(snapshot(&sandbox.root().join("work")), before, "{name}");
        fs::remove_file(&file).unwrap();
        fs::rename(&elsewhere, &file).unwrap();
    }
}

#[test]
fn a_lock_that_is_there_keeps_its_mode() {
    let (server, sandbox) = lived_in();
    write_private(&sandbox.work("k"), "key");
    let url = server.url();
    let login = ["login", "--apikey", "@k", "--insecure-storage", "--endpoint", &url];
    for (lock, args) in [
        ("home/config.lock", &login[..]),
        ("home/store/store.lock", &["api-key-create", "x", "--backend", "local"]),
    ] {
        let lock = sandbox.root().join(lock);
        set_mode(&lock, 0o400);
        // Root may lock it; anybody else may not.
        done(bare(&sandbox, args));
        assert_eq!(mode(&lock), 0o400);
        set_mode(&lock, 0o666);
        let shown = lock.display();
        let why = format!("{shown} can be written by others (mode 0666)");
        refused(&sandbox, args, 1, &why, &format!("run 'chmod 600 {shown}'"));
        // Nor is anything made where a link leads to nothing.
        fs::remove_file(&lock).unwrap();
        symlink(sandbox.work("made"), &lock).unwrap();
        done(bare(&sandbox, args)).code(1);
        assert!(!sandbox.work("made").exists());
        fs::remove_file(&lock).unwrap();
    }
}

#[test]
fn a_file_with_a_key_that_others_can_read_is_told_and_taken() {
    let (server, sandbox) = (service(), Sandbox::new());
    let key = sandbox.work("key.txt");
    write_private(&key, "key");
    let by = |env: &[(&str, &str)], args: &[&str]| {
        let mut command = super::at(&sandbox, &server, args);
        run(command.envs(env.iter().copied()), b"")
    };
    let told = |mode: &str, verb: &str| {
        format!("'key.txt' is {verb} by others (mode {mode}); run 'chmod 600 key.txt'.\n")
    };
    for (bits, warning) in [
        (0o600, String::new()),
        (0o644, told("0644", "readable")),
        (0o640, told("0640", "readable")),
        (0o622, told("0622", "writable")),
    ] {
        set_mode(&key, bits);
        for variable in ["IBMCLOUD_API_KEY", "IC_API_KEY", "IAM_IDENTITY_APIKEY"] {
            by(&[(variable, "@key.txt")], &["api-keys"]).ok().stderr(&warning);
        }
        by(&[], &["api-keys", "--apikey", "@key.txt"]).ok().stderr(&warning);
        let login = ["login", "--apikey", "@key.txt", "--insecure-storage"];
        by(&[], &login).ok().stderr(&warning);
        by(&[("IC_API_KEY", "key")], &["api-key-lookup", "@key.txt"]).ok().stderr(&warning);
        // Not where it would be in the way.
        by(&[], &["api-keys", "--apikey", "@key.txt", "-q"]).ok().stderr("");
        by(&[], &["api-keys", "--apikey", "@key.txt", "-o", "json"]).json();
    }
    // Whoever does not own it cannot mend it.
    if is_root() {
        chown(&key, Some(STRANGER), None).unwrap();
        by(&[], &["api-keys", "--apikey", "@key.txt"]).ok().stderr("");
    }
    let file = login_file(&sandbox.root().join("home"));
    set_mode(&file, 0o644);
    let shown = file.display();
    done(bare(&sandbox, &["api-keys"])).ok().stderr(&format!(
        "'{shown}' is readable by others (mode 0644); run 'chmod 600 {shown}'.\n"
    ));
    done(bare(&sandbox, &["api-keys", "-o", "json"])).ok().stdout("[]\n").stderr("");
}

#[test]
fn a_trace_goes_to_no_file_of_somebody_else() {
    let (server, sandbox) = (service(), Sandbox::new());
    log_in(&sandbox, &server, "key", &[]);
    let file = sandbox.work("trace");
    let traced = || {
        let mut command = bare(&sandbox, &["api-keys"]);
        run(command.env("IBMCLOUD_TRACE", "trace"), b"").ok().stderr.clone()
    };
    let refused = |why: &str| {
        let expected = format!("Requests are not traced: 'trace' cannot be written: {why}\n");
        assert_eq!(traced(), expected);
    };
    write_private(&sandbox.work("target"), "mine");
    symlink("target", &file).unwrap();
    refused("it is a symbolic link.");
    assert_eq!(fs::read_to_string(sandbox.work("target")).unwrap(), "mine");
    fs::remove_file(&file).unwrap();
    symlink("nothing", &file).unwrap();
    refused("it is a symbolic link.");
    fs::remove_file(&file).unwrap();
    write_private(&file, "");
    set_mode(&file, 0o666);
    refused("trace can be written by others (mode 0666). Keep others out: run 'chmod 600 trace'.");
    set_mode(&file, 0o644);
    assert_eq!(traced(), "");
    assert_eq!(mode(&file), 0o644, "it is the user's own");
    if is_root() {
        write_private(&file, "");
        chown(&file, Some(STRANGER), None).unwrap();
        refused(&format!(
            "trace belongs to user {STRANGER}, and you are user 0. Run the command as user {STRANGER}, or with root's own \
             home ('sudo -H'); 'chown 0 trace' takes it over."
        ));
        assert_eq!(fs::read(&file).unwrap(), b"");
    }
    assert_eq!(sandbox.files_in_work(), ["target", "trace"]);
}

#[test]
fn what_another_program_left_in_the_home_directory_is_the_users_own() {
    let (server, sandbox) = (service(), Sandbox::new());
    let home = sandbox.root().join("home");
    let lines = "IAM_IDENTITY_APIKEY=of-the-file\n";
    write_private(&home.join("ibm-credentials.env"), lines);
    let api_keys = || {
        let mut command = bare(&sandbox, &["api-keys", "-o", "json"]);
        command.env("IBMCLOUD_IAM_API_ENDPOINT", server.url());
        done(command)
    };
    let check = |file: &Path| {
        api_keys().json();
        set_mode(file, 0o666);
        let open = api_keys();
        let told = format!("Keep others out: run 'chmod 600 {}'.", file.display());
        assert!(open.code(7).stderr.contains(&told), "{open:#?}");
        set_mode(file, 0o600);
        if is_root() {
            chown(file, Some(STRANGER), None).unwrap();
            let strange = api_keys();
            let told = format!("belongs to user {STRANGER}");
            assert!(strange.code(7).stderr.contains(&told), "{strange:#?}");
        }
    };
    check(&home.join("ibm-credentials.env"));
    fs::remove_file(home.join("ibm-credentials.env")).unwrap();
    write_session(&sandbox, &server.url(), &token_for("of-the-session", 3600), "");
    check(&session_file(&sandbox));
}
