//! What is offered where: flags behind `-` only, files behind `@`, profiles.

use std::fs;

use clap::CommandFactory as _;
use ibmcloud_iam::cli::Cli;
use ibmcloud_iam::topics::TOPICS;

use super::{complete, visible};
use crate::support::{Sandbox, mode};

#[test]
fn flags_are_offered_behind_a_dash_only() {
    let sandbox = Sandbox::new();
    sandbox.create("alpha", &[]);
    assert_eq!(complete(&sandbox, &["api-key", ""]), ["alpha"]);
    assert_eq!(complete(&sandbox, &["api-keys", ""]), [""; 0]);
    assert_eq!(complete(&sandbox, &[""]), visible(&Cli::command()));
    for typed in ["-", "--", "--u"] {
        let offered = complete(&sandbox, &["api-key", typed]);
        assert!(offered.iter().any(|word| word.contains("--uuid")), "{typed}: {offered:?}");
        assert!(offered.iter().all(|word| !word.contains("alpha")), "{typed}: {offered:?}");
    }
}

#[test]
fn files_are_offered_behind_an_at_sign() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.work("key_file"), "").unwrap();
    fs::write(sandbox.work("my key"), "").unwrap();
    fs::create_dir(sandbox.work("keys")).unwrap();
    fs::write(sandbox.work("keys/one.json"), "").unwrap();
    for (words, offered) in [
        (&["login", "--apikey", "@ke"][..], &["@key_file", "@keys/"][..]),
        (&["login", "--apikey", "@keys/"], &["@keys/one.json"]),
        (&["login", "--apikey", "@my"], &[r"@my\ key"]),
        (&["login", "--apikey", ""], &["@key_file", "@my\\ key", "@keys/"]),
        (&["login", "--apikey", "ke"], &[]),
        (&["api-keys", "--apikey=@key_"], &["--apikey=@key_file"]),
        (
            &["login", "--platform", "u", "--username", "u", "--password", "@k"],
            &["@key_file", "@keys/"],
        ),
        (&["api-key-lookup", "@key_"], &["@key_file"]),
        (&["platform-api-key-check", "@key_"], &["@key_file"]),
        (&["task-credential-create", "--from", "@key_"], &["@key_file"]),
    ] {
        assert_eq!(complete(&sandbox, words), offered, "{words:?}");
    }
}

#[test]
fn profiles_are_offered() {
    let sandbox = Sandbox::new();
    assert_eq!(complete(&sandbox, &["--profile", ""]), ["default"]);
    for name in ["work", "web"] {
        sandbox.run(&["api-key-create", "x", "--profile", name]).ok();
    }
    assert_eq!(complete(&sandbox, &["--profile", ""]), ["default", "web", "work"]);
    assert_eq!(complete(&sandbox, &["api-keys", "--profile", "w"]), ["web", "work"]);
    assert_eq!(complete(&sandbox, &["logout", "--profile=wo"]), ["--profile=work"]);
}

#[test]
fn help_is_offered_with_its_commands_and_topics() {
    let sandbox = Sandbox::new();
    assert_eq!(complete(&sandbox, &["he"]), ["help"]);
    assert_eq!(
        complete(&sandbox, &["help", "e"]),
        ["emulate", "emulator", "environment", "exit-codes"]
    );
    assert_eq!(complete(&sandbox, &["help", "rec"]), ["recover"]);
    assert_eq!(complete(&sandbox, &["iam", "help", "api-key-c"]), ["api-key-create"]);
    let all = complete(&sandbox, &["help", ""]);
    // 'recover' is both, and `help` does not explain itself.
    assert_eq!(all.len(), visible(&Cli::command()).len() + TOPICS.len() - 2);
}

#[test]
fn shells_are_offered() {
    let sandbox = Sandbox::new();
    let shells = ["bash", "zsh", "fish", "powershell"];
    assert_eq!(complete(&sandbox, &["completion", ""]), shells);
}

#[test]
fn the_binary_carries_the_scripts_and_pages_of_the_package() {
    let sandbox = Sandbox::new();
    let files = ibmcloud_iam::generate::files().unwrap();
    let text = |path: &str| {
        let (_, content) = files.iter().find(|(name, _)| name == path).unwrap();
        String::from_utf8(content.clone()).unwrap()
    };
    for (shell, path) in [
        ("bash", "completions/ibmcloud-iam.bash"),
        ("zsh", "completions/_ibmcloud-iam"),
        ("fish", "completions/ibmcloud-iam.fish"),
        ("powershell", "completions/_ibmcloud-iam.ps1"),
    ] {
        sandbox.run(&["completion", shell]).is(0, &text(path), "");
        let json = sandbox.run(&["completion", shell, "-o", "json"]).json();
        assert_eq!(json["script"], text(path), "{shell}");
    }
    let pages: Vec<_> = files.iter().filter(|(path, _)| path.starts_with("man/")).collect();
    let said = |verb: &str| {
        format!(
            "Writing man pages to share/man1...\nOK\n{} man pages {verb} written to share/man1\n",
            pages.len()
        )
    };
    sandbox.run(&["man", "share/man1", "--dry-run"]).is(0, &said("would be"), "");
    assert_eq!(sandbox.files_in_work(), [""; 0]);
    // Everybody may read them, whatever the umask; what is there is replaced.
    for before in ["", "mkdir -p share/man1; echo old > share/man1/ibmcloud-iam.1;"] {
        let outcome = sandbox.bash(&format!("{before} umask 077; ibmcloud-iam man share/man1"));
        outcome.is(0, &said("were"), "");
        for (path, content) in &pages {
            let written = sandbox.work("share/man1").join(path.trim_start_matches("man/"));
            assert!(fs::read(&written).unwrap() == *content, "{path}");
            assert_eq!(mode(&written), 0o644, "{path}");
        }
        let there = fs::read_dir(sandbox.work("share/man1")).unwrap().count();
        assert_eq!(there, pages.len(), "nothing is left over");
    }
}
