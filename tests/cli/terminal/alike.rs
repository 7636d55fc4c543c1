//! Several that fail for one reason: at a terminal the reason is told once. Elsewhere each failure is told in full.

use super::screen;
use crate::support::Sandbox;
use crate::support::expected::{done, progress};
use crate::support::pty::Terminal;

const NOT_FOUND: &str = "was not found.\nRun 'ibmcloud-iam api-keys' to list the API keys.\n\n";

/// What a command shows on a terminal, and its exit code.
fn shown(sandbox: &Sandbox, args: &[&str]) -> (String, i32) {
    let args = [args, &["--color", "never"]].concat();
    let end = Terminal::start(&mut sandbox.command(&args), 100).end();
    (screen(&end.text), end.code)
}

fn locking(name: &str) -> String {
    progress("Locking", name)
}

/// The end of a command of which some failed.
fn ends(words: &str) -> String {
    format!("FAILED\n{words}\n\n")
}

#[test]
fn the_reason_is_told_once_and_the_others_are_named() {
    let sandbox = Sandbox::new();
    sandbox.create("there", &[]);
    let told = [
        locking("x") + "FAILED\nAPI key 'x' " + NOT_FOUND,
        done("Locking", "there", "was locked"),
        locking("y") + "FAILED\n",
        locking("z") + "FAILED\n",
        ends("3 of 4 API keys failed.\n2 others failed as 'x' did: 'y', 'z'."),
    ];
    let args = ["api-key-lock", "--force", "x", "there", "y", "z"];
    assert_eq!(shown(&sandbox, &args), (told.concat(), 12));
    let quiet = [
        "API key 'x' was not found.\nRun 'ibmcloud-iam api-keys' to list the API keys.\n",
        "API key there was like that already\n",
        "3 of 4 API keys failed.\n2 others failed as 'x' did: 'y', 'z'.\n",
    ];
    assert_eq!(shown(&sandbox, &[&args[..], &["-q"]].concat()), (quiet.concat(), 12));
}

#[test]
fn reasons_are_told_apart_and_few_are_named() {
    let sandbox = Sandbox::new();
    for name in ["a", "b"] {
        sandbox.create(name, &["--lock"]);
    }
    let gone: Vec<String> = (1..=12).map(|number| format!("gone-{number}")).collect();
    let mut args = vec!["api-key-delete", "--force", "a", "b"];
    args.extend(gone.iter().map(String::as_str));
    let (screen, code) = shown(&sandbox, &args);
    assert_eq!(code, 12);
    assert_eq!(screen.matches("is locked; nothing was changed.").count(), 1, "{screen}");
    assert_eq!(screen.matches("was not found.").count(), 1, "{screen}");
    let named: Vec<String> = (2..=11).map(|number| format!("'gone-{number}'")).collect();
    let end = format!(
        "14 of 14 API keys failed.\n1 other failed as 'a' ([ID1]) did: 'b' ([ID2]).\n\
         11 others failed as 'gone-1' did: {} and 1 more.",
        named.join(", ")
    );
    assert!(screen.ends_with(&ends(&end)), "{screen}");
}

#[test]
fn one_that_fails_is_told_as_ever_and_so_is_each_through_a_pipe() {
    let sandbox = Sandbox::new();
    sandbox.create("there", &[]);
    let one = ["api-key-lock", "--force", "x", "there"];
    let piped = sandbox.run(&one);
    let (screen, _) = shown(&sandbox, &one);
    assert!(screen.ends_with("FAILED\n1 of 2 API keys failed.\n\n"), "{screen}");
    assert!(piped.stderr.ends_with("\nFAILED\n1 of 2 API keys failed.\n\n"), "{piped:#?}");
    for (args, count) in [
        (&["api-key-lock", "--force", "x", "y", "z"][..], 3),
        (&["service-id-lock", "-f", "x", "y"], 2),
    ] {
        let piped = sandbox.run(args);
        assert_eq!(piped.code(12).stderr.matches("was not found.").count(), count, "{piped:#?}");
        assert!(!piped.stderr.contains("as 'x' did"), "{piped:#?}");
        let (screen, code) = shown(&sandbox, args);
        assert_eq!((screen.matches("was not found.").count(), code), (1, 12), "{screen}");
        assert!(screen.contains(" failed as 'x' did: 'y'"), "{screen}");
        let json = [args, &["--error-format", "json"]].concat();
        let (screen, _) = shown(&sandbox, &json);
        assert_eq!(screen.matches("was not found.").count(), count, "{screen}");
    }
}
