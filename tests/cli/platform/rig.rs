//! A platform of the emulator, behind a relay that counts its requests and may cut one off.

use std::process::Command;
use std::sync::{Arc, Mutex};

use serde_json::json;

use crate::support::emulator::Client;
use crate::support::relay::{Blow, Relayed, Turn};
use crate::support::service::Service;
use crate::support::{Outcome, Sandbox, USER, run};

pub(super) const AUTHORIZE: &str = "POST /icp4d-api/v1/authorize";
pub(super) const GENERATE: &str = "GET /usermgmt/v1/user/apiKey";

pub(super) struct Rig {
    relayed: Relayed,
    /// The password of the user.
    pub(super) password: String,
    routes: Arc<Mutex<Vec<String>>>,
    blow: Arc<Mutex<Option<(&'static str, Blow)>>>,
}

impl Rig {
    pub(super) fn new() -> Self {
        Self::with(&[])
    }

    /// A rig whose emulator gets these arguments too.
    pub(super) fn with(more: &[&str]) -> Self {
        let sandbox = Sandbox::new();
        let env_file = sandbox.root().join("emulator.env");
        let flags = [&["--in-memory", "--env-file", env_file.to_str().unwrap()], more].concat();
        let service = Service::emulated_in(sandbox, &flags, &[]);
        let text = std::fs::read_to_string(env_file).unwrap();
        let password = text.split("export CPD_PASSWORD=").nth(1).unwrap().lines().next().unwrap();
        // The first token takes its time: its key is made.
        let body = json!({"username": USER, "password": password});
        let client = Client::new(service.server.endpoint());
        assert_eq!(client.send("POST", "/icp4d-api/v1/authorize", &body).0, 200);
        let (routes, blow) = (Arc::default(), Arc::default());
        let seen: Arc<Mutex<Vec<String>>> = Arc::clone(&routes);
        let next: Arc<Mutex<Option<(&str, Blow)>>> = Arc::clone(&blow);
        let relayed = Relayed::new(service, move |request| {
            let route = request.route();
            seen.lock().unwrap().push(route.clone());
            let mut next = next.lock().unwrap();
            match next.take_if(|(struck, _)| *struck == route) {
                Some((_, blow)) => Turn::Strike(blow),
                None => Turn::Pass,
            }
        });
        Self { relayed, password: password.to_owned(), routes, blow }
    }

    pub(super) fn sandbox(&self) -> &Sandbox {
        &self.relayed.service.sandbox
    }

    pub(super) fn url(&self) -> &str {
        &self.relayed.service.endpoint
    }

    /// Cuts the next request to a route off.
    pub(super) fn strike(&self, route: &'static str, blow: Blow) {
        *self.blow.lock().unwrap() = Some((route, blow));
    }

    /// The program with these variables of the platform, and no other choice.
    pub(super) fn command(&self, variables: &[(&str, &str)], args: &[&str]) -> Command {
        let mut command = self.sandbox().unchosen(args);
        command.env("IBMCLOUD_HTTP_TIMEOUT", "2").envs(variables.iter().copied());
        command
    }

    /// The variables of a login with the password, or with this key.
    pub(super) fn variables<'a>(&'a self, key: Option<&'a str>) -> [(&'static str, &'a str); 3] {
        let proof = key.map_or(("CPD_PASSWORD", &*self.password), |key| ("CPD_APIKEY", key));
        [("CPD_URL", self.url()), ("CPD_USERNAME", USER), proof]
    }

    /// Runs a command that logs in with the password.
    pub(super) fn run(&self, args: &[&str]) -> Outcome {
        self.told(self.relayed.run(self.command(&self.variables(None), args)))
    }

    /// Runs a command that logs in with a key.
    pub(super) fn run_with(&self, key: &str, args: &[&str]) -> Outcome {
        self.told(self.relayed.run(self.command(&self.variables(Some(key)), args)))
    }

    /// Runs a command with these variables, and with this input.
    pub(super) fn run_in(&self, variables: &[(&str, &str)], args: &[&str], input: &str) -> Outcome {
        self.told(run(&mut self.command(variables, args), input.as_bytes()))
    }

    fn told(&self, outcome: Outcome) -> Outcome {
        let secrets = outcome.with(&self.password, "PASSWORD");
        self.relayed.service.told(secrets)
    }

    /// The key that logs in to IAM.
    pub(super) fn bootstrap(&self) -> String {
        self.relayed.service.server.value()
    }

    /// The requests so far.
    pub(super) fn routes(&self) -> Vec<String> {
        self.routes.lock().unwrap().clone()
    }

    /// How many keys were asked for so far.
    pub(super) fn generated(&self) -> usize {
        self.routes().iter().filter(|route| *route == GENERATE).count()
    }

    /// Tells whether a key logs in.
    pub(super) fn opens(&self, key: &str) -> bool {
        let client = Client::new(self.relayed.service.server.endpoint());
        let body = json!({"username": USER, "api_key": key});
        client.send("POST", "/icp4d-api/v1/authorize", &body).0 == 200
    }

    /// Makes a key in a file, and returns its value.
    #[track_caller]
    pub(super) fn create(&self, file: &str) -> String {
        self.run(&["platform-api-key-create", "--file", file, "--force", "-q"]).ok();
        self.sandbox().value_in(file)
    }
}
