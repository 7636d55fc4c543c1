//! Variables, the configuration file and the clock: what makes no sense is an error, never a fallback.

use std::fs;
use std::os::unix::process::CommandExt as _;

use super::{lived_in, refused};
use crate::support::{Outcome, Sandbox, skipped};

#[test]
fn a_clock_before_1970_stops_what_would_be_dated() {
    let sandbox = lived_in();
    let shim = "#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>
int clock_gettime(clockid_t clock, struct timespec *time) {
    int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, \"clock_gettime\");
    int result = real(clock, time);
    if (clock == CLOCK_REALTIME) time->tv_sec = -86400;
    return result;
}
";
    fs::write(sandbox.root().join("shim.c"), shim).unwrap();
    if sandbox.bash("cc -shared -fPIC -o ../shim.so ../shim.c -ldl").code != 0 {
        skipped("no C compiler");
        return;
    }
    for args in [
        &["api-key-create", "x", "--file", "k"][..],
        &["api-key-create", "x"],
        &["api-key-update", "first", "-d", "new"],
        &["api-key-delete", "first", "--force"],
        &["api-key-lock", "first", "--force"],
        &["api-keys"],
    ] {
        let mut command = sandbox.command(args);
        command.env_remove("IBMCLOUD_IAM_NOW").env("LD_PRELOAD", sandbox.root().join("shim.so"));
        let outcome = refused(&sandbox, &mut command, 1);
        outcome.stderr(
            "FAILED\nThe system clock is set before 1970 or after 9998.\n\
             Set the clock, for example with 'timedatectl set-ntp true', then repeat the command.\n\n",
        );
    }
}

#[test]
fn what_leads_to_the_service_is_not_passed_by_where_it_is_empty() {
    let sandbox = lived_in();
    for (name, code) in [
        ("IBMCLOUD_IAM_PROFILE", 2),
        ("IBMCLOUD_IAM_API_ENDPOINT", 2),
        ("IAM_IDENTITY_URL", 2),
        ("IAM_IDENTITY_AUTH_URL", 2),
        ("SSL_CERT_FILE", 2),
        ("SSL_CERT_DIR", 2),
        ("IBMCLOUD_API_KEY", 7),
        ("IC_API_KEY", 7),
        ("IBM_CREDENTIALS_FILE", 7),
        ("IAM_IDENTITY_APIKEY", 7),
        ("IAM_IDENTITY_BEARER_TOKEN", 7),
    ] {
        let mut command = sandbox.command(&["api-keys", "--backend", "remote"]);
        // Nobody listens there; the credential behind the empty one is good.
        if name != "IAM_IDENTITY_URL" && name != "IBMCLOUD_IAM_API_ENDPOINT" {
            command.env("IAM_IDENTITY_URL", "http://127.0.0.1:1");
        }
        // Of the two the key comes first, and what is behind it is not looked at.
        if name != "IAM_IDENTITY_BEARER_TOKEN" {
            let place = if code == 7 { "IAM_IDENTITY_APIKEY" } else { "IBMCLOUD_API_KEY" };
            command.env(place, "a-key");
        }
        let outcome = refused(&sandbox, command.env(name, ""), code);
        let told = format!("FAILED\n{name} is set but empty.\n");
        assert!(outcome.stderr.starts_with(&told), "{name}: {outcome:#?}");
    }
}

#[test]
fn a_broken_configuration_file_is_named() {
    let sandbox = lived_in();
    let config = sandbox.root().join("home/config.json");
    for text in [
        "",
        "{",
        "[]",
        "null",
        r#"{"backend": "cloud"}"#,
        r#"{"backends": "local"}"#,
        "\u{0}",
        &"[".repeat(70_000),
    ] {
        fs::write(&config, text).unwrap();
        let mut command = sandbox.unchosen(&["api-key-create", "x", "--file", "k"]);
        let outcome = refused(&sandbox, &mut command, 2);
        let start = format!("FAILED\nThe configuration file {} cannot be used: ", config.display());
        assert!(outcome.stderr.starts_with(&start), "{outcome:#?}");
        assert!(outcome.stderr.contains(r#"{"backend": "local"}"#), "{outcome:#?}");
    }
    fs::remove_file(&config).unwrap();
    fs::create_dir(&config).unwrap();
    refused(&sandbox, &mut sandbox.unchosen(&["api-keys"]), 2);
}

#[test]
fn without_any_home_directory_a_command_says_what_to_set() {
    if !rustix::process::getuid().is_root() {
        skipped("only root can become a user without a home");
        return;
    }
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(&["api-keys"]);
    // Without HOME the user database is asked, which knows no such user.
    command.env_remove("HOME").env_remove("IBMCLOUD_IAM_HOME").uid(54_321).gid(54_321);
    let Ok(output) = command.current_dir("/").output() else {
        skipped("another user cannot run the program where it stands");
        return;
    };
    Outcome::from(output).code(1).stdout("").stderr(
        "FAILED\nThere is no home directory to keep the local store in.\n\
         Set IBMCLOUD_IAM_HOME to a directory for this program's files, or HOME.\n\n",
    );
}
