//! The JSON documents of `--output json`: 4-space indent, fields as the API names and orders them (`compat/json.md` §C),
//! then `state`, and `apikey` last.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::ser::SerializeSeq as _;
use serde::{Serialize, Serializer as _};
use serde_json::ser::{PrettyFormatter, Serializer};
use zeroize::Zeroizing;

use crate::journal::Operation;
use crate::model::{
    Activity, ApiKey, ApiKeyDetails, Detail, HistoryEntry, Identity, NewApiKey, State, Timestamp,
    WireTime,
};
use crate::secret::Secret;
use crate::text::escape_json;

fn pretty<W: Write>(out: W) -> Serializer<W, PrettyFormatter<'static>> {
    Serializer::with_formatter(out, PrettyFormatter::with_indent(b"    "))
}

/// Writes a document that may be long and that nobody reads as it is, without white space.
pub(super) fn compact(out: &mut dyn Write, document: &impl Serialize) -> io::Result<()> {
    let mut collected = Collected::new(out);
    serde_json::to_writer(&mut collected, document).map_err(io::Error::from)?;
    collected.write_all(b"\n")?;
    collected.flush()
}

pub(super) fn document(out: &mut dyn Write, document: &impl Serialize) -> io::Result<()> {
    let mut collected = Collected::new(out);
    document.serialize(&mut pretty(&mut collected)).map_err(io::Error::from)?;
    collected.write_all(b"\n")?;
    collected.flush()
}

/// Writes a document with a secret in it, which fits into so many bytes: a buffer that moved would leave the secret behind.
pub(super) fn with_secret(room: usize, document: &impl Serialize) -> Zeroizing<String> {
    let mut text = Zeroizing::new(Vec::with_capacity(room));
    // Writing text into memory cannot fail.
    let _ = document.serialize(&mut pretty(&mut *text));
    text.push(b'\n');
    let escaped = escape_json(&text);
    let plain = || String::from_utf8(std::mem::take(&mut *text)).unwrap_or_default();
    Zeroizing::new(escaped.unwrap_or_else(plain))
}

impl Serialize for WireTime {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// A key as every command shows it.
#[derive(Serialize)]
struct Key<'a> {
    id: &'a str,
    entity_tag: &'a str,
    crn: Cow<'a, str>,
    locked: bool,
    disabled: bool,
    created_at: WireTime,
    created_by: &'a str,
    modified_at: WireTime,
    expires_at: Option<WireTime>,
    support_sessions: bool,
    action_when_leaked: &'a str,
    name: &'a str,
    description: &'a str,
    iam_id: &'a str,
    account_id: &'a str,
    leaked: bool,
    state: &'a str,
    /// The value on creation without `--file`, and empty everywhere else.
    apikey: &'a str,
}

impl<'a> Key<'a> {
    fn new(key: &'a ApiKey, state: State, value: &'a str) -> Self {
        Self {
            id: key.id.as_str(),
            entity_tag: key.entity_tag.as_str(),
            crn: key.crn(),
            locked: key.locked,
            disabled: key.disabled,
            created_at: key.created_at.to_wire(),
            created_by: &key.created_by,
            modified_at: key.modified_at.to_wire(),
            expires_at: key.expires_at.map(Timestamp::to_wire),
            support_sessions: key.support_sessions,
            action_when_leaked: key.action_when_leaked.as_str(),
            name: &key.name,
            description: &key.description,
            iam_id: &key.iam_id,
            account_id: &key.account_id,
            leaked: key.leaked,
            state: state.as_str(),
            apikey: value,
        }
    }
}

/// Collects what a serializer writes in small pieces; a list of 100,000 keys has ten million of them.
struct Collected<'a> {
    text: Vec<u8>,
    out: &'a mut dyn Write,
}

impl<'a> Collected<'a> {
    const ENOUGH: usize = 64 * 1024;

    fn new(out: &'a mut dyn Write) -> Self {
        Self { text: Vec::with_capacity(2 * Self::ENOUGH), out }
    }

    fn pass_on(&mut self) -> io::Result<()> {
        // Pieces are whole texts or parts between two escapes, so that no character is cut.
        let escaped = escape_json(&self.text);
        self.out.write_all(escaped.as_ref().map_or(&*self.text, String::as_bytes))?;
        self.text.clear();
        Ok(())
    }
}

impl Write for Collected<'_> {
    #[inline]
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.write_all(piece).map(|()| piece.len())
    }

    #[inline]
    fn write_all(&mut self, piece: &[u8]) -> io::Result<()> {
        self.text.extend_from_slice(piece);
        if self.text.len() < Self::ENOUGH { Ok(()) } else { self.pass_on() }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pass_on()
    }
}

/// Writes a list of keys.
pub fn keys(out: &mut dyn Write, keys: &[(&ApiKey, State)]) -> io::Result<()> {
    list(out, keys.iter().map(|(key, state)| Key::new(key, *state, "")))
}

/// Writes an array that may be long.
pub(super) fn list<T: Serialize>(
    out: &mut dyn Write,
    items: impl ExactSizeIterator<Item = T>,
) -> io::Result<()> {
    let mut collected = Collected::new(out);
    let mut serializer = pretty(&mut collected);
    let mut list = serializer.serialize_seq(Some(items.len()))?;
    for item in items {
        list.serialize_element(&item)?;
    }
    list.end()?;
    collected.write_all(b"\n")?;
    collected.flush()
}

/// What `api-key-rotate --dry-run` would do.
#[derive(Serialize)]
pub struct PlannedRotation<'a> {
    dry_run: bool,
    id: &'a str,
    name: &'a str,
    /// The end of the new key; null for never.
    expires_at: Option<WireTime>,
    /// Until when the old key would work; null when it would be disabled at once.
    works_until: Option<WireTime>,
    /// The phased-out keys that would be deleted first.
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

/// Writes one key.
pub fn key(out: &mut dyn Write, key: &ApiKey, state: State) -> io::Result<()> {
    document(out, &Key::new(key, state, ""))
}

/// Writes a key that was just made, with its value.
pub fn created(key: &ApiKey, state: State, value: &Secret) -> Zeroizing<String> {
    let room = super::key_file::room_for(&key.name, &key.description);
    with_secret(room, &Key::new(key, state, value.expose()))
}

#[derive(Serialize)]
struct Details<'a> {
    #[serde(flatten)]
    key: Key<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    history: Option<Vec<Event<'a>>>,
    #[serde(skip_serializing_if = "Asked::is_not")]
    activity: Asked<Use>,
}

/// A field that is there when it was asked for, and null where nothing is known.
#[derive(Serialize)]
#[serde(untagged)]
enum Asked<T> {
    Not,
    For(Option<T>),
}

impl<T> Asked<T> {
    fn is_not(&self) -> bool {
        matches!(self, Self::Not)
    }
}

/// A history record as the API names its fields (`api/iam_identity.md` §2).
#[derive(Serialize)]
struct Event<'a> {
    timestamp: WireTime,
    iam_id: String,
    iam_id_account: &'a str,
    action: String,
    params: [&'a str; 0],
    message: &'a str,
}

#[derive(Serialize)]
struct Use {
    last_authn: Option<WireTime>,
    authn_count: u64,
}

/// Writes one key with what was asked for beside it; `activity` is null where the use is not known.
pub fn details(
    out: &mut dyn Write,
    details: &ApiKeyDetails,
    state: State,
    asked: Detail,
) -> io::Result<()> {
    let account = &*details.key.account_id;
    let event = |entry: &'_ HistoryEntry| Event {
        timestamp: entry.at.to_wire(),
        iam_id: entry.by.to_string(),
        iam_id_account: account,
        action: entry.action.clone(),
        params: [],
        message: "",
    };
    let history = details.history.as_ref().map(|history| history.iter().map(event).collect());
    let used = |activity: &Activity| Use {
        last_authn: activity.last_authn.map(Timestamp::to_wire),
        authn_count: activity.authn_count,
    };
    let activity =
        if asked.activity { Asked::For(details.activity.as_ref().map(used)) } else { Asked::Not };
    document(out, &Details { key: Key::new(&details.key, state, ""), history, activity })
}

#[derive(Serialize)]
struct Planned<'a> {
    dry_run: bool,
    name: &'a str,
    description: &'a str,
    locked: bool,
    disabled: bool,
    expires_at: Option<WireTime>,
    action_when_leaked: &'a str,
    created_at: WireTime,
    iam_id: &'a str,
    account_id: &'a str,
}

/// Writes what `--dry-run` says of a key that would be made.
pub fn planned(
    out: &mut dyn Write,
    new: &NewApiKey,
    identity: &Identity,
    now: Timestamp,
) -> io::Result<()> {
    let planned = Planned {
        dry_run: true,
        name: &new.name,
        description: &new.description,
        locked: new.locked,
        disabled: new.disabled,
        expires_at: new.expires_at.map(Timestamp::to_wire),
        action_when_leaked: new.action_when_leaked.unwrap_or_default().as_str(),
        created_at: now.to_wire(),
        iam_id: &identity.iam_id,
        account_id: &identity.account_id,
    };
    document(out, &planned)
}

/// What became of one key that a command acted on.
#[derive(Debug, Serialize)]
pub struct Outcome<'a> {
    /// The key's id, where it was found.
    pub id: Option<&'a str>,
    /// Its name, where it is known.
    pub name: Option<&'a str>,
    /// `deleted`, `locked`, …, `unchanged`, `missing`, `failed`, `uncertain`, `not begun`, or `would be deleted` and so on.
    pub outcome: Cow<'static, str>,
}

/// Writes what became of each key.
pub fn outcomes(out: &mut dyn Write, outcomes: &[Outcome<'_>]) -> io::Result<()> {
    document(out, &outcomes)
}

/// What became of one interrupted command.
#[derive(Debug, Serialize)]
pub struct Recovered<'a> {
    /// The command.
    pub operation: Operation,
    /// The name of the key.
    pub name: &'a str,
    /// The key's id, where there is one.
    pub id: Option<&'a str>,
    /// FILE, where one was named.
    pub file: Option<Cow<'a, str>>,
    /// `complete`, `discarded`, `deleted`, `kept`, `reported`, `blocked`, `elsewhere`, or what would become.
    pub outcome: &'a str,
}

/// Writes what became of each interrupted command.
pub fn recovered(out: &mut dyn Write, items: &[Recovered<'_>]) -> io::Result<()> {
    document(out, &items)
}
