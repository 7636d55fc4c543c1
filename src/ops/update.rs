//! `api-key-update`: changes what was asked for, if nobody else changed the key meanwhile.

use crate::cli::ApiKeyUpdateArgs;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::model::{ApiKey, ApiKeyChanges, Detail};
use crate::ops::resolve::{self, Meaning};
use crate::ops::{conflict, expiry, locked, progress_line, subject};
use crate::render::json;
use crate::systems::Condition;

/// Runs `api-key-update`.
pub fn run(args: &ApiKeyUpdateArgs, context: &mut Context) -> Result<()> {
    let now = context.now()?;
    let expires_at = if args.no_expiry { Some(None) } else { expiry(&args.expiry, now)?.map(Some) };
    let changes = ApiKeyChanges {
        name: args.name.clone(),
        description: args.description.clone(),
        action_when_leaked: args.action_if_leaked,
        expires_at,
        support_sessions: None,
    };
    if changes.is_empty() {
        return Err(Error::usage("There is nothing to change.").hint(format!(
            "Give a change, such as '--name NEW': see '{} api-key-update --help'.",
            context.program()
        )));
    }
    let identity = context.identity()?;
    let label = args.which.key.to_string();
    let what = format!("API key {}", context.ui.entity(&label));
    context.ui.progress(&progress_line("Updating", &what, &identity));
    let found = resolve::one(context, &args.which.key, Meaning::Current, now)?;
    let subject = subject(&label);
    if found.key.locked {
        return Err(locked(context, &subject, &found.key));
    }
    let key = if args.dry_run.dry_run {
        context
            .backend()?
            .check_changes(&changes)
            .map_err(|error| context.told(error, &subject))?;
        let mut key = found.key;
        changes.apply(&mut key);
        key
    } else {
        update(context, &found.key, &changes, &subject)?
    };
    let state = resolve::state_now(context, &key, now);
    let ui = &mut context.ui;
    if ui.manner().json {
        ui.data(|out| json::key(out, &key, state));
        return Ok(());
    }
    if args.dry_run.dry_run {
        ui.result(&format!("Dry run: API key {} would be updated", ui.entity(&label)));
        return Ok(());
    }
    ui.ok();
    ui.result(&format!("API key {} was updated", ui.entity(&label)));
    Ok(())
}

fn update(
    context: &Context,
    seen: &ApiKey,
    changes: &ApiKeyChanges,
    subject: &str,
) -> Result<ApiKey> {
    let backend = context.backend()?;
    match backend.update_api_key(&seen.id, &seen.entity_tag, changes) {
        Ok(key) => Ok(key),
        // What a conflict means is seen by looking again.
        Err(error) if matches!(error.condition, Condition::Conflict | Condition::Locked) => {
            let now = backend.api_key(&seen.id, Detail::default());
            let now = now.map_err(|error| context.told(error, subject))?.key;
            if changes.already_in(&now) {
                return Ok(now);
            }
            if now.locked {
                return Err(locked(context, subject, &now));
            }
            Err(conflict(context, error, subject, seen, &now))
        }
        Err(error) => Err(context.told(error, subject)),
    }
}
