//! A recording of a real terminal (tmux): progress in place, Ctrl-C in the middle of a deletion of many keys, and the report
//! after it. The screens are left in the target directory, for people to read.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use super::working::slow;

const KEYS: usize = 80;

/// A terminal of tmux, with a server of its own that ends with this value.
struct Tmux(String);

impl Tmux {
    /// Runs a script in a terminal of 100 columns and 30 rows. `None` where there is no tmux.
    fn start(script: &Path) -> Option<Self> {
        let this = Self(format!("ibmcloud-iam-test-{}", std::process::id()));
        let size = ["-x", "100", "-y", "30"];
        let mut command = this.command(&["new-session", "-d"]);
        command.args(size).arg("sh").arg(script).env("LC_ALL", "C.UTF-8");
        let Ok(status) = command.status() else {
            println!("There is no tmux, so nothing is recorded.");
            return None;
        };
        assert!(status.success());
        Some(this)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("tmux");
        command.args(["-L", &self.0, "-f", "/dev/null"]).args(args);
        command
    }

    /// What is on the screen, with what went out of it at the top.
    fn screen(&self) -> String {
        let shown = self.command(&["capture-pane", "-p", "-S", "-"]).output().unwrap();
        String::from_utf8(shown.stdout).unwrap().trim_end().to_owned() + "\n"
    }

    /// Waits until `is_it` says so of the screen, which is returned.
    #[track_caller]
    fn wait_for(&self, what: &str, is_it: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let screen = self.screen();
            if is_it(&screen) {
                return screen;
            }
            assert!(Instant::now() < deadline, "{what} is not on the screen:\n{screen}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn press(&self, key: &str) {
        assert!(self.command(&["send-keys", key]).status().unwrap().success());
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        let _ = self.command(&["kill-server"]).output();
    }
}

fn quoted(word: &OsStr) -> String {
    format!("'{}'", word.to_str().unwrap().replace('\'', "'\\''"))
}

/// A script that runs a command, says how it ended, and waits to be looked at. Ctrl-C does not end it.
fn script(command: &Command) -> String {
    let envs = command.get_envs().filter_map(|(name, value)| Some((name, value?)));
    let envs: Vec<String> =
        envs.map(|(name, value)| format!("{}={}", name.to_str().unwrap(), quoted(value))).collect();
    let words: Vec<String> =
        [command.get_program()].into_iter().chain(command.get_args()).map(quoted).collect();
    format!(
        "trap : INT\nenv -i TERM=\"$TERM\" {} {}\necho \"[exit code $?]\"\nsleep 60\n",
        envs.join(" "),
        words.join(" ")
    )
}

/// The screen with `N` for each number.
fn without_numbers(screen: &str) -> String {
    let mut text = String::new();
    for char in screen.chars() {
        if !char.is_ascii_digit() {
            text.push(char);
        } else if !text.ends_with('N') {
            text.push('N');
        }
    }
    text
}

/// The numbers in a line.
fn numbers(line: &str) -> Vec<usize> {
    let words = line.split(|char: char| !char.is_ascii_digit()).filter(|word| !word.is_empty());
    words.map(|word| word.parse().unwrap()).collect()
}

fn last_line(screen: &str) -> &str {
    screen.lines().last().unwrap_or_default()
}

#[test]
fn progress_ctrl_c_and_the_report_are_as_recorded() {
    let service = slow("80", "any:delay=80ms");
    let names: Vec<String> = (1..=KEYS).map(|number| format!("seed-{number:06}")).collect();
    let mut args = vec!["api-key-delete", "--force", "--jobs", "2"];
    args.extend(names.iter().map(String::as_str));
    let mut command = service.command(&args);
    command.env("NO_COLOR", "1");
    let file = service.sandbox.root().join("script");
    fs::write(&file, script(&command)).unwrap();
    let Some(tmux) = Tmux::start(&file) else { return };
    let mut frames = Vec::new();
    let is_progress = |line: &str| line.starts_with("API keys deleted: ");
    for step in [1, 10, 25] {
        let screen = tmux.wait_for("progress", |screen| {
            let line = last_line(screen);
            is_progress(line) && numbers(line)[0] >= step
        });
        frames.push(screen);
    }
    for screen in &frames {
        let line = without_numbers(last_line(screen));
        assert_eq!(line, "API keys deleted: N of N, Ns (Ns left)", "{screen}");
        // It is in place: the line stands once.
        assert_eq!(screen.lines().filter(|line| is_progress(line)).count(), 1, "{screen}");
        let done = screen.lines().filter(|line| line.ends_with(" was deleted")).count();
        let told = numbers(last_line(screen));
        assert!(done.abs_diff(told[0]) <= 1 && told[1] == KEYS, "{screen}");
    }
    tmux.press("C-c");
    let patience = "Interrupted: what is under way is finished. Press Ctrl-C again to end at once.";
    let end = tmux.wait_for("the end", |screen| last_line(screen).starts_with("[exit code "));
    assert_eq!(last_line(&end), "[exit code 130]");
    assert!(end.contains(patience), "{end}");
    // The terminal writes '^C' behind what was in place, which stays where the key was pressed and nowhere else.
    let left: Vec<&str> = end.lines().skip_while(|line| !is_progress(line)).take(2).collect();
    assert!(matches!(left[..], [_, "^C"]), "{end}");
    assert_eq!(end.lines().filter(|line| is_progress(line)).count(), 1, "{end}");
    let report = &end[end.find("Interrupted. Of ").expect("a report")..];
    let mut lines = report.lines();
    let first = lines.next().unwrap();
    assert_eq!(without_numbers(first), "Interrupted. Of N API keys: N deleted, N not begun.");
    let [all, deleted, left] = numbers(first)[..] else { panic!("{first}") };
    assert_eq!((all, deleted + left), (KEYS, KEYS));
    let open: Vec<&str> = lines.by_ref().take_while(|line| line.starts_with("   ")).collect();
    // The line is longer than the terminal is wide for none of them.
    let names_of = |line: &&str| line.split('\'').nth(1).unwrap().to_owned();
    assert_eq!(open.iter().map(names_of).collect::<Vec<_>>(), names[deleted..]);
    let hint = "Repeat the command with '--ignore-missing' for the rest.";
    assert!(report.lines().any(|line| line == hint), "{report}");
    frames.push(end);
    // The report is true.
    assert_eq!(service.names(), names[deleted..]);
    let recording = frames.join(&format!("{}\n", "-".repeat(100)));
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("deletion-interrupted.txt");
    fs::write(&place, recording).unwrap();
    println!("The screens are in {}.", place.display());
}
