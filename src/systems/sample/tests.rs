//! The operations over the sample: they follow its facts and abilities, and know nothing of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use super::{ONLY_ONE, Sample};
use crate::clock::Skew;
use crate::error::{ErrorKind, Result};
use crate::model::{Activity, ApiKey, Detail, KeyRef, Scope, Selection};
use crate::ops::{Expiry, act, create, delete, list, lookup, recover, rotate, show, state, update};
use crate::private_file;
use crate::session::Session;
use crate::ui::Manner;

const QUIET: Manner = Manner {
    quiet: true,
    json: false,
    json_errors: true,
    colour: (false, false),
    width: (None, None),
};
const DAY: Duration = Duration::from_secs(86_400);

fn name(name: &str) -> KeyRef {
    KeyRef::Name(name.to_owned())
}

fn to_create(name: &str, file: Option<PathBuf>) -> create::Request {
    create::Request {
        name: name.to_owned(),
        description: String::new(),
        file,
        lock: false,
        action_if_leaked: None,
        expiry: None,
        disabled: false,
        server_value: false,
        force: false,
        no_wait: false,
        dry_run: false,
    }
}

fn to_rotate(name: &str, file: PathBuf) -> rotate::Request {
    let terms = rotate::Terms { force: true, ..rotate::Terms::default() };
    let keys = vec![self::name(name)];
    rotate::Request { keys, file: Some(file), terms, ..rotate::Request::default() }
}

fn to_rotate_with(
    name: &str,
    file: PathBuf,
    change: impl FnOnce(&mut rotate::Terms),
) -> rotate::Request {
    let mut request = to_rotate(name, file);
    change(&mut request.terms);
    request
}

fn to_act(names: &[&str]) -> act::Request {
    let keys = names.iter().copied().map(name).collect();
    act::Request { keys, force: true, dry_run: false, jobs: None }
}

fn make(request: create::Request, session: &mut Session) -> Result<()> {
    create::run(create::ready(request, session.settings())?, session)
}

fn replace(request: rotate::Request, session: &mut Session) -> Result<()> {
    rotate::run(&rotate::ready(request, session.facts(), session.settings(), session.ui)?, session)
}

fn act_on(verb: &'static act::Verb, names: &[&str], session: &mut Session) -> Result<()> {
    act::run(&act::ready(verb, to_act(names), session.facts(), session.ui)?, session)
}

/// Returns the names of the keys, with a `-` before those that are disabled.
fn keys(session: &Session) -> Vec<String> {
    let all = session.keys().list(&Scope::AllUsers, &Selection::All).unwrap();
    all.iter().map(|key| format!("{}{}", if key.disabled { "-" } else { "" }, key.name)).collect()
}

fn is_settled(session: &Session) -> bool {
    session.journal().unwrap().orphans(1).unwrap().found.is_empty()
}

fn files(directory: &Path) -> usize {
    fs::read_dir(directory).unwrap().count()
}

#[test]
fn keys_live_and_end() {
    let directory = tempfile::tempdir().unwrap();
    let [one, two] = ["one", "two"].map(|name| directory.path().join(name));
    Sample::default().session(QUIET, |session| {
        make(to_create("a", None), session).unwrap();
        make(to_create("b", Some(one.clone())), session).unwrap();
        assert!(fs::read_to_string(&one).unwrap().contains("\"apikey\""));
        let listed = list::Request {
            ids_only: false,
            name: None,
            description: None,
            states: Vec::new(),
            sort: None,
            wide: false,
            timeline: false,
            owners: crate::ops::Owners::One,
        };
        list::run(&listed, session).unwrap();
        let detail = Detail { history: true, activity: true };
        show::run(&show::Request { key: name("a"), ids_only: false, detail }, session).unwrap();
        replace(to_rotate("a", two.clone()), session).unwrap();
        assert_eq!(keys(session), ["-a", "b", "a"]);
        act_on(&state::DISABLE, &["b"], session).unwrap();
        act_on(&state::ENABLE, &["b"], session).unwrap();
        act_on(&state::DISABLE, &["b"], session).unwrap();
        assert_eq!(keys(session), ["-a", "-b", "a"]);
        let keys_of_name =
            delete::Request { keys: vec![name("b")], force: true, ..delete::Request::default() };
        delete::run(&delete::ready(keys_of_name, session.facts(), session.ui).unwrap(), session)
            .unwrap();
        assert_eq!(keys(session), ["-a", "a"]);
        assert!(is_settled(session));
        assert_eq!(files(directory.path()), 2);
    });
}

/// Loses the answer to a create and runs `recover`. Returns the keys, and how many files there are beside FILE.
fn recovered(sample: Sample, is_filed: bool) -> (Vec<String>, usize) {
    let directory = tempfile::tempdir().unwrap();
    let file = is_filed.then(|| directory.path().join("key"));
    let mut sample = Sample { loses_answers: true, ..sample };
    sample.keys = Mutex::new(vec![ApiKey::sample("a")]);
    sample.session(QUIET, |session| {
        let error = make(to_create("a", file), session).unwrap_err();
        assert_eq!(error.kind, ErrorKind::OutcomeUnknown);
        assert!(!is_settled(session));
        let request = recover::Request { force: true, ..recover::Request::default() };
        let error = recover::run_in(&request, session).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Failure, "it says that somebody has to look");
        assert!(is_settled(session));
        (keys(session), files(directory.path()))
    })
}

#[test]
fn a_key_that_may_be_anothers_is_left_alone_and_so_is_its_value() {
    for is_filed in [false, true] {
        for activity in [None, Some(Activity::default())] {
            let sample = Sample { activity, ..Sample::default() };
            let both = vec!["a".to_owned(); 2];
            assert_eq!(recovered(sample, is_filed), (both, usize::from(is_filed)), "{is_filed}");
        }
    }
}

#[test]
fn what_the_system_lacks_is_refused_in_a_sentence_before_anything_is_done() {
    type Doing = fn(PathBuf, &mut Session) -> Result<()>;
    let commands: [(&str, Doing); 9] = [
        ("create with an expiry", |file, session| {
            make(
                create::Request { expiry: Some(Expiry::In(DAY)), ..to_create("b", Some(file)) },
                session,
            )
        }),
        ("create locked", |file, session| {
            make(create::Request { lock: true, ..to_create("b", Some(file)) }, session)
        }),
        ("update", |_, session| {
            let request = update::Request {
                key: name("a"),
                name: Some("b".to_owned()),
                description: None,
                action_if_leaked: None,
                expiry: None,
                dry_run: false,
            };
            update::run(&update::ready(request, session.facts(), session.settings())?, session)
        }),
        ("lock", |_, session| act_on(&state::LOCK, &["a", "c"], session)),
        ("unlock", |_, session| act_on(&state::UNLOCK, &["a", "c"], session)),
        ("look-up", |file, session| {
            let value = file.with_extension("value");
            private_file::replace(&value, "a".repeat(44).as_bytes()).unwrap();
            let request =
                lookup::Request { from: format!("@{}", value.display()), ids_only: false };
            let ready = lookup::ready(&request, session.facts(), session.settings(), session.ui);
            private_file::remove(&value).unwrap();
            lookup::run(&ready?, session)
        }),
        ("rotate with a grace", |file, session| {
            replace(to_rotate_with("a", file, |terms| terms.grace = Some(DAY)), session)
        }),
        ("rotate with an expiry", |file, session| {
            replace(to_rotate_with("a", file, |terms| terms.expires_in = Some(DAY)), session)
        }),
        ("rotate the only key", |file, session| replace(to_rotate("a", file), session)),
    ];
    for (what, command) in commands {
        let directory = tempfile::tempdir().unwrap();
        let mut sample = Sample {
            keys: Mutex::new(["a", "c"].map(ApiKey::sample).to_vec()),
            ..Sample::default()
        };
        if what == "rotate the only key" {
            sample.facts = &ONLY_ONE;
        }
        sample.session(QUIET, |session| {
            let error = command(directory.path().join("key"), session).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Failure, "{what}: {error:?}");
            assert!(
                error.message.starts_with("Sample keys cannot be "),
                "{what}: {}",
                error.message
            );
            assert_eq!(keys(session), ["a", "c"], "{what}");
            assert!(is_settled(session), "{what}");
        });
        assert_eq!(files(directory.path()), 0, "{what}");
    }
}

#[test]
fn the_clock_of_the_service_is_known_to_a_session() {
    let local = ApiKey::sample("").created_at;
    let skew = Skew { service: local.plus(DAY).unwrap(), local };
    let sample = Sample { skew: Some(skew), ..Sample::default() };
    let known = sample.session(QUIET, |session| session.keys().service_clock());
    assert_eq!(known.map(Skew::behind), Some(86_400));
    assert_eq!(Sample::default().session(QUIET, |session| session.keys().service_clock()), None);
}
