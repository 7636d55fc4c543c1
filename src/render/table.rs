//! The tables of keys: lists, one key in full, a new key with its value.

use std::borrow::Cow;
use std::io::{self, Write};

use zeroize::Zeroizing;

use super::columns::{self, Cell, Column, Sheet, labelled};
use crate::model::{Activity, ApiKey, ApiKeyDetails, Detail, HistoryEntry, State, Timestamp};
use crate::secret::Secret;
use crate::text::{Paint, escape};

const NEVER: &str = "never";

/// The optional columns of the list.
#[derive(Clone, Copy, Debug)]
pub struct More {
    /// Expiry, leak action and creator.
    pub wide: bool,
    /// The owner, for lists of several.
    pub owner: Option<OwnerColumn>,
}

/// How the owner of a key is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnerColumn {
    /// By its IAM id: `IBMid-…`.
    IamId,
    /// By the id of the service ID: `ServiceId-…`.
    ServiceId,
}

type Listed<'a> = (&'a ApiKey, State);

fn id<'a>() -> Column<Listed<'a>> {
    Column::new("ID", |(key, _)| Cell::Text(key.id.as_str()))
}

fn state<'a>() -> Column<Listed<'a>> {
    Column::new("State", |(_, state): &Listed<'_>| Cell::Text(state.as_str()))
        .painted(|(_, state)| Some(paint(*state)))
}

fn created_at<'a>() -> Column<Listed<'a>> {
    Column::new("Created At", |(key, _)| Cell::Time(key.created_at))
}

fn paint(state: State) -> Paint {
    match state {
        State::Active => Paint::Fine,
        State::PhasingOut | State::Disabled => Paint::Doubtful,
        State::PhasedOut | State::Expired => Paint::Grave,
    }
}

pub(super) fn yes_no(yes: bool) -> &'static str {
    if yes { "true" } else { "false" }
}

/// Writes the list of keys.
pub fn keys(out: &mut dyn Write, keys: &[Listed<'_>], more: More, sheet: Sheet) -> io::Result<()> {
    let mut columns = vec![
        id(),
        Column::new("Name", |(key, _)| Cell::Text(&key.name)),
        Column::new("Description", |(key, _)| Cell::Text(&key.description)),
        created_at(),
        Column::new("Last Updated", |(key, _)| Cell::Time(key.modified_at)),
        Column::new("Locked", |(key, _)| Cell::Text(yes_no(key.locked))),
        state(),
    ];
    if more.wide {
        columns.extend([
            Column::new("Expires At", |(key, _): &Listed<'_>| {
                key.expires_at.map_or(Cell::Text(NEVER), Cell::Time)
            }),
            Column::new("Action If Leaked", |(key, _)| Cell::Text(key.action_when_leaked.as_str())),
            Column::new("Created By", |(key, _)| Cell::Text(&key.created_by)),
        ]);
    }
    columns.extend(more.owner.map(|owner| match owner {
        OwnerColumn::IamId => {
            Column::new("IAM ID", |(key, _): &Listed<'_>| Cell::Text(&key.iam_id))
        }
        OwnerColumn::ServiceId => Column::new("Service ID", |(key, _): &Listed<'_>| {
            Cell::Text(key.iam_id.strip_prefix("iam-").unwrap_or(&key.iam_id))
        }),
    }));
    columns::write(out, &columns, keys, sheet)
}

/// Lays out the keys of one name.
pub fn candidates(keys: &[Listed<'_>], sheet: Sheet) -> String {
    columns::small(&[id(), state(), created_at()], keys, sheet)
}

/// Lays out a new key with its value, in the six rows that scripts read.
pub fn created(key: &ApiKey, value: &Secret, colour: bool) -> Zeroizing<String> {
    let created_at = key.created_at.to_wire();
    let rows = [
        ("ID", escape(key.id.as_str())),
        ("Name", escape(&key.name)),
        ("Description", escape(&key.description)),
        ("Created At", Cow::Borrowed(created_at.as_str())),
        ("API Key", Cow::Borrowed(value.expose())),
        ("Locked", Cow::Borrowed(yes_no(key.locked))),
    ];
    let text = labelled(&rows, "Description".len(), colour);
    Zeroizing::new(String::from_utf8(text).unwrap_or_default())
}

/// Lays out everything about one key, and whose it is where that is asked for.
pub fn details(
    details: &ApiKeyDetails,
    state: State,
    asked: Detail,
    owner: bool,
    sheet: Sheet,
) -> String {
    let key = &details.key;
    let mut rows = vec![
        ("ID", escape(key.id.as_str())),
        ("Name", escape(&key.name)),
        ("Description", escape(&key.description)),
        ("CRN", Cow::Owned(escape(&key.crn()).into_owned())),
        ("Version", escape(key.entity_tag.as_str())),
        ("Created At", time(key.created_at)),
        ("Created By", escape(&key.created_by)),
        ("Last Updated", time(key.modified_at)),
        ("Expires At", time_or_never(key.expires_at)),
        ("Action If Leaked", key.action_when_leaked.as_str().into()),
        ("Locked", yes_no(key.locked).into()),
        ("State", paint(state).on(state.as_str(), sheet.colour).into()),
    ];
    if owner {
        rows.insert(4, ("IAM ID", escape(&key.iam_id)));
    }
    if asked.activity {
        rows.extend(use_rows(details.activity.as_ref()));
    }
    let text = labelled(&rows, "Action If Leaked".len(), sheet.colour);
    let mut text = String::from_utf8(text).unwrap_or_default();
    if let Some(entries) = &details.history {
        text.push_str(&history(entries, sheet));
    }
    text
}

fn time(time: Timestamp) -> Cow<'static, str> {
    Cow::Owned(time.to_wire().to_string())
}

fn time_or_never(at: Option<Timestamp>) -> Cow<'static, str> {
    at.map_or(Cow::Borrowed(NEVER), time)
}

/// Returns the rows that tell how much something is used, if that is known.
pub(super) fn use_rows(activity: Option<&Activity>) -> [(&'static str, Cow<'static, str>); 2] {
    let (last, times) = activity.map_or_else(
        || ("unknown".into(), "unknown".into()),
        |used| (time_or_never(used.last_authn), used.authn_count.to_string().into()),
    );
    [("Last Used", last), ("Times Used", times)]
}

/// Lays out a history, below an empty line.
pub(super) fn history(entries: &[HistoryEntry], sheet: Sheet) -> String {
    let columns: [Column<HistoryEntry>; 3] = [
        Column::new("Time", |entry| Cell::Time(entry.at)),
        Column::new("Action", |entry| Cell::Text(&entry.action)),
        Column::new("By", |entry| Cell::Text(&entry.by)),
    ];
    format!("\n{}", columns::small(&columns, entries, sheet))
}
