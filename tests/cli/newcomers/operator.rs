//! Somebody at a desktop with a keyring, who keeps a login there.

use std::fmt::Write as _;

use super::{assert_path, lines, plain};
use crate::docs::page;
use crate::support::Sandbox;
use crate::support::bus::bus;
use crate::support::disk::snapshot;
use crate::support::emulator::Emulator;
use crate::support::pty::Terminal;

/// The commands that ask, and what is typed then; `None` stands for the key.
const ANSWERS: [(&str, Option<&str>); 2] = [("login", None), ("api-key-disable", Some("y\r"))];

#[test]
fn operator() {
    let sandbox = Sandbox::new();
    let Some(bus) = bus(&sandbox) else { return };
    let _keyring = bus.provider(&sandbox, &sandbox.root().join("keyrings"), true);
    // It stands for IBM Cloud.
    let emulator = Emulator::start(&sandbox, &["--in-memory"], &[]);
    let text = page("tests/cli/newcomers/operator.txt");
    let mut happened = String::new();
    for line in text.lines().filter(|line| line.starts_with("# ")).take(1) {
        let _ = writeln!(happened, "{line}");
    }
    for line in lines(&text) {
        let mut command = bus.on(sandbox.bash_command(line));
        command.env_remove("IBMCLOUD_IAM_BACKEND").env_remove("IBMCLOUD_IAM_HOME");
        command.env("IBMCLOUD_IAM_API_ENDPOINT", emulator.endpoint()).env("NO_COLOR", "1");
        let mut terminal = Terminal::start(&mut command, 160);
        if let Some((_, answer)) =
            ANSWERS.iter().find(|(word, _)| line.contains(&format!("iam {word}")))
        {
            terminal.wait_for_reading();
            let value = emulator.value() + "\r";
            terminal.send(answer.unwrap_or(&value).as_bytes());
        }
        let shown = terminal.end();
        // The key is in the keyring, and in no file of the program.
        for (path, thing) in snapshot(&sandbox.root().join("home")) {
            let text = String::from_utf8_lossy(&thing.bytes);
            assert!(!text.contains(&emulator.value()), "{}", path.display());
        }
        let code =
            if shown.code == 0 { String::new() } else { format!("[exit code {}]\n", shown.code) };
        let _ = writeln!(happened, "$ {line}\n{}\n{code}", unescaped(&shown.text).trim_end());
    }
    assert_path("operator", &plain(&happened, &sandbox));
}

/// Leaves out what moves the cursor, and keeps of a line that was written several times what stands there in the end.
fn unescaped(text: &str) -> String {
    let mut shown = String::new();
    let mut parts = text.split('\x1b');
    shown += parts.next().unwrap_or_default();
    for part in parts {
        let end = part.find(|c: char| c.is_ascii_alphabetic()).map_or(part.len(), |at| at + 1);
        shown += &part[end..];
    }
    let lines =
        shown.lines().map(|line| line.rsplit('\r').find(|text| !text.is_empty()).unwrap_or(""));
    lines.collect::<Vec<_>>().join("\n")
}
