//! What is shown about logins and tokens: rows for people, documents for programs. Pinned by `tests/cli/credentials`.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::Serialize;
use zeroize::Zeroizing;

use super::{json, table};
use crate::model::{Timestamp, WireTime};
use crate::secret::Secret;

/// A login that was made.
#[derive(Debug, Serialize)]
pub struct LoggedIn<'a> {
    /// The profile it is of.
    pub profile: &'a str,
    /// The service.
    pub endpoint: &'a str,
    /// Who is logged in.
    pub user: &'a str,
    /// The same, as the service names them.
    pub iam_id: &'a str,
    /// In which account.
    pub account_id: &'a str,
    /// The id of the key, where the service told it.
    pub apikey_id: Option<&'a str>,
    /// `keyring` or `file`.
    pub kept: &'a str,
    /// The file, where it is one.
    pub file: Option<Cow<'a, str>>,
    /// `logged in`, or what would be.
    pub outcome: &'a str,
}

/// A login that was ended.
#[derive(Debug, Serialize)]
pub struct LoggedOut<'a> {
    /// The profile it was of.
    pub profile: &'a str,
    /// The service.
    pub endpoint: &'a str,
    /// Who was logged in.
    pub user: &'a str,
    /// In which account.
    pub account_id: &'a str,
    /// The id of the key, which stays valid.
    pub apikey_id: Option<&'a str>,
    /// `logged out`, or what would be.
    pub outcome: &'a str,
}

/// Who somebody is, and why.
#[derive(Serialize)]
pub struct Who<'a> {
    /// What people call them.
    pub user: &'a str,
    /// As the service names them.
    pub iam_id: &'a str,
    /// Their account.
    pub account_id: &'a str,
    /// The profile.
    pub profile: &'a str,
    /// `local` or `remote`.
    pub backend: &'a str,
    /// The service; null for the local store.
    pub endpoint: Option<&'a str>,
    /// Where the credential came from; null for the local store.
    pub source: Option<&'a str>,
    /// Which one there: a file, or what keeps the login; null where the place says it all.
    pub detail: Option<&'a str>,
    /// What else was there and was not used.
    pub passed_over: &'a [Looked],
    /// Until when the token is good; null for the local store.
    pub token_expires_at: Option<WireTime>,
    /// The directory of the local store; null where there is no home for it.
    pub store: Option<Cow<'a, str>>,
    /// The whole search, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search: Option<&'a [Looked]>,
}

/// A place where a credential was looked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Looked {
    /// The place.
    pub source: &'static str,
    /// Which one there, where the place does not say it all.
    pub detail: Option<String>,
    /// What came of it: `used`, `passed over`, or why there is nothing to use.
    pub found: String,
}

impl Looked {
    /// Returns the place and which one there.
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

/// Writes the logins that were ended.
pub fn logged_out(out: &mut dyn Write, logins: &[LoggedOut<'_>]) -> io::Result<()> {
    json::document(out, &logins)
}

/// Writes who somebody is.
pub fn who(out: &mut dyn Write, who: &Who<'_>) -> io::Result<()> {
    json::document(out, who)
}

/// Lays out rows of a label and a text.
pub fn rows(rows: &[(&str, Cow<'_, str>)], colour: bool) -> String {
    let width = rows.iter().map(|(label, _)| label.len()).max().unwrap_or_default();
    let text = String::from_utf8(table::labelled(rows, width, colour)).unwrap_or_default();
    text.trim_start_matches('\n').to_owned()
}

/// Lays out the places of a search.
pub fn search(looked: &[Looked]) -> String {
    let rows = looked
        .iter()
        .enumerate()
        .map(|(at, looked)| [(at + 1).to_string(), looked.shown(), looked.found.clone()]);
    table::small(&["", "Source", "Found"], rows)
}

#[derive(Serialize)]
struct BearerToken<'a> {
    access_token: &'a str,
    token_type: &'a str,
    expires_at: Option<WireTime>,
}

#[derive(Serialize)]
struct OauthTokens<'a> {
    iam_token: &'a str,
}

/// Writes an access token.
pub fn access_token(token: &Secret, expires: Option<Timestamp>) -> Zeroizing<String> {
    secret_document(
        token,
        &BearerToken {
            access_token: token.expose(),
            token_type: "Bearer",
            expires_at: expires.map(Timestamp::to_wire),
        },
    )
}

/// Writes an access token as the official CLI does.
pub fn oauth_tokens(token: &Secret) -> Zeroizing<String> {
    let bearer = Zeroizing::new(format!("Bearer {}", token.expose()));
    secret_document(token, &OauthTokens { iam_token: &bearer })
}

fn secret_document(token: &Secret, content: &impl Serialize) -> Zeroizing<String> {
    json::with_secret(256 + 6 * token.expose().len(), content)
}
