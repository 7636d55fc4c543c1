//! One table of behaviours for every system and place: a case knows a [`Bench`] and nothing of what stands behind it.
//!
//! A row names what a behaviour needs of a system beyond what every system has; it is left out where the system lacks
//! it. A new system is a function of [`Bench`], a word in `benches`, and a row in [`abilities`].

use std::slice;
use std::sync::Mutex;

use ibmcloud_iam::clock::Clock;
use ibmcloud_iam::systems::iam::local::LocalKeys;
use ibmcloud_iam::systems::{CreateEffect, Facts, Keys, System};
use serde_json::Value;

use crate::support::emulator::{Client, Emulator};
use crate::support::service::{SERVICE, about, reaching};
use crate::support::{NOW, Outcome, Sandbox, redact};

/// Makes one test of each behaviour and each bench; a bench is a function of [`Bench`] of its name.
macro_rules! table {
    (benches: [$($bench:ident),+ $(,)?], behaviours: $behaviours:tt $(,)?) => {
        $(mod $bench {
            $crate::backends::table!(@ $bench $behaviours);
        })+
    };
    (@ $bench:ident [$($behaviour:ident: [$($need:ident),*]),+ $(,)?]) => {
        $(#[test]
        fn $behaviour() {
            let bench = $crate::backends::Bench::$bench();
            if bench.can(&[$($crate::backends::Need::$need),*]) {
                super::$behaviour(&bench);
            }
        })+
    };
}

pub(crate) use table;

table! {
    benches: [local, remote, service_local, service_remote],
    behaviours: [
        a_new_backend_has_no_keys: [],
        a_key_is_listed_as_it_was_made: [Locking, Expiry],
        a_key_is_shown_as_it_is_listed: [],
        keys_are_listed_oldest_first: [Editing],
        names_are_not_unique: [],
        names_and_descriptions_come_back_as_they_went_in: [],
        every_value_opens_its_own_key: [LookUp, Switching],
        a_value_opens_nothing_once_its_key_is_gone: [LookUp],
        ids_are_never_used_again: [],
        the_tag_counts_changes: [Editing, Locking, Switching],
        an_update_changes_what_was_given: [Editing, Expiry],
        an_update_to_the_same_is_no_failure: [Editing],
        an_expiry_can_be_set_and_removed: [Editing, Expiry],
        a_lock_stops_every_change: [Editing, Locking, Switching],
        a_key_can_be_born_locked_and_disabled: [Locking, Switching],
        locking_twice_is_no_change: [Locking],
        disabling_twice_is_no_change: [Switching],
        enabling_and_unlocking_what_is_so_already_is_no_change: [Locking, Switching],
        a_missing_id_is_not_found: [Editing, Locking, Switching],
        a_deleted_key_is_not_found: [],
        twenty_keys_are_allowed: [Limit],
        the_limit_can_be_set: [Limit],
        disabled_and_expired_keys_count_towards_the_limit: [Limit, Switching, Expiry],
        an_expired_key_is_kept_for_ninety_days: [Limit, Locking, Expiry],
        a_key_that_was_changed_lately_outlives_its_expiry: [Editing, Expiry],
        history_tells_every_change: [Editing, Locking, Switching],
        a_new_key_begins_a_new_history: [Locking],
        a_change_is_dated_and_a_creation_stays: [Locking],
        a_dry_run_is_not_noticed: [Editing, Locking, Switching],
        two_people_at_once_both_get_their_keys: [],
        phased_out_keys_go_and_the_others_stay: [Switching, Expiry],
        all_keys_go_but_locked_ones: [Locking, Switching],
        old_keys_go_and_young_ones_stay: [],
        every_users_keys_are_listed_when_asked_for: [Users, Locking, Expiry],
        another_users_key_is_reached_by_id_only: [Users, Editing, Locking],
        another_users_namesake_replaces_nothing: [Users, Switching, Expiry],
        another_users_keys_leave_the_limit_alone: [Users, Limit],
    ],
}

/// What a behaviour needs of a system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    Editing,
    Locking,
    Switching,
    LookUp,
    /// Several users have keys in one account.
    Users,
    /// Keys with an end.
    Expiry,
    /// More keys than one, and a most of them.
    Limit,
}

/// The abilities of a system that its facts do not tell.
fn abilities(system: System) -> &'static [Need] {
    match system {
        System::Iam => &[Need::Editing, Need::Locking, Need::Switching, Need::LookUp, Need::Users],
        System::ServiceIds => &[Need::Editing, Need::Locking, Need::Switching, Need::LookUp],
        // An owner has one, which is not named.
        System::TaskCredentials | System::Platform | System::Classic => &[],
    }
}

#[test]
fn the_abilities_are_those_of_the_systems() {
    let check = |system: System, keys: &dyn Keys| {
        let facts = system.facts();
        for (need, has) in [
            (Need::Editing, keys.editing().is_some()),
            (Need::Locking, keys.locking().is_some()),
            (Need::Switching, keys.switching().is_some()),
            (Need::LookUp, keys.look_up().is_some()),
        ] {
            assert_eq!(abilities(facts.system).contains(&need), has, "{facts:?}: {need:?}");
        }
        facts.system
    };
    // They have one store.
    let keys = LocalKeys::in_memory(1, Clock::System);
    let checked = [check(System::Iam, &keys), check(System::ServiceIds, &keys)];
    let named = System::ALL.iter().copied().filter(|system| system.facts().has_names);
    assert_eq!(checked.to_vec(), named.collect::<Vec<_>>(), "a system is not checked");
}

/// How to reach the keys of a system at one place: a box whose commands go there, the time there, and the limit they are
/// under.
pub(crate) struct Bench {
    facts: &'static Facts,
    sandbox: Sandbox,
    /// What serves the keys that are elsewhere, and the settings that it was started with.
    emulator: Option<Mutex<Option<(Settings, Emulator)>>>,
    settings: Mutex<Settings>,
}

/// The time, and how many keys are allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Settings {
    now: String,
    limit: Option<u8>,
}

impl Settings {
    fn variables(&self) -> Vec<(&'static str, String)> {
        let limit = self.limit.map(|limit| ("IBMCLOUD_IAM_KEY_LIMIT", limit.to_string()));
        [("IBMCLOUD_IAM_NOW", self.now.clone())].into_iter().chain(limit).collect()
    }
}

impl Bench {
    fn new(system: System, emulator: Option<Mutex<Option<(Settings, Emulator)>>>) -> Self {
        let settings = Mutex::new(Settings { now: NOW.to_owned(), limit: None });
        Self { facts: system.facts(), sandbox: Sandbox::new(), emulator, settings }
    }

    /// API keys in the store of this machine.
    pub(crate) fn local() -> Self {
        Self::new(System::Iam, None)
    }

    /// API keys at the service, played by the emulator over a store of this machine.
    pub(crate) fn remote() -> Self {
        Self::new(System::Iam, Some(Mutex::default()))
    }

    /// API keys of a service ID in the store of this machine.
    pub(crate) fn service_local() -> Self {
        Self::new(System::ServiceIds, None).with_service()
    }

    /// API keys of a service ID at the service, played by the emulator over a store of this machine.
    pub(crate) fn service_remote() -> Self {
        Self::new(System::ServiceIds, Some(Mutex::default())).with_service()
    }

    /// Makes the service ID whose keys the commands are about.
    fn with_service(self) -> Self {
        self.run(&["service-id-create", SERVICE]).code(0);
        self
    }

    /// Tells whether the system has everything that a behaviour needs.
    pub(crate) fn can(&self, needs: &[Need]) -> bool {
        let adds = self.facts.create == CreateEffect::Adds;
        needs.iter().all(|need| match need {
            Need::Expiry => self.facts.has_expiry,
            Need::Limit => adds && self.facts.limit.is_some(),
            ability => abilities(self.facts.system).contains(ability),
        })
    }

    /// Sets the time of everything that follows.
    pub(crate) fn at(&self, now: &str) -> &Self {
        now.clone_into(&mut self.settings.lock().unwrap().now);
        self
    }

    /// Sets how many keys are allowed from now on.
    pub(crate) fn limit(&self, keys: u8) {
        self.settings.lock().unwrap().limit = Some(keys);
    }

    pub(crate) fn run_input(&self, args: &[&str], input: &str) -> Outcome {
        let settings = self.settings.lock().unwrap().clone();
        let args = about(self.facts.system, args);
        let args: Vec<&str> = args.iter().map(AsRef::as_ref).collect();
        let mut command = self.sandbox.command(&args);
        if let Some(emulator) = &self.emulator {
            let mut emulator = emulator.lock().unwrap();
            if emulator.as_ref().is_none_or(|(started, _)| *started != settings) {
                // The one before goes first: both have the same store.
                *emulator = None;
                *emulator = Some((settings.clone(), self.emulate(&settings)));
            }
            let (_, emulator) = emulator.as_ref().unwrap();
            let key = format!("@{}", emulator.key_file().display());
            command = reaching(&self.sandbox, emulator.endpoint(), &key, &args);
        }
        crate::support::run(command.envs(settings.variables()), input.as_bytes())
    }

    fn emulate(&self, settings: &Settings) -> Emulator {
        let variables = settings.variables();
        let variables: Vec<_> =
            variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        Emulator::start(&self.sandbox, &[], &variables)
    }

    /// Exchanges a value for a token, which is a use of its key.
    pub(crate) fn open_with(&self, value: &str) {
        let emulator = self.emulate(&self.settings.lock().unwrap());
        let (status, answer) = Client::new(emulator.endpoint()).log_in(value);
        assert_eq!(status, 200, "{answer}");
    }

    pub(crate) fn run(&self, args: &[&str]) -> Outcome {
        self.run_input(args, "")
    }

    /// Runs a command to its success, with JSON output.
    #[track_caller]
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        self.run(&[args, &["--output", "json"]].concat()).json()
    }

    #[track_caller]
    pub(crate) fn create(&self, name: &str, more: &[&str]) -> Value {
        self.json(&[&["api-key-create", name], more].concat())
    }

    #[track_caller]
    fn show(&self, key: &str) -> Value {
        self.json(&["api-key", key])
    }

    #[track_caller]
    fn list(&self) -> Vec<Value> {
        self.json(&["api-keys"]).as_array().unwrap().clone()
    }

    /// The keys of every user of the account.
    #[track_caller]
    fn list_all(&self) -> Vec<Value> {
        self.json(&["api-keys", "--all-users"]).as_array().unwrap().clone()
    }

    /// Puts a key of another user beside one's own, of which there was one before, and returns its id.
    pub(crate) fn create_of(&self, iam_id: &str, name: &str, more: &[(&str, &str)]) -> String {
        self.sandbox.create_of(iam_id, name, more)
    }

    /// The names of the keys there are, in the order of the list.
    #[track_caller]
    fn names(&self) -> Vec<String> {
        self.list().iter().map(|key| text(key, "name").to_owned()).collect()
    }

    /// Does something to one key by force, and says what came of it.
    #[track_caller]
    pub(crate) fn act(&self, command: &str, key: &str) -> String {
        text(&self.json(&[command, key, "--force"])[0], "outcome").to_owned()
    }

    /// The actions in the history of a key.
    #[track_caller]
    fn history(&self, id: &str) -> Vec<(String, String)> {
        let key = self.json(&["api-key", id, "--history"]);
        let entry =
            |entry: &Value| (text(entry, "timestamp").to_owned(), text(entry, "action").to_owned());
        key["history"].as_array().unwrap().iter().map(entry).collect()
    }
}

#[track_caller]
fn text<'a>(key: &'a Value, field: &str) -> &'a str {
    key[field].as_str().unwrap_or_else(|| panic!("no {field} in {key}"))
}

fn revision(key: &Value) -> &str {
    text(key, "entity_tag").split_once('-').unwrap().0
}

fn a_new_backend_has_no_keys(bench: &Bench) {
    assert_eq!(bench.list(), [Value::Null; 0]);
}

fn a_key_is_listed_as_it_was_made(bench: &Bench) {
    let mut made = bench
        .create("ci", &["-d", "d", "-e", "2027-05-01", "--action-if-leaked", "none", "--lock"]);
    assert_eq!(text(&made, "apikey").len(), 44);
    made["apikey"] = "".into();
    assert_eq!(bench.list(), [made]);
}

fn a_key_is_shown_as_it_is_listed(bench: &Bench) {
    let made = bench.create("ci", &["-d", "d"]);
    let listed = bench.list().remove(0);
    assert_eq!(bench.show("ci"), listed);
    assert_eq!(bench.show(text(&made, "id")), listed);
}

fn keys_are_listed_oldest_first(bench: &Bench) {
    for (now, name) in [("2026-11-21", "b"), ("2026-11-22", "c"), ("2026-11-23", "a")] {
        bench.at(now).create(name, &[]);
    }
    bench.json(&["api-key-update", "b", "-d", "changed last"]);
    assert_eq!(bench.names(), ["b", "c", "a"]);
}

fn names_are_not_unique(bench: &Bench) {
    let (one, two) = (bench.create("same", &[]), bench.create("same", &[]));
    assert_ne!(one["id"], two["id"]);
    bench.run(&["api-key", "same"]).code(4);
    assert_eq!(bench.act("api-key-delete", text(&one, "id")), "deleted");
    assert_eq!(bench.show("same")["id"], two["id"]);
}

fn names_and_descriptions_come_back_as_they_went_in(bench: &Bench) {
    for (name, description) in [
        ("with spaces", " and around "),
        ("a/b:c?d=e&f#g%20", "+%2B"),
        ("it's \"quoted\" \\ back", "\t\n\r"),
        ("🔑 日本", "naïve \u{202e}"),
        ("null", r#"{"owner": ["a", {"b": null}]}"#),
    ] {
        let id = text(&bench.create(name, &["-d", description]), "id").to_owned();
        for key in [bench.show(&id), bench.show(name)] {
            assert_eq!((text(&key, "name"), text(&key, "description")), (name, description));
        }
    }
}

fn every_value_opens_its_own_key(bench: &Bench) {
    let keys = [bench.create("a", &[]), bench.create("a", &[]), bench.create("b", &["--disabled"])];
    for key in keys {
        let found =
            bench.run_input(&["api-key-lookup", "--output", "json"], text(&key, "apikey")).json();
        assert_eq!(found["id"], key["id"]);
    }
}

fn a_value_opens_nothing_once_its_key_is_gone(bench: &Bench) {
    let key = bench.create("a", &[]);
    bench.create("a", &[]);
    bench.act("api-key-delete", text(&key, "id"));
    bench.run_input(&["api-key-lookup"], text(&key, "apikey")).code(3);
}

fn ids_are_never_used_again(bench: &Bench) {
    let old = bench.create("a", &[]);
    bench.act("api-key-delete", "a");
    let new = bench.create("a", &[]);
    assert_ne!(old["id"], new["id"]);
    assert_ne!(old["apikey"], new["apikey"]);
    assert_eq!(revision(&new), "1");
}

fn the_tag_counts_changes(bench: &Bench) {
    let made = bench.create("a", &[]);
    let mut tags = vec![text(&made, "entity_tag").to_owned()];
    for command in ["api-key-lock", "api-key-unlock", "api-key-disable", "api-key-enable"] {
        bench.act(command, "a");
        tags.push(text(&bench.show("a"), "entity_tag").to_owned());
    }
    tags.push(text(&bench.json(&["api-key-update", "a", "-d", "x"]), "entity_tag").to_owned());
    for (at, tag) in tags.iter().enumerate() {
        assert_eq!(redact(tag), "[TAG]");
        assert!(tag.starts_with(&format!("{}-", at + 1)), "{tags:?}");
    }
}

fn an_update_changes_what_was_given(bench: &Bench) {
    let before = bench.create("a", &["-d", "old", "-e", "2027-05-01"]);
    let after = bench.json(&["api-key-update", "a", "-n", "b", "--action-if-leaked", "delete"]);
    let mut expected = before.clone();
    expected["name"] = "b".into();
    expected["action_when_leaked"] = "delete".into();
    expected["apikey"] = "".into();
    expected["entity_tag"] = after["entity_tag"].clone();
    assert_eq!(after, expected);
    assert_eq!(bench.list(), [expected]);
    bench.run(&["api-key", "a"]).code(3);
}

fn an_update_to_the_same_is_no_failure(bench: &Bench) {
    let before = bench.create("a", &["-d", "same"]);
    let after = bench.json(&["api-key-update", "a", "-d", "same"]);
    assert_eq!(after["description"], before["description"]);
}

fn an_expiry_can_be_set_and_removed(bench: &Bench) {
    bench.create("a", &[]);
    for (flags, expires_at) in [
        (&["-e", "2027-05-01T12:34+0000"][..], Value::from("2027-05-01T12:34+0000")),
        (&["--expires-in", "1d"], Value::from("2026-11-22T09:00+0000")),
        (&["--no-expiry"], Value::Null),
    ] {
        bench.json(&[&["api-key-update", "a"], flags].concat());
        assert_eq!(bench.show("a")["expires_at"], expires_at);
    }
}

fn a_lock_stops_every_change(bench: &Bench) {
    bench.create("a", &[]);
    bench.act("api-key-lock", "a");
    let before = bench.list();
    assert_eq!(before[0]["locked"], true);
    for args in [
        &["api-key-update", "a", "-d", "x"][..],
        &["api-key-delete", "a", "-f"],
        &["api-key-disable", "a", "-f"],
    ] {
        bench.run(args).code(6);
    }
    assert_eq!(bench.list(), before);
    bench.act("api-key-unlock", "a");
    assert_eq!(bench.act("api-key-delete", "a"), "deleted");
}

fn a_key_can_be_born_locked_and_disabled(bench: &Bench) {
    bench.create("a", &["--lock", "--disabled"]);
    let key = bench.show("a");
    assert_eq!(
        (&key["locked"], &key["disabled"], text(&key, "state")),
        (&true.into(), &true.into(), "disabled")
    );
    bench.run(&["api-key-enable", "a", "-f"]).code(6);
    assert_eq!(revision(&bench.show("a")), "1");
}

fn locking_twice_is_no_change(bench: &Bench) {
    bench.create("a", &[]);
    assert_eq!(bench.act("api-key-lock", "a"), "locked");
    let before = bench.show("a");
    assert_eq!(bench.act("api-key-lock", "a"), "unchanged");
    assert_eq!(bench.show("a"), before);
}

fn disabling_twice_is_no_change(bench: &Bench) {
    bench.create("a", &[]);
    assert_eq!(bench.act("api-key-disable", "a"), "disabled");
    let before = bench.show("a");
    assert_eq!(bench.act("api-key-disable", "a"), "unchanged");
    assert_eq!(bench.show("a"), before);
    assert_eq!(bench.act("api-key-enable", "a"), "enabled");
    assert_eq!(text(&bench.show("a"), "state"), "active");
}

fn enabling_and_unlocking_what_is_so_already_is_no_change(bench: &Bench) {
    bench.create("a", &[]);
    let before = bench.show("a");
    assert_eq!(bench.act("api-key-enable", "a"), "unchanged");
    assert_eq!(bench.act("api-key-unlock", "a"), "unchanged");
    assert_eq!(bench.show("a"), before);
}

const NO_ID: &str = "ApiKey-00000000-0000-4000-8000-000000000000";

fn a_missing_id_is_not_found(bench: &Bench) {
    bench.create("a", &[]);
    for args in [
        &["api-key", NO_ID][..],
        &["api-key", NO_ID, "--history", "--activity"],
        &["api-key-update", NO_ID, "-d", "x"],
        &["api-key-delete", NO_ID, "-f"],
        &["api-key-lock", NO_ID, "-f"],
        &["api-key-unlock", NO_ID, "-f"],
        &["api-key-disable", NO_ID, "-f"],
        &["api-key-enable", NO_ID, "-f"],
    ] {
        bench.run(args).code(3);
    }
}

fn a_deleted_key_is_not_found(bench: &Bench) {
    let id = text(&bench.create("a", &[]), "id").to_owned();
    assert_eq!(bench.act("api-key-delete", &id), "deleted");
    bench.run(&["api-key", &id]).code(3);
    bench.run(&["api-key", "a"]).code(3);
    bench.run(&["api-key-delete", &id, "-f"]).code(3);
    assert_eq!(bench.list(), [Value::Null; 0]);
}

fn twenty_keys_are_allowed(bench: &Bench) {
    for n in 1..=20 {
        bench.create(&format!("key {n}"), &[]);
    }
    bench.run(&["api-key-create", "one too many", "-o", "json"]).code(9);
    assert_eq!(bench.list().len(), 20);
    bench.act("api-key-delete", "key 7");
    bench.create("in its place", &[]);
    assert_eq!(bench.list().len(), 20);
}

fn the_limit_can_be_set(bench: &Bench) {
    bench.limit(2);
    bench.create("a", &[]);
    bench.create("b", &[]);
    bench.run(&["api-key-create", "c", "-o", "json"]).code(9);
    bench.limit(3);
    bench.create("c", &[]);
    bench.limit(1);
    bench.run(&["api-key-create", "d", "--dry-run"]).code(9);
    assert_eq!(bench.names(), ["a", "b", "c"], "a lower limit takes nothing away");
}

fn disabled_and_expired_keys_count_towards_the_limit(bench: &Bench) {
    bench.limit(2);
    bench.create("a", &["--disabled"]);
    bench.create("b", &["-e", "2026-11-22"]);
    bench.at("2026-11-23").run(&["api-key-create", "c", "-o", "json"]).code(9);
}

fn an_expired_key_is_kept_for_ninety_days(bench: &Bench) {
    bench.limit(1);
    bench.create("a", &["-e", "2026-12-01T00:00:00Z", "--lock"]);
    bench.at("2027-03-01T00:00:00Z");
    assert_eq!(text(&bench.show("a"), "state"), "expired");
    bench.run(&["api-key-create", "b", "-o", "json"]).code(9);
    bench.at("2027-03-01T00:00:01Z");
    assert_eq!(bench.list(), [Value::Null; 0]);
    bench.run(&["api-key", "a"]).code(3);
    bench.create("b", &[]);
    assert_eq!(bench.names(), ["b"]);
}

fn a_key_that_was_changed_lately_outlives_its_expiry(bench: &Bench) {
    bench.create("a", &["-e", "2026-12-01T00:00:00Z"]);
    bench.at("2027-02-01T00:00:00Z").json(&["api-key-update", "a", "-d", "still looked at"]);
    bench.at("2027-03-02T00:00:00Z");
    assert_eq!(bench.names(), ["a"]);
    bench.at("2027-05-03T00:00:00Z");
    assert_eq!(bench.names(), [""; 0]);
}

fn history_tells_every_change(bench: &Bench) {
    let id = text(&bench.at("2026-11-21").create("a", &[]), "id").to_owned();
    let mut expected = vec![("2026-11-21T00:00+0000".to_owned(), "create".to_owned())];
    for (now, command, action) in [
        ("2026-11-22", "api-key-disable", "disable"),
        ("2026-11-23", "api-key-enable", "enable"),
        ("2026-11-24", "api-key-lock", "lock"),
        ("2026-11-25", "api-key-unlock", "unlock"),
    ] {
        bench.at(now).act(command, "a");
        expected.push((format!("{now}T00:00+0000"), action.to_owned()));
    }
    bench.at("2026-11-26").json(&["api-key-update", "a", "-n", "b"]);
    expected.push(("2026-11-26T00:00+0000".to_owned(), "update".to_owned()));
    assert_eq!(bench.history(&id), expected);
}

fn a_new_key_begins_a_new_history(bench: &Bench) {
    bench.create("a", &[]);
    bench.act("api-key-lock", "a");
    bench.act("api-key-unlock", "a");
    bench.act("api-key-delete", "a");
    let id = text(&bench.create("a", &[]), "id").to_owned();
    assert_eq!(bench.history(&id), [("2026-11-21T09:00+0000".to_owned(), "create".to_owned())]);
}

fn a_change_is_dated_and_a_creation_stays(bench: &Bench) {
    bench.create("a", &[]);
    bench.at("2026-12-24T18:30:00Z").act("api-key-lock", "a");
    let key = bench.show("a");
    assert_eq!(text(&key, "created_at"), "2026-11-21T09:00+0000");
    assert_eq!(text(&key, "modified_at"), "2026-12-24T18:30+0000");
}

fn a_dry_run_is_not_noticed(bench: &Bench) {
    bench.create("a", &[]);
    let before = bench.list();
    for args in [
        &["api-key-create", "b", "--dry-run"][..],
        &["api-key-update", "a", "-n", "b", "--dry-run"],
        &["api-key-delete", "a", "--dry-run"],
        &["api-key-lock", "a", "--dry-run"],
        &["api-key-disable", "a", "--dry-run"],
    ] {
        bench.run(args).ok();
    }
    assert_eq!(bench.list(), before);
    assert_eq!(bench.history("a").len(), 1);
}

fn two_people_at_once_both_get_their_keys(bench: &Bench) {
    std::thread::scope(|scope| {
        for person in ["ann", "bob"] {
            scope.spawn(move || {
                for n in 0..5 {
                    bench.create(&format!("{person}-{n}"), &[]);
                }
            });
        }
    });
    let mut names = bench.names();
    names.sort();
    let expected: Vec<String> = ["ann", "bob"]
        .iter()
        .flat_map(|person| (0..5).map(move |n| format!("{person}-{n}")))
        .collect();
    assert_eq!(names, expected);
}

fn phased_out_keys_go_and_the_others_stay(bench: &Bench) {
    bench.create("a", &["--disabled"]);
    bench.create("a", &[]);
    bench.create("b", &["-e", "2026-11-22"]);
    bench.create("b", &[]);
    bench.create("off", &["--disabled"]);
    bench.create("over", &["-e", "2026-11-22"]);
    bench.at("2026-11-23");
    let named = |args: &[&str]| -> Vec<String> {
        let outcomes = bench.json(&[&["api-key-delete", "--phased-out", "--force"], args].concat());
        let outcomes = outcomes.as_array().unwrap().iter();
        outcomes.map(|one| format!("{} {}", text(one, "name"), text(one, "outcome"))).collect()
    };
    assert_eq!(named(&["--dry-run"]), ["a would be deleted", "b would be deleted"]);
    assert_eq!(named(&["b", "off"]), ["b deleted"]);
    assert_eq!(named(&[]), ["a deleted"]);
    assert_eq!(named(&[]), [""; 0]);
    assert_eq!(bench.names(), ["a", "b", "off", "over"]);
}

fn all_keys_go_but_locked_ones(bench: &Bench) {
    for (name, flags) in [("a", &[][..]), ("safe", &["--lock"]), ("a", &["--disabled"])] {
        bench.create(name, flags);
    }
    bench.run_input(&["api-key-delete", "--all"], "2\n").code(2);
    assert_eq!(bench.names(), ["a", "safe", "a"]);
    let told = bench.run(&["api-key-delete", "--all", "--force", "-q"]);
    let service = if bench.facts.system == System::ServiceIds { " [ID2]" } else { "" };
    told.code(12).stdout("API key [ID1] was deleted\nAPI key [ID2] was deleted\n").stderr(
        &format!(
            "API key '[ID1]' is locked; nothing was changed.\n\
             Unlock it with 'ibmcloud-iam {}-unlock [ID1]{service}'.\n1 of 3 API keys failed.\n",
            bench.facts.command
        ),
    );
    assert_eq!(bench.names(), ["safe"]);
    bench.act("api-key-unlock", "safe");
    let told = bench.run(&["api-key-delete", "--all", "--force", "-q"]);
    told.is(0, "API key [ID1] was deleted\n", "");
    let none = bench.run(&["api-key-delete", "--all", "--force", "-q"]);
    none.is(0, "No API keys found\n", "");
}

fn old_keys_go_and_young_ones_stay(bench: &Bench) {
    bench.create("old", &[]);
    bench.at("2026-12-01").create("young", &[]);
    bench.at("2026-12-21T09:00:00Z");
    let args = ["api-key-delete", "--all", "--older-than", "30d", "--force"];
    assert_eq!(text(&bench.json(&args)[0], "name"), "old");
    assert_eq!(bench.names(), ["young"]);
}

const OTHER: &str = "IBMid-270000WXYZ";

fn every_users_keys_are_listed_when_asked_for(bench: &Bench) {
    let mut own = bench.create("mine", &[]);
    own["apikey"] = "".into();
    let theirs = bench.create_of(OTHER, "theirs", &[("description", "\"d\""), ("locked", "true")]);
    bench.create_of("iam-ServiceId-0a1b2c3d", "a service's", &[]);
    let mut expected = own.clone();
    for (field, value) in [
        ("id", &*theirs),
        ("entity_tag", "1-00000000000000000000000000000002"),
        ("name", "theirs"),
        ("description", "d"),
        ("iam_id", OTHER),
        ("created_by", OTHER),
    ] {
        expected[field] = value.into();
    }
    expected["locked"] = true.into();
    expected["crn"] = text(&own, "crn").replace(text(&own, "id"), &theirs).into();
    assert_eq!(bench.list_all(), [own.clone(), expected.clone()]);
    assert_eq!(bench.list(), slice::from_ref(&own));
    // Ninety days behind its expiry and last change a key is gone, whoever has it.
    bench.create_of("IBMid-3", "over", &[("expires_at", "\"2026-01-01T00:00:00Z\"")]);
    assert_eq!(bench.list_all().len(), 3);
    bench.at("2027-02-20");
    assert_eq!(bench.list_all(), [own, expected]);
}

fn another_users_key_is_reached_by_id_only(bench: &Bench) {
    bench.create("mine", &[]);
    let theirs = bench.create_of(OTHER, "theirs", &[]);
    for args in [&["api-key", "theirs"][..], &["api-key-delete", "theirs", "-f"]] {
        bench.run(args).code(3);
    }
    assert_eq!(text(&bench.show(&theirs), "iam_id"), OTHER);
    assert_eq!(bench.act("api-key-lock", &theirs), "locked");
    assert_eq!(bench.act("api-key-unlock", &theirs), "unlocked");
    let changed = bench.json(&["api-key-update", &theirs, "-n", "renamed"]);
    assert_eq!((text(&changed, "iam_id"), revision(&changed)), (OTHER, "4"));
    let deleted = bench.json(&["api-key-delete", "--all", "--force"]);
    assert_eq!((deleted.as_array().unwrap().len(), text(&deleted[0], "name")), (1, "mine"));
    assert_eq!(bench.list_all(), [changed]);
    assert_eq!(bench.act("api-key-delete", &theirs), "deleted");
    assert_eq!(bench.list_all(), [Value::Null; 0]);
}

fn another_users_namesake_replaces_nothing(bench: &Bench) {
    bench.create("ci", &["--disabled"]);
    bench.create_of(OTHER, "ci", &[]);
    bench.create_of(OTHER, "ci", &[("disabled", "true")]);
    bench.create_of("IBMid-3", "ci", &[("expires_at", "\"2026-11-22T00:00:00Z\"")]);
    let keys = bench.list_all();
    let states: Vec<_> = keys.iter().map(|key| (text(key, "iam_id"), text(key, "state"))).collect();
    assert_eq!(states[1..], [(OTHER, "active"), (OTHER, "phased out"), ("IBMid-3", "active")]);
    assert_eq!(states[0].1, "disabled");
    let found = bench.json(&["api-keys", "--all-users", "--state", "phased-out"]);
    assert_eq!(found, Value::from(vec![keys[2].clone()]));
}

fn another_users_keys_leave_the_limit_alone(bench: &Bench) {
    bench.limit(2);
    bench.create("a", &[]);
    for name in ["b", "c"] {
        bench.create_of(OTHER, name, &[]);
    }
    bench.run(&["api-key-create", "d", "--dry-run"]).ok();
    bench.create("d", &[]);
    bench.run(&["api-key-create", "e", "-o", "json"]).code(9);
    assert_eq!((bench.list().len(), bench.list_all().len()), (2, 4));
}
