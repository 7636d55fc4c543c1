//! A box, and a running service that its commands reach: the emulator or a scripted server.

use std::borrow::Cow;
use std::process::Command;

use ibmcloud_iam::systems::System;
use serde_json::Value;

use super::emulator::Emulator;
use super::iam::{TOKEN_ROUTE, with_tokens};
use super::server::{Answer, Request, Server};
use super::{Outcome, Sandbox, run};

/// What commands log in with at a scripted server; no value that the program itself would choose.
pub(crate) const API_KEY: &str = "login_key-0123456789abcdefghijklmnopqrstuvwx";

/// A command of the box that goes to a service with a credential.
pub(crate) fn reaching(
    sandbox: &Sandbox,
    endpoint: &str,
    credential: &str,
    args: &[&str],
) -> Command {
    let mut command = sandbox.unchosen(args);
    command
        .env("IBMCLOUD_IAM_API_ENDPOINT", endpoint)
        .env("IBMCLOUD_API_KEY", credential)
        .env("IBMCLOUD_HTTP_TIMEOUT", "5");
    command
}

/// The service ID that owns the keys where the keys of a service ID are tried.
pub(crate) const SERVICE: &str = "a service";

/// The arguments that mean for a system what `api-keys` and `api-key-…` mean for the keys of users; a service ID comes behind
/// the keys, wherever the flags are.
pub(crate) fn about<'a>(system: System, args: &[&'a str]) -> Vec<Cow<'a, str>> {
    let facts = system.facts();
    let mut words: Vec<_> = args.iter().copied().map(Cow::from).collect();
    let word = match words[0].strip_prefix("api-key") {
        Some("s") => facts.list_command.to_owned(),
        Some(verb) if verb != "-lookup" => [facts.command, verb].concat(),
        // The look-up finds the keys of every owner.
        _ => return words,
    };
    words[0] = word.into();
    words.extend((system == System::ServiceIds).then_some(SERVICE.into()));
    words
}

/// A box and a running service.
pub(crate) struct Service<S> {
    pub(crate) sandbox: Sandbox,
    pub(crate) server: S,
    /// Where commands go: the server, or what a test puts before it.
    pub(crate) endpoint: String,
    /// What commands log in with.
    pub(crate) credential: String,
    /// Until a request is given up, in seconds.
    pub(crate) timeout: &'static str,
    /// What commands about `api-keys` and `api-key-…` are about.
    pub(crate) system: System,
}

impl<S> Service<S> {
    /// The same with another time-out.
    pub(crate) fn timeout(self, timeout: &'static str) -> Self {
        Self { timeout, ..self }
    }

    /// The same about the keys of another system.
    pub(crate) fn about(self, system: System) -> Self {
        Self { system, ..self }
    }

    /// The program with this credential.
    pub(crate) fn command_as(&self, credential: &str, args: &[&str]) -> Command {
        let args = about(self.system, args);
        let args: Vec<&str> = args.iter().map(AsRef::as_ref).collect();
        let mut command = reaching(&self.sandbox, &self.endpoint, credential, &args);
        command.env("IBMCLOUD_HTTP_TIMEOUT", self.timeout);
        command
    }

    /// The program with the credential.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        self.command_as(&self.credential, args)
    }

    /// The program with neither endpoint nor credential; it has a login, or finds none.
    pub(crate) fn bare(&self, args: &[&str]) -> Command {
        let mut command = self.command(args);
        command.env_remove("IBMCLOUD_IAM_API_ENDPOINT").env_remove("IBMCLOUD_API_KEY");
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Outcome {
        self.told(run(&mut self.command(args), b""))
    }

    /// Runs a command with this credential.
    pub(crate) fn run_as(&self, credential: &str, args: &[&str]) -> Outcome {
        self.told(run(&mut self.command_as(credential, args), b""))
    }

    /// Runs a command with more environment.
    pub(crate) fn run_env(&self, env: &[(&str, &str)], args: &[&str]) -> Outcome {
        self.told(run(self.command(args).envs(env.iter().copied()), b""))
    }

    /// Logs in with a value, which is kept in a file.
    #[track_caller]
    pub(crate) fn log_in(&self, value: &str) {
        let args = ["login", "--apikey", "-", "--insecure-storage", "--endpoint", &self.endpoint];
        run(&mut self.bare(&args), value.as_bytes()).ok();
    }

    /// Puts `HOST` in the place of the service's address, and `BOX` in that of the box.
    pub(crate) fn told(&self, outcome: Outcome) -> Outcome {
        let authority = self.endpoint.split_once("//").unwrap().1;
        outcome.with(authority, "HOST").with(&self.sandbox.root().display().to_string(), "BOX")
    }

    /// The keys at the service, oldest first.
    #[track_caller]
    pub(crate) fn keys(&self) -> Vec<Value> {
        self.run(&["api-keys", "--output", "json"]).json().as_array().unwrap().clone()
    }

    /// A field of each key at the service, oldest first.
    #[track_caller]
    fn each(&self, field: &str) -> Vec<String> {
        self.keys().iter().map(|key| key[field].as_str().unwrap().to_owned()).collect()
    }

    #[track_caller]
    pub(crate) fn names(&self) -> Vec<String> {
        self.each("name")
    }

    #[track_caller]
    pub(crate) fn states(&self) -> Vec<String> {
        self.each("state")
    }
}

impl Service<Emulator> {
    /// Starts an emulator over the store of a new box, with flags of `emulate`.
    #[track_caller]
    pub(crate) fn emulated(flags: &[&str]) -> Self {
        Self::emulated_in(Sandbox::new(), flags, &[])
    }

    /// Starts an emulator in a box, with flags of `emulate` and more environment.
    #[track_caller]
    pub(crate) fn emulated_in(sandbox: Sandbox, flags: &[&str], env: &[(&str, &str)]) -> Self {
        let server = Emulator::start(&sandbox, flags, env);
        let endpoint = server.endpoint().to_owned();
        let credential = format!("@{}", server.key_file().display());
        Self { sandbox, server, endpoint, credential, timeout: "30", system: System::Iam }
    }

    /// Starts the emulator anew over the store of the box, at the same address and without faults.
    #[track_caller]
    pub(crate) fn restarted(self, env: &[(&str, &str)]) -> Self {
        self.server.stop();
        let address = self.endpoint.strip_prefix("http://").unwrap();
        let (timeout, system) = (self.timeout, self.system);
        Self::emulated_in(self.sandbox, &["--listen", address], env).timeout(timeout).about(system)
    }

    /// Exchanges a value, and says with which status.
    pub(crate) fn opens(&self, value: &str) -> u16 {
        self.server.client().log_in(value).0
    }
}

impl Service<Server> {
    /// Starts a server that serves tokens, and answers everything else as the script says.
    pub(crate) fn scripted(script: impl FnMut(&Request) -> Answer + Send + 'static) -> Self {
        Self::answering(with_tokens(script))
    }

    /// Starts a server that answers everything as the script says.
    pub(crate) fn answering(script: impl FnMut(&Request) -> Answer + Send + 'static) -> Self {
        Self::at(Server::start(script))
    }

    /// Uses a server that was started.
    pub(crate) fn at(server: Server) -> Self {
        let (endpoint, credential) = (server.url(), API_KEY.to_owned());
        Self {
            sandbox: Sandbox::new(),
            server,
            endpoint,
            credential,
            timeout: "5",
            system: System::Iam,
        }
    }

    /// The routes of the requests but those for tokens.
    pub(crate) fn routes(&self) -> Vec<String> {
        let routes = self.server.routes();
        routes.into_iter().filter(|route| route != TOKEN_ROUTE).collect()
    }

    /// How many tokens were asked for.
    pub(crate) fn tokens(&self) -> usize {
        self.server.routes().iter().filter(|route| *route == TOKEN_ROUTE).count()
    }

    /// The last request of a method.
    #[track_caller]
    pub(crate) fn last(&self, method: &str) -> Request {
        let requests = self.server.requests();
        let found = requests
            .into_iter()
            .rfind(|request| request.method == method && request.route() != TOKEN_ROUTE);
        found.unwrap_or_else(|| panic!("no {method}: {:?}", self.server.routes()))
    }
}
