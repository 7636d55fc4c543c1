//! What the README shows and lists is what the program does.

use ibmcloud_iam::error::EXIT_CODES;
use ibmcloud_iam::settings::variables::VARIABLES;

use crate::support::{Sandbox, redact};

const README: &str = include_str!("../../README.md");

/// The `console` blocks: each command with the output that follows it.
fn transcripts() -> Vec<(String, String)> {
    let mut shown = Vec::new();
    for block in README.split("```console\n").skip(1) {
        let block = block.split("\n```").next().unwrap();
        for step in format!("\n{block}").split("\n$ ").skip(1) {
            let (command, output) = step.split_once('\n').unwrap_or((step, ""));
            shown.push((command.to_owned(), output.to_owned()));
        }
    }
    shown
}

#[test]
fn the_transcripts_are_what_happens() {
    let sandbox = Sandbox::new();
    let transcripts = transcripts();
    assert!(transcripts.len() >= 7, "the README has its transcripts");
    for (command, shown) in transcripts {
        if command.contains("jq") && sandbox.bash("command -v jq").code != 0 {
            println!("skipped: jq is not installed");
            continue;
        }
        let outcome = sandbox.bash(&format!("{{ {command}; }} 2>&1"));
        assert_eq!(redact(outcome.stdout.trim_end()), redact(shown.trim_end()), "$ {command}");
    }
}

#[test]
fn every_exit_code_and_variable_is_listed() {
    for (code, meaning) in EXIT_CODES {
        assert!(
            README.contains(&format!("\n| {code} | {meaning} |\n")),
            "exit code {code}: {meaning}"
        );
    }
    for (variable, meaning) in VARIABLES {
        assert!(
            README.contains(&format!("\n| {variable} | {meaning} |\n")),
            "{variable}: {meaning}"
        );
    }
}

#[test]
fn every_command_is_listed() {
    use clap::CommandFactory as _;
    for command in ibmcloud_iam::cli::Cli::command().get_subcommands() {
        let name = command.get_name();
        let short = name.strip_prefix("api-key").unwrap_or(name);
        let listed =
            README.contains(&format!("`{name}`")) || README.contains(&format!("`{short}`"));
        assert!(listed, "{name}");
    }
}
