//! A user without a home: what keeps nothing works, and what must keep something says where it could.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::{Signal, getuid};

use super::{done, service, session_file, token_for, write_private, write_session};
use crate::support::running::{ended, signal};
use crate::support::server::Server;
use crate::support::{Outcome, Sandbox, binary, skipped};

/// A user of whom the user database knows nothing.
const NOBODY: u32 = 12_345;

/// A box that this user may enter, or nothing where nobody can become them.
fn sandbox() -> Option<Sandbox> {
    if !getuid().is_root() {
        skipped("only root can become a user without a home");
        return None;
    }
    let sandbox = Sandbox::new();
    fs::set_permissions(sandbox.root(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(sandbox.work("apikey"), "somebody").unwrap();
    if as_nobody(&sandbox, &["--version"]).output().is_err() {
        skipped("another user cannot run the program where it stands");
        return None;
    }
    Some(sandbox)
}

/// The program as that user, with an environment that names no directory.
fn as_nobody(sandbox: &Sandbox, args: &[&str]) -> Command {
    let mut command = sandbox.command(args);
    for name in ["HOME", "IBMCLOUD_IAM_HOME", "IBMCLOUD_IAM_BACKEND"] {
        command.env_remove(name);
    }
    command.uid(NOBODY).gid(NOBODY);
    command
}

/// The same at the server, with a key out of a file.
fn at(sandbox: &Sandbox, server: &Server, args: &[&str]) -> Outcome {
    let url = server.url();
    let remote = ["--backend", "remote", "--apikey", "@apikey", "--endpoint", &url];
    done(as_nobody(sandbox, &[args, &remote].concat()))
}

/// A directory that belongs to that user.
fn own_directory(sandbox: &Sandbox, name: &str) -> PathBuf {
    let directory = sandbox.root().join(name);
    fs::create_dir(&directory).unwrap();
    chown(&directory, Some(NOBODY), Some(NOBODY)).unwrap();
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o700)).unwrap();
    directory
}

#[track_caller]
fn names_the_variable(outcome: &Outcome, what: &str) {
    outcome.code(1).stdout("").stderr(&format!(
        "FAILED\nThere is no home directory to keep {what} in.\n\
         Set IBMCLOUD_IAM_HOME to a directory for this program's files, or HOME.\n\n"
    ));
}

#[test]
fn what_keeps_nothing_needs_no_home() {
    let Some(sandbox) = sandbox() else { return };
    let server = service();
    for args in [&["--version"][..], &["--help"], &["api-key-create", "--help"]] {
        done(as_nobody(&sandbox, args)).ok().stderr("");
    }
    assert_eq!(at(&sandbox, &server, &["api-keys", "-o", "json"]).json(), serde_json::json!([]));
    let audit = at(&sandbox, &server, &["api-keys-audit", "--skip", "near-limit"]);
    assert!(audit.ok().stdout.ends_with("No findings in 0 API keys\n"), "{audit:#?}");
    at(&sandbox, &server, &["bearer-token"]).ok();
    let who = at(&sandbox, &server, &["whoami", "--explain", "-o", "json"]).json();
    assert_eq!((&who["user"], &who["store"]), (&"somebody".into(), &serde_json::Value::Null));
    for place in ["~/ibm-credentials.env", "ibmcloud session"] {
        let mut search = who["search"].as_array().unwrap().iter();
        let looked = search.find(|looked| looked["source"] == place).unwrap();
        assert_eq!(looked["found"], "no home directory");
    }
    let shown = at(&sandbox, &server, &["whoami"]);
    let line = "Local store   none: there is no home directory\n";
    assert!(shown.ok().stdout.ends_with(line), "{shown:#?}");
    // Without a credential the error is about that.
    let refused = done(as_nobody(&sandbox, &["api-keys"]));
    assert!(refused.code(7).stderr.contains("You are not logged in"), "{refused:#?}");
    done(as_nobody(&sandbox, &["logout"])).ok().stdout("Nobody was logged in\n");
    let refused = done(as_nobody(&sandbox, &["api-keys", "--profile", "work"]));
    let told = "There is no profile 'work': there is no home directory.";
    assert!(refused.code(7).stderr.contains(told), "{refused:#?}");
}

#[test]
fn a_home_that_is_no_directory_is_none() {
    let sandbox = Sandbox::new();
    let server = service();
    let url = server.url();
    fs::write(sandbox.work("apikey"), "somebody").unwrap();
    let remote = ["--backend", "remote", "--apikey", "@apikey", "--endpoint", &url];
    let run = |args: &[&str]| {
        let mut command = sandbox.command(&[args, &remote].concat());
        command.env_remove("IBMCLOUD_IAM_HOME").env("HOME", "/dev/null");
        done(command)
    };
    assert_eq!(run(&["api-keys", "-o", "json"]).json(), serde_json::json!([]));
    let recover = run(&["recover"]);
    let told = "There is no home directory to keep the journal in.";
    assert!(recover.code(1).stderr.contains(told), "{recover:#?}");
}

#[test]
fn what_must_be_kept_names_the_variable() {
    let Some(sandbox) = sandbox() else { return };
    let server = service();
    names_the_variable(
        &done(as_nobody(&sandbox, &["recover", "--backend", "local"])),
        "the journal",
    );
    for args in [&["api-key-create", "x"][..], &["api-key-create", "x", "-o", "json"], &["recover"]]
    {
        let outcome = at(&sandbox, &server, &[args, &["-q"]].concat());
        let told = "There is no home directory to keep the journal in.\n\
                    Set IBMCLOUD_IAM_HOME to a directory for this program's files, or HOME.\n";
        outcome.code(1).stdout("").stderr(told);
    }
    let mut login = as_nobody(&sandbox, &["login", "--insecure-storage", "--apikey", "@apikey"]);
    login.env("IBMCLOUD_IAM_API_ENDPOINT", server.url());
    names_the_variable(&done(login), "the configuration");
    let changing = |route: &String| route.starts_with("POST /v1") || route.starts_with("DELETE");
    assert!(!server.routes().iter().any(changing), "nothing was made: {:?}", server.routes());
}

#[test]
fn a_store_that_is_named_can_be_read_and_with_a_home_that_is_named_everything_works() {
    let Some(sandbox) = sandbox() else { return };
    let store = own_directory(&sandbox, "store");
    let local = |args: &[&str], home: Option<&Path>| {
        let mut command = as_nobody(&sandbox, args);
        command.env("IBMCLOUD_IAM_BACKEND", "local").env("IBMCLOUD_IAM_STORE", &store);
        done({
            command.envs(home.map(|home| ("IBMCLOUD_IAM_HOME", home)));
            command
        })
    };
    assert_eq!(local(&["api-keys", "-o", "json"], None).json(), serde_json::json!([]));
    names_the_variable(&local(&["api-key-create", "x", "-o", "json"], None), "the journal");
    assert_eq!(fs::read_dir(&store).unwrap().count(), 0, "nothing was made");
    let home = own_directory(&sandbox, "named");
    let id = local(&["api-key-create", "x", "-o", "json"], Some(&home)).json()["id"].clone();
    let id = id.as_str().unwrap();
    local(&["api-keys", "--uuid"], None).ok().stdout("[ID1]\n");
    local(&["api-key-delete", id, "--force", "-q"], None).ok();
    assert_eq!(local(&["recover", "-o", "json"], Some(&home)).json(), serde_json::json!([]));
}

#[test]
fn an_emulator_in_memory_needs_no_home() {
    use std::io::{BufRead as _, BufReader};
    let Some(sandbox) = sandbox() else { return };
    let mut command = as_nobody(&sandbox, &["emulate", "--in-memory"]);
    let temporary = own_directory(&sandbox, "temporary");
    command.env("TMPDIR", temporary).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    signal(&child, Signal::TERM);
    let outcome = ended(child);
    assert!(line.starts_with("Listening on http://127.0.0.1:"), "{line}{outcome:#?}");
    outcome.ok().stderr("");
}

/// Where HOME is not set the user database says where home is, to every part of the program.
#[test]
fn one_home_is_meant_everywhere() {
    let (server, sandbox) = (service(), Sandbox::new());
    let shim = "#include <pwd.h>
#include <stddef.h>
#include <stdlib.h>
int getpwuid_r(uid_t uid, struct passwd *found, char *room, size_t size, struct passwd **result) {
    *found = (struct passwd){.pw_uid = uid, .pw_dir = getenv(\"HOME_OF_DATABASE\")};
    *result = found;
    return 0;
}
";
    fs::write(sandbox.root().join("shim.c"), shim).unwrap();
    if sandbox.bash("cc -shared -fPIC -o ../shim.so ../shim.c").code != 0 {
        skipped("no C compiler");
        return;
    }
    let home = sandbox.root().join("home");
    let who = |endpoint: Option<&Server>| {
        let mut command = Command::new(binary());
        command.env_clear().args(["whoami", "-o", "json"]).current_dir(sandbox.work(""));
        command
            .env("LD_PRELOAD", sandbox.root().join("shim.so"))
            .env("HOME_OF_DATABASE", &home)
            .env("IBMCLOUD_IAM_NOW", crate::support::NOW)
            .envs(endpoint.map(|server| ("IBMCLOUD_IAM_API_ENDPOINT", server.url())));
        done(command).json()
    };
    write_session(&sandbox, &server.url(), &token_for("of-the-session", 3600), "");
    assert!(session_file(&sandbox).starts_with(&home));
    let found = who(None);
    assert_eq!(
        (&found["user"], &found["source"]),
        (&"of-the-session".into(), &"ibmcloud session".into())
    );
    let store = home.join(".local/share/ibmcloud-iam/store");
    assert_eq!(found["store"], store.to_str().unwrap());
    write_private(&home.join("ibm-credentials.env"), "IAM_IDENTITY_APIKEY=of-the-file\n");
    let found = who(Some(&server));
    assert_eq!(
        (&found["user"], &found["source"]),
        (&"of-the-file".into(), &"~/ibm-credentials.env".into())
    );
    write_private(&home.join(".config/ibmcloud-iam/config.json"), r#"{"backend":"local"}"#);
    assert_eq!(who(None)["backend"], "local");
}
