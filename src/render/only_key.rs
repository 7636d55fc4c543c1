//! The key of an owner who has one at most: rows for people, a document for programs and for FILE.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::Serialize as _;
use serde_json::ser::PrettyFormatter;
use zeroize::Zeroizing;

use super::columns::labelled;
use super::json;
use crate::model::{ApiKey, Timestamp};
use crate::object::{Fields, Object, object};
use crate::secret::Secret;
use crate::systems::Facts;
use crate::text::escape;

fn time(at: Timestamp) -> Option<String> {
    (at != Timestamp::default()).then(|| at.to_rfc3339())
}

/// Returns the fields of a key. `value` is empty unless it is told here.
fn shown<'a>(facts: &'a Facts, key: &'a ApiKey, value: &'a str) -> Object<impl Fields> {
    object()
        .with("id", key.id.as_str())
        .with("system", facts.system)
        .with("user", &*key.name)
        .with("user_id", &*key.iam_id)
        .with("account_id", &*key.account_id)
        .with("created_at", time(key.created_at))
        .with("modified_at", time(key.modified_at))
        .with("apikey", value)
}

/// Writes a key without its value.
pub fn json(out: &mut dyn Write, facts: &Facts, key: &ApiKey) -> io::Result<()> {
    json::document(out, &shown(facts, key, ""))
}

/// Writes a key with its value.
pub fn json_with_value(facts: &Facts, key: &ApiKey, value: &Secret) -> Zeroizing<String> {
    json::with_secret(room(key), &shown(facts, key, value.expose()))
}

/// Writes the document for FILE: `id` is on line 2, and each level is indented by a tab. `endpoint` is where the key belongs.
pub fn file(facts: &Facts, key: &ApiKey, endpoint: &str, value: &Secret) -> Zeroizing<Vec<u8>> {
    // A buffer that grows would leave a copy of the value in memory.
    let room = room(key) + 6 * endpoint.len();
    let mut document = Zeroizing::new(Vec::with_capacity(room));
    let formatter = PrettyFormatter::with_indent(b"\t");
    let mut serializer = serde_json::Serializer::with_formatter(&mut *document, formatter);
    // Writing to memory cannot fail.
    let file = shown(facts, key, value.expose()).with("endpoint", endpoint);
    let _ = file.serialize(&mut serializer);
    document
}

fn room(key: &ApiKey) -> usize {
    super::key_file::room_for(&key.name, &key.iam_id)
}

/// Lays out a key, with its value where that is to be told.
pub fn rows(key: &ApiKey, value: Option<&Secret>, colour: bool) -> Zeroizing<String> {
    let mut rows = vec![("ID", escape(key.id.as_str())), ("User", escape(&key.name))];
    if *key.iam_id != *key.name {
        rows.push(("User ID", escape(&key.iam_id)));
    }
    for (label, at) in [("Created At", key.created_at), ("Last Updated", key.modified_at)] {
        rows.extend(time(at).map(|at| (label, Cow::Owned(at))));
    }
    rows.extend(value.map(|value| ("API Key", Cow::Borrowed(value.expose()))));
    let text = labelled(&rows, "Last Updated".len(), colour);
    Zeroizing::new(String::from_utf8(text).unwrap_or_default())
}
