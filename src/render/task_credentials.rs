//! Task credentials: a table for people, documents for programs.

use std::io::{self, Write};

use serde::Serialize;

use super::columns::{self, Cell, Column, Sheet};
use super::json;
use crate::model::Timestamp;
use crate::object::object;
use crate::systems::task_credentials::TaskCredential;

/// What is known of the key inside a task credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyNow {
    /// It works.
    Works,
    /// It is disabled, or has expired.
    Stopped,
    /// There is no such key.
    Gone,
    /// Nothing.
    Untold,
}

impl KeyNow {
    /// Tells whether it works, where that is known.
    fn works(self) -> Option<bool> {
        (self != Self::Untold).then_some(self == Self::Works)
    }
}

/// A task credential of a region.
#[derive(Debug)]
pub struct Listed {
    /// The name of the region.
    pub region: &'static str,
    /// The task credential.
    pub found: TaskCredential,
    /// The key inside.
    pub key: KeyNow,
}

/// A row of the table.
struct Row<'a> {
    of: &'a Listed,
    key: String,
}

/// Writes the list as a table. The column `Key` has the ID of the IAM key inside, where the description tells it.
pub fn table(out: &mut dyn Write, listed: &[Listed], sheet: Sheet) -> io::Result<()> {
    let row = |of| {
        let Listed { found, .. }: &Listed = of;
        let key = found.key_id().map(|id| id.to_string()).unwrap_or_default();
        Row { of, key }
    };
    let rows: Vec<Row<'_>> = listed.iter().map(row).collect();
    let columns: [Column<Row<'_>>; 5] = [
        Column::new("Region", |row| Cell::Text(row.of.region)),
        Column::new("ID", |row| Cell::Text(&row.of.found.id)),
        Column::new("Name", |row| Cell::Text(&row.of.found.name)),
        Column::new("Key", |row| Cell::Text(&row.key)),
        Column::new("Created At", |row| row.of.found.created_at.map_or(Cell::Text(""), Cell::Time)),
    ];
    columns::write(out, &columns, &rows, sheet)
}

/// Writes the list as an array.
pub fn json(out: &mut dyn Write, listed: &[Listed]) -> io::Result<()> {
    let entries = listed.iter().map(|Listed { region, found, key }| {
        object()
            .with("region", *region)
            .with("id", &found.id)
            .with("name", &found.name)
            .with("description", &found.description)
            .with("type", &found.kind)
            .with("key_id", found.key_id())
            .with("key_works", key.works())
            .with("created_at", found.created_at.map(Timestamp::to_rfc3339))
    });
    json::list(out, entries)
}

/// What became of a task credential that was to be deleted.
#[derive(Debug, Serialize)]
pub struct Deleted {
    /// The region.
    pub region: &'static str,
    /// The id; null where there was none.
    pub id: Option<String>,
    /// The name; null where there was none.
    pub name: Option<String>,
    /// The id of the key inside; null where it is not told.
    pub key_id: Option<String>,
    /// `deleted`, `would be deleted` or the word of an error.
    pub outcome: &'static str,
}

/// Writes what became of each.
pub fn deleted(out: &mut dyn Write, items: &[Deleted]) -> io::Result<()> {
    json::document(out, &items)
}

/// What became, or would become, of an old key.
#[derive(Debug, Serialize)]
pub struct OldKey {
    /// Its id.
    pub id: String,
    /// `retired`, `gone`, `left`, or `would be …`.
    pub outcome: &'static str,
    /// Until when it works, where that is known.
    pub works_until: Option<String>,
}

/// Task credentials that were stored, or would be.
#[derive(Debug)]
pub struct Stored<'a> {
    /// Whether nothing was done.
    pub dry_run: bool,
    /// Their name.
    pub name: &'a str,
    /// The id of the key inside; null where it is not made yet.
    pub key_id: Option<&'a str>,
    /// The regions.
    pub regions: Vec<&'a str>,
    /// The old keys, where others were replaced.
    pub old_keys: Option<Vec<OldKey>>,
}

/// Writes what was stored.
pub fn stored(out: &mut dyn Write, stored: &Stored<'_>) -> io::Result<()> {
    let document = object()
        .with_some("dry_run", stored.dry_run.then_some(true))
        .with("name", stored.name)
        .with("key_id", stored.key_id)
        .with("regions", &stored.regions)
        .with_some("old_keys", stored.old_keys.as_ref());
    json::document(out, &document)
}
