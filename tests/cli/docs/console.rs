//! What stands in `console` blocks happens: the commands of a page in order, in one shell, with all that they say.

use std::fmt::Write as _;
use std::fs;

use super::{Page, pages};
use crate::support::{Outcome, Sandbox, redact, run, skipped};

/// The command that makes the first key from a clean clone. Here the program is built already.
const FROM_A_CLONE: &str = "cargo run --release -- ";

/// A command of a page, and what the page shows behind it.
struct Step {
    command: String,
    shown: String,
}

/// The commands of the `console` blocks, and the one of a `sh` block whose output follows in a `text` block.
fn steps(page: &Page) -> Vec<Step> {
    let mut steps = Vec::new();
    let blocks = page.blocks();
    for (at, block) in blocks.iter().enumerate() {
        let behind = blocks.get(at + 1).filter(|block| block.language == "text");
        let command = block.text.trim_end().strip_prefix(FROM_A_CLONE);
        if let (Some(command), Some(output)) = (command, behind) {
            let command = format!("ibmcloud-iam {command}");
            steps.push(Step { command, shown: output.text.to_owned() });
        } else if block.language == "console" {
            for step in format!("\n{}", block.text).split("\n$ ").skip(1) {
                let (command, shown) = step.split_once('\n').unwrap_or((step, ""));
                steps.push(Step { command: command.to_owned(), shown: shown.to_owned() });
            }
        }
    }
    steps
}

/// Runs commands in one shell, and returns what each said.
fn said(sandbox: &Sandbox, steps: &[Step]) -> Vec<String> {
    let out = sandbox.root().join("out");
    fs::create_dir(&out).unwrap();
    let mut script = String::new();
    for (number, Step { command, .. }) in steps.iter().enumerate() {
        let file = out.join(number.to_string());
        let _ = writeln!(script, "{{ {command}\n}} >'{}' 2>&1 </dev/null", file.display());
    }
    let mut shell = sandbox.bash_command(&script);
    // The README says itself where its keys are; the guides say that theirs are in the local store.
    shell.env_remove("IBMCLOUD_IAM_BACKEND");
    if !script.contains("export IBMCLOUD_IAM_BACKEND=local") {
        shell.env("IBMCLOUD_IAM_BACKEND", "local");
    }
    let outcome: Outcome = run(&mut shell, b"");
    assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), ("", ""));
    (0..steps.len())
        .map(|number| fs::read_to_string(out.join(number.to_string())).unwrap())
        .collect()
}

#[test]
fn the_examples_are_what_happens() {
    let mut tried = 0;
    for page in pages() {
        let steps = steps(&page);
        let sandbox = Sandbox::new();
        let uses_jq = steps.iter().any(|step| step.command.contains("jq "));
        if uses_jq && sandbox.bash("command -v jq").code != 0 {
            skipped(&format!("{}: jq is not installed", page.path));
            continue;
        }
        tried += steps.len();
        let said = said(&sandbox, &steps);
        let whole = |outputs: &mut dyn Iterator<Item = &str>| {
            let commands = steps.iter().map(|step| step.command.as_str());
            let parts = commands
                .zip(outputs)
                .map(|(command, output)| format!("$ {command}\n{}\n", output.trim_end()));
            redact(&parts.collect::<String>())
        };
        let shown = whole(&mut steps.iter().map(|step| step.shown.as_str()));
        let happened = whole(&mut said.iter().map(String::as_str));
        assert!(shown == happened, "{}\n--- shown\n{shown}\n--- happens\n{happened}", page.path);
    }
    assert!(tried >= 15, "{tried}");
}
