//! Logins, identities and tokens: rows for people, documents for programs.

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;
use zeroize::Zeroizing;

use super::columns::{self, Cell, Column, Sheet};
use super::json;
use crate::model::{Identity, Timestamp};
use crate::object::{Fields, Object, object};
use crate::secret::Secret;
use crate::settings::LoginRecord;

/// A place that was searched for a credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Looked {
    /// The place.
    pub source: &'static str,
    /// Details of the place, if there are any.
    pub detail: Option<String>,
    /// `used`, `passed over`, or why there is no credential.
    pub found: String,
}

impl Looked {
    /// Returns the place with its details.
    pub fn shown(&self) -> String {
        match &self.detail {
            Some(detail) => format!("{} ({detail})", self.source),
            None => self.source.to_owned(),
        }
    }
}

/// Adds what is known of a login.
pub(super) fn with_login<F: Fields>(object: Object<F>, login: &LoginRecord) -> Object<impl Fields> {
    object
        .with("endpoint", &login.endpoint)
        .with("user", &login.user)
        .with("iam_id", &login.iam_id)
        .with("account_id", &login.account_id)
        .with("apikey_id", &login.apikey_id)
        .with_some("platform", login.platform)
        .with("kept", login.kept)
}

/// Writes a login. `file` keeps the key, where no keyring does.
pub fn logged_in(
    out: &mut dyn Write,
    profile: &str,
    login: &LoginRecord,
    file: Option<&Path>,
    outcome: &str,
) -> io::Result<()> {
    let login = with_login(object().with("profile", profile), login)
        .with("file", file.map(Path::to_string_lossy))
        .with("outcome", outcome);
    json::document(out, &login)
}

/// Writes a login that keeps nothing: its key is where every command finds it.
pub fn proven(
    out: &mut dyn Write,
    profile: &str,
    endpoint: &str,
    identity: &Identity,
) -> io::Result<()> {
    let login = object()
        .with("profile", profile)
        .with("endpoint", endpoint)
        .with("user", &identity.user)
        .with("iam_id", &*identity.iam_id)
        .with("account_id", &*identity.account_id)
        .with("apikey_id", ())
        .with("kept", ())
        .with("file", ())
        .with("outcome", "logged in");
    json::document(out, &login)
}

/// Writes logouts.
pub fn logged_out(
    out: &mut dyn Write,
    profile: &str,
    logins: &[LoginRecord],
    outcome: &str,
) -> io::Result<()> {
    let ended = logins.iter().map(|login| {
        object()
            .with("profile", profile)
            .with("endpoint", &login.endpoint)
            .with("user", &login.user)
            .with("account_id", &login.account_id)
            .with("apikey_id", &login.apikey_id)
            .with_some("platform", login.platform)
            .with("outcome", outcome)
    });
    json::document(out, &ended.collect::<Vec<_>>())
}

/// Lays out labels and texts.
pub fn rows(rows: &[(&str, Cow<'_, str>)], colour: bool) -> String {
    let width = rows.iter().map(|(label, _)| label.len()).max().unwrap_or_default();
    let text = String::from_utf8(columns::labelled(rows, width, colour)).unwrap_or_default();
    text.trim_start_matches('\n').to_owned()
}

/// Lays out a search.
pub fn search(looked: &[Looked], sheet: Sheet) -> String {
    let row = |(n, looked): (usize, &Looked)| (n.to_string(), looked.shown(), looked.found.clone());
    let rows: Vec<_> = (1..).zip(looked).map(row).collect();
    let columns: [Column<(String, String, String)>; 3] = [
        Column::new("", |row| Cell::Text(&row.0)),
        Column::new("Source", |row| Cell::Text(&row.1)),
        Column::new("Found", |row| Cell::Text(&row.2)),
    ];
    columns::small(&columns, &rows, sheet)
}

/// Writes an access token.
pub fn access_token(token: &Secret, expires: Option<Timestamp>) -> Zeroizing<String> {
    let document = object()
        .with("access_token", token.expose())
        .with("token_type", "Bearer")
        .with("expires_at", expires.map(Timestamp::to_wire));
    secret_document(token, &document)
}

/// Writes an access token as the official CLI's `oauth-tokens` does.
pub fn oauth_tokens(token: &Secret) -> Zeroizing<String> {
    let bearer = Zeroizing::new(format!("Bearer {}", token.expose()));
    secret_document(token, &object().with("iam_token", &*bearer))
}

/// Writes what stands behind `ZenApiKey`.
pub fn zen_api_key(zen: &Secret) -> Zeroizing<String> {
    secret_document(
        zen,
        &object().with("zen_api_key", zen.expose()).with("token_type", "ZenApiKey"),
    )
}

fn secret_document(token: &Secret, content: &impl Serialize) -> Zeroizing<String> {
    json::with_secret(256 + 6 * token.expose().len(), content)
}
