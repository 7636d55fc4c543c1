//! Groups of service IDs: lists, makes, changes and deletes them.

use super::update::nothing_to_change;
use super::{
    GROUP, SERVICE_ID, announce_as, entity, family, find_group, service_ids, subject, told_of,
};
use crate::error::{Error, Result};
use crate::model::{EntityTag, GroupChanges, GroupRef};
use crate::ops::{agree, announce, sheet};
use crate::render::service_ids as render;
use crate::session::Session;
use crate::systems::{Condition, SystemError};
use crate::text::{capitalised, escape, shell_word};
use crate::told::told;
use crate::ui::{Ui, nobody_answers};

/// Lists the groups of the account.
pub fn list(ids_only: bool, wide: bool, session: &mut Session) -> Result<()> {
    let now = session.now()?;
    if !ids_only {
        announce_as("Getting", "all service ID groups of current account", session);
    }
    let listed = service_ids(session)?.list_groups();
    let groups = listed
        .map_err(|error| told(error, "The list of service ID groups", &family(GROUP, session)))?;
    let ui = &mut *session.ui;
    if ui.manner().json {
        ui.data(|out| render::json_groups(out, &groups));
    } else if ids_only {
        ui.data(|out| {
            groups.iter().try_for_each(|group| writeln!(out, "{}", escape(group.id.as_str())))
        });
    } else {
        ui.ok();
        if groups.is_empty() {
            ui.result("No service ID groups found");
            return Ok(());
        }
        let sheet = sheet(ui, wide.then_some(now));
        ui.data(|out| render::groups(out, &groups, sheet));
    }
    Ok(())
}

/// A group to be made.
#[derive(Debug)]
pub struct New {
    /// The name, not empty.
    pub name: String,
    /// The description, empty for none.
    pub description: String,
    /// Whether to do nothing.
    pub dry_run: bool,
}

/// Makes a group.
pub fn create(new: &New, session: &mut Session) -> Result<()> {
    let New { name, description, dry_run } = new;
    let entity = entity(name, GROUP, session);
    announce_as("Creating", &format!("{entity} bound to current account"), session);
    let of = |error| told_of(error, name, GROUP, session);
    session.keys().check_texts(Some(name), Some(description)).map_err(of)?;
    let ids = service_ids(session)?;
    if *dry_run {
        let account = session.identity().account_id.clone();
        if session.ui.manner().json {
            session.ui.data(|out| render::json_planned_group(out, name, description, &account));
        }
        session.ui.result(&format!("Dry run: {entity} would be created"));
        return Ok(());
    }
    let made = ids.create_group(name, description).map_err(|error| taken(error, name, session))?;
    let ui = &mut *session.ui;
    if ui.manner().json {
        ui.data(|out| render::json_group(out, &made));
        return Ok(());
    }
    ui.ok();
    ui.result(&format!("{} was created", capitalised(&entity)));
    let text = render::created_group(&made, ui.manner().colour.0);
    ui.data(|out| out.write_all(text.as_bytes()));
    Ok(())
}

/// Words a failure that may be about a name that is taken.
fn taken(error: SystemError, name: &str, session: &Session) -> Error {
    let is_taken = error.condition == Condition::Conflict;
    let told = told_of(error, name, GROUP, session);
    if !is_taken {
        return told;
    }
    let message = format!("{} exists already.", capitalised(&subject(name, GROUP)));
    Error { message, ..told }.hint(format!(
        "Names of groups are unique in the account: see '{}'.",
        family(GROUP, session).list()
    ))
}

/// A change to a group.
#[derive(Debug)]
pub struct Change {
    /// Which group.
    pub group: GroupRef,
    /// The new name.
    pub name: Option<String>,
    /// The new description; an empty one clears it.
    pub description: Option<String>,
    /// Whether only to show what would be done.
    pub dry_run: bool,
}

/// Refuses a change of nothing, before anybody logs in.
pub fn ready_to_update(change: Change, program: &str) -> Result<Change> {
    if change.name.is_some() || change.description.is_some() {
        return Ok(change);
    }
    Err(nothing_to_change(program, GROUP.command))
}

/// Changes a group.
pub fn update(change: &Change, session: &mut Session) -> Result<()> {
    let Change { group: named, name, description, dry_run } = change;
    let entity = entity(named, GROUP, session);
    announce("Updating", &entity, session);
    let seen = find_group(session, named)?;
    let of = |error| told_of(error, named, GROUP, session);
    session.keys().check_texts(name.as_deref(), description.as_deref()).map_err(of)?;
    // The reference has the name as a field that must be there.
    let name = name.clone().unwrap_or_else(|| seen.name.to_string());
    let changes = GroupChanges { name: Some(name.clone()), description: description.clone() };
    let after = if *dry_run {
        let mut after = seen;
        changes.apply(&mut after);
        after
    } else {
        let is_new = *name != *seen.name;
        let updated = service_ids(session)?.update_group(&seen.id, &seen.entity_tag, &changes);
        updated
            .map_err(|error| not_updated(error, named, &name, is_new, &seen.entity_tag, session))?
    };
    let ui = &mut *session.ui;
    if ui.manner().json {
        ui.data(|out| render::json_group(out, &after));
        return Ok(());
    }
    if *dry_run {
        ui.result(&format!("Dry run: {entity} would be updated"));
        return Ok(());
    }
    ui.ok();
    ui.result(&format!("{} was updated", capitalised(&entity)));
    Ok(())
}

/// Words a failed change. A conflict is about the name if that is new and another group has it, else about the version.
fn not_updated(
    error: SystemError,
    named: &GroupRef,
    name: &str,
    is_new: bool,
    seen: &EntityTag,
    session: &Session,
) -> Error {
    let is_conflict = error.condition == Condition::Conflict;
    let is_at_version = || find_group(session, named).is_ok_and(|now| now.entity_tag == *seen);
    if is_conflict && is_new && is_at_version() {
        return taken(error, name, session);
    }
    told_of(error, named, GROUP, session)
}

/// A deletion of a group.
#[derive(Debug)]
pub struct Deletion {
    /// Which group.
    pub group: GroupRef,
    /// Whether to go on without confirmation.
    pub force: bool,
    /// Whether only to show what would be done.
    pub dry_run: bool,
}

/// Refuses a question that nobody can answer, before anybody logs in.
pub fn ready_to_delete(deletion: Deletion, ui: &Ui) -> Result<Deletion> {
    if !deletion.force && !deletion.dry_run && ui.manner().json {
        return Err(nobody_answers(
            "JSON output asks no questions, and this command needs a confirmation.",
        ));
    }
    Ok(deletion)
}

/// Deletes a group that is empty.
pub fn delete(deletion: &Deletion, session: &mut Session) -> Result<()> {
    let Deletion { group: named, force, dry_run } = deletion;
    let entity = entity(named, GROUP, session);
    announce("Deleting", &entity, session);
    let found = find_group(session, named)?;
    if !force && !dry_run {
        let subject = subject(named, GROUP);
        agree(&format!("Are you sure you want to delete {subject}?"), session)?;
    }
    let outcome = if *dry_run {
        "would be deleted"
    } else {
        let deleted = service_ids(session)?.delete_group(&found.id);
        deleted.map_err(|error| not_deleted(error, named, session))?;
        "deleted"
    };
    let ui = &mut *session.ui;
    if ui.manner().json {
        ui.data(|out| render::json_outcome(out, found.id.as_str(), &found.name, outcome));
    } else if *dry_run {
        ui.result(&format!("Dry run: {entity} would be deleted"));
    } else {
        ui.ok();
        ui.result(&format!("{} was deleted", capitalised(&entity)));
    }
    Ok(())
}

fn not_deleted(error: SystemError, named: &GroupRef, session: &Session) -> Error {
    let is_conflict = error.condition == Condition::Conflict;
    let told = told_of(error, named, GROUP, session);
    if !is_conflict {
        return told;
    }
    let message = format!(
        "{} holds service IDs, or is the default group; it was not deleted.",
        capitalised(&subject(named, GROUP))
    );
    Error { message, ..told }.hint(format!(
        "List what it holds with '{} --group {}'; a service ID cannot be moved to another group.",
        family(SERVICE_ID, session).list(),
        shell_word(&named.to_string())
    ))
}
