//! Lines of real scripts, run by a real shell under the names that the scripts use, with the pipelines behind them.
//!
//! Each test is a line as people have it, its placeholders filled in, and asserts what the script wants of it. What
//! other programs do in the same script (`ibmcloud ce …`, `ibmcloud login`) is left out. Lines that cannot be satisfied
//! are in [`OUT_OF_REACH`], with the reason.

mod create;
mod delete;
mod list;
mod service;

use std::fs;

use crate::support::expected::{PRESERVE, done, never_expires};
use crate::support::{Outcome, Sandbox, mode, redact, run};

/// Declares tests: the tools that a script needs, the keys that are there before, the script, and what it wants.
macro_rules! scripts {
    ($($name:ident: needs [$($tool:ident),*], given [$($key:expr),*], $script:expr => $wants:expr;)+) => {
        $(#[test]
        fn $name() {
            $crate::invocations::check(&[$(stringify!($tool)),*], &[$($key),*], $script, $wants);
        })+
    };
}
use scripts;

/// A script that was run: the box it ran in, the ids of the keys that were there before, what it printed.
struct Ran {
    sandbox: Sandbox,
    given: Vec<String>,
    outcome: Outcome,
    /// The name by which the script makes a key.
    program: String,
}

#[track_caller]
fn check(tools: &[&str], given: &[&str], script: &str, wants: impl FnOnce(&Ran)) {
    let sandbox = Sandbox::new();
    if !["bash"].iter().chain(tools).all(|tool| is_there(&sandbox, tool)) {
        return;
    }
    let given = given.iter().map(|name| sandbox.create(name, &[])).collect();
    let outcome = sandbox.bash(script);
    let before = script.split(" iam api-key-create").next().unwrap_or_default();
    let program = before.rsplit(|c: char| !c.is_ascii_lowercase()).next();
    // Where a variable stands, it is this one.
    let program = program.filter(|program| !program.is_empty()).unwrap_or("ibmcloud").to_owned();
    wants(&Ran { sandbox, given, outcome, program });
}

#[expect(clippy::print_stdout, reason = "whoever reads the log should see what was not tested")]
fn is_there(sandbox: &Sandbox, tool: &str) -> bool {
    let found =
        sandbox.program(tool).arg("--version").output().is_ok_and(|output| output.status.success());
    if !found {
        println!("skipped: {tool} is not installed");
    }
    found
}

/// What stands on standard error beside the value of a key, which never expires.
#[derive(Clone, Copy)]
enum Told {
    /// Nothing: it went elsewhere, or the script wants JSON.
    Nothing,
    /// That it has no end.
    NoEnd,
    /// That the value should be kept, and that it has no end.
    KeepAndNoEnd,
}

impl Told {
    /// What it is under a program's name.
    fn by(self, program: &str) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::NoEnd => never_expires(program),
            Self::KeepAndNoEnd => format!("{PRESERVE}{}", never_expires(program)),
        }
    }
}

/// Standard output is one line, the value of the key `name`; standard error is what is told by `program iam`.
fn value_of(name: &'static str, told: Told) -> impl FnOnce(&Ran) {
    move |ran| {
        ran.outcome.is(0, "[VALUE]\n", &told.by(&format!("{} iam", ran.program)));
        assert_eq!(ran.sandbox.name_of_value(ran.outcome.stdout.trim_end()), name);
    }
}

/// The key was saved to FILE, and said so.
fn saved(name: &'static str, file: &'static str) -> impl FnOnce(&Ran) {
    saved_then(name, file, |_| String::new())
}

/// The key was saved to FILE, and the script then printed its value.
fn saved_and_read(name: &'static str, file: &'static str) -> impl FnOnce(&Ran) {
    saved_then(name, file, |key| format!("{}\n", key["apikey"].as_str().unwrap()))
}

/// The key was saved to FILE, and the script then printed `more`.
fn saved_then(
    name: &'static str,
    file: &'static str,
    more: impl FnOnce(&serde_json::Value) -> String,
) -> impl FnOnce(&Ran) {
    move |ran| {
        let path = ran.sandbox.work(file);
        let key: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        assert_eq!(mode(&path), 0o600);
        assert_eq!(ran.sandbox.name_of_value(key["apikey"].as_str().unwrap()), name);
        let said = format!(
            "{}Successfully save API key information to {file}\n{}",
            done("Creating", name, "was created"),
            more(&key)
        );
        let outcome = &ran.outcome;
        assert_eq!((outcome.code, &*outcome.stdout), (0, &*said));
        outcome.stderr(&Told::NoEnd.by(&format!("{} iam", ran.program)));
    }
}

/// The six rows were printed, and the value in them is the key's.
fn table(name: &'static str, description: &'static str, locked: bool) -> impl FnOnce(&Ran) {
    move |ran| {
        let rows = format!(
            "\n\nID            [ID1]\nName          {name}\n{}\nCreated At    2026-11-21T09:00+0000\n\
             API Key       [VALUE]\nLocked        {locked}\n",
            format!("Description   {description}").trim_end()
        );
        let stdout = format!("{}{rows}", done("Creating", name, "was created"));
        ran.outcome.is(0, &stdout, &Told::KeepAndNoEnd.by(&format!("{} iam", ran.program)));
        let value = ran
            .outcome
            .stdout
            .lines()
            .find_map(|line| line.strip_prefix("API Key       "))
            .unwrap();
        assert_eq!(ran.sandbox.name_of_value(value), name);
    }
}

/// Exactly this was printed, nothing to standard error, and these keys are there now.
fn prints(stdout: &'static str, names: &'static [&'static str]) -> impl FnOnce(&Ran) {
    move |ran| {
        ran.outcome.is(0, stdout, "");
        assert_eq!(ran.sandbox.names(), names);
    }
}

/// The ids of the given keys of these numbers were printed, one a line, and nothing else.
fn ids(numbers: &'static [usize]) -> impl FnOnce(&Ran) {
    move |ran| {
        let expected: Vec<&str> = numbers.iter().map(|&number| &*ran.given[number]).collect();
        let expected = expected.join("\n") + "\n";
        let outcome = &ran.outcome;
        assert_eq!((outcome.code, &*outcome.stdout, &*outcome.stderr), (0, &*expected, ""));
    }
}

/// Lines of scripts that are not satisfied, and why.
#[expect(dead_code, reason = "a list for people")]
const OUT_OF_REACH: &[(&str, &str)] = &[
    (
        "API_KEY=$(bx iam api-key-create kubekey | tail -1 | awk '{print $3}')",
        "2017: the row API Key was the last; since 2018 Locked (or UUID) is, and the order of 2020 to today is kept",
    ),
    (
        "export BLUEMIX_API_KEY=$(echo $response | sed -e 's/.*API Key //')",
        "2017: as above; today ' Locked false' follows the value on the joined line",
    ),
    (
        "ibmcloud iam api-key-create NAME -d ... -e \"2027-05-01T12:34+0000\" | tail -n1 | sed 's,API Key *,,g'",
        "one script of unknown age against the order that every transcript since 2020 shows",
    ),
    (
        "local found=$(ibmcloud iam api-keys | grep \"^${key}\")",
        "until 2020 the name was the first column; the ID is now",
    ),
    (
        "RESULT=$(ibmcloud iam api-keys | grep '$IBMCLOUDCLI_KEY_NAME' | awk '{print $1;}' | head -n 1)",
        "as above; the single quotes also keep the variable from being filled in",
    ),
    (
        "for i in `ibmcloud iam api-keys | grep containers-kubernetes-key | awk '{ print $NF}' `",
        "until 2020 the UUID was the last column; the state is now",
    ),
    (
        "ibmcloud iam api-keys | grep cecli | sed \"s/.*\\(ApiKey\\)/\\1/\"",
        "as above: the rest of the row follows the ID",
    ),
    (
        "ibmcloud iam api-keys | tail -n+4 | ... | while read -r name rest_of_cmd; do ibmcloud iam api-key-delete ${name}; done",
        "without -f the question takes the next row of the listing for its answer; nothing is deleted, and the failure names --force",
    ),
    (
        "REGISTRY_API_KEY=$(... --output json | grep -o '\"apikey\":\"[^\"]*' | cut -d'\"' -f4)",
        "matches compact JSON only; the official CLI prints a space behind the colon, and so does this program",
    ),
    (
        "API_KEY_VALUE=$(echo \"$API_KEY_OUT\" | jq -r '.apiKey')",
        "camel case of the API before 2020; jq prints null, as with today's official CLI",
    ),
    (
        "program = [\"ibmcloud\", \"iam\", \"service-api-key-create\", ..., \"--output\", \"json\"]",
        "Terraform wants an object of strings alone, and a key has booleans; its author put jq behind it, which is tried",
    ),
    (
        "ibmcloud iam service-id-create ... | jq -r .id",
        "no JSON without --output, as with the official CLI",
    ),
    (
        "ibmcloud iam service-api-key-delete \"$SERVICE_ID_NAME\" \"$SERVICE_API_KEY_NAME\"",
        "the wrong order by names, which nothing tells apart; the failure says which way round, and IDs are understood",
    ),
    (
        "ibmcloud iam service-api-key-create NAME --service-id ID",
        "a flag that no version of the official CLI has",
    ),
    (
        "ibmcloud login --apikey @FILE, ibmcloud logout, ibmcloud ce ..., ibmcloud resource search, access-group-...",
        "other commands",
    ),
    (
        "$keyData = Get-Content $keyFile | ConvertFrom-Json; $keyData.apikey",
        "PowerShell, which is rarely there; another parser of the same file is tried instead",
    ),
];

/// What is out of reach fails as said, and does no harm.
#[test]
fn the_value_is_never_in_the_last_row() {
    check(
        &[],
        &[],
        "bx iam api-key-create kubekey 2>/dev/null | tail -1 | awk '{print $3}'",
        prints("\n", &["kubekey"]),
    );
}

#[test]
fn a_loop_that_lends_its_list_to_the_question_deletes_nothing() {
    let script = "ibmcloud iam api-keys | tail -n+4 | grep -v 'Do not delete' | while read -r name rest_of_cmd; do \
                  ibmcloud iam api-key-delete ${name} >/dev/null; echo $?; done";
    check(&[], &["a", "b", "keep: Do not delete"], script, |ran| {
        let failure = "FAILED\nThe answer on standard input was neither 'y' nor 'n'; nothing was changed.\n\
                       Repeat the command with '--force' to go on without confirmation.\n\n";
        ran.outcome.is(0, "2\n", failure);
        assert_eq!(ran.sandbox.names().len(), 3);
    });
}

/// Every name that a script may call, with the most used pipelines.
#[test]
fn under_every_name_the_pipelines_give_the_value() {
    for name in ["ibmcloud", "ic", "bx", "bluemix", "ibmcloud-iam"] {
        for pipeline in [
            "2>/dev/null | grep 'API Key' | awk '{print $3}'",
            "2>/dev/null | awk '/API Key/{print $3}'",
            "2>/dev/null | grep 'API Key' | tr -s ' ' | cut -d' ' -f3",
            "2>/dev/null | sed -n 's/^API Key[ ^t]*//p'",
            "--output json | grep '\"apikey\": \"' | cut -d'\"' -f4",
        ] {
            let script = format!("{name} iam api-key-create \"key of {name}\" {pipeline}");
            let sandbox = Sandbox::new();
            if !is_there(&sandbox, "bash") {
                return;
            }
            let outcome = sandbox.bash(&script);
            outcome.is(0, "[VALUE]\n", "");
            assert_eq!(
                sandbox.name_of_value(outcome.stdout.trim_end()),
                format!("key of {name}"),
                "{script}"
            );
        }
    }
}

#[test]
fn hints_name_the_program_as_it_was_called() {
    let sandbox = Sandbox::new();
    for name in ["ibmcloud", "ic", "bx", "bluemix"] {
        let path = sandbox.root().join("bin").join(name);
        let outcome = run(sandbox.program(path).args(["iam", "api-key", "nope", "-q"]), b"");
        let hint = format!(
            "API key 'nope' was not found.\nRun '{name} iam api-keys' to list the API keys.\n"
        );
        outcome.is(3, "", &hint);
    }
}

/// A copy of the program behaves as a link to it does.
#[test]
fn a_copy_goes_by_its_own_name_too() {
    let sandbox = Sandbox::new();
    let copy = sandbox.root().join("bin/ibmcloud");
    fs::remove_file(&copy).unwrap();
    fs::copy(crate::support::binary(), &copy).unwrap();
    let outcome =
        run(sandbox.program(&copy).args(["iam", "api-key-create", "k", "-o", "json"]), b"");
    assert_eq!(redact(outcome.json()["apikey"].as_str().unwrap()), "[VALUE]");
}
