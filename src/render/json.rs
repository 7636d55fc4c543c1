//! The JSON documents of `--output json`: 4 spaces per level; of a key the API's fields in their order, then `state` and
//! `apikey`.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::{Serialize, Serializer as _};
use serde_json::ser::{PrettyFormatter, Serializer};
use zeroize::Zeroizing;

use crate::model::{
    Absent, ApiKey, ApiKeyDetails, Detail, NewApiKey, State, Timestamp, WireTime,
    activity_document, history_document, key_document,
};
use crate::object::{Fields, Object, object};
use crate::secret::Secret;
use crate::text::escape_json;

fn pretty<W: Write>(out: W) -> Serializer<W, PrettyFormatter<'static>> {
    Serializer::with_formatter(out, PrettyFormatter::with_indent(b"    "))
}

/// Writes a document without white space, for one that may be long and that only programs read.
pub(super) fn compact(out: &mut dyn Write, document: &impl Serialize) -> io::Result<()> {
    let mut buffer = EscapingBuffer::new(out);
    serde_json::to_writer(&mut buffer, document).map_err(io::Error::from)?;
    buffer.end()
}

/// Writes a document.
pub fn document(out: &mut dyn Write, document: &impl Serialize) -> io::Result<()> {
    let mut buffer = EscapingBuffer::new(out);
    document.serialize(&mut pretty(&mut buffer)).map_err(io::Error::from)?;
    buffer.end()
}

/// Writes an array that may be long.
pub(super) fn list<T: Serialize>(
    out: &mut dyn Write,
    items: impl Iterator<Item = T>,
) -> io::Result<()> {
    let mut buffer = EscapingBuffer::new(out);
    pretty(&mut buffer).collect_seq(items).map_err(io::Error::from)?;
    buffer.end()
}

/// Writes a document that holds a secret, into a buffer of `room` bytes. The document must fit, because a buffer that
/// grows leaves a copy of the secret in memory.
pub(super) fn with_secret(room: usize, document: &impl Serialize) -> Zeroizing<String> {
    let mut text = Zeroizing::new(Vec::with_capacity(room));
    // Writing to memory cannot fail.
    let _ = document.serialize(&mut pretty(&mut *text));
    text.push(b'\n');
    let escaped = escape_json(&text);
    let plain = || String::from_utf8(std::mem::take(&mut *text)).unwrap_or_default();
    Zeroizing::new(escaped.unwrap_or_else(plain))
}

/// Escapes what a serializer writes, in large pieces: a list of 100,000 keys has ten million small ones.
struct EscapingBuffer<'a> {
    text: Vec<u8>,
    out: &'a mut dyn Write,
}

impl<'a> EscapingBuffer<'a> {
    const FULL: usize = 64 * 1024;

    fn new(out: &'a mut dyn Write) -> Self {
        Self { text: Vec::with_capacity(2 * Self::FULL), out }
    }

    /// Ends the document with a newline.
    fn end(mut self) -> io::Result<()> {
        self.text.push(b'\n');
        self.flush()
    }
}

impl Write for EscapingBuffer<'_> {
    #[inline]
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.write_all(piece).map(|()| piece.len())
    }

    #[inline]
    fn write_all(&mut self, piece: &[u8]) -> io::Result<()> {
        self.text.extend_from_slice(piece);
        if self.text.len() < Self::FULL { Ok(()) } else { self.flush() }
    }

    fn flush(&mut self) -> io::Result<()> {
        // A serializer never splits a character between two pieces.
        let escaped = escape_json(&self.text);
        self.out.write_all(escaped.as_ref().map_or(&*self.text, String::as_bytes))?;
        self.text.clear();
        Ok(())
    }
}

/// A key as every command shows it. `value` is the value after a create without `--file`, otherwise empty.
fn shown<'a>(key: &'a ApiKey, state: State, value: &'a str) -> Object<impl Fields> {
    key_document(key, Absent::Null)
        .with("leaked", key.leaked)
        .with("state", state.as_str())
        .with("apikey", value)
}

/// Writes a list of keys.
pub fn keys(out: &mut dyn Write, keys: &[(&ApiKey, State)]) -> io::Result<()> {
    list(out, keys.iter().map(|&(key, state)| shown(key, state, "")))
}

/// Writes a key.
pub fn key(out: &mut dyn Write, key: &ApiKey, state: State) -> io::Result<()> {
    document(out, &shown(key, state, ""))
}

/// Writes a new key with its value.
pub fn created(key: &ApiKey, state: State, value: &Secret) -> Zeroizing<String> {
    let room = super::key_file::room_for(&key.name, &key.description);
    with_secret(room, &shown(key, state, value.expose()))
}

/// Writes a key with the details that were asked for; `activity` is null if it is not known.
pub fn details(
    out: &mut dyn Write,
    details: &ApiKeyDetails,
    state: State,
    asked: Detail,
) -> io::Result<()> {
    let activity = activity_document(details.activity.as_ref(), Absent::Null);
    let shown = shown(&details.key, state, "")
        .with_some("history", history_document(&details.key.account_id, details.history.as_ref()))
        .with_some("activity", asked.activity.then_some(activity));
    document(out, &shown)
}

/// Writes the key that `--dry-run` did not make.
pub fn planned(
    out: &mut dyn Write,
    new: &NewApiKey,
    account: &str,
    now: Timestamp,
) -> io::Result<()> {
    let planned = object()
        .with("dry_run", true)
        .with("name", &new.name)
        .with("description", &new.description)
        .with("locked", new.locked)
        .with("disabled", new.disabled)
        .with("expires_at", new.expires_at.map(Timestamp::to_wire))
        .with("action_when_leaked", new.action_when_leaked.unwrap_or_default().as_str())
        .with("created_at", now.to_wire())
        .with("iam_id", &*new.owner.0)
        .with("account_id", account);
    document(out, &planned)
}

/// What `api-key-rotate --dry-run` would do.
#[derive(Serialize)]
pub struct PlannedRotation<'a> {
    dry_run: bool,
    id: &'a str,
    name: &'a str,
    /// The expiry of the new key; null for never.
    expires_at: Option<WireTime>,
    /// Until when the old key would work; null if it would be disabled at once.
    works_until: Option<WireTime>,
    /// The ids of the phased-out keys that would be deleted first.
    purged: &'a [&'a str],
}

impl<'a> PlannedRotation<'a> {
    /// Plans to replace `old` by `new`.
    pub fn new(
        old: &'a ApiKey,
        new: &NewApiKey,
        works_until: Option<Timestamp>,
        purged: &'a [&'a str],
    ) -> Self {
        Self {
            dry_run: true,
            id: old.id.as_str(),
            name: &old.name,
            expires_at: new.expires_at.map(Timestamp::to_wire),
            works_until: works_until.map(Timestamp::to_wire),
            purged,
        }
    }
}

/// Writes what a rotation would do.
pub fn planned_rotation(out: &mut dyn Write, plan: &PlannedRotation<'_>) -> io::Result<()> {
    document(out, plan)
}

/// The outcome for one interrupted command.
#[derive(Debug, Serialize)]
pub struct Recovered<'a> {
    /// The command.
    pub operation: String,
    /// The name of the key.
    pub name: &'a str,
    /// The key's id, if there is one.
    pub id: Option<&'a str>,
    /// FILE, if one was named.
    pub file: Option<Cow<'a, str>>,
    /// `complete`, `discarded`, `deleted`, `kept`, `reported`, `blocked`, `elsewhere`, or what would be done.
    pub outcome: &'a str,
}

/// Writes the outcome for each interrupted command.
pub fn recovered(out: &mut dyn Write, items: &[Recovered<'_>]) -> io::Result<()> {
    document(out, &items)
}
