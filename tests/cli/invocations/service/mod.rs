//! Service IDs and their keys as scripts call them, each line under every name that scripts use.

mod create;
mod delete;
mod list;

use serde_json::Value;

use super::{Told, is_there};
use crate::support::{ACCOUNT, Outcome, Sandbox, USER};

/// Declares tests: the tools that a script needs, the service IDs that are there before, the keys of the first one, the
/// script, and what it wants.
macro_rules! scripts {
    ($($name:ident: needs [$($tool:ident),*], given [$($service:expr),*] [$($key:expr),*], $script:expr => $wants:expr;)+) => {
        $(#[test]
        fn $name() {
            $crate::invocations::service::check(&[$(stringify!($tool)),*], &[$($service),*], &[$($key),*], $script, $wants);
        })+
    };
}

use scripts;

/// A script that was run: the box it ran in, the service IDs that were there before, what it printed, and the name it called.
struct Ran {
    sandbox: Sandbox,
    services: Vec<String>,
    outcome: Outcome,
    program: String,
}

#[track_caller]
fn check(tools: &[&str], services: &[&str], keys: &[&str], script: &str, wants: impl Fn(&Ran)) {
    for name in ["ibmcloud", "ic", "bx", "bluemix"] {
        let sandbox = Sandbox::new();
        if !["bash"].iter().chain(tools).all(|tool| is_there(&sandbox, tool)) {
            return;
        }
        let make = |args: &[&str]| {
            let made = sandbox.run(&[args, &["-o", "json"]].concat()).json();
            made["id"].as_str().unwrap().to_owned()
        };
        let services: Vec<_> =
            services.iter().map(|name| make(&["service-id-create", name])).collect();
        for name in keys {
            make(&["service-api-key-create", name, &services[0]]);
        }
        let outcome = sandbox.bash(&script.replace("ibmcloud", name));
        wants(&Ran { sandbox, services, outcome, program: format!("{name} iam") });
    }
}

impl Ran {
    /// The keys of all service IDs.
    fn left(&self) -> Vec<Value> {
        let listed = self.sandbox.run(&["service-api-keys", "--all", "-o", "json"]).json();
        listed.as_array().unwrap().clone()
    }

    fn names(&self) -> Vec<String> {
        self.left().iter().map(|key| key["name"].as_str().unwrap().to_owned()).collect()
    }

    fn service_names(&self) -> Vec<String> {
        let listed = self.sandbox.run(&["service-ids", "-o", "json"]).json();
        let listed = listed.as_array().unwrap().iter();
        listed.map(|found| found["name"].as_str().unwrap().to_owned()).collect()
    }

    /// Asserts that a value opens the key of this name of the first service ID.
    #[track_caller]
    fn assert_opens(&self, value: &str, name: &str) {
        let found = self.sandbox.run_input(&["api-key-lookup", "-o", "json"], value).json();
        let owner = format!("iam-{}", self.services[0]);
        assert_eq!((&found["name"], &found["iam_id"]), (&name.into(), &owner.into()));
    }

    /// What is told of a key without an end.
    fn told(&self, told: Told) -> String {
        let (user, service) = ("api-key-update [ID1]", "service-api-key-update [ID1] [ID2]");
        told.by(&self.program).replace(user, service)
    }
}

/// The first three lines of a command on a key.
fn done(doing: &str, key: &str, service: &str, did: &str) -> String {
    let subject = if doing == "Creating" { "Service ID API key" } else { "API key" };
    format!(
        "{doing} API key {key} of service ID {service} under account {ACCOUNT} as {USER}...\nOK\n{subject} {key} {did}\n"
    )
}

/// Exactly this was printed, nothing to standard error, and these keys are there now.
fn prints(stdout: &'static str, names: &'static [&'static str]) -> impl Fn(&Ran) {
    move |ran| {
        ran.outcome.is(0, stdout, "");
        assert_eq!(ran.names(), names);
    }
}
