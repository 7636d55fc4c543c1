//! `api-key-rotate`: a new key in the place of an old one, in steps that can be taken up anywhere.
//!
//! The new key is made as by `api-key-create`; it proves that it opens something; its value goes to its place; only then
//! is the old key disabled, or given an end. So at every instant a key works whose value somebody holds. What an
//! interrupted rotation has left is finished first, so that the same command again makes no third key.

use std::fmt::Write as _;
use std::path::Path;

use crate::backend::{Backend, BackendError, Condition};
use crate::cli::ApiKeyRotateArgs;
use crate::context::Context;
use crate::error::{Error, ErrorKind, Result};
use crate::journal::{Operation, Retires};
use crate::model::{ApiKey, ApiKeyId, Identity, NewApiKey, Owner, State, Timestamp};
use crate::ops::making::{self, Handed, Made, Plan};
use crate::ops::recover::{self, Finished};
use crate::ops::resolve::{self, Found, Meaning};
use crate::ops::retire::{Retired, end_of_grace, is_acting, retire_with};
use crate::ops::{create, facts, locked, progress_line, subject};
use crate::render::json::{self, PlannedRotation};
use crate::secret::Secret;
use crate::text::{escape, shell_word};
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
        if let Some(finished) = recover::finish_rotation(&args.which.key, file, &identity, context)?
        {
            say_finished(&finished, file, now, context);
            return Ok(());
        }
    }
    let destination = check(context)?;
    let old = resolve::one(context, &args.which.key, Meaning::Current, now)?;
    refuse(&old, &label, &identity, context)?;
    let old = old.key;
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
    let is_own = is_acting(&old.id, context.backend()?);
    let (made, acting) = prove(made, context)?;
    let for_login = (is_own == Some(true) && context.is_by_login())
        .then(|| Secret::new(made.value.expose().to_owned()));
    let handed = hand_over(made, file, &old.id, now, context)?;
    let has_moved = for_login.is_some();
    if let Some(value) = for_login {
        // With the old key disabled the login would be no login any more.
        context
            .move_login(&value, &handed.key.id)
            .map_err(|error| not_moved(error, &handed, &retires, context))?;
    }
    // Where it cannot be told whose credential it is, the new key does as well.
    let acting = acting.as_deref().filter(|_| is_own != Some(false));
    let became = retire_with(&retires, acting, context)
        .map_err(|error| not_retired(error, &handed, &retires, context))?;
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
    say_retired(&retires.id, became, context);
    if any_tokens && became == Retired::Disabled {
        facts::warn_of_tokens(context);
    }
    if has_moved {
        context.ui.result("The login was moved to the new key");
    } else if is_own == Some(true) {
        context.ui.warn(
            "The credential in use is the key that was rotated; put the new one in its place.",
        );
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
            shell_word(old.key.id.as_str())
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

/// Describes the new key: like the old one, and living as long.
fn successor(old: &ApiKey, args: &ApiKeyRotateArgs, now: Timestamp) -> Result<NewApiKey> {
    let lifetime = old.expires_at.map(|at| at.seconds() - old.created_at.seconds());
    let lifetime = lifetime.and_then(|seconds| u64::try_from(seconds).ok());
    let lifetime = args.expires_in.or(lifetime.map(std::time::Duration::from_secs));
    let expires_at = lifetime
        .map(|lifetime| {
            now.plus(lifetime).ok_or_else(|| Error::usage("The expiry lies beyond the year 9998."))
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

fn say_retired(old: &str, retired: Retired, context: &mut Context) {
    let line = format!("The old key {} {}", context.ui.entity(old), retired.words());
    context.ui.result(&line);
}

/// Tells of a rotation that an interrupted command began and this one finished.
fn say_finished(finished: &Finished, file: Option<&Path>, now: Timestamp, context: &mut Context) {
    let Finished { key, old: (old, became) } = finished;
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
    say_retired(old, *became, context);
}
