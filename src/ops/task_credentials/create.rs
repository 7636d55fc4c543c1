//! `task-credential-create`: stores an IAM key for the jobs of a user, a new one or one that is given.

use super::{RegionRef, elsewhere, finish, is_taken, look_at_all, named, names, report};
use crate::credentials::input;
use crate::error::{Error, ErrorKind, Result};
use crate::journal::{InRegions, Operation};
use crate::model::{ApiKey, IN_TASK_CREDENTIAL, NewApiKey};
use crate::ops::announce;
use crate::ops::once::{self, Cargo, Own};
use crate::secret::Secret;
use crate::session::Session;
use crate::settings::Settings;
use crate::systems::task_credentials::KeyInside;
use crate::ui::Ui;

/// The name where none is given.
pub const NAME: &str = IN_TASK_CREDENTIAL;

/// What is asked for.
#[derive(Debug)]
pub struct Request {
    /// The name of the task credential.
    pub name: String,
    /// Where the value of an existing key is, `@FILE` or `-`; `None` to make a key.
    pub from: Option<String>,
    /// The regions; that of the variable when there is none.
    pub regions: Vec<RegionRef>,
    /// Whether to do nothing.
    pub dry_run: bool,
}

/// A request that passed the checks that need no login.
#[derive(Debug)]
pub struct Ready {
    name: String,
    regions: Vec<RegionRef>,
    value: Option<Secret>,
    dry_run: bool,
}

/// Checks what can be checked before anybody logs in, and reads the value.
pub fn ready(request: Request, settings: &Settings, ui: &mut Ui) -> Result<Ready> {
    let regions = named(&request.regions, settings)?;
    let value = request.from.as_deref().map(|from| read(from, ui)).transpose()?;
    Ok(Ready { name: request.name, regions, value, dry_run: request.dry_run })
}

fn read(from: &str, ui: &mut Ui) -> Result<Secret> {
    let Some(value) = input::read(from, ui)? else {
        let message = "An API key is not taken from the command line, where others can see it.";
        return Err(
            Error::usage(message).hint("Write '--from @FILE', or pipe the key in with '--from -'.")
        );
    };
    input::usable(value, "'--from'").map_err(|error| Error { kind: ErrorKind::Usage, ..error })
}

/// Runs `task-credential-create`.
pub fn run(ready: &Ready, session: &mut Session) -> Result<()> {
    let Ready { name, regions, value, dry_run } = ready;
    let what = format!("task credential {} in {}", session.ui.entity(name), names(regions));
    announce("Storing", &what, session);
    if *dry_run {
        finish::refuse_any(regions, session)?;
    } else {
        for run in finish::finish(regions, Operation::Create, session)? {
            let Some((its, key)) = run.begun.regions.as_ref().zip(run.key.as_ref()) else {
                continue;
            };
            if regions.iter().all(|region| its.names.iter().any(|name| name == region.name)) {
                report::stored(&its.credential, &key.id, regions, session);
                return Ok(());
            }
        }
    }
    for (region, found) in look_at_all(regions, session)? {
        if let Some(found) = found.first() {
            return Err(is_taken(region, found, session));
        }
    }
    match value {
        Some(value) => give(ready, value, session),
        None => make(ready, session),
    }
}

/// Describes a key that is made for regions.
pub(super) fn new_key(name: &str, regions: &[RegionRef], session: &Session) -> Result<NewApiKey> {
    // By this name audits and other commands know what depends on the key.
    let name = match name {
        ours if ours.starts_with(IN_TASK_CREDENTIAL) => ours.to_owned(),
        other => format!("{IN_TASK_CREDENTIAL}-{other}"),
    };
    let mut new = NewApiKey {
        id: None,
        owner: session.owner(),
        name,
        description: elsewhere::description(regions),
        locked: false,
        disabled: false,
        action_when_leaked: None,
        expires_at: None,
        support_sessions: None,
    };
    let keys = session.keys();
    let checked = keys.check_texts(Some(&new.name), Some(&new.description));
    checked
        .and_then(|()| keys.check_new(&new))
        .map_err(|error| session.told_of(error, &new.name))?;
    new.id = keys.choose_id();
    Ok(new)
}

/// Makes a key, and brings it to the regions.
fn make(ready: &Ready, session: &mut Session) -> Result<()> {
    let Ready { name, regions, dry_run, .. } = ready;
    let new = new_key(name, regions, session)?;
    if *dry_run {
        report::dry_run(name, Err(&new.name), regions, None, session);
        return Ok(());
    }
    let goal = InRegions {
        names: regions.iter().map(|region| region.name.to_owned()).collect(),
        credential: name.clone(),
        ..InRegions::default()
    };
    let mut run = once::begin_in_regions(&new, goal, Operation::Create, session)?;
    let ended = run.drive(session).map_err(|error| report::unfinished(error, &run, session))?;
    let key = report::ended(&mut run, ended, session)?;
    report::stored(name, &key.id, regions, session);
    report::check_alone(ended, session)
}

/// Brings a key that is given to the regions. Its value stays with who gave it, so nothing is lost if it is cut off.
fn give(ready: &Ready, value: &Secret, session: &mut Session) -> Result<()> {
    let Ready { name, regions, dry_run, .. } = ready;
    let noun = session.facts().noun;
    let subject = format!("The {noun} in '--from'");
    let found = session.keys().by_value(value);
    let key = found.map_err(|error| session.told(error, &subject))?;
    check_given(&key, &subject, session)?;
    if *dry_run {
        report::dry_run(name, Ok(&key.id), regions, None, session);
        return Ok(());
    }
    let goal = InRegions { credential: name.clone(), ..InRegions::default() };
    let inside = KeyInside { id: key.id.clone(), is_made: false };
    let own = Own { key: Some(key.id.clone()), ..Own::default() };
    let mut cargo = Cargo { key: &inside, value, regions: &goal, own };
    for (done, region) in regions.iter().enumerate() {
        let failed = match cargo.bring(region, session, &mut |_| {}) {
            Ok(true) => continue,
            Ok(false) => {
                let message = format!(
                    "Somebody else has stored a task credential in {} meanwhile.",
                    region.name
                );
                Error::new(ErrorKind::Conflict, message)
            }
            Err(error) => session.told_of_region(error, region),
        };
        if done == 0 {
            return Err(failed);
        }
        let message = format!("{} It was stored in {}.", failed.message, names(&regions[..done]));
        return Err(Error { kind: ErrorKind::SomeFailed, message, ..failed });
    }
    report::stored(name, &key.id, regions, session);
    Ok(())
}

/// Refuses a key with which no job of this user could run.
fn check_given(key: &ApiKey, subject: &str, session: &Session) -> Result<()> {
    if key.iam_id != session.owner().0 {
        let message = format!("{subject} belongs to {}: jobs would run as that one.", key.iam_id);
        return Err(Error::new(ErrorKind::NotPermitted, message)
            .hint("Give a key of your own, or log in as its owner."));
    }
    if !key.works(session.service_time()?) {
        let message =
            format!("{subject} ({}) does not work: it is disabled or has expired.", key.id);
        return Err(Error::failure(message).hint(format!(
            "'{}' shows it; without '--from' a key is made.",
            session.on("", key.id.in_command())
        )));
    }
    Ok(())
}
