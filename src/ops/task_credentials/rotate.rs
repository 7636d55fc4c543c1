//! `task-credential-rotate`: a new key in every region that has a task credential, and then an end for the old keys.

use std::time::Duration;

use super::create::{NAME, new_key};
use super::elsewhere::{Elsewhere, Holder};
use super::report::{self, Left};
use super::{Looked, RegionRef, cannot_be_asked, family, finish, look, named_or_usual, names};
use crate::error::{Error, ErrorKind, Result};
use crate::journal::{InRegions, Operation, Retires};
use crate::model::{ApiKey, Detail, IN_TASK_CREDENTIAL, write_duration};
use crate::ops::once::{self, Run, end_of_grace, is_acting};
use crate::ops::{agree, announce, facts, locked};
use crate::session::Session;
use crate::settings::Settings;
use crate::systems::task_credentials::{KeyInside, TaskCredential};
use crate::ui::{Ui, nobody_answers};

/// How long it takes until jobs see a change.
const SEEN_AFTER: Duration = Duration::from_secs(20 * 60);

/// What is asked for.
#[derive(Debug)]
pub struct Request {
    /// The regions; those of IBM Cloud when there is none.
    pub regions: Vec<RegionRef>,
    /// For how long the old keys work on.
    pub grace: Duration,
    /// Whether old keys get an end, too, that this program did not make, or that a region may hold that does not say so.
    pub retire: bool,
    /// Whether to go on without confirmation.
    pub force: bool,
    /// Whether to do nothing.
    pub dry_run: bool,
}

/// A request that passed the checks that need no login.
#[derive(Debug)]
pub struct Ready {
    request: Request,
    regions: Vec<RegionRef>,
}

/// Checks what can be checked before anybody logs in.
pub fn ready(request: Request, settings: &Settings, ui: &Ui) -> Result<Ready> {
    if request.grace < SEEN_AFTER {
        let message = format!(
            "Jobs see a new task credential after {}: '--grace' must be that long at least.",
            write_duration(SEEN_AFTER)
        );
        return Err(Error::usage(message));
    }
    if settings.now()?.plus(request.grace).is_none() {
        return Err(Error::usage("The grace ends beyond the year 9998."));
    }
    if !request.force && !request.dry_run && ui.manner().json {
        return Err(nobody_answers(
            "JSON output asks no questions, and replacing a task credential needs a confirmation.",
        ));
    }
    let regions = named_or_usual(&request.regions, settings)?;
    Ok(Ready { request, regions })
}

/// What is replaced.
struct Plan {
    regions: Vec<RegionRef>,
    replaces: Vec<TaskCredential>,
    /// The old keys that get an end.
    retires: Vec<ApiKey>,
    left: Vec<Left>,
    /// The regions that do not tell which key they hold.
    untold: Vec<RegionRef>,
}

/// Runs `task-credential-rotate`.
pub fn run(ready: &Ready, session: &mut Session) -> Result<()> {
    let Ready { request, regions } = ready;
    let asks = !request.force && !request.dry_run;
    announce("Replacing", &format!("the task credentials in {}", names(regions)), session);
    let mut finished = Vec::new();
    if request.dry_run {
        finish::refuse_any(regions, session)?;
    } else if finish::is_any(regions, session) {
        if asks {
            agree("A command on these task credentials was interrupted. Finish it?", session)?;
        }
        finished = finish::finish(regions, Operation::Rotate, session)?;
    }
    let plan = plan(request, regions, &finished, session)?;
    for run in &finished {
        if let Some(key) = &run.key {
            report::replaced(run, key, &[], &[], session);
        }
    }
    if plan.regions.is_empty() {
        if !finished.is_empty() {
            return Ok(());
        }
        let message = format!("There is no task credential in {}.", names(regions));
        let create = family(session).on("create", "");
        return Err(Error::new(ErrorKind::NotFound, message)
            .hint(format!("Store one with '{create} --region REGION'.")));
    }
    carry_out(&plan, request, asks, session)
}

/// Looks at the regions, and decides what becomes of each old key.
fn plan(
    request: &Request,
    regions: &[RegionRef],
    finished: &[Run],
    session: &Session,
) -> Result<Plan> {
    let is_finished = |region: RegionRef| {
        let all = finished.iter().filter_map(|run| run.begun.regions.as_ref());
        all.flat_map(|all| &all.names).any(|name| name == region.name)
    };
    let mut looked = look_at_each(regions, session)?;
    looked.retain(|(region, found)| !found.is_empty() && !is_finished(region));
    let targets: Vec<RegionRef> = looked.iter().map(|(region, _)| *region).collect();
    let replaces: Vec<TaskCredential> =
        looked.iter().flat_map(|(_, found)| found.clone()).collect();
    let untold = looked.iter().filter(|(_, found)| found.iter().any(|one| one.key().is_none()));
    let untold = untold.map(|(region, _)| *region).collect();
    let (mut old_keys, mut seen) = (Vec::<(KeyInside, ApiKey)>::new(), Vec::new());
    for old in replaces.iter().filter_map(TaskCredential::key) {
        if seen.contains(&old.id) {
            continue;
        }
        seen.push(old.id.clone());
        let found = once::found(session.keys().get(&old.id, Detail::default()));
        let found = found.map_err(|error| session.told_of(error, &old.id))?;
        old_keys.extend(found.map(|found| (old, found.key)));
    }
    let keys: Vec<&ApiKey> = old_keys.iter().map(|(_, key)| key).collect();
    let elsewhere = Elsewhere::look(&targets, &keys, session)?;
    let (mut retires, mut left) = (Vec::new(), Vec::new());
    for (old, key) in old_keys {
        let id = old.id;
        let why = match held_at(&key, &elsewhere, request.retire) {
            Some(why) => Some(why),
            None if key.iam_id != session.owner().0 => {
                Some("it belongs to somebody else".to_owned())
            }
            // The region's word alone is not enough: others may write there.
            None if !(request.retire
                || old.is_made && key.name.starts_with(IN_TASK_CREDENTIAL)) =>
            {
                Some("this program did not make it, and '--retire' was not given".to_owned())
            }
            None => None,
        };
        match why {
            Some(why) => left.push(Left { id, why }),
            None if key.locked => {
                return Err(locked(session, &session.subject(&key.name), &key));
            }
            None => {
                is_acting(&id, session)?;
                retires.push(key);
            }
        }
    }
    Ok(Plan { regions: targets, replaces, retires, left, untold })
}

/// Says which other region holds a key, or may hold it. Who says `--retire` takes upon themselves what is not certain.
fn held_at(key: &ApiKey, elsewhere: &Elsewhere<'_>, retire: bool) -> Option<String> {
    let Holder { region, doubt } = elsewhere.holder(key)?;
    match doubt {
        None => Some(format!("the task credential in {} holds it too", region.name)),
        Some(_) if retire => None,
        Some(why) => Some(format!(
            "the region {} may hold it too, and {why}; '--retire' gives it its end all the same",
            region.name
        )),
    }
}

/// Looks at the regions. Fails where one cannot be asked, and says how it is left out.
fn look_at_each(
    regions: &[RegionRef],
    session: &Session,
) -> Result<Vec<(RegionRef, Vec<TaskCredential>)>> {
    let (mut all, mut failed) = (Vec::new(), None);
    for Looked { region, found } in look(regions, session)? {
        match found {
            Ok(found) => {
                all.push((region, found.into_iter().filter(TaskCredential::is_api_key).collect()));
            }
            Err(error) => {
                failed.get_or_insert((region, error));
            }
        }
    }
    let Some((region, error)) = failed else { return Ok(all) };
    let error = cannot_be_asked(error, region);
    let others = all.iter().map(|(region, _)| format!(" --region {}", region.name));
    let others: String = others.collect();
    if others.is_empty() {
        return Err(error);
    }
    let rotate = family(session).on("rotate", "");
    let why = error.hint.clone().map(|hint| hint + " ").unwrap_or_default();
    Err(error.hint(format!("{why}To leave it out, run '{rotate}{others}'.")))
}

fn carry_out(plan: &Plan, request: &Request, asks: bool, session: &mut Session) -> Result<()> {
    let name = match &plan.replaces[..] {
        [first, others @ ..] if others.iter().all(|other| other.name == first.name) => &first.name,
        _ => NAME,
    };
    let name = if name.is_empty() { NAME } else { name };
    let new = new_key(name, &plan.regions, session)?;
    let grace = Some(request.grace.as_secs());
    let retires = |key: &ApiKey| Retires { id: key.id.to_string(), grace };
    let now = session.service_time()?;
    if request.dry_run {
        let until = end_of_grace(&Retires { id: String::new(), grace }, now).unwrap_or(now);
        let ended = plan.retires.iter().map(|key| key.id.clone()).collect();
        let old_keys = Some((ended, until, &plan.left[..]));
        report::dry_run(name, Err(&new.name), &plan.regions, old_keys, session);
        report::say_left(&plan.left, &plan.untold, session);
        return Ok(());
    }
    let old: Vec<&ApiKey> = plan.retires.iter().collect();
    facts::tell(&old, asks, session.now()?, session);
    if asks {
        let question = format!(
            "Are you sure you want to replace the task credential in {}?",
            names(&plan.regions)
        );
        agree(&question, session)?;
    }
    let old_keys = plan.replaces.iter().filter_map(TaskCredential::key_id);
    let goal = InRegions {
        names: plan.regions.iter().map(|region| region.name.to_owned()).collect(),
        credential: name.to_owned(),
        replaces: plan.replaces.iter().map(|found| found.id.clone()).collect(),
        old_keys: old_keys.map(|id| id.to_string()).collect(),
        retires: plan.retires.iter().map(retires).collect(),
    };
    let mut run = once::begin_in_regions(&new, goal, Operation::Rotate, session)?;
    let ended = run.drive(session).map_err(|error| report::unfinished(error, &run, session))?;
    let key = report::ended(&mut run, ended, session)?;
    report::replaced(&run, &key, &plan.left, &plan.untold, session);
    if !session.ui.manner().json {
        once::warn_of_clock(session);
    }
    report::check_alone(ended, session)
}
