//! `api-key-rotate`: a new key in the place of an old one, in steps that can be taken up anywhere.
//!
//! The new key is made as by `api-key-create`; it proves that it opens something; its value goes to its place; only then
//! is the old key disabled, or given an end. So at every instant a key works whose value somebody holds. What an
//! interrupted rotation has left is finished first, so that the same command again makes no third key.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use crate::cli::ApiKeyRotateArgs;
use crate::context::Context;
use crate::credentials::input;
use crate::error::{Error, ErrorKind, Result};
use crate::journal::{Operation, Retires};
use crate::model::{
    ApiKey, ApiKeyId, Identity, NewApiKey, Owner, State, Timestamp, write_duration,
};
use crate::ops::making::{self, Handed, Made, Plan};
use crate::ops::recover::{self, Finished};
use crate::ops::resolve::{self, Found, Meaning};
use crate::ops::retire::{Ended, Retired, Unended, end, end_of_grace, is_acting};
use crate::ops::{create, facts, locked, progress_line, subject};
use crate::private_file::Destination;
use crate::render::json::{self, PlannedRotation};
use crate::secret::Secret;
use crate::systems::{Backend, BackendError, Condition};
use crate::text::escape;
use crate::ui::nobody_answers;

/// Runs `api-key-rotate`.
pub fn run(args: &ApiKeyRotateArgs, context: &mut Context) -> Result<()> {
    let now = context.now()?;
    let force = args.force.force;
    let asks = !force && !args.dry_run.dry_run;
    let file = args.file.as_deref();
    // FILE is looked at before anything is asked for, and again when the key is about to be made.
    let check = |context: &Context| {
        file.map(|file| making::check_destination(file, force, context)).transpose()
    };
    refuse_unattended(args, context)?;
    if args.grace.is_some_and(|grace| now.plus(grace).is_none()) {
        return Err(Error::usage("The grace ends beyond the year 9998."));
    }
    if asks && context.ui.manner().json {
        return Err(nobody_answers(
            "JSON output asks no questions, and rotating a key needs a confirmation.",
        ));
    }
    let has_begun = !args.dry_run.dry_run && recover::has_rotation(&args.which.key, context);
    // What FILE holds by now may be the key of the rotation that was begun.
    if !has_begun {
        check(context)?;
    }
    let identity = context.identity()?;
    let label = args.which.key.to_string();
    let what = format!("API key {}", context.ui.entity(&label));
    context.ui.progress(&progress_line("Rotating", &what, &identity));
    if has_begun {
        if asks
            && !context.ui.confirm(&format!(
                "A rotation of {} was interrupted. Finish it?",
                subject(&label)
            ))?
        {
            return Err(Error::new(ErrorKind::Cancelled, "Cancelled; nothing was changed."));
        }
        if let Some(finished) = recover::finish_rotation(args, &identity, context)? {
            say_finished(&finished, file, now, context);
            return obeyed(&finished, args, context);
        }
    }
    let mut destination = check(context)?;
    let old = resolve::one(context, &args.which.key, Meaning::Current, now)?;
    refuse(&old, &label, &identity, context)?;
    let old = old.key;
    is_acting(&old.id, context)?;
    if let Some(destination) = &mut destination {
        check_content(destination, &old, context)?;
        for concern in destination.concerns() {
            context.ui.warn(concern);
        }
    }
    let mut new = successor(&old, args, now)?;
    check_room(&new, &old, args.purge, now, context)?;
    let retires =
        Retires { id: old.id.to_string(), grace: args.grace.map(|grace| grace.as_secs()) };
    if args.dry_run.dry_run {
        let purged = if args.purge { phased_out_beside(&old, now, context)? } else { Vec::new() };
        dry_run(&old, &new, &retires, &purged, file, now, context);
        return Ok(());
    }
    let any_tokens = facts::tell(&[&old], asks, now, context);
    if asks
        && !context.ui.confirm(&format!("Are you sure you want to rotate {}?", subject(&label)))?
    {
        return Err(Error::new(ErrorKind::Cancelled, "Cancelled; nothing was changed."));
    }
    if args.purge {
        // Looked for behind the question: somebody may have enabled one again while it stood.
        purge(&phased_out_beside(&old, context.now()?, context)?, context);
    }
    new.id = context.backend()?.choose_id();
    let plan = Plan {
        operation: Operation::ApiKeyRotate,
        new: &new,
        identity: &identity,
        now,
        destination,
        server_value: false,
        retires: Some((retires, &old)),
    };
    carry_out(plan, file, any_tokens, context)
}

/// Makes the new key, proves it, hands it over and retires the old one, in this order.
fn carry_out(
    plan: Plan<'_>,
    file: Option<&Path>,
    any_tokens: bool,
    context: &mut Context,
) -> Result<()> {
    let now = plan.now;
    let Some((retires, old)) = plan.retires.clone() else { return Ok(()) };
    let made = making::make(plan, context)?.note(context)?;
    let (made, acting) = prove(made, context)?;
    let value = Secret::new(made.value.expose().to_owned());
    let handed = hand_over(made, file, &old.id, now, context)?;
    let new = (&handed.key.id, &value);
    let ended =
        end(&retires, new, file, acting.as_deref(), context).map_err(|error| match error {
            Unended::Login(error) => not_moved(error, &handed, &retires, context),
            Unended::Key(error) => not_retired(error, &handed, &retires, context),
        })?;
    let key = handed.close(context);
    if context.ui.manner().json {
        if file.is_some() {
            let state = resolve::state_now(context, &key, now);
            context.ui.data(|out| json::key(out, &key, state));
        }
        return Ok(());
    }
    if let Some(file) = file {
        create::say_saved(&key, "rotated", file, context);
    }
    say_ended(&retires.id, ended, context);
    if any_tokens && ended.became == Retired::Disabled {
        facts::warn_of_tokens(context);
    }
    Ok(())
}

/// Refuses to print a value into the void: without a terminal, somebody must have said where it goes.
fn refuse_unattended(args: &ApiKeyRotateArgs, context: &Context) -> Result<()> {
    let has_place = args.file.is_some() || context.ui.manner().json || args.dry_run.dry_run;
    if has_place || context.ui.can_ask() {
        return Ok(());
    }
    Err(Error::usage("Without a terminal it must be said where the new value goes.")
        .hint("Say '--file FILE' or '--output json'."))
}

/// Refuses keys that cannot or should not be rotated, before anything is made.
fn refuse(old: &Found, label: &str, identity: &Identity, context: &Context) -> Result<()> {
    if old.key.iam_id != identity.iam_id {
        let message = format!(
            "{} belongs to {}: a new key made here would act as you, and not in its place.",
            subject(label),
            escape(&old.key.iam_id),
        );
        return Err(Error::new(ErrorKind::NotPermitted, message).hint(format!(
            "Its owner can rotate it; '{} api-key-disable {}' takes it out of use.",
            context.program(),
            old.key.id.in_command()
        )));
    }
    if old.key.locked {
        return Err(locked(context, &subject(label), &old.key));
    }
    if matches!(old.state, State::PhasingOut | State::PhasedOut) {
        let message = format!(
            "{} is {}: another key of its name has taken its place already.",
            subject(label),
            old.state
        );
        return Err(Error::new(ErrorKind::Conflict, message)
            .hint(format!("Rotate that one: '{} api-key-rotate NAME'.", context.program())));
    }
    Ok(())
}

/// Refuses a FILE whose content would be lost: what is replaced is the key that is rotated, or nothing.
fn check_content(destination: &mut Destination, old: &ApiKey, context: &Context) -> Result<()> {
    let Some(bytes) = destination.read(input::MOST)? else { return Ok(()) };
    if bytes.trim_ascii().is_empty() {
        return Ok(());
    }
    let rotated = format!("{} ({})", subject(&old.name), old.id);
    let shown = destination.path().display();
    let lost = |what: &str| {
        let message = format!("'{shown}' holds {what}, and not {rotated}, which is rotated.");
        Error::new(ErrorKind::Destination, message)
            .hint("Name another file, or move this one away first.")
    };
    let held = str::from_utf8(&bytes).ok().and_then(input::key_in);
    let held = held.ok_or_else(|| lost("something that is no API key"))?;
    // The value alone is the key; a file that tells two stories is nobody's to replace.
    if held.id.is_some_and(|id| id != old.id.as_str()) {
        return Err(lost("another API key"));
    }
    match context.backend()?.api_key_by_value(&held.value) {
        Ok(key) if key.id == old.id => {
            destination.keeps_owner = true;
            Ok(())
        }
        Ok(_) => Err(lost("another API key")),
        Err(error)
            if matches!(
                error.condition,
                Condition::NotFound | Condition::Forbidden | Condition::Invalid(_)
            ) =>
        {
            Err(lost("a value that opens no API key of this account"))
        }
        Err(error) => Err(context.told(error, &format!("The API key in '{shown}'"))),
    }
}

/// Describes the new key: like the old one, and living as long.
fn successor(old: &ApiKey, args: &ApiKeyRotateArgs, now: Timestamp) -> Result<NewApiKey> {
    let lifetime = match args.expires_in {
        None => lifetime(old)?,
        given => given,
    };
    let expires_at = lifetime
        .map(|lifetime| {
            now.plus(lifetime).ok_or_else(|| {
                Error::usage("The new key would expire beyond the year 9998.").hint(SAY_LIFETIME)
            })
        })
        .transpose()?;
    Ok(NewApiKey {
        id: None,
        owner: Owner::Myself,
        name: old.name.to_string(),
        description: old.description.to_string(),
        locked: false,
        disabled: false,
        action_when_leaked: Some(old.action_when_leaked),
        expires_at,
        support_sessions: Some(old.support_sessions),
    })
}

const SAY_LIFETIME: &str = "Say how long the new key is to live, such as '--expires-in 90d'.";

/// Tells how long a key was to live. An end before its beginning, as an update can give it, tells nothing.
fn lifetime(key: &ApiKey) -> Result<Option<Duration>> {
    let Some(end) = key.expires_at else { return Ok(None) };
    let seconds = key.creation().map(|start| end.seconds() - start.seconds());
    // Times are exact to the minute, and no key is of use for less.
    if let Some(seconds @ 60..) = seconds.and_then(|seconds| u64::try_from(seconds).ok()) {
        return Ok(Some(Duration::from_secs(seconds)));
    }
    let made = key
        .creation()
        .map_or("at an unknown time".to_owned(), |start| format!("at {}", start.to_wire()));
    let message = format!(
        "{} was made {made} and expires at {}: that says nothing about how long the new key is to live.",
        subject(&key.name),
        end.to_wire()
    );
    Err(Error::usage(message).hint(SAY_LIFETIME))
}

/// Finds the keys that earlier rotations of this one have left.
fn phased_out_beside(old: &ApiKey, now: Timestamp, context: &Context) -> Result<Vec<ApiKey>> {
    let namesakes = resolve::namesakes(context, &old.name, now)?.into_iter();
    let left = namesakes.filter(|found| found.state == State::PhasedOut);
    Ok(left.map(|found| found.key).collect())
}

/// Makes sure that there is room for one more key, before anything is changed.
fn check_room(
    new: &NewApiKey,
    old: &ApiKey,
    purge: bool,
    now: Timestamp,
    context: &Context,
) -> Result<()> {
    let Err(error) = context.backend()?.check_new(new) else { return Ok(()) };
    let is_full = matches!(error.condition, Condition::LimitReached { .. });
    let told = context.told(error, &subject(&new.name));
    if !is_full {
        return Err(told);
    }
    let left = phased_out_beside(old, now, context)?;
    let removable = left.iter().filter(|key| !key.locked).count();
    if purge && removable > 0 {
        return Ok(());
    }
    if removable > 0 {
        return Err(told.hint(format!(
            "Repeat the command with '--purge' to delete the phased-out keys of this name first ({removable})."
        )));
    }
    Err(told)
}

fn dry_run(
    old: &ApiKey,
    new: &NewApiKey,
    retires: &Retires,
    purged: &[ApiKey],
    file: Option<&Path>,
    now: Timestamp,
    context: &mut Context,
) {
    let until = end_of_grace(retires, now);
    let ui = &mut context.ui;
    if ui.manner().json {
        let purged: Vec<&str> = purged.iter().map(|key| key.id.as_str()).collect();
        let plan = PlannedRotation::new(old, new, until, &purged);
        ui.data(|out| json::planned_rotation(out, &plan));
        return;
    }
    for key in purged {
        ui.result(&format!("Dry run: the phased-out key {} would be deleted", key.id));
    }
    let name = ui.entity(&old.name);
    let place =
        file.map(|file| format!(" and saved to {}", ui.entity(&file.display().to_string())));
    let end = new.expires_at.map(|at| format!(", valid until {}", at.to_wire()));
    let (place, end) = (place.unwrap_or_default(), end.unwrap_or_default());
    ui.result(&format!("Dry run: a new API key {name} would be created{end}{place}"));
    ui.result("Dry run: the new key would be exchanged for a token");
    let then = until.map_or_else(
        || "be disabled".to_owned(),
        |until| format!("work until {}, or until its own end if that is sooner", until.to_wire()),
    );
    ui.result(&format!("Dry run: the old key {} would then {then}", old.id));
}

/// Deletes phased-out keys; what cannot be deleted is told and stops nothing.
fn purge(keys: &[ApiKey], context: &mut Context) {
    for key in keys {
        let result = match context.backend() {
            Ok(_) if key.locked => Err(locked(context, &subject(&key.id), key)),
            Ok(backend) => match backend.delete_api_key(&key.id) {
                Err(error) if error.condition != Condition::NotFound => {
                    Err(context.told(error, &subject(&key.id)))
                }
                _ => Ok(()),
            },
            Err(error) => Err(error),
        };
        match result {
            Ok(()) => {
                let line = format!("Phased-out key {} was deleted", key.id);
                context.ui.result(&line);
            }
            Err(error) => context.ui.warn(&format!("{} It was not deleted.", error.message)),
        }
    }
}

/// Logs in with the new key; one that opens nothing is undone, and the old one was not touched.
fn prove(made: Made, context: &Context) -> Result<(Made, Option<Box<dyn Backend>>)> {
    match context.backend()?.acting_with(&made.value) {
        Ok(acting) => Ok((made, acting)),
        Err(error) => {
            let mut told = context.told(error, "The new API key");
            told.message = format!(
                "The new API key could not prove that it works: {}. The old one was not touched.",
                told.message.trim_end_matches('.')
            );
            Err(made.undo(told, context))
        }
    }
}

fn hand_over(
    made: Made,
    file: Option<&Path>,
    old: &ApiKeyId,
    now: Timestamp,
    context: &mut Context,
) -> Result<Handed> {
    let handed = match file {
        Some(_) => made.into_file(context),
        None => made.into_output(context, |key, value, context| {
            create::print(key, value, "rotated", now, context)
        }),
    };
    handed.map_err(|mut error| {
        let _ = write!(error.message, " The old API key {old} was not touched.");
        if file.is_none() && error.kind == ErrorKind::Failure {
            return error.hint(
                "Repeat the command: what did not arrive is taken back, and another key takes its place.",
            );
        }
        error
    })
}

/// The new key is in its place, and the login cannot be moved to it: the old one stays until it can.
fn not_moved(error: Error, handed: &Handed, retires: &Retires, context: &Context) -> Error {
    let message = format!(
        "The new API key {} is in its place, but the login could not be moved to it: {}. The old API key {} was not touched.",
        handed.key.id,
        error.message.trim_end_matches('.'),
        retires.id
    );
    let hint = format!(
        "Log in with the new one ('{0} login'), then run '{0} recover' to retire the old one.",
        context.program()
    );
    Error { message, hint: Some(hint), ..error }
}

/// The new key is in its place, the old one still works: nothing is lost, and `recover` does the rest.
fn not_retired(
    error: BackendError,
    handed: &Handed,
    retires: &Retires,
    context: &Context,
) -> Error {
    let mut told = context.told(error, &format!("The old API key {}", retires.id));
    told.message = format!(
        "The new API key {} is in its place, but the old one could not be retired: {}",
        handed.key.id, told.message
    );
    told.hint(format!("Run '{} recover' to finish it.", context.program()))
}

fn say_ended(old: &str, ended: Ended, context: &mut Context) {
    let line = format!("The old key {} {}", context.ui.entity(old), ended.became.words());
    context.ui.result(&line);
    if ended.is_login_moved {
        context.ui.result("The login was moved to the new key");
    }
    if ended.is_credential {
        context.ui.warn(
            "The credential in use is the key that was rotated; put the new one in its place.",
        );
    }
}

/// Tells of a rotation that an interrupted command began and this one finished.
fn say_finished(finished: &Finished, file: Option<&Path>, now: Timestamp, context: &mut Context) {
    let Finished { key, retires, ended, .. } = finished;
    if context.ui.manner().json {
        let state = resolve::state_now(context, key, now);
        context.ui.data(|out| json::key(out, key, state));
        return;
    }
    if let Some(file) = file {
        create::say_saved(key, "rotated", file, context);
    } else {
        context.ui.ok();
        let name = context.ui.entity(&key.name);
        context.ui.result(&format!("API key {name} was rotated"));
    }
    say_ended(&retires.id, *ended, context);
}

/// Fails where something was asked for this time that the interrupted command had done otherwise already.
fn obeyed(finished: &Finished, args: &ApiKeyRotateArgs, context: &Context) -> Result<()> {
    let Finished { key, begun_at, retires, ended } = finished;
    let program = context.program();
    let grace = args.grace.map(|grace| grace.as_secs());
    if grace.is_some() && grace != retires.grace && ended.became == Retired::Disabled {
        let message = format!(
            "The rotation is finished, but '--grace' came too late: the old key {} was disabled before.",
            retires.id
        );
        return Err(Error::new(ErrorKind::Conflict, message).hint(format!(
            "If it is still needed, run '{program} api-key-enable {}'.",
            retires.id
        )));
    }
    let Some(asked) = args.expires_in else { return Ok(()) };
    let wanted = begun_at.plus(asked).map(Timestamp::seconds);
    let end = key.expires_at.map(Timestamp::seconds);
    // The service may tell the end to the minute.
    if end.zip(wanted).is_some_and(|(end, wanted)| (end - wanted).abs() < 60) {
        return Ok(());
    }
    let end = key
        .expires_at
        .map_or("never expires".to_owned(), |at| format!("expires at {}", at.to_wire()));
    let message = format!(
        "The rotation is finished, but '--expires-in' came too late: the new key {} was made before and {end}.",
        key.id
    );
    Err(Error::new(ErrorKind::Conflict, message).hint(format!(
        "Give it another end with '{program} api-key-update {} --expires-in {}'.",
        key.id,
        write_duration(asked)
    )))
}
