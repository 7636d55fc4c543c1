//! Profiles: a table for people, a document for programs.

use std::io::{self, Write};
use std::path::PathBuf;

use super::account::with_login;
use super::columns::{self, Cell, Column, Sheet};
use super::json;
use super::table::yes_no;
use crate::object::object;
use crate::settings::{ConfigFile, LoginRecord, Profile};

/// A profile as it is listed.
#[derive(Debug)]
pub struct Listed {
    /// The profile.
    pub profile: Profile,
    /// Whether this command uses it.
    pub is_used: bool,
    /// What is chosen in it, and its logins.
    pub config: ConfigFile,
    /// The directory of its local store, if there is one.
    pub store: Option<PathBuf>,
}

impl Listed {
    /// Returns the latest login to IAM, which is the one in use.
    fn login(&self) -> Option<&LoginRecord> {
        self.config.logins.iter().rev().find(|login| login.platform.is_none())
    }

    fn endpoint(&self) -> Option<&str> {
        let login = self.login().map(|login| &*login.endpoint);
        self.config.endpoint.as_deref().or(login)
    }
}

/// Writes the list as a table.
pub fn table(out: &mut dyn Write, listed: &[Listed], sheet: Sheet) -> io::Result<()> {
    let of_login = |one: &Listed, text: fn(&LoginRecord) -> &String| {
        one.login().map(text).cloned().unwrap_or_default()
    };
    let rows: Vec<_> = listed
        .iter()
        .map(|one| {
            let user = of_login(one, |login| &login.user);
            (one, user, of_login(one, |login| &login.account_id))
        })
        .collect();
    let columns: [Column<(&Listed, String, String)>; 6] = [
        Column::new("Profile", |row| Cell::Text(row.0.profile.name())),
        Column::new("In Use", |row| Cell::Text(yes_no(row.0.is_used))),
        Column::new("User", |row| Cell::Text(&row.1)),
        Column::new("Account", |row| Cell::Text(&row.2)),
        Column::new("Endpoint", |row| Cell::Text(row.0.endpoint().unwrap_or_default())),
        Column::new("Local Store", |row| Cell::Text(yes_no(row.0.store.is_some()))),
    ];
    columns::write(out, &columns, &rows, sheet)
}

/// Writes the list as an array.
pub fn json(out: &mut dyn Write, listed: &[Listed]) -> io::Result<()> {
    let entries = listed.iter().map(|one| {
        let logins = one.config.logins.iter().map(|login| with_login(object(), login));
        object()
            .with("profile", one.profile.name())
            .with("in_use", one.is_used)
            .with("backend", one.config.backend)
            .with("endpoint", &one.config.endpoint)
            .with("logins", logins.collect::<Vec<_>>())
            .with("store", one.store.as_ref().map(|store| store.to_string_lossy()))
    });
    json::list(out, entries)
}
