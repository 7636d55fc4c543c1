//! What the files of `examples/` run, taken out of them and run against the emulator.

use std::fs;
use std::path::Path;

use crate::support::emulator::Emulator;
use crate::support::service::Service;
use crate::support::{Outcome, redact, run, value_in};

/// The text of an example.
fn example(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name)).unwrap()
}

/// The blocks of shell below the lines `KEY: |` of a YAML file.
fn blocks(text: &str, key: &str) -> Vec<String> {
    let depth = |line: &str| line.len() - line.trim_start().len();
    let mut blocks = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if line.trim() != format!("{key}: |") {
            continue;
        }
        let mut block = String::new();
        while let Some(inner) = lines.next_if(|inner| depth(inner) > depth(line)) {
            block.push_str(&inner[depth(line) + 2..]);
            block.push('\n');
        }
        blocks.push(block);
    }
    blocks
}

/// What stands behind the lines that begin with a text.
fn behind<'a>(text: &'a str, begin: &str) -> Vec<&'a str> {
    text.lines().filter_map(|line| line.trim_start().strip_prefix(begin)).collect()
}

/// An emulator with a key `ci-deploy`, whose value is in `keys/ci-deploy.json`.
struct Place(Service<Emulator>);

impl Place {
    fn new() -> Self {
        let service = Service::emulated(&["--in-memory"]);
        fs::create_dir(service.sandbox.work("keys")).unwrap();
        let file = ["--expires-in", "60d", "--file", "keys/ci-deploy.json"];
        service.run(&[&["api-key-create", "ci-deploy"][..], &file].concat()).ok();
        Self(service)
    }

    /// The directory of the key file.
    fn keys(&self) -> String {
        self.0.sandbox.work("keys").display().to_string()
    }

    fn value(&self) -> String {
        value_in(&fs::read(self.0.sandbox.work("keys/ci-deploy.json")).unwrap())
    }

    /// Runs a script as an unattended machine does: without a login, a backend or a terminal.
    fn runs(&self, script: &str, env: &[(&str, &str)]) -> Outcome {
        let mut command = self.0.sandbox.bash_command(script);
        command
            .env_remove("IBMCLOUD_IAM_BACKEND")
            .env("IBMCLOUD_IAM_API_ENDPOINT", &self.0.endpoint);
        self.0.told(run(command.envs(env.iter().copied()), b""))
    }

    /// Makes a key that an audit finds.
    fn make_an_eternal_key(&self) {
        self.0.run(&["api-key-create", "eternal", "--quiet", "--file", "eternal.json"]).ok();
    }

    /// Asserts that a script rotates the key, again and again, and says this each time, with or without the facts.
    #[track_caller]
    fn rotates(&self, script: &str, env: &[(&str, &str)], stdout: &str) {
        let told = if stdout.contains("...") { FACTS } else { "" };
        for round in 1..=2 {
            let old = self.value();
            self.runs(script, env).is(0, stdout, told);
            let new = self.value();
            assert_ne!(new, old);
            assert_eq!([self.0.opens(&old), self.0.opens(&new)], [200, 200], "within the grace");
            let mut states = vec!["phasing out"; round];
            states.push("active");
            assert_eq!(self.0.states(), states);
        }
    }
}

/// What a rotation says after the progress, or with `--quiet` in all.
const ROTATED: &str = "API key ci-deploy was rotated\n\
    Successfully save API key information to BOX/work/keys/ci-deploy.json\n\
    The old key [ID1] works until 2026-11-28T09:00+0000\n";

/// What is told before.
const FACTS: &str = "API key 'ci-deploy' ([ID1]): created 2026-11-21T09:00+0000 (today) by IBMid-10CA100000, \
    last used 2026-11-21T09:00+0000.\n";

fn rotated_aloud() -> String {
    let user = "10ca1000000000000000000000000000 as local@localhost";
    format!("Rotating API key ci-deploy under {user}...\nOK\n{ROTATED}")
}

/// The commands of the crontab, as cron hands them to the shell.
fn of_cron(place: &Place) -> Vec<String> {
    let text = example("cron/crontab").replace("/var/lib/ibmcloud-iam", &place.keys());
    let folder = concat!("PATH=$PATH:", env!("CARGO_MANIFEST_DIR"), "/examples/cron");
    let commands = text.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit()));
    commands
        .map(|line| {
            let (times, command) = line.split_once("  ").unwrap();
            let times: Vec<&str> = times.split(' ').collect();
            assert!(times.len() == 5, "{line}");
            assert!(times.iter().all(|time| *time == "*" || time.parse::<u8>().is_ok()), "{line}");
            // An unescaped percent sign would end the line.
            assert!(!command.replace(r"\%", "").contains('%'), "{line}");
            format!("{folder}; {}", command.replace(r"\%", "%"))
        })
        .collect()
}

#[test]
fn cron_rotates_in_silence() {
    let place = Place::new();
    let [rotate, _] = &of_cron(&place)[..] else { panic!("two lines") };
    place.rotates(rotate, &[], "");
}

#[test]
fn cron_tells_why_a_key_was_not_rotated() {
    let place = Place::new();
    let [rotate, audit] = &of_cron(&place)[..] else { panic!("two lines") };
    place.0.run(&["api-key-lock", "ci-deploy", "--force"]).ok();
    let before = place.value();
    place.runs(rotate, &[]).is(
        6,
        "",
        "API key 'ci-deploy' is locked; nothing was changed.\n\
         Unlock it with 'ibmcloud-iam api-key-unlock [ID1]'.\n\
         The API key ci-deploy was not rotated (exit code 6). The next run goes on where this one stopped.\n",
    );
    assert_eq!(place.value(), before);
    place.runs(audit, &[]).is(0, "", "");
    place.make_an_eternal_key();
    let report = place.runs(audit, &[]);
    assert!(report.code == 0 && report.stdout.contains("never-expires"), "{report:#?}");
}

#[test]
fn systemd_rotates() {
    let place = Place::new();
    let unit = example("systemd/rotate-api-key@.service")
        .replace("%S/ibmcloud-iam", &place.keys())
        .replace("%i", "ci-deploy")
        .replace("%I", "ci-deploy")
        .replace("/usr/bin/", "");
    let settings: Vec<(&str, &str)> = behind(&unit, "Environment=")
        .iter()
        .map(|setting| setting.split_once('=').unwrap())
        .collect();
    let [start] = behind(&unit, "ExecStart=")[..] else { panic!("{unit}") };
    place.rotates(start, &settings, ROTATED);
}

#[test]
fn a_cron_job_of_kubernetes_rotates() {
    let place = Place::new();
    let job = example("kubernetes/rotate-api-key.yaml").replace("/keys", &place.keys());
    let (_, container) = job.split_once("command:\n").unwrap();
    let (words, container) = container.split_once("env:\n").unwrap();
    let (settings, _) = container.split_once("securityContext:").unwrap();
    let words = behind(words, "- ").join(" ");
    let values: Vec<&str> =
        behind(settings, "value: ").iter().map(|value| value.trim_matches('"')).collect();
    let settings: Vec<_> = behind(settings, "- name: ").into_iter().zip(values).collect();
    place.rotates(&words, &settings, &rotated_aloud());
}

#[test]
fn a_pipeline_of_tekton_rotates_and_audits() {
    let place = Place::new();
    let scripts = blocks(&example("tekton/api-keys.yaml"), "script");
    let [rotate, audit] = &scripts[..] else { panic!("{scripts:#?}") };
    let keys = place.keys();
    let settings = [("KEY_NAME", "ci-deploy"), ("KEYS", &*keys)];
    place.rotates(rotate, &settings, &rotated_aloud());
    let report = place.runs(audit, &settings);
    assert_eq!(report.code, 0, "{report:#?}");
    place.0.run(&["api-key-update", "ci-deploy", "--expires-in", "3d"]).ok();
    assert_eq!(place.runs(audit, &settings).code, 15, "a key that soon ends");
}

#[test]
fn a_workflow_of_github_leaves_a_report_whether_something_was_found_or_not() {
    let place = Place::new();
    let blocks = blocks(&example("github-actions/api-keys.yml"), "run");
    let [_, audit] = &blocks[..] else { panic!("{blocks:#?}") };
    let script = format!("set -e\n{audit}");
    let report = || -> serde_json::Value {
        let report = fs::read(place.0.sandbox.work("api-keys.sarif")).unwrap();
        serde_json::from_slice(&report).unwrap()
    };
    let value = place.value();
    let secret = [("IBMCLOUD_API_KEY", &*value)];
    place.make_an_eternal_key();
    assert_eq!(place.runs(&script, &secret).code, 0, "a warning is no error");
    let results = || report()["runs"][0]["results"].as_array().unwrap().len();
    assert!(results() > 0, "what was found is in the report");

    // What was accepted is not reported.
    let accept = "mkdir .github; ibmcloud-iam api-keys-audit --fail-on none --output json > .github/api-keys.json";
    place.runs(accept, &secret).ok();
    assert_eq!(place.runs(&script, &secret).code, 0);
    assert_eq!(results(), 0);

    // A secret that is missing is no success, and no report.
    fs::remove_file(place.0.sandbox.work("api-keys.sarif")).unwrap();
    let outcome = place.runs(&script, &[("IBMCLOUD_API_KEY", "")]);
    assert_eq!((outcome.code, redact(&outcome.stdout)), (7, String::new()), "{outcome:#?}");
    assert!(!place.0.sandbox.work("api-keys.sarif").exists());
}
