//! Lost answers and killed commands: every request that changes something is cut off, before and after it took effect. Then
//! `recover` runs, and what FILE holds opens something, no key is held by nobody, and none is asked for unasked.

use std::sync::{Arc, Mutex};

use super::{opens, value_at};
use crate::support::relay::{Blow, Relayed, Turn};
use crate::support::service::Service;
use crate::support::{Outcome, value_in};

const ADD: &str = "/rest/v3.1/SoftLayer_User_Customer/1000001/addApiAuthenticationKey.json";
const REMOVE: &str = "/rest/v3.1/SoftLayer_User_Customer/removeApiAuthenticationKey.json";
const BLOWS: [Blow; 4] = [Blow::KillBefore, Blow::KillAfter, Blow::DropBefore, Blow::DropAfter];

/// What is cut off, and how many keys the service was asked for.
#[derive(Default)]
struct Wire {
    cut: Option<(&'static str, Blow)>,
    added: usize,
}

struct Rig {
    relayed: Relayed,
    wire: Arc<Mutex<Wire>>,
}

impl Rig {
    fn new() -> Self {
        let wire = Arc::new(Mutex::new(Wire::default()));
        let seen = Arc::clone(&wire);
        let service = Service::emulated(&["--in-memory"]).timeout("0.5");
        let relayed = Relayed::new(service, move |request| {
            let mut wire = seen.lock().unwrap();
            let cut = wire.cut.filter(|(path, _)| request.path.starts_with(path));
            let is_lost =
                cut.is_some_and(|(_, blow)| matches!(blow, Blow::KillBefore | Blow::DropBefore));
            wire.added += usize::from(request.path.starts_with(ADD) && !is_lost);
            cut.map_or(Turn::Pass, |(_, blow)| Turn::Strike(blow))
        });
        Self { relayed, wire }
    }

    fn run(&self, args: &[&str]) -> Outcome {
        self.relayed.service.told(self.relayed.run(self.relayed.service.command(args)))
    }

    /// Runs a command whose requests to a path are all cut off.
    fn cut(&self, path: &'static str, blow: Blow, args: &[&str]) -> Outcome {
        let added = {
            let mut wire = self.wire.lock().unwrap();
            wire.cut = Some((path, blow));
            wire.added
        };
        let outcome = self.run(args);
        let mut wire = self.wire.lock().unwrap();
        wire.cut = None;
        wire.added -= added;
        outcome
    }

    fn added(&self) -> usize {
        self.wire.lock().unwrap().added
    }

    fn file(&self) -> Option<String> {
        let file = self.relayed.service.sandbox.work("key.json");
        std::fs::read(file).ok().map(|bytes| value_in(&bytes))
    }

    fn value_at(&self) -> Option<String> {
        value_at(&self.relayed.service.server)
    }

    fn is_settled(&self) -> bool {
        let sandbox = &self.relayed.service.sandbox;
        let files = sandbox.files_in_work();
        sandbox.open_entries() == 0 && files.iter().all(|file| file == "key.json")
    }
}

#[test]
fn a_create_to_file_ends_with_a_key_that_file_holds_or_with_none() {
    for blow in BLOWS {
        let rig = Rig::new();
        let outcome = rig.cut(ADD, blow, &["classic-api-key-create", "--file", "key.json"]);
        let is_made = matches!(blow, Blow::KillAfter | Blow::DropAfter);
        let expected = match blow {
            Blow::KillBefore | Blow::KillAfter => 137,
            Blow::DropBefore => 11,
            // The value is read at once.
            Blow::DropAfter => 0,
        };
        outcome.code(expected);
        rig.run(&["recover", "--force"]).ok();
        assert!(rig.is_settled(), "{blow:?}");
        assert_eq!(rig.file(), rig.value_at(), "{blow:?}");
        assert_eq!(
            (rig.file().is_some(), rig.added()),
            (is_made, usize::from(is_made)),
            "{blow:?}"
        );
    }
}

#[test]
fn a_rotation_to_file_ends_with_a_key_that_file_holds() {
    for path in [REMOVE, ADD] {
        for blow in BLOWS {
            let rig = Rig::new();
            rig.run(&["classic-api-key-create", "--file", "key.json"]).ok();
            let old = rig.value_at();
            let rotate = ["classic-api-key-rotate", "--file", "key.json", "--force"];
            let outcome = rig.cut(path, blow, &rotate);
            let recovered = rig.run(&["recover", "--force"]);
            let told = format!("{path} {blow:?}: {outcome:#?} {recovered:#?}");
            assert!(rig.is_settled(), "{told}");
            let held = rig.file().unwrap();
            assert_eq!(opens(&rig.relayed.service.server, &held), 200, "{told}");
            assert_eq!(rig.value_at().as_ref(), Some(&held), "{told}");
            let is_new = old.as_ref() != Some(&held);
            assert_eq!(rig.added(), usize::from(is_new), "{told}");
        }
    }
}

/// What was to be printed is told of, or was never made.
#[track_caller]
fn printed(args: &[&str], begins: bool, path: &'static str) {
    for blow in BLOWS {
        let rig = Rig::new();
        if begins {
            rig.run(&["classic-api-key-create", "-q"]).ok();
        }
        let old = rig.value_at();
        let outcome = rig.cut(path, blow, args);
        let recovered = rig.run(&["recover", "--force"]);
        let told = format!("{args:?} {path} {blow:?}: {outcome:#?} {recovered:#?}");
        assert!(rig.is_settled(), "{told}");
        let says = |words: &str| recovered.stdout.contains(words);
        let (is_named, added) = match rig.value_at() {
            Some(value) if outcome.stdout.contains(&value) => (recovered.code == 0, 1),
            Some(value) if Some(&value) == old.as_ref() => {
                (recovered.code == 0 && says("was not rotated; the one that was there"), 0)
            }
            None if old.is_none() => (recovered.code == 0 && says("was never created"), 0),
            Some(_) => (recovered.code == 1 && says("its value was not delivered"), 1),
            None => (recovered.code == 1 && says("was removed, and no new one was made"), 0),
        };
        assert_eq!((is_named, rig.added()), (true, added), "{told}");
        let is_lost = matches!(blow, Blow::DropBefore);
        let expected =
            [137, 11, 0][usize::from(is_lost) + usize::from(blow == Blow::DropAfter) * 2];
        assert_eq!(outcome.code, expected, "{told}");
    }
}

macro_rules! printed {
    ($($name:ident: $args:expr, $begins:expr, $path:expr;)*) => {
        $(#[test]
        fn $name() {
            printed(&$args, $begins, $path);
        })*
    };
}

printed! {
    a_create_that_prints: ["classic-api-key-create", "-o", "json"], false, ADD;
    a_rotation_that_prints_and_removes: ["classic-api-key-rotate", "-f", "-o", "json"], true, REMOVE;
    a_rotation_that_prints_and_adds: ["classic-api-key-rotate", "-f", "-o", "json"], true, ADD;
    an_addition_of_the_plugin: ["sl", "user", "apikey", "1000001", "--add"], false, ADD;
    a_refresh_of_the_plugin_that_removes: ["sl", "user", "apikey", "1000001", "--refresh"], true, REMOVE;
    a_refresh_of_the_plugin_that_adds: ["sl", "user", "apikey", "1000001", "--refresh"], true, ADD;
}

#[test]
fn a_removal_that_is_cut_off_is_told_and_can_be_repeated() {
    for (args, missing) in [
        (&["classic-api-key-delete", "--force"][..], 3),
        (&["sl", "user", "apikey", "1000001", "--remove"], 0),
    ] {
        for blow in BLOWS {
            let rig = Rig::new();
            rig.run(&["classic-api-key-create", "-q"]).ok();
            let outcome = rig.cut(REMOVE, blow, args);
            let is_gone = matches!(blow, Blow::KillAfter | Blow::DropAfter);
            let expected = match blow {
                Blow::DropBefore => 11,
                Blow::DropAfter => 0,
                _ => 137,
            };
            outcome.code(expected);
            assert_eq!(rig.value_at().is_none(), is_gone, "{blow:?}");
            rig.run(args).code(if is_gone { missing } else { 0 });
            assert_eq!(rig.value_at(), None);
        }
    }
}
