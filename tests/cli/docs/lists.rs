//! The lists of the pages are whole: exit codes, variables, commands, fields.

use clap::{Command, CommandFactory as _};
use ibmcloud_iam::cli::Cli;
use ibmcloud_iam::error::EXIT_CODES;
use ibmcloud_iam::settings::variables::VARIABLES;

use super::page;
use crate::support::Sandbox;

#[test]
fn every_exit_code_and_variable_is_listed() {
    let (codes, variables) =
        (page("docs/reference/exit-codes.md"), page("docs/reference/environment.md"));
    for (code, meaning) in EXIT_CODES {
        let row = format!("\n| {code} | {meaning} |\n");
        assert!(codes.contains(&row), "{row}");
    }
    for (variable, meaning) in VARIABLES {
        let row = format!("\n| {variable} | {meaning} |\n");
        assert!(variables.contains(&row), "{row}");
    }
}

#[test]
fn every_command_is_listed() {
    let commands = page("docs/reference/commands.md");
    let rows: Vec<&str> = commands.lines().filter(|line| line.starts_with("| `")).collect();
    let named = |name: &str| {
        rows.iter().any(|row| row.split('|').nth(1).unwrap().contains(&format!("`{name}`")))
    };
    for command in Cli::command().get_subcommands().map(Command::get_name) {
        let short = command.strip_prefix("api-key").unwrap_or(command);
        assert!(named(command) || named(short), "{command}");
    }
}

#[test]
fn the_fields_of_a_key_and_of_its_file_are_listed_in_order() {
    let text = page("docs/reference/output.md").split_whitespace().collect::<Vec<_>>().join(" ");
    let sandbox = Sandbox::new();
    let fields = |document: &str| {
        let lines = document.lines().filter_map(|line| line.trim_start().strip_prefix('"'));
        let names = lines.filter_map(|line| line.split_once("\": ")).map(|(name, _)| name);
        names.collect::<Vec<_>>().join(", ")
    };
    let json = sandbox.run(&["api-key-create", "k", "--output", "json"]);
    let file = sandbox.run(&["api-key-create", "f", "--file", "f.json"]);
    file.ok();
    let file = std::fs::read_to_string(sandbox.work("f.json")).unwrap();
    for fields in [fields(&json.stdout), fields(&file)] {
        assert!(fields.len() > 80 && text.contains(&fields), "{fields}");
    }
}
