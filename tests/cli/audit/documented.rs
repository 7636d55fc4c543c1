//! What docs/ and the help say of the audit is what it does.

use ibmcloud_iam::model::Rule;
use serde_json::Value;

use crate::support::{Sandbox, run, skipped};

const GUIDE: &str = include_str!("../../../docs/guide/audit.md");
const PIPELINES: &str = include_str!("../../../docs/guide/pipelines.md");

/// The severity of each rule, as the report for code scanning lists them.
fn severities(sandbox: &Sandbox, more: &[&str]) -> Vec<String> {
    let args = ["api-keys-audit", "--format", "sarif"];
    let report = sandbox.run(&[&args[..], more].concat()).json();
    let rules = report["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    let level = |rule: &Value| rule["defaultConfiguration"]["level"].as_str().unwrap().to_owned();
    rules.iter().map(level).collect()
}

#[test]
fn every_rule_stands_in_the_guide_and_in_the_help() {
    let sandbox = Sandbox::new();
    let help = sandbox.run(&["api-keys-audit", "--help"]);
    let severities = severities(&sandbox, &[]);
    for (rule, severity) in Rule::ALL.iter().zip(severities) {
        let row = format!("\n| `{rule}` | {severity} | {} |\n", rule.about());
        assert!(GUIDE.contains(&row), "{row}");
        let line = format!("\n   {:<18}{severity:<10}{}\n", rule.as_str(), rule.title());
        assert!(help.ok().stdout.contains(&line), "{line}");
    }
}

/// What a name must not do to the terminal of whoever reads the mail.
const ODD_NAME: &str = r"x\033[31m\c tail";

/// The line that cron is to run, with the times taken off.
fn for_cron() -> &'static str {
    let block = PIPELINES.split("```cron\n").nth(1).unwrap();
    block.lines().next().unwrap().split_once("  ").unwrap().1
}

#[test]
fn the_line_for_cron_is_silent_until_something_is_found() {
    let sandbox = Sandbox::new();
    let line = for_cron().replace("IBMCLOUD_API_KEY=@$HOME/.audit-key.json ", "");
    assert_ne!(line, for_cron(), "the local store takes no credential");
    sandbox.create("sound", &["-e", "2027-05-01"]);
    // cron's own shell is not bash, and some of those read backslashes where `echo` stands.
    let cron = || run(sandbox.program("sh").args(["-c", &line]), b"");
    cron().ok().stdout("").stderr("");
    sandbox.create(ODD_NAME, &[]);
    let outcome = cron();
    assert!(outcome.ok().stdout.contains("never-expires (1)"), "{outcome:#?}");
    assert!(outcome.stdout.contains(ODD_NAME), "{outcome:#?}");
}

/// Runs the step of a job: its exit code is the audit's, and only a whole report is shown.
fn assert_gates(sandbox: &Sandbox, script: &str) {
    let report = sandbox.work("api-keys.sarif");
    sandbox.bash(script).code(2);
    assert!(!report.exists(), "there is no baseline, and so no report");
    std::fs::create_dir(sandbox.work(".github")).unwrap();
    std::fs::write(sandbox.work(".github/api-keys.json"), "[]").unwrap();
    sandbox.bash(script).ok();
    std::fs::remove_file(&report).unwrap();
    sandbox.create_at("2026-01-01T00:00:00Z", "old", &[]);
    sandbox.bash(script).code(15);
    let shown: Value = serde_json::from_slice(&std::fs::read(&report).unwrap()).unwrap();
    assert_eq!(shown["runs"][0]["results"][0]["ruleId"], "old");
}

#[test]
fn the_steps_for_pipelines_are_yaml() {
    let sandbox = Sandbox::new();
    let blocks =
        PIPELINES.split("```yaml\n").skip(1).map(|block| block.split("```").next().unwrap());
    let mut steps = 0;
    for block in blocks {
        std::fs::write(sandbox.work("step.yaml"), block).unwrap();
        let read = "import json, yaml; print(json.dumps(yaml.safe_load(open('step.yaml'))))";
        let mut command = sandbox.program("python3");
        let Ok(output) = command.args(["-c", read]).output() else {
            return skipped("python3 is not installed");
        };
        if String::from_utf8_lossy(&output.stderr).contains("No module named 'yaml'") {
            return skipped("python3 has no yaml");
        }
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        let of_a_job = document.pointer("/jobs/api-keys/steps");
        let of_a_task = document.pointer("/spec/steps");
        let found = of_a_job.or(of_a_task).and_then(Value::as_array).unwrap();
        steps += found.len();
        for script in found.iter().filter_map(|step| step["run"].as_str()) {
            assert_gates(&sandbox, script);
        }
    }
    assert_eq!(steps, 4);
}
