//! `api-key-create`: makes a key whose value is known and kept before anybody is asked to make it.

use std::io;
use std::path::Path;

use crate::backend::CreateEffect;
use crate::cli::ApiKeyCreateArgs;
use crate::context::Context;
use crate::error::{Error, ErrorKind, Result};
use crate::journal::{Begun, Operation};
use crate::model::{ApiKey, ApiKeyChanges, Identity, NewApiKey, Owner, Timestamp};
use crate::ops::making::{self, Plan};
use crate::ops::{expiry, progress_line, resolve, subject};
use crate::render::{json, table};
use crate::secret::Secret;
use crate::text::shell_word;
use crate::ui::{Ui, nobody_answers};

/// Runs `api-key-create`.
pub fn run(args: &ApiKeyCreateArgs, context: &mut Context) -> Result<()> {
    let now = context.now()?;
    let mut new = NewApiKey {
        id: None,
        owner: Owner::Myself,
        name: args.name.clone(),
        description: args.description.clone(),
        locked: args.lock,
        disabled: args.disabled,
        action_when_leaked: args.action_if_leaked,
        expires_at: expiry(&args.expiry, now)?,
        support_sessions: None,
    };
    let file = args.file.as_deref();
    let destination =
        file.map(|file| making::check_destination(file, args.force, context)).transpose()?;
    let identity = context.identity()?;
    new.id = context.backend()?.choose_id();
    let what = format!("API key {}", context.ui.entity(&new.name));
    context.ui.progress(&progress_line("Creating", &what, &identity));
    if args.dry_run.dry_run {
        return dry_run(&new, file, &identity, now, context);
    }
    check_texts(&new, context)?;
    warn_of_orphans(&identity, context);
    agree_to_replace(args.force, context)?;
    let plan = Plan {
        operation: Operation::ApiKeyCreate,
        new: &new,
        identity: &identity,
        now,
        destination,
        server_value: args.server_value,
        retires: None,
    };
    let made = making::make(plan, context)?;
    let Some(file) = file else {
        let handed = made.into_output(context, |key, value, context| {
            print(key, value, "created", now, context)
        })?;
        let key = handed.close(context);
        remind_of_expiry(&key, context);
        return Ok(());
    };
    let key = made.into_file(context)?.close(context);
    if context.ui.manner().json {
        let state = resolve::state_now(context, &key, now);
        context.ui.data(|out| json::key(out, &key, state));
        return Ok(());
    }
    say_saved(&key, "created", file, context);
    remind_of_expiry(&key, context);
    Ok(())
}

/// A key without an end is forgotten and works on.
fn remind_of_expiry(key: &ApiKey, context: &mut Context) {
    if key.expires_at.is_none() {
        let program = context.program();
        let words = format!(
            "This API key never expires. '{program} api-key-update {} --expires-in 90d' gives it an end.",
            shell_word(key.id.as_str())
        );
        context.ui.warn(&words);
    }
}

/// Says that a key is in FILE.
pub(super) fn say_saved(key: &ApiKey, done: &str, file: &Path, context: &mut Context) {
    let ui = &mut context.ui;
    ui.ok();
    ui.result(&format!("API key {} was {done}", ui.entity(&key.name)));
    let shown = ui.entity(&file.display().to_string());
    ui.result(&format!("Successfully save API key information to {shown}"));
}

fn dry_run(
    new: &NewApiKey,
    file: Option<&Path>,
    identity: &Identity,
    now: Timestamp,
    context: &mut Context,
) -> Result<()> {
    context.backend()?.check_new(new).map_err(|error| context.told(error, &subject(&new.name)))?;
    let ui = &mut context.ui;
    if ui.manner().json {
        ui.data(|out| json::planned(out, new, identity, now));
    } else {
        let place =
            file.map(|file| format!(" and saved to {}", ui.entity(&file.display().to_string())));
        let place = place.unwrap_or_default();
        ui.result(&format!("Dry run: API key {} would be created{place}", ui.entity(&new.name)));
    }
    Ok(())
}

/// Refuses texts that the backend will refuse, before they are written anywhere.
fn check_texts(new: &NewApiKey, context: &Context) -> Result<()> {
    let texts = ApiKeyChanges {
        name: Some(new.name.clone()),
        description: Some(new.description.clone()),
        ..ApiKeyChanges::default()
    };
    context
        .backend()?
        .check_changes(&texts)
        .map_err(|error| context.told(error, &subject(&new.name)))
}

/// Asks where making a key ends the present one; most backends only add.
fn agree_to_replace(force: bool, context: &mut Context) -> Result<()> {
    if force || context.backend()?.create_effect() == CreateEffect::Adds {
        return Ok(());
    }
    if context.ui.manner().json {
        return Err(nobody_answers(
            "JSON output asks no questions, and a new key would end the present one.",
        ));
    }
    if context.ui.confirm("The present key stops working at once. Create another?")? {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Cancelled, "Cancelled; nothing was changed."))
}

/// Reminds of what an earlier command left, which only `recover` settles.
fn warn_of_orphans(identity: &Identity, context: &mut Context) {
    let is_ours = |begun: &Begun| {
        context
            .backend()
            .is_ok_and(|backend| begun.is_of(backend, &identity.account_id, &identity.iam_id))
    };
    if context.journal().is_ok_and(|journal| journal.has_orphans(1, is_ours)) {
        let program = context.program();
        let words = format!(
            "An earlier command was interrupted. Run '{program} recover' to finish or undo it."
        );
        context.ui.warn(&words);
    }
}

/// Prints the value, in the one place where it ever appears.
pub(super) fn print(
    key: &ApiKey,
    value: &Secret,
    done: &str,
    now: Timestamp,
    context: &mut Context,
) -> io::Result<()> {
    if context.ui.manner().json {
        let state = resolve::state_now(context, key, now);
        return context.ui.deliver(&json::created(key, state, value));
    }
    let ui = &mut context.ui;
    ui.ok();
    ui.result(&format!("API key {} was {done}", ui.entity(&key.name)));
    ui.result("");
    ui.warn("Please preserve the API key! It cannot be retrieved after it's created.");
    let text = table::created(key, value, ui.manner().colour.0);
    ui.deliver(&text)?;
    if Ui::output_goes_nowhere() {
        let key = format!("{} ({})", subject(&key.name), key.id);
        ui.warn(&format!("Standard output goes nowhere: nobody has the value of {key}."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::fake::Fake;
    use crate::ui::Manner;

    #[test]
    fn a_key_that_ends_the_present_one_is_not_made_unasked() {
        let backend = Fake { effect: CreateEffect::ReplacesTheOnlyKey, ..Fake::default() };
        let mut context = backend.context(Manner { json: true, ..Manner::default() });
        assert_eq!(agree_to_replace(false, &mut context).unwrap_err().kind, ErrorKind::Usage);
        assert!(agree_to_replace(true, &mut context).is_ok());
    }
}
