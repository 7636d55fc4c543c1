//! Tables as the official CLI prints them since 2025: no borders, three spaces between columns, no wrapping, no
//! trailing spaces; bold header and cyan first column where colours are on (`compat/transcripts.md` §0).
//!
//! Small tables are comfy-table's. A list of keys may have 100,000 rows, for which comfy-table takes four times as long
//! and three times the memory (`benches/`), so [`keys`] measures its columns in one pass and writes in a second. A test
//! holds the two to the same layout.

use std::borrow::Cow;
use std::io::{self, Write};

use comfy_table::{ContentArrangement, Table, presets};
use unicode_width::UnicodeWidthStr as _;
use zeroize::Zeroizing;

use crate::model::{ApiKey, ApiKeyDetails, Detail, State, Timestamp, WireTime};
use crate::secret::Secret;
use crate::text::{Paint, escape};

const GAP: usize = 3;
/// No cell is padded to more: one text of megabytes in one row would otherwise be repeated as spaces in every other.
const WIDEST: usize = 1_000;

/// Lays out a few rows under a header.
pub fn small<const N: usize>(
    header: &[&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header.to_vec());
    for row in rows {
        table.add_row(row.map(|cell| shortened(escape(&cell).into_owned())).to_vec());
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, u16::try_from(GAP).unwrap_or(3)));
    }
    let mut text = table.trim_fmt();
    text.push('\n');
    text
}

/// Cuts a text that would widen a small table beyond [`WIDEST`]; nothing that is meant has such a length.
fn shortened(text: String) -> String {
    match text.char_indices().nth(WIDEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// One cell of the list: its text, escaped, and how wide its column has to be for it.
pub(super) fn cell(text: &str) -> (Cow<'_, str>, usize) {
    let shown = escape(text);
    let width = if shown.is_ascii() { shown.len() } else { shown.width() };
    (shown, width.min(WIDEST))
}

struct Columns {
    /// The widths of id, name and description, of the creator and the owner; the other columns have words of a known width.
    id: usize,
    name: usize,
    description: usize,
    created_by: usize,
    state: usize,
    expires_at: usize,
    owner: usize,
}

const TIME_WIDTH: usize = "2026-11-21T09:00+0000".len();
const NEVER: &str = "never";
const OWNER: &str = "IAM ID";

/// The columns that the list has when they are asked for, behind the others.
#[derive(Clone, Copy, Debug)]
pub struct More {
    /// Expiry, leak action and creator.
    pub wide: bool,
    /// The IAM id of the owner, where the keys are not all one's own.
    pub owner: bool,
}

impl Columns {
    fn measure(keys: &[(&ApiKey, State)], more: More) -> Self {
        let mut columns = Self {
            id: "ID".len(),
            name: "Name".len(),
            description: "Description".len(),
            created_by: "Created By".len(),
            state: "State".len(),
            expires_at: "Expires At".len(),
            owner: OWNER.len(),
        };
        for (key, state) in keys {
            columns.id = columns.id.max(cell(key.id.as_str()).1);
            columns.name = columns.name.max(cell(&key.name).1);
            columns.description = columns.description.max(cell(&key.description).1);
            if more.wide || more.owner {
                columns.state = columns.state.max(state.as_str().len());
            }
            if more.owner {
                columns.owner = columns.owner.max(cell(&key.iam_id).1);
            }
            if more.wide {
                columns.created_by = columns.created_by.max(cell(&key.created_by).1);
                columns.expires_at =
                    columns.expires_at.max(key.expires_at.map_or(NEVER.len(), |_| TIME_WIDTH));
            }
        }
        columns
    }

    fn row(
        &self,
        line: &mut Line,
        cells: &[(&str, usize); 7],
        wide: Option<&[(&str, usize); 3]>,
        owner: Option<(&str, usize)>,
    ) {
        let widths = [
            self.id,
            self.name,
            self.description,
            TIME_WIDTH,
            TIME_WIDTH,
            "Locked".len(),
            self.state,
        ];
        for ((text, width), column) in cells.iter().zip(widths) {
            line.cell(text, *width, column);
        }
        for ((text, width), column) in wide.into_iter().flatten().zip([
            self.expires_at,
            "Action If Leaked".len(),
            self.created_by,
        ]) {
            line.cell(text, *width, column);
        }
        if let Some((text, width)) = owner {
            line.cell(text, width, self.owner);
        }
    }
}

/// A line that is being put together.
pub(super) struct Line {
    text: Vec<u8>,
    colour: bool,
    first: bool,
}

const SPACES: [u8; 64] = [b' '; 64];

impl Line {
    pub(super) fn new(colour: bool) -> Self {
        Self { text: Vec::with_capacity(512), colour, first: true }
    }

    pub(super) fn cell(&mut self, text: &str, width: usize, column: usize) {
        if self.colour && self.first {
            self.text.extend_from_slice(Paint::Entity.on(text, true).as_bytes());
        } else {
            self.text.extend_from_slice(text.as_bytes());
        }
        self.first = false;
        let mut fill = column.saturating_sub(width) + GAP;
        while fill > 0 {
            let some = fill.min(SPACES.len());
            self.text.extend_from_slice(&SPACES[..some]);
            fill -= some;
        }
    }

    /// Paints the line as far as it is written.
    pub(super) fn paint(&mut self, paint: Paint, colour: bool) {
        if colour {
            let text = String::from_utf8_lossy(&self.text).trim_end().to_owned();
            self.text = paint.on(&text, true).into_bytes();
        }
    }

    pub(super) fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let used = self.text.iter().rposition(|&byte| byte != b' ').map_or(0, |at| at + 1);
        self.text.truncate(used);
        self.text.push(b'\n');
        out.write_all(&self.text)?;
        self.text.clear();
        self.first = true;
        Ok(())
    }
}

/// Writes the list of keys.
pub fn keys(
    out: &mut dyn Write,
    keys: &[(&ApiKey, State)],
    more: More,
    colour: bool,
) -> io::Result<()> {
    let columns = Columns::measure(keys, more);
    let mut line = Line::new(false);
    let plain = |text: &'static str| (text, text.len());
    let header =
        ["ID", "Name", "Description", "Created At", "Last Updated", "Locked", "State"].map(plain);
    let wide = ["Expires At", "Action If Leaked", "Created By"].map(plain);
    columns.row(&mut line, &header, more.wide.then_some(&wide), more.owner.then(|| plain(OWNER)));
    line.paint(Paint::Header, colour);
    line.end(out)?;
    line.colour = colour;
    for (key, state) in keys {
        let (id, id_width) = cell(key.id.as_str());
        let (name, name_width) = cell(&key.name);
        let (description, description_width) = cell(&key.description);
        let (created_at, modified_at) = (key.created_at.to_wire(), key.modified_at.to_wire());
        let cells = [
            (&*id, id_width),
            (&*name, name_width),
            (&*description, description_width),
            (created_at.as_str(), TIME_WIDTH),
            (modified_at.as_str(), TIME_WIDTH),
            plain(if key.locked { "true" } else { "false" }),
            plain(state.as_str()),
        ];
        let (owner, owner_width) =
            if more.owner { cell(&key.iam_id) } else { (Cow::Borrowed(""), 0) };
        let owner = more.owner.then_some((&*owner, owner_width));
        if more.wide {
            let expires_at = key.expires_at.map(Timestamp::to_wire);
            let expires_at = expires_at.as_ref().map_or(NEVER, WireTime::as_str);
            let (created_by, created_by_width) = cell(&key.created_by);
            let wide = [
                (expires_at, expires_at.len()),
                plain(key.action_when_leaked.as_str()),
                (&*created_by, created_by_width),
            ];
            columns.row(&mut line, &cells, Some(&wide), owner);
        } else {
            columns.row(&mut line, &cells, None, owner);
        }
        line.end(out)?;
    }
    Ok(())
}

/// Lays out labels and values under an empty line, as the official CLI does without a header.
pub(super) fn labelled(rows: &[(&str, Cow<'_, str>)], label_width: usize, colour: bool) -> Vec<u8> {
    // All its room at once: a buffer that moved would leave a value behind.
    let room = rows.iter().map(|(_, value)| label_width + GAP + value.len() + 32).sum::<usize>();
    let mut text = Vec::with_capacity(room + 1);
    text.push(b'\n');
    for (label, value) in rows {
        text.extend_from_slice(Paint::Entity.on(label, colour).as_bytes());
        if !value.is_empty() {
            text.resize(text.len() + label_width - label.len() + GAP, b' ');
            text.extend_from_slice(value.as_bytes());
        }
        text.push(b'\n');
    }
    text
}

/// Lays out a key that was just made, with its value: six rows that scripts read.
pub fn created(key: &ApiKey, value: &Secret, colour: bool) -> Zeroizing<String> {
    let created_at = key.created_at.to_wire();
    let rows = [
        ("ID", escape(key.id.as_str())),
        ("Name", escape(&key.name)),
        ("Description", escape(&key.description)),
        ("Created At", Cow::Borrowed(created_at.as_str())),
        ("API Key", Cow::Borrowed(value.expose())),
        ("Locked", Cow::Borrowed(if key.locked { "true" } else { "false" })),
    ];
    Zeroizing::new(
        String::from_utf8(labelled(&rows, "Description".len(), colour)).unwrap_or_default(),
    )
}

/// Lays out everything about one key.
pub fn details(details: &ApiKeyDetails, state: State, asked: Detail, colour: bool) -> String {
    let key = &details.key;
    let yes_no = |yes: bool| Cow::Borrowed(if yes { "true" } else { "false" });
    let time = |time: Option<Timestamp>, otherwise: &'static str| {
        time.map_or(Cow::Borrowed(otherwise), |time| Cow::Owned(time.to_wire().to_string()))
    };
    let mut rows = vec![
        ("ID", escape(key.id.as_str())),
        ("Name", escape(&key.name)),
        ("Description", escape(&key.description)),
        ("CRN", Cow::Owned(escape(&key.crn()).into_owned())),
        ("Version", escape(key.entity_tag.as_str())),
        ("Created At", time(Some(key.created_at), "")),
        ("Created By", escape(&key.created_by)),
        ("Last Updated", time(Some(key.modified_at), "")),
        ("Expires At", time(key.expires_at, NEVER)),
        ("Action If Leaked", Cow::Borrowed(key.action_when_leaked.as_str())),
        ("Locked", yes_no(key.locked)),
        ("State", Cow::Borrowed(state.as_str())),
    ];
    if asked.activity {
        let activity = details.activity.as_ref();
        rows.push((
            "Last Used",
            activity.map_or("unknown".into(), |activity| time(activity.last_authn, NEVER)),
        ));
        rows.push((
            "Times Used",
            activity.map_or("unknown".into(), |activity| activity.authn_count.to_string().into()),
        ));
    }
    let text = labelled(&rows, "Action If Leaked".len(), colour);
    let mut text = String::from_utf8(text).unwrap_or_default();
    if let Some(history) = &details.history {
        let rows = history.iter().map(|entry| {
            [entry.at.to_wire().to_string(), entry.action.clone(), entry.by.to_string()]
        });
        text.push('\n');
        text.push_str(&small(&["Time", "Action", "By"], rows));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str, description: &str) -> ApiKey {
        ApiKey { description: description.into(), locked: true, ..ApiKey::sample(name) }
    }

    /// Columns of the list, by their place among all there are, as comfy-table lays them out.
    fn theirs<const N: usize>(keys: &[ApiKey], columns: [usize; N]) -> String {
        let header = [
            "ID",
            "Name",
            "Description",
            "Created At",
            "Last Updated",
            "Locked",
            "State",
            "Expires At",
            "Action If Leaked",
            "Created By",
            "IAM ID",
        ];
        let rows = keys.iter().map(|key| {
            let cells = [
                key.id.to_string(),
                key.name.to_string(),
                key.description.to_string(),
                key.created_at.to_wire().to_string(),
                key.modified_at.to_wire().to_string(),
                key.locked.to_string(),
                "phased out".to_owned(),
                "never".to_owned(),
                "disable".to_owned(),
                key.created_by.to_string(),
                key.iam_id.to_string(),
            ];
            columns.map(|column| cells[column].clone())
        });
        small(&columns.map(|column| header[column]), rows)
    }

    #[test]
    fn the_list_is_laid_out_as_comfy_table_does_it() {
        let keys = [
            key("a", ""),
            key("naïve 日本 🔑", "a description with spaces"),
            ApiKey {
                iam_id: "IBMid-日本\x1b".into(), ..key("x\ty\x1b[31m", "{\"json\": [1, 2]}")
            },
        ];
        let shown: Vec<(&ApiKey, State)> = keys.iter().map(|key| (key, State::PhasedOut)).collect();
        for (wide, owner, theirs) in [
            (false, false, theirs(&keys, [0, 1, 2, 3, 4, 5, 6])),
            (true, false, theirs(&keys, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])),
            (false, true, theirs(&keys, [0, 1, 2, 3, 4, 5, 6, 10])),
            (true, true, theirs(&keys, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10])),
        ] {
            let mut ours = Vec::new();
            super::keys(&mut ours, &shown, More { wide, owner }, false).unwrap();
            assert_eq!(String::from_utf8(ours).unwrap(), theirs, "wide: {wide}, owner: {owner}");
        }
    }
}
