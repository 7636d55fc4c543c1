//! Logins, identities and tokens: rows for people, documents for programs.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::Serialize;
use zeroize::Zeroizing;

use super::columns::{self, Cell, Column};
use super::json;
use crate::model::{Timestamp, WireTime};
use crate::object::object;
use crate::secret::Secret;

/// A login.
#[derive(Debug, Serialize)]
pub struct LoggedIn<'a> {
    /// The profile.
    pub profile: &'a str,
    /// The URL of the service.
    pub endpoint: &'a str,
    /// The user who is logged in.
    pub user: &'a str,
    /// The user's IAM id.
    pub iam_id: &'a str,
    /// The account.
    pub account_id: &'a str,
    /// The id of the key, if the service told it.
    pub apikey_id: Option<&'a str>,
    /// `keyring` or `file`.
    pub kept: &'a str,
    /// The file, if the login is kept in one.
    pub file: Option<Cow<'a, str>>,
    /// `logged in`, or what a dry run would do.
    pub outcome: &'a str,
}

/// A logout.
#[derive(Debug, Serialize)]
pub struct LoggedOut<'a> {
    /// The profile.
    pub profile: &'a str,
    /// The URL of the service.
    pub endpoint: &'a str,
    /// The user who was logged in.
    pub user: &'a str,
    /// The account.
    pub account_id: &'a str,
    /// The id of the key, which stays valid.
    pub apikey_id: Option<&'a str>,
    /// `logged out`, or what a dry run would do.
    pub outcome: &'a str,
}

/// The identity that requests are made as, and where it comes from.
#[derive(Serialize)]
pub struct Who<'a> {
    /// The name that people use.
    pub user: &'a str,
    /// The IAM id.
    pub iam_id: &'a str,
    /// The account.
    pub account_id: &'a str,
    /// The profile.
    pub profile: &'a str,
    /// `local` or `remote`.
    pub backend: &'a str,
    /// The URL of the service; null for the local store.
    pub endpoint: Option<&'a str>,
    /// The place of the credential; null for the local store.
    pub source: Option<&'a str>,
    /// Details of the place: a file, or what keeps the login; null if there are none.
    pub detail: Option<&'a str>,
    /// Other credentials, which were not used.
    pub passed_over: &'a [Looked],
    /// The expiry of the token; null for the local store.
    pub token_expires_at: Option<WireTime>,
    /// By how many seconds this machine's clock is behind the service's, negative if ahead; only if that is much.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock_behind: Option<i64>,
    /// The directory of the local store; null if there is no home directory.
    pub store: Option<Cow<'a, str>>,
    /// The whole search, if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search: Option<&'a [Looked]>,
}

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

/// Writes a login.
pub fn logged_in(out: &mut dyn Write, login: &LoggedIn<'_>) -> io::Result<()> {
    json::document(out, login)
}

/// Writes logouts.
pub fn logged_out(out: &mut dyn Write, logins: &[LoggedOut<'_>]) -> io::Result<()> {
    json::document(out, &logins)
}

/// Writes an identity.
pub fn who(out: &mut dyn Write, who: &Who<'_>) -> io::Result<()> {
    json::document(out, who)
}

/// Lays out labels and texts.
pub fn rows(rows: &[(&str, Cow<'_, str>)], colour: bool) -> String {
    let width = rows.iter().map(|(label, _)| label.len()).max().unwrap_or_default();
    let text = String::from_utf8(columns::labelled(rows, width, colour)).unwrap_or_default();
    text.trim_start_matches('\n').to_owned()
}

/// Lays out a search.
pub fn search(looked: &[Looked]) -> String {
    let row = |(n, looked): (usize, &Looked)| (n.to_string(), looked.shown(), looked.found.clone());
    let rows: Vec<_> = (1..).zip(looked).map(row).collect();
    let columns: [Column<(String, String, String)>; 3] = [
        Column::new("", |row| Cell::Text(&row.0)),
        Column::new("Source", |row| Cell::Text(&row.1)),
        Column::new("Found", |row| Cell::Text(&row.2)),
    ];
    columns::small(&columns, &rows)
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

fn secret_document(token: &Secret, content: &impl Serialize) -> Zeroizing<String> {
    json::with_secret(256 + 6 * token.expose().len(), content)
}
