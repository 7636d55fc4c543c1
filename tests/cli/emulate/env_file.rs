//! The file with the variables for clients.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use rustix::process::Signal;

use crate::support::emulator::Emulator;
use crate::support::{ACCOUNT, IAM_ID, Sandbox, mode};

const HEAD: &str = "# Written by 'ibmcloud-iam emulate', which removes it at its end.\n";

#[test]
fn a_shell_that_reads_it_reaches_the_emulator() {
    let sandbox = Sandbox::new();
    let file = sandbox.work("emulator.env");
    for (flags, directory) in [(&[][..], "keys"), (&["--tls"], "it's; $(here)")] {
        let flags = [&["--store", directory, "--env-file", "emulator.env"], flags].concat();
        let emulator = Emulator::start(&sandbox, &flags, &[]);
        assert_eq!(mode(&file), 0o600);
        let (endpoint, value) = (emulator.endpoint(), emulator.value());
        let text = fs::read_to_string(&file).unwrap();
        // It is in no other place.
        let password = text.split("export CPD_PASSWORD=").nth(1).unwrap().lines().next().unwrap();
        assert_eq!(password.len(), 44);
        let mut expected = format!(
            "{HEAD}export IBMCLOUD_IAM_BACKEND=remote
export IBMCLOUD_IAM_API_ENDPOINT={endpoint}
export IBMCLOUD_API_KEY={value}
export IAM_IDENTITY_URL={endpoint}
export IAM_IDENTITY_AUTH_URL={endpoint}
export IAM_IDENTITY_AUTH_TYPE=iam
export IAM_IDENTITY_APIKEY={value}
export IAM_IDENTITY_ACCOUNT_ID={ACCOUNT}
export IAM_IDENTITY_IAM_ID={IAM_ID}
export IAM_IDENTITY_IAM_ID_MEMBER={IAM_ID}
export IAM_IDENTITY_IAM_ID_FOR_PREFERENCES={IAM_ID}
export IAM_IDENTITY_ENTERPRISE_ACCOUNT_ID={ACCOUNT}
export IAM_IDENTITY_ENTERPRISE_SUBACCOUNT_ID={ACCOUNT}
export SL_ENDPOINT_URL={endpoint}/rest/v3.1
export SL_USERNAME=apikey
export SL_API_KEY={value}
export CPD_URL={endpoint}
export CPD_USERNAME=local@localhost
export CPD_PASSWORD={password}
export CPD_AUTH_TYPE=cp4d
export CPD_AUTH_URL={endpoint}/icp4d-api
export WATSONX_API_URL='{endpoint}/regions/{{region}}'
"
        );
        if flags.contains(&"--tls") {
            let ca = emulator.ca_file().to_str().unwrap();
            let ca = ca.replace("it's; $(here)", "it'\"'\"'s; $(here)");
            let ca = format!("'{ca}'");
            for name in ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"] {
                expected = format!("{expected}export {name}={ca}\n");
            }
        }
        assert_eq!(text, expected);
        let script = "export IBMCLOUD_IAM_BACKEND=local; . ./emulator.env && ibmcloud-iam api-key-create k -q >/dev/null \
                      && ibmcloud-iam api-keys --output json";
        assert_eq!(sandbox.bash(script).ok().json()[0]["name"], "k");
        emulator.stop().is(0, "", "");
        assert!(!file.exists(), "it ends with the emulator");
    }
}

#[test]
fn only_what_an_emulator_wrote_is_replaced() {
    let sandbox = Sandbox::new();
    let flags = ["--in-memory", "--env-file", "emulator.env"];
    let file = sandbox.work("emulator.env");
    let refused = |why: &str| {
        let outcome = sandbox.run(&[&["emulate"], &flags[..]].concat());
        outcome.is(
            14,
            "",
            &format!(
                "FAILED\nThe environment cannot be written to emulator.env: {why}.\n\
                 Name another file with '--env-file FILE'.\n\n"
            ),
        );
    };
    let mine = "export MINE=1\n";
    fs::write(&file, mine).unwrap();
    refused("it holds something that 'emulate' did not write");
    assert_eq!(fs::read_to_string(&file).unwrap(), mine);
    fs::remove_file(&file).unwrap();
    let target = sandbox.work("target");
    for target in [&target, &sandbox.work("nothing")] {
        if target.ends_with("target") {
            fs::write(target, HEAD).unwrap();
        }
        symlink(target, &file).unwrap();
        refused("it is a symbolic link");
        fs::remove_file(&file).unwrap();
    }
    assert_eq!(fs::read_to_string(&target).unwrap(), HEAD);
    fs::create_dir(&file).unwrap();
    refused("it is not a regular file");
    fs::remove_dir(&file).unwrap();

    // What a killed one left is replaced, and so is an empty file.
    let killed = Emulator::start(&sandbox, &flags, &[]);
    killed.signal(Signal::KILL);
    killed.wait().code(128 + 9);
    let left = fs::read(&file).unwrap();
    Emulator::start(&sandbox, &flags, &[]).stop().is(0, "", "");
    assert!(!file.exists());
    fs::write(&file, "").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let first = Emulator::start(&sandbox, &flags, &[]);
    assert_eq!(mode(&file), 0o600);
    assert_ne!(fs::read(&file).unwrap(), left);

    // Each removes only its own.
    let second = Emulator::start(&sandbox, &flags, &[]);
    first.stop().is(0, "", "");
    assert!(fs::read_to_string(&file).unwrap().contains(second.endpoint()));
    fs::write(&file, mine).unwrap();
    second.stop().is(0, "", "");
    assert_eq!(fs::read_to_string(&file).unwrap(), mine);
}

#[test]
fn a_file_that_cannot_be_written_stops_the_start() {
    let sandbox = Sandbox::new();
    let outcome = sandbox.run(&["emulate", "--in-memory", "--env-file", "no/such/directory"]);
    outcome.code(14).stdout("");
    assert!(outcome.stderr.contains("cannot be written to no/such/directory: "), "{outcome:#?}");
}
