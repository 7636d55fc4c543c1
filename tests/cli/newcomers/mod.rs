//! The first hour of five people who have the README and nothing else: what each types, in order, and all that they see.
//!
//! A path is a file of lines `$ …`, with comments behind `# `; `SNAPSHOTS=overwrite` writes what they see.

mod operator;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::docs::{package, page};
use crate::support::transcript::compare;
use crate::support::{Sandbox, redact, run, skipped};

/// The file of a path.
fn file(name: &str) -> PathBuf {
    package().join("tests/cli/newcomers").join(name).with_extension("txt")
}

/// The lines that somebody types.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| line.strip_prefix("$ "))
}

/// Asserts that a path is what its file holds, and that nobody has to guess: every command and flag in it stands in the README,
/// on a page that the README leads to, or in what was printed before.
#[track_caller]
fn assert_path(name: &str, happened: &str) {
    let mut known: String = crate::docs::pages().iter().map(|page| page.text.as_str()).collect();
    for line in happened.lines() {
        let typed = line.strip_prefix("$ ").filter(|typed| typed.contains("ibmcloud"));
        for word in typed.into_iter().flat_map(str::split_whitespace) {
            let is_ours = word.starts_with("--") || word.starts_with("api-key");
            let word = word.trim_end_matches(';');
            assert!(!is_ours || known.contains(word), "{name}: nothing tells of '{word}'");
        }
        known += line;
    }
    compare(&file(name), happened);
}

/// Walks a path in one shell, with the tools that it needs.
fn walk(name: &str, directory: Option<&Path>, tools: &[&str]) {
    let sandbox = Sandbox::new();
    if let Some(missing) =
        tools.iter().find(|tool| sandbox.bash(&format!("command -v {tool}")).code != 0)
    {
        return skipped(&format!("{name}: {missing} is not installed"));
    }
    let out = sandbox.root().join("out");
    fs::create_dir(&out).unwrap();
    let text = page(&format!("tests/cli/newcomers/{name}.txt"));
    let mut script = "umask 022; trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT\n".to_owned();
    for (number, line) in lines(&text).enumerate() {
        let out = out.join(number.to_string());
        let out = out.display();
        let _ = writeln!(script, "{{ {line}\n}} >'{out}' 2>&1 </dev/null; echo $? >'{out}.code'");
    }
    let mut shell = sandbox.bash_in_time(&script);
    shell.env_remove("IBMCLOUD_IAM_BACKEND").env_remove("IBMCLOUD_IAM_HOME");
    shell.env("DESTDIR", sandbox.root().join("package"));
    shell.current_dir(directory.unwrap_or(&sandbox.root().join("work")));
    let outcome = run(&mut shell, b"");
    assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), ("", ""), "{name}");
    let read = |number: usize, more: &str| {
        fs::read_to_string(out.join(format!("{number}{more}"))).unwrap()
    };
    let mut happened = String::new();
    let mut number = 0;
    for line in text.lines() {
        if line.starts_with("# ") {
            let _ = writeln!(happened, "{line}");
        } else if line.starts_with("$ ") {
            let said = read(number, "");
            let code = read(number, ".code");
            let code = if code == "0\n" {
                String::new()
            } else {
                format!("[exit code {}]\n", code.trim())
            };
            let end = if said.is_empty() || said.ends_with('\n') { "" } else { "\n" };
            let _ = write!(happened, "{line}\n{said}{end}{code}\n");
            number += 1;
        }
    }
    assert_path(name, &plain(&happened, &sandbox));
}

/// Takes out what differs from run to run.
fn plain(text: &str, sandbox: &Sandbox) -> String {
    let text = redact(&text.replace(&sandbox.root().display().to_string(), "BOX"));
    let behind = |text: &str, before: &str, ends: &[char], word: &str| {
        let mut parts = text.split(before);
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |text, part| {
            let end = part.find(ends).unwrap_or(part.len());
            text + before + word + &part[end..]
        })
    };
    let text = behind(&text, "http://127.0.0.1:", &['\n', '/', ' ', '.', '\''], "PORT");
    let text = behind(&text, "ibmcloud-iam-emulator-", &['/', '\n'], "[DIRECTORY]");
    behind(&text, "BOX/tmp/tmp.", &['/', '\n', '\''], "[DIRECTORY]")
}

#[test]
fn curious() {
    walk("curious", None, &[]);
}

#[test]
fn script_author() {
    walk("script_author", None, &["jq"]);
}

#[test]
fn auditor() {
    walk("auditor", None, &["jq"]);
}

#[test]
fn packager() {
    walk("packager", Some(package()), &["man", "install"]);
}
