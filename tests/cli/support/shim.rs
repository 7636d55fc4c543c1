//! Faults on demand: a library loaded before libc that numbers the calls that change the disk and spoils one of them.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

use super::{Outcome, Sandbox, run};

/// What can be done to a call; `shim.c` says what each one means.
pub(crate) const MODES: [&str; 7] = ["before", "after", "tear", "fail", "short", "full", "dead"];

/// What a killed process returns.
pub(crate) const KILLED: i32 = 137;

/// The library, built for one test.
pub(crate) struct Shim {
    directory: tempfile::TempDir,
}

/// A call that changes the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) name: String,
    pub(crate) path: String,
}

/// One fault: which call, and what happens to it.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    /// The first call is 1.
    pub(crate) at: usize,
    pub(crate) mode: &'static str,
    pub(crate) call: Call,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "call {} ({} {}), {}", self.at, self.call.name, self.call.path, self.mode)
    }
}

/// Says where an assertion failed, in a walk over many faults.
struct Whereabouts<'a>(&'a Fault);

impl Drop for Whereabouts<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            say(&format!("at {}", self.0));
        }
    }
}

#[expect(
    clippy::print_stderr,
    reason = "the test harness shows it with a failure, or with --nocapture"
)]
fn say(words: &str) {
    eprintln!("{words}");
}

/// Says why a test cannot run here.
pub(crate) fn skipped(why: &str) {
    say(&format!("skipped: {why}"));
}

impl Shim {
    /// Builds the library; `None`, said aloud, where it cannot be built or is not loaded.
    pub(crate) fn build() -> Option<Self> {
        let shim = Self { directory: tempfile::tempdir().unwrap() };
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/support/shim.c");
        let mut compiler = Command::new("cc");
        compiler
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .arg(shim.library())
            .arg(source)
            .arg("-ldl");
        if !compiler.stderr(Stdio::inherit()).status().is_ok_and(|status| status.success()) {
            skipped("there is no C compiler for the fault shim");
            return None;
        }
        let sandbox = Sandbox::new();
        if shim.calls(&sandbox, &["api-key-create", "probe"]).is_empty() {
            skipped("LD_PRELOAD does not work here");
            return None;
        }
        Some(shim)
    }

    fn library(&self) -> PathBuf {
        self.directory.path().join("shim.so")
    }

    /// The program under test, with the library and a fault.
    pub(crate) fn command(
        &self,
        sandbox: &Sandbox,
        fault: Option<&Fault>,
        args: &[&str],
    ) -> Command {
        let mut command = sandbox.command(args);
        self.load(&mut command, sandbox, fault);
        command
    }

    /// Loads the library, with a fault, into a command that was put together elsewhere.
    pub(crate) fn load(&self, command: &mut Command, sandbox: &Sandbox, fault: Option<&Fault>) {
        let log = log_of(sandbox);
        let _ = fs::remove_file(&log);
        command.env("LD_PRELOAD", self.library()).env("FAULT_LOG", log).env("FAULT_STDOUT", "1");
        if let Some(fault) = fault {
            command.env("FAULT_AT", fault.at.to_string()).env("FAULT_MODE", fault.mode);
        }
    }

    /// Runs the program under a fault, which must be met.
    #[track_caller]
    pub(crate) fn run(&self, sandbox: &Sandbox, fault: &Fault, args: &[&str]) -> Outcome {
        let outcome = run(&mut self.command(sandbox, Some(fault), args), b"");
        let log = fs::read_to_string(log_of(sandbox)).unwrap_or_default();
        assert!(
            log.lines().any(|line| line.starts_with("! ")),
            "{fault} was not met: {log}{outcome:#?}"
        );
        assert_eq!(outcome.code == KILLED, fault.kills(), "{fault}: {outcome:#?}");
        outcome
    }

    /// Runs the program without a fault and returns its calls; nothing is asserted.
    pub(crate) fn calls(&self, sandbox: &Sandbox, args: &[&str]) -> Vec<Call> {
        run(&mut self.command(sandbox, None, args), b"");
        Self::logged(sandbox)
    }

    /// The calls of the command that was run last.
    pub(crate) fn logged(sandbox: &Sandbox) -> Vec<Call> {
        let log = fs::read_to_string(log_of(sandbox)).unwrap_or_default();
        let split = |line: &str| {
            let (name, path) = line.split_once(' ').unwrap();
            Call { name: name.to_owned(), path: path.to_owned() }
        };
        log.lines().map(split).collect()
    }

    /// The fault that spoils the last call of this name on such a path, as a run in a box of the same kind shows it.
    pub(crate) fn fault(
        &self,
        like: &Sandbox,
        args: &[&str],
        mode: &'static str,
        name: &str,
        path: &str,
    ) -> Fault {
        let calls = self.calls(like, args);
        let found = calls.iter().rposition(|call| call.name == name && call.path.ends_with(path));
        let at = found.unwrap_or_else(|| panic!("no {name} of {path} in {calls:#?}"));
        Fault { at: at + 1, mode, call: calls[at].clone() }
    }

    /// Spoils every call in every way, each in a box of its own; returns how many faults that were.
    pub(crate) fn walk<T>(
        &self,
        args: &[&str],
        scene: impl Fn() -> (Sandbox, T),
        check: impl Fn(&Sandbox, &T, &Fault, &Outcome),
    ) -> usize {
        let mut walked = 0;
        for (at, call) in (1..).zip(self.calls(&scene().0, args)) {
            for mode in MODES
                .into_iter()
                .filter(|mode| call.name == "write" || !["tear", "short"].contains(mode))
            {
                let fault = Fault { at, mode, call: call.clone() };
                let _whereabouts = Whereabouts(&fault);
                let (sandbox, facts) = scene();
                let outcome = self.run(&sandbox, &fault, args);
                check(&sandbox, &facts, &fault, &outcome);
                walked += 1;
            }
        }
        say(&format!("{walked} faults in {}", args.join(" ")));
        walked
    }

    /// Starts the program and waits until the fault has stopped it.
    pub(crate) fn stopped(&self, sandbox: &Sandbox, fault: &Fault, args: &[&str]) -> Stopped {
        assert_eq!(fault.mode, "stop");
        let mut command = self.command(sandbox, Some(fault), args);
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stopped = Stopped(Some(child));
        let (_, status) = waitpid(Some(stopped.pid()), WaitOptions::UNTRACED).unwrap().unwrap();
        assert!(status.stopped(), "{fault} was not met");
        stopped
    }
}

fn log_of(sandbox: &Sandbox) -> PathBuf {
    sandbox.root().join("calls")
}

impl Fault {
    /// Whether the process dies of it.
    pub(crate) fn kills(&self) -> bool {
        ["before", "after", "tear"].contains(&self.mode)
    }

    /// Whether it hits standard output, not the disk.
    pub(crate) fn is_output(&self) -> bool {
        self.call.path == "stdout"
    }
}

/// A process that a fault has stopped; killed when nobody needs it any more.
pub(crate) struct Stopped(Option<Child>);

impl Stopped {
    fn pid(&self) -> Pid {
        Pid::from_child(self.0.as_ref().unwrap())
    }

    /// Lets it go on to its end.
    pub(crate) fn go_on(mut self) -> Outcome {
        kill_process(self.pid(), Signal::CONT).unwrap();
        Outcome::from(self.0.take().unwrap().wait_with_output().unwrap())
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
