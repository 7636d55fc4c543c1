//! Whole outputs in files under `tests/cli/snapshots/`; `SNAPSHOTS=overwrite` writes them anew.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::{Outcome, Sandbox, redact};

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
            if !text.is_empty() {
                let end = if text.ends_with('\n') { "" } else { "[no newline]\n" };
                let text = redact(text);
                let _ = writeln!(self.0, "[{stream}]\n{text}{end}");
            }
        }
    }

    /// Asserts that this is what the snapshot of a name holds.
    #[track_caller]
    pub(crate) fn is(&self, name: &str) {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/snapshots");
        let file = directory.join(name).with_extension("txt");
        if std::env::var("SNAPSHOTS").is_ok_and(|what| what == "overwrite") {
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, &self.0).unwrap();
        }
        let expected = fs::read_to_string(&file).unwrap_or_default();
        let lines = expected.lines().zip(self.0.lines());
        let same = lines.take_while(|(expected, now)| expected == now).count();
        let from = |text: &str| text.lines().skip(same).take(8).collect::<Vec<_>>().join("\n");
        assert!(
            expected == self.0,
            "{name} differs from line {} on; SNAPSHOTS=overwrite takes it as it is now\n\
             --- expected\n{}\n--- now\n{}",
            same + 1,
            from(&expected),
            from(&self.0),
        );
    }
}
