//! Whole outputs in files: snapshots of what a test does, and scenarios of commands that stand in the file themselves.
//! `SNAPSHOTS=overwrite` writes both anew.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::disk::{Things, snapshot};
use super::{Outcome, Sandbox, redact, redact_with, run};

/// Commands and everything that they said, ids and values redacted.
#[derive(Default)]
pub(crate) struct Transcript(String);

impl Transcript {
    /// Runs a command in a box and notes what it said.
    pub(crate) fn run(&mut self, sandbox: &Sandbox, args: &[&str]) {
        self.note(args, sandbox, sandbox.run(args));
    }

    /// Notes what a command said: both streams to the last byte, and the exit code.
    pub(crate) fn note(&mut self, args: &[&str], sandbox: &Sandbox, outcome: Outcome) {
        let outcome = outcome.with(&sandbox.root().display().to_string(), "BOX");
        let quoted = |word: &&str| {
            if word.is_empty() || word.contains([' ', '\n']) {
                format!("{word:?}")
            } else {
                (*word).to_owned()
            }
        };
        let line: Vec<_> = args.iter().map(quoted).collect();
        let line = redact(&format!("$ ibmcloud-iam {}", line.join(" ")));
        let _ =
            writeln!(self.0, "{}[exit code {}]\n", line.trim_end().to_owned() + "\n", outcome.code);
        for (stream, text) in [("stdout", &outcome.stdout), ("stderr", &outcome.stderr)] {
            self.part(stream, &redact(text));
        }
    }

    /// Notes what a command showed on a terminal of so many columns.
    pub(crate) fn screen(&mut self, columns: u16, args: &[&str], code: i32, text: &str) {
        let _ = writeln!(self.0, "$ ibmcloud-iam {}\n[exit code {code}]\n", args.join(" "));
        self.part(&format!("{columns} columns"), text);
    }

    /// Adds a part of what came of a command, where there is one.
    fn part(&mut self, name: &str, text: &str) {
        let is_command = |line: &str| line.starts_with("$ ") || line.starts_with("# ");
        assert!(!text.lines().any(is_command), "this would be read as a command: {text}");
        if !text.is_empty() {
            let end = if text.ends_with('\n') { "" } else { "[no newline]\n" };
            let _ = writeln!(self.0, "[{name}]\n{text}{end}");
        }
    }

    /// Asserts that this is what the snapshot of a name holds.
    #[track_caller]
    pub(crate) fn is(&self, name: &str) {
        compare(&Path::new(TESTS).join("snapshots").join(name).with_extension("txt"), &self.0);
    }
}

/// Where this test lives.
const TESTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli");

/// Asserts that a file holds a text.
#[track_caller]
pub(crate) fn compare(file: &Path, now: &str) {
    if std::env::var("SNAPSHOTS").is_ok_and(|what| what == "overwrite") {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, now).unwrap();
    }
    let expected = fs::read_to_string(file).unwrap_or_default();
    let lines = expected.lines().zip(now.lines());
    let same = lines.take_while(|(expected, now)| expected == now).count();
    let from = |text: &str| text.lines().skip(same).take(8).collect::<Vec<_>>().join("\n");
    assert!(
        expected == now,
        "{} differs from line {} on; SNAPSHOTS=overwrite takes it as it is now\n\
         --- expected\n{}\n--- now\n{}",
        file.display(),
        same + 1,
        from(&expected),
        from(now),
    );
}

/// Runs every scenario of a folder of `scenarios/`, each in a box of its own.
#[track_caller]
pub(crate) fn scenarios(folder: &str, begin: impl Fn() -> Sandbox) {
    for file in fs::read_dir(Path::new(TESTS).join("scenarios").join(folder)).unwrap() {
        scenario(&file.unwrap().path(), &begin());
    }
}

/// Runs the scenario of a file in a box: lines of bash that stand behind `$ `, under comments behind `# `. Behind each
/// line stands all that it says, and what it changes on the disk. Ids are numbered as the scenario comes upon them, and
/// later lines have them as `$ID1`, `$ID2`, ….
#[track_caller]
fn scenario(file: &Path, sandbox: &Sandbox) {
    let mut transcript = Transcript::default();
    let mut ids = Vec::new();
    for line in fs::read_to_string(file).unwrap().lines() {
        if line.starts_with("# ") {
            let _ = writeln!(transcript.0, "{line}");
        } else if let Some(script) = line.strip_prefix("$ ") {
            let before = snapshot(sandbox.root());
            let mut command =
                sandbox.bash_command(&format!("umask 022; set -o pipefail; {script}"));
            for (number, id) in ids.iter().enumerate() {
                command.env(format!("ID{}", number + 1), id);
            }
            let outcome = run(&mut command, b"").with(&sandbox.root().display().to_string(), "BOX");
            let _ = writeln!(transcript.0, "{line}\n[exit code {}]\n", outcome.code);
            let changes = changes(&before, &snapshot(sandbox.root()), sandbox.root());
            for (part, text) in
                [("stdout", &outcome.stdout), ("stderr", &outcome.stderr), ("disk", &changes)]
            {
                transcript.part(part, &redact_with(&mut ids, text));
            }
        }
    }
    compare(file, &transcript.0);
}

/// What happened on the disk below a directory, one thing a line; what took the place of another file was replaced.
fn changes(before: &Things, after: &Things, root: &Path) -> String {
    let mut changes = String::new();
    for path in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
        let what = match (before.get(path), after.get(path)) {
            (Some(old), Some(new)) if old == new => continue,
            (Some(old), Some(new)) if old.inode == new.inode => "changed",
            (Some(_), Some(_)) => "replaced",
            (None, _) => "new",
            (_, None) => "gone",
        };
        let mode =
            after.get(path).map_or(String::new(), |thing| format!(" {:04o}", thing.mode & 0o7777));
        let mut path = path.strip_prefix(root).unwrap().to_owned();
        // The names of journal entries are made by chance.
        if path.parent().is_some_and(|parent| parent.ends_with("journal")) {
            path.set_file_name("[ENTRY]");
        }
        let _ = writeln!(changes, "{what} {}{mode}", path.display());
    }
    changes
}
