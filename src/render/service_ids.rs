//! Service IDs and their groups: tables for people, documents for programs.

use std::borrow::Cow;
use std::io::{self, Write};

use super::columns::{self, Cell, Column, Sheet, labelled};
use super::json;
use super::table::{history, use_rows, yes_no};
use crate::model::{
    Absent, Detail, GroupId, NewServiceId, ServiceId, ServiceIdDetails, ServiceIdGroup,
    activity_document, group_document, history_document, service_id_document,
};
use crate::object::object;
use crate::text::escape;

fn group(service_id: &ServiceId) -> &str {
    service_id.group_id.as_ref().map_or("", |group| group.as_str())
}

fn id() -> Column<ServiceId> {
    Column::new("ID", |found| Cell::Text(found.id.as_str()))
}

fn name() -> Column<ServiceId> {
    Column::new("Name", |found| Cell::Text(&found.name))
}

fn in_group() -> Column<ServiceId> {
    Column::new("Group", |found| Cell::Text(group(found)))
}

fn locked() -> Column<ServiceId> {
    Column::new("Locked", |found| Cell::Text(yes_no(found.locked)))
}

fn created_at() -> Column<ServiceId> {
    Column::new("Created At", |found| Cell::Time(found.created_at))
}

/// Lays out the service IDs of one name.
pub fn candidates(service_ids: &[ServiceId], sheet: Sheet) -> String {
    columns::small(&[id(), name(), in_group(), locked(), created_at()], service_ids, sheet)
}

/// Writes the list of service IDs; `wide` adds group and version.
pub fn table(
    out: &mut dyn Write,
    service_ids: &[ServiceId],
    wide: bool,
    sheet: Sheet,
) -> io::Result<()> {
    let mut columns = vec![
        id(),
        name(),
        created_at(),
        Column::new("Last Updated", |found: &ServiceId| Cell::Time(found.modified_at)),
        Column::new("Description", |found| Cell::Text(&found.description)),
        locked(),
    ];
    if wide {
        columns.push(in_group());
        columns.push(Column::new("Version", |found| Cell::Text(found.entity_tag.as_str())));
    }
    columns::write(out, &columns, service_ids, sheet)
}

fn first_rows(service_id: &ServiceId) -> Vec<(&'static str, Cow<'_, str>)> {
    vec![
        ("ID", escape(service_id.id.as_str())),
        ("Name", escape(&service_id.name)),
        ("Description", escape(&service_id.description)),
        ("CRN", Cow::Owned(escape(&service_id.crn()).into_owned())),
        ("Version", escape(service_id.entity_tag.as_str())),
    ]
}

fn laid_out(rows: &[(&str, Cow<'_, str>)], colour: bool) -> String {
    let width = rows.iter().map(|(label, _)| label.len()).max().unwrap_or_default();
    String::from_utf8(labelled(rows, width, colour)).unwrap_or_default()
}

/// Lays out a new service ID, in the six rows that scripts read.
pub fn created(service_id: &ServiceId, colour: bool) -> String {
    let mut rows = first_rows(service_id);
    rows.push(("Locked", yes_no(service_id.locked).into()));
    laid_out(&rows, colour)
}

/// Lays out everything about one service ID.
pub fn details(details: &ServiceIdDetails, asked: Detail, sheet: Sheet) -> String {
    let service_id = &details.service_id;
    let mut rows = first_rows(service_id);
    rows.extend([
        ("Created At", Cow::Owned(service_id.created_at.to_wire().to_string())),
        ("Last Updated", Cow::Owned(service_id.modified_at.to_wire().to_string())),
        ("Group", escape(group(service_id))),
        ("Locked", yes_no(service_id.locked).into()),
    ]);
    if asked.activity {
        rows.extend(use_rows(details.activity.as_ref()));
    }
    let mut text = laid_out(&rows, sheet.colour);
    if let Some(entries) = &details.history {
        text.push_str(&history(entries, sheet));
    }
    text
}

/// Writes service IDs as an array.
pub fn json(out: &mut dyn Write, service_ids: &[ServiceId]) -> io::Result<()> {
    json::list(out, service_ids.iter().map(|found| service_id_document(found, true)))
}

/// Writes one service ID as an object.
pub fn json_one(out: &mut dyn Write, service_id: &ServiceId) -> io::Result<()> {
    json::document(out, &service_id_document(service_id, true))
}

/// Writes one service ID as an array of one, as the official CLI does, with the details that were asked for.
pub fn json_details(
    out: &mut dyn Write,
    details: &ServiceIdDetails,
    asked: Detail,
) -> io::Result<()> {
    let service_id = &details.service_id;
    let activity = activity_document(details.activity.as_ref(), Absent::Null);
    let shown = service_id_document(service_id, true)
        .with_some("history", history_document(&service_id.account_id, details.history.as_ref()))
        .with_some("activity", asked.activity.then_some(activity));
    json::document(out, &[shown])
}

/// Writes the service ID that `--dry-run` did not make.
pub fn json_planned(out: &mut dyn Write, new: &NewServiceId, account: &str) -> io::Result<()> {
    let planned = object()
        .with("dry_run", true)
        .with("locked", new.locked)
        .with("account_id", account)
        .with_some("group_id", new.group_id.as_ref().map(GroupId::as_str))
        .with("name", &new.name)
        .with("description", &new.description);
    json::document(out, &planned)
}

/// Writes the list of groups.
pub fn groups(out: &mut dyn Write, groups: &[ServiceIdGroup], sheet: Sheet) -> io::Result<()> {
    let columns: [Column<ServiceIdGroup>; 5] = [
        Column::new("ID", |group| Cell::Text(group.id.as_str())),
        Column::new("Name", |group| Cell::Text(&group.name)),
        Column::new("Created At", |group| Cell::Time(group.created_at)),
        Column::new("Last Updated", |group| Cell::Time(group.modified_at)),
        Column::new("Description", |group| Cell::Text(&group.description)),
    ];
    columns::write(out, &columns, groups, sheet)
}

/// Lays out a new group.
pub fn created_group(group: &ServiceIdGroup, colour: bool) -> String {
    let rows = [
        ("ID", escape(group.id.as_str())),
        ("Name", escape(&group.name)),
        ("Description", escape(&group.description)),
        ("CRN", escape(&group.crn)),
        ("Version", escape(group.entity_tag.as_str())),
    ];
    laid_out(&rows, colour)
}

/// Writes groups as an array.
pub fn json_groups(out: &mut dyn Write, groups: &[ServiceIdGroup]) -> io::Result<()> {
    json::list(out, groups.iter().map(group_document))
}

/// Writes one group as an object.
pub fn json_group(out: &mut dyn Write, group: &ServiceIdGroup) -> io::Result<()> {
    json::document(out, &group_document(group))
}

/// Writes the group that `--dry-run` did not make.
pub fn json_planned_group(
    out: &mut dyn Write,
    name: &str,
    description: &str,
    account: &str,
) -> io::Result<()> {
    let planned = object()
        .with("dry_run", true)
        .with("account_id", account)
        .with("name", name)
        .with("description", description);
    json::document(out, &planned)
}

/// Writes what became of one group, as an array of one.
pub fn json_outcome(out: &mut dyn Write, id: &str, name: &str, outcome: &str) -> io::Result<()> {
    json::document(out, &[object().with("id", id).with("name", name).with("outcome", outcome)])
}
