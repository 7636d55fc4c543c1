//! The commands of every system against its facts and abilities.

use std::collections::BTreeSet;

use clap::{Command, CommandFactory as _};

use super::iam::local::LocalKeys;
use super::iam::remote::{Credential, RemoteKeys};
use super::platform::local::LocalPlatform;
use super::platform::remote::RemotePlatform;
use super::sample::Sample;
use super::{Keys, LostAnswer, Rotation, System, classic, platform};
use crate::cli::Cli;
use crate::clock::Clock;
use crate::http::{self, Endpoint};
use crate::secret::Secret;
use crate::settings::service::{DEFAULT_ENDPOINT, Service};

/// Returns keys of a system at each of its places.
fn keys_of(system: System) -> Vec<Box<dyn Keys>> {
    match system {
        System::Iam | System::ServiceIds => {
            let endpoint = Endpoint::parse(DEFAULT_ENDPOINT).unwrap();
            let http = http::Options::default();
            let settings =
                Service { endpoint: endpoint.clone(), auth: endpoint, tokens: None, http };
            let credential = Credential::BearerToken(Secret::new("t".to_owned()));
            vec![
                Box::new(LocalKeys::in_memory(1, Clock::System)),
                Box::new(RemoteKeys::new(settings, credential, Clock::System)),
            ]
        }
        System::TaskCredentials => Vec::new(),
        System::Classic => {
            let endpoint = Endpoint::parse(DEFAULT_ENDPOINT).unwrap();
            let credential = classic::remote::Credential::Bearer(Secret::new("t".to_owned()));
            let (http, clock) = (http::Options::default(), Clock::System);
            vec![
                Box::new(classic::local::LocalClassic::new(None, clock)),
                Box::new(classic::remote::RemoteClassic::new(endpoint, http, credential, clock)),
            ]
        }
        System::Platform => {
            let credential = platform::remote::Credential {
                user: "me".to_owned(),
                proof: platform::remote::Proof::Password(Secret::new("p".to_owned())),
            };
            let endpoint = Endpoint::parse(DEFAULT_ENDPOINT).unwrap();
            let http = http::Options::default();
            vec![
                Box::new(LocalPlatform::new(None, Clock::System)),
                Box::new(RemotePlatform::new(endpoint, http, credential, Clock::System)),
            ]
        }
        System::Sample => vec![Box::new(Sample::default())],
    }
}

/// Returns the flags of a command, without those of every command.
fn flags<'t>(tree: &'t Command, command: &str) -> BTreeSet<&'t str> {
    let command = tree.find_subcommand(command).unwrap();
    command.get_arguments().filter_map(clap::Arg::get_long).collect()
}

#[test]
fn commands_and_flags_follow_from_facts_and_abilities() {
    let mut tree = Cli::command();
    tree.build();
    for &system in System::ALL {
        for keys in keys_of(system) {
            let facts = system.facts();
            assert_eq!(facts.system, system);
            // The keys of service IDs are at the places of the keys of users. Those are looked up and audited together.
            let is_own = keys.facts().system == system;
            assert!(is_own || keys.service_ids().is_some());
            let (list, one) = (facts.list_command, facts.command);
            let [can_edit, can_lock, can_switch, can_look_up] = [
                keys.editing().is_some(),
                keys.locking().is_some(),
                keys.switching().is_some(),
                keys.look_up().is_some(),
            ];
            assert_eq!(can_look_up, facts.lost_answer == LostAnswer::LookUpByValue);
            let verbs = [
                ("", facts.has_names),
                ("-create", true),
                ("-update", can_edit),
                ("-delete", true),
                ("-lock", can_lock),
                ("-unlock", can_lock),
                ("-disable", can_switch),
                ("-enable", can_switch),
                ("-rotate", facts.rotation != Rotation::None),
                ("-lookup", can_look_up && is_own),
            ];
            let verbs = verbs.into_iter().filter(|(_, is_there)| *is_there);
            let mut expected: BTreeSet<String> =
                verbs.map(|(verb, _)| format!("{one}{verb}")).collect();
            expected.insert(list.to_owned());
            // A key without a name has no age, expiry or namesake to look at.
            expected.extend((is_own && facts.has_names).then(|| format!("{list}-audit")));
            let is_of = |name: &str| {
                let rest = name.strip_prefix(list).or_else(|| name.strip_prefix(one));
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
            };
            let names = tree.get_subcommands().map(Command::get_name);
            let found: BTreeSet<String> =
                names.filter(|name| is_of(name)).map(str::to_owned).collect();
            if system == System::Sample {
                assert!(found.is_empty(), "a system for tests has no commands");
                continue;
            }
            assert_eq!(found, expected);
            let create = flags(&tree, &format!("{one}-create"));
            for (flag, is_there) in
                [("expires-at", facts.has_expiry), ("lock", can_lock), ("disabled", can_switch)]
            {
                assert_eq!(create.contains(flag), is_there, "{flag}");
            }
        }
    }
}

/// Returns what the guide says a system can do: from its facts, and the commands that there are.
fn row(system: System, tree: &Command) -> String {
    let facts = system.facts();
    let (one, list) = (facts.command, facts.list_command);
    let has = |command: String| tree.find_subcommand(command).is_some();
    let verb = |verb: &str| has(format!("{one}-{verb}"));
    let cells = [
        verb("create"),
        has(list.to_owned()),
        facts.has_names,
        verb("update"),
        verb("lock"),
        verb("disable"),
        facts.has_expiry,
        verb("rotate"),
        facts.rotation == Rotation::AddThenRetire,
        verb("delete"),
        facts.lost_answer == LostAnswer::LookUpByValue,
        has(format!("{list}-audit")) || system == System::ServiceIds,
    ];
    let cells = cells.map(|is_so| if is_so { "yes" } else { "–" });
    let many = facts.limit.map_or_else(|| "any".to_owned(), |limit| limit.to_string());
    format!("| `{one}` | {many} | {} |", cells.join(" | "))
}

#[test]
fn the_readme_tells_what_each_system_can_do() {
    let mut tree = Cli::command();
    tree.build();
    let readme = include_str!("../../README.md");
    for &system in System::ALL.iter().filter(|system| **system != System::Sample) {
        let row = row(system, &tree);
        assert!(readme.contains(&format!("\n{row}\n")), "{row}");
    }
}
