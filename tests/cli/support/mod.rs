//! The sealed box: a home of its own, a cleared environment, a clock that stands still.

pub(crate) mod bus;
pub(crate) mod disk;
pub(crate) mod emulator;
pub(crate) mod expected;
pub(crate) mod iam;
pub(crate) mod pty;
pub(crate) mod relay;
pub(crate) mod running;
pub(crate) mod server;
pub(crate) mod service;
pub(crate) mod shells;
pub(crate) mod shim;
pub(crate) mod source;
pub(crate) mod store;
pub(crate) mod tokens;
pub(crate) mod transcript;

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The time in every box, unless a test moves it.
pub(crate) const NOW: &str = "2026-11-21T09:00:00Z";
pub(crate) const ACCOUNT: &str = "10ca1000000000000000000000000000";
pub(crate) const IAM_ID: &str = "IBMid-10CA100000";
pub(crate) const USER: &str = "local@localhost";

/// The binary under test, or the one that `IBMCLOUD_IAM_BINARY` names.
pub(crate) fn binary() -> PathBuf {
    let named = std::env::var_os("IBMCLOUD_IAM_BINARY");
    named.map_or_else(|| env!("CARGO_BIN_EXE_ibmcloud-iam").into(), PathBuf::from)
}

/// A temporary directory with `home/` (everything the program keeps), `work/` (where it runs) and `bin/`
/// (the program under its own name and under `ibmcloud`, `ic`, `bx`, `bluemix`).
pub(crate) struct Sandbox {
    directory: tempfile::TempDir,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        for part in ["home", "work", "bin", "tmp"] {
            fs::create_dir(directory.path().join(part)).unwrap();
        }
        for name in ["ibmcloud-iam", "ibmcloud", "ic", "bx", "bluemix"] {
            symlink(binary(), directory.path().join("bin").join(name)).unwrap();
        }
        Self { directory }
    }

    /// The whole box.
    pub(crate) fn root(&self) -> &Path {
        self.directory.path()
    }

    /// A path in the directory where commands run.
    pub(crate) fn work(&self, name: &str) -> PathBuf {
        self.root().join("work").join(name)
    }

    /// The file of the local store.
    pub(crate) fn store(&self) -> PathBuf {
        self.root().join("home/store/store.jsonl")
    }

    /// The directory of journal entries.
    pub(crate) fn journal(&self) -> PathBuf {
        self.root().join("home/journal")
    }

    /// Any program in the box: cleared environment, the local backend, a clock that stands still.
    pub(crate) fn program(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        let path = std::env::var("PATH").unwrap_or_default();
        command
            .env_clear()
            .env("PATH", format!("{}:{path}", self.root().join("bin").display()))
            .env("HOME", self.root().join("home"))
            .env("IBMCLOUD_IAM_HOME", self.root().join("home"))
            .env("IBMCLOUD_IAM_BACKEND", "local")
            .env("IBMCLOUD_IAM_NOW", NOW)
            // Not the keyring of whoever runs the tests, which would be found without it.
            .env("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}/no-bus", self.root().display()))
            // Nobody sweeps what another test has there.
            .env("TMPDIR", self.root().join("tmp"))
            .env("LC_ALL", "C.UTF-8")
            .env("COLUMNS", "100")
            .current_dir(self.root().join("work"));
        command
    }

    /// The program under test.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = self.program(binary());
        command.args(args);
        command
    }

    /// The program under test without a choice of the backend.
    pub(crate) fn unchosen(&self, args: &[&str]) -> Command {
        let mut command = self.command(args);
        command.env_remove("IBMCLOUD_IAM_BACKEND");
        command
    }

    /// Runs the program with nothing on standard input.
    pub(crate) fn run(&self, args: &[&str]) -> Outcome {
        run(&mut self.command(args), b"")
    }

    /// Runs the program with `input` on standard input.
    pub(crate) fn run_input(&self, args: &[&str], input: &str) -> Outcome {
        run(&mut self.command(args), input.as_bytes())
    }

    /// Runs the program with more environment.
    pub(crate) fn run_env(&self, env: &[(&str, &str)], args: &[&str]) -> Outcome {
        run(self.command(args).envs(env.iter().copied()), b"")
    }

    /// Runs the program at another time.
    pub(crate) fn run_at(&self, now: &str, args: &[&str]) -> Outcome {
        self.run_env(&[("IBMCLOUD_IAM_NOW", now)], args)
    }

    /// Runs a script through bash.
    pub(crate) fn bash(&self, script: &str) -> Outcome {
        run(&mut self.bash_command(script), b"")
    }

    /// A script that bash is to run, with the program on PATH under all its names.
    pub(crate) fn bash_command(&self, script: &str) -> Command {
        let mut command = self.program("bash");
        command.args(["--noprofile", "--norc", "-c", script]);
        command
    }

    /// As [`Sandbox::bash_command`], but ended where it waits for something that never comes.
    pub(crate) fn bash_in_time(&self, script: &str) -> Command {
        let mut command = self.program("timeout");
        command.args(["120", "bash", "--noprofile", "--norc", "-c", script]);
        command
    }

    /// Runs a script in `work/` as a user who owns nothing, and who may come into the box; `None`, said aloud, where this
    /// user may not do so.
    pub(crate) fn bash_as_nobody(&self, script: &str) -> Option<Outcome> {
        use std::os::unix::process::CommandExt as _;
        if !rustix::process::geteuid().is_root() {
            skipped("only root can act as another user");
            return None;
        }
        fs::set_permissions(self.root(), fs::Permissions::from_mode(0o755)).unwrap();
        Some(run(self.bash_command(script).uid(65_534).gid(65_534), b""))
    }

    /// Makes a key and returns its id.
    pub(crate) fn create(&self, name: &str, more: &[&str]) -> String {
        let args = [&["api-key-create", name, "--output", "json"], more].concat();
        self.run(&args).json()["id"].as_str().unwrap().to_owned()
    }

    /// Makes a key at another time and returns its id.
    pub(crate) fn create_at(&self, now: &str, name: &str, more: &[&str]) -> String {
        let args = [&["api-key-create", name, "--output", "json"], more].concat();
        self.run_at(now, &args).json()["id"].as_str().unwrap().to_owned()
    }

    /// Makes a key and returns its id and its value.
    pub(crate) fn create_with_value(&self, name: &str, more: &[&str]) -> (String, String) {
        let args = [&["api-key-create", name, "--output", "json"], more].concat();
        let key = self.run(&args).json();
        let text = |field: &str| key[field].as_str().unwrap().to_owned();
        (text("id"), text("apikey"))
    }

    /// The value in a key file in the directory where commands run.
    pub(crate) fn value_in(&self, file: &str) -> String {
        value_in(&fs::read(self.work(file)).unwrap())
    }

    /// Names the key that a value belongs to.
    pub(crate) fn name_of_value(&self, value: &str) -> String {
        let found = self.run_input(&["api-key-lookup", "--output", "json"], value).json();
        found["name"].as_str().unwrap().to_owned()
    }

    /// Everything the local store has on the disk, or nothing where it was never written.
    pub(crate) fn store_bytes(&self) -> Option<Vec<u8>> {
        fs::read(self.store()).ok()
    }

    /// The names of the keys there are, oldest first.
    pub(crate) fn names(&self) -> Vec<String> {
        self.keys().iter().map(|key| key["name"].as_str().unwrap().to_owned()).collect()
    }

    /// Lists the keys as JSON.
    pub(crate) fn keys(&self) -> Vec<serde_json::Value> {
        self.run(&["api-keys", "--output", "json"]).json().as_array().unwrap().clone()
    }

    /// The names of files in the directory where commands run, sorted.
    pub(crate) fn files_in_work(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.root().join("work"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// How many journal entries are open.
    pub(crate) fn open_entries(&self) -> usize {
        fs::read_dir(self.journal()).map_or(0, Iterator::count)
    }
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command, input: &[u8]) -> Outcome {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A program that does not read its input is no failure.
    let _ = child.stdin.take().unwrap().write_all(input);
    Outcome::from(child.wait_with_output().unwrap())
}

/// What a command printed and returned.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The exit code; a signal is 128 and its number, as in a shell.
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Self {
        use std::os::unix::process::ExitStatusExt as _;
        Self {
            code: output.status.code().unwrap_or_else(|| 128 + output.status.signal().unwrap_or(0)),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Outcome {
    /// The same with another word in the place of what differs from run to run.
    pub(crate) fn with(self, text: &str, word: &str) -> Self {
        let replace = |said: &str| said.replace(text, word);
        Self { stdout: replace(&self.stdout), stderr: replace(&self.stderr), ..self }
    }

    /// Asserts the exit code.
    #[track_caller]
    pub(crate) fn code(&self, code: i32) -> &Self {
        assert_eq!(self.code, code, "{self:#?}");
        self
    }

    /// Asserts success.
    #[track_caller]
    pub(crate) fn ok(&self) -> &Self {
        self.code(0)
    }

    /// Asserts the whole of standard output, ids and values redacted.
    #[track_caller]
    pub(crate) fn stdout(&self, expected: &str) -> &Self {
        assert_eq!(redact(&self.stdout), expected, "{self:#?}");
        self
    }

    /// Asserts the whole of standard error, ids and values redacted.
    #[track_caller]
    pub(crate) fn stderr(&self, expected: &str) -> &Self {
        assert_eq!(redact(&self.stderr), expected, "{self:#?}");
        self
    }

    /// Asserts success and reads standard output as one JSON document.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        self.ok();
        assert_eq!(self.stderr, "", "JSON output leaves standard error empty");
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }
}

/// Replaces what differs from run to run: `[ID1]`, `[ID2]`, … for ids in order of appearance, `[TAG]`, `[VALUE]`.
pub(crate) fn redact(text: &str) -> String {
    redact_with(&mut Vec::new(), text)
}

/// As [`redact`], with the ids that were numbered before.
pub(crate) fn redact_with(ids: &mut Vec<String>, text: &str) -> String {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let mut out = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let length = rest.find(|c| !word(c)).unwrap_or(rest.len());
        // A colour, an escaped character, or one character.
        let count = if rest.starts_with('\\') { 2 } else { 1 };
        let between =
            colour(rest).unwrap_or_else(|| rest.chars().take(count).map(char::len_utf8).sum());
        let (token, behind) = rest.split_at(if length > 0 { length } else { between });
        let token_is_word = length > 0;
        // An IAM id has a prefix, and a file that is named after a key and its id.
        let file = token.find("-ApiKey-").map_or(0, |at| at + 1);
        let (before, id) = token.split_at(if token.starts_with("iam-") { 4 } else { file });
        if token_is_word && is_id(id) {
            let at = ids.iter().position(|known| known == id).unwrap_or_else(|| {
                ids.push(id.to_owned());
                ids.len() - 1
            });
            let _ = write!(out, "{before}[ID{}]", at + 1);
        } else if token_is_word && [44, 64].contains(&token.len()) {
            out.push_str("[VALUE]");
        } else if token_is_word && is_tag(token) {
            out.push_str("[TAG]");
        } else {
            out.push_str(token);
        }
        rest = behind;
    }
    out
}

/// How long the sequence is that sets a colour at the start of a text.
fn colour(text: &str) -> Option<usize> {
    let behind = text.strip_prefix("\x1b[")?;
    let end = behind.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    behind[end..].starts_with('m').then_some(end + 3)
}

fn is_id(token: &str) -> bool {
    // That of a classic API key.
    if token.len() == 9 && token.bytes().all(|b| b.is_ascii_digit()) {
        return true;
    }
    let mut kinds = ["ApiKey-", "ServiceId-", "ServiceIdGroup-", ""].iter();
    let is_hex = |part: &str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_uuid = |uuid: &str| {
        let parts: Vec<usize> = uuid.split('-').map(str::len).collect();
        parts == [8, 4, 4, 4, 12] && uuid.split('-').all(is_hex)
    };
    kinds.any(|kind| token.strip_prefix(kind).is_some_and(is_uuid))
}

fn is_tag(token: &str) -> bool {
    token.split_once('-').is_some_and(|(number, hex)| {
        number.bytes().all(|b| b.is_ascii_digit())
            && hex.len() == 32
            && hex.bytes().all(|b| b.is_ascii_hexdigit())
    })
}

/// The value in a document of a key.
pub(crate) fn value_in(document: &[u8]) -> String {
    let document: serde_json::Value = serde_json::from_slice(document).unwrap();
    document["apikey"].as_str().unwrap().to_owned()
}

/// Says why a test does nothing on this machine.
pub(crate) fn skipped(why: &str) {
    println!("skipped: {why}");
}

/// The permission bits of a file.
pub(crate) fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

/// What `/proc` shows of a process; nothing of what only root may see of one that is not dumpable.
pub(crate) fn shown_in_proc(process: u32, file: &str) -> Vec<u8> {
    match fs::read(format!("/proc/{process}/{file}")) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Vec::new(),
        bytes => bytes.unwrap(),
    }
}

/// Writes a file (0600), and the directory it is in.
pub(crate) fn write_private(path: &Path, text: impl AsRef<[u8]>) {
    use std::os::unix::fs::OpenOptionsExt as _;
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(path).unwrap().write_all(text.as_ref()).unwrap();
}
