//! What `--version` says, and how the commit in it is found when the program is built.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Sandbox, run, skipped};

#[test]
fn the_version_is_one_line_however_it_is_asked_for() {
    let sandbox = Sandbox::new();
    let said = sandbox.run(&["--version"]).stdout;
    let version = said.strip_prefix(concat!("ibmcloud-iam ", env!("CARGO_PKG_VERSION"))).unwrap();
    // A debug build names no commit.
    let commit = version.trim_end().strip_prefix(" (").and_then(|rest| rest.strip_suffix(')'));
    assert!(version == "\n" || commit.is_some_and(|commit| commit.len() >= 7), "{said}");
    for args in [&["-V"][..], &["iam", "--version"], &["--color", "never", "-V"]] {
        sandbox.run(args).is(0, &said, "");
    }
}

/// A directory with the build script and one source, as a packager may have it.
struct Source {
    directory: tempfile::TempDir,
    script: PathBuf,
}

impl Source {
    /// `None` where the script cannot be compiled or there is no git.
    fn new() -> Option<Self> {
        let project = Path::new(env!("CARGO_MANIFEST_DIR"));
        let directory = tempfile::tempdir().unwrap();
        let script = directory.path().join("script");
        let mut rustc = Command::new("rustc");
        rustc.args(["--edition=2024", "--cap-lints=allow", "-o"]).arg(&script);
        if !rustc.arg(project.join("build.rs")).status().is_ok_and(|status| status.success())
            || Command::new("git").arg("--version").output().is_err()
        {
            skipped("there is no rustc or no git");
            return None;
        }
        let source = Self { directory, script };
        fs::create_dir_all(source.root().join("src")).unwrap();
        fs::write(source.root().join("src/main.rs"), "").unwrap();
        fs::write(source.root().join("README.md"), "").unwrap();
        Some(source)
    }

    fn root(&self) -> PathBuf {
        self.directory.path().join("source")
    }

    /// Runs git in the source, without anybody's settings.
    fn git(&self, words: &str) -> String {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=n", "-c", "user.email=e"]).args(words.split(' '));
        run(alone(&mut git).current_dir(self.root()), b"").ok().stdout.trim_end().to_owned()
    }

    /// All that the script tells cargo when a package is built.
    fn told(&self, profile: &str, commit: Option<&str>) -> String {
        let mut script = Command::new(&self.script);
        alone(&mut script).current_dir(self.root());
        script.env("PROFILE", profile).env("CARGO_PKG_VERSION", "1.2.3");
        script.envs(commit.map(|commit| ("IBMCLOUD_IAM_COMMIT", commit)));
        run(&mut script, b"").ok().stdout.clone()
    }

    /// The version of a release.
    #[track_caller]
    fn is(&self, version: &str) {
        assert_eq!(version_in(&self.told("release", None)), version);
    }
}

fn alone(command: &mut Command) -> &mut Command {
    let path = std::env::var("PATH").unwrap_or_default();
    command.env_clear().env("PATH", path).env("GIT_CONFIG_GLOBAL", "/dev/null").env("HOME", "/")
}

fn version_in(told: &str) -> &str {
    let versions: Vec<&str> = told
        .lines()
        .filter_map(|line| line.strip_prefix("cargo::rustc-env=IBMCLOUD_IAM_VERSION="))
        .collect();
    let [version] = versions[..] else { panic!("{told}") };
    version
}

#[test]
fn a_release_names_the_commit_it_is_built_from() {
    let Some(source) = Source::new() else { return };
    source.is("1.2.3");
    source.git("init -q .");
    // There is no commit yet.
    source.is("1.2.3");
    source.git("add .");
    source.git("commit -q -m one");
    let first = &source.git("rev-parse HEAD")[..7];
    source.is(&format!("1.2.3 ({first})"));

    // What is no part of the program does not make it another one.
    fs::write(source.root().join("README.md"), "more").unwrap();
    source.is(&format!("1.2.3 ({first})"));
    fs::write(source.root().join("src/main.rs"), "fn main() {}").unwrap();
    source.is(&format!("1.2.3 ({first}-modified)"));
    source.git("commit -q -a -m two");
    let second = &source.git("rev-parse HEAD")[..7];
    assert_ne!(first, second);
    source.is(&format!("1.2.3 ({second})"));

    assert_eq!(version_in(&source.told("debug", None)), "1.2.3");
    assert_eq!(version_in(&source.told("debug", Some("c0ffee1"))), "1.2.3 (c0ffee1)");
    assert_eq!(version_in(&source.told("release", Some(""))), "1.2.3");
    // Nothing that is given speaks to cargo.
    let told = source.told("release", Some("c0ffee1\ncargo::rustc-env=A=b"));
    assert_eq!(version_in(&told), "1.2.3 (c0ffee1)");
    assert!(!told.contains("A=b"), "{told}");
}

#[test]
fn cargo_asks_again_when_the_commit_or_the_source_changes() {
    let Some(source) = Source::new() else { return };
    source.git("init -q .");
    source.git("add .");
    source.git("commit -q -m one");
    let watched = |told: &str| -> Vec<String> {
        let lines = told.lines().filter_map(|line| line.strip_prefix("cargo::rerun-if-"));
        lines.map(str::to_owned).collect()
    };
    let always = ["changed=build.rs", "env-changed=IBMCLOUD_IAM_COMMIT"];
    let sources = ["changed=.git/HEAD", "changed=.git/logs/HEAD", "changed=src"];
    assert_eq!(watched(&source.told("release", None)), [&always[..], &sources].concat());
    assert_eq!(watched(&source.told("debug", None)), always);
    let log = || fs::read(source.root().join(".git/logs/HEAD")).unwrap();
    let before = log();
    source.git("commit -q --allow-empty -m two");
    assert_ne!(log(), before, "every commit changes it");
}

#[test]
fn a_package_of_crates_and_the_checkout_of_somebody_else_are_told_apart() {
    let Some(source) = Source::new() else { return };
    // A checkout around the source says nothing of it.
    let mut git = Command::new("git");
    let outer = source.root().parent().unwrap().to_owned();
    run(alone(&mut git).args(["init", "-q", "."]).current_dir(&outer), b"").ok();
    source.git("add .");
    source.git("commit -q -m outer");
    source.is("1.2.3");
    let info = |git: &str| {
        let text = format!("{{\n  \"git\": {{\n{git}\n  }},\n  \"path_in_vcs\": \"\"\n}}");
        fs::write(source.root().join(".cargo_vcs_info.json"), text).unwrap();
    };
    info("    \"sha1\": \"0123456789abcdef0123456789abcdef01234567\"");
    source.is("1.2.3 (0123456)");
    info("    \"sha1\": \"0123456789abcdef0123456789abcdef01234567\",\n    \"dirty\": true");
    source.is("1.2.3 (0123456-modified)");
}
