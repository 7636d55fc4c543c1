//! Tables as the official CLI prints them since 2025: no borders, three spaces between columns, no wrapping, no trailing
//! spaces. With colours the header is bold and the first column cyan.
//!
//! A table is a list of columns and a list of rows. [`small`] lays it out with comfy-table. [`write()`] is for tables that
//! may have 100,000 rows, for which comfy-table takes four times as long and three times the memory. A test compares the
//! two layouts.

use std::borrow::Cow;
use std::io::{self, Write};

use comfy_table::{ContentArrangement, Table, presets};
use unicode_width::UnicodeWidthStr as _;

use crate::model::Timestamp;
use crate::text::{Paint, escape};

const GAP: usize = 3;
/// The largest width of a column. Without it one cell of megabytes would add as many spaces to every other row.
const WIDEST: usize = 1_000;
const TIME_WIDTH: usize = "2026-11-21T09:00+0000".len();

#[derive(Clone, Copy, Debug)]
pub(super) enum Cell<'a> {
    /// Text, which is escaped when it is written.
    Text(&'a str),
    /// A time in the service's form.
    Time(Timestamp),
}

/// A column of a table with rows of type `R`.
#[derive(Debug)]
pub(super) struct Column<R> {
    title: &'static str,
    cell: fn(&R) -> Cell<'_>,
}

impl<R> Column<R> {
    /// Makes a column with an ASCII title and a function that returns the cell of a row.
    pub(super) const fn new(title: &'static str, cell: fn(&R) -> Cell<'_>) -> Self {
        Self { title, cell }
    }
}

/// Lays out a table of a few rows, in which long texts are cut.
pub(super) fn small<R>(columns: &[Column<R>], rows: &[R]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(columns.iter().map(|column| column.title));
    for row in rows {
        table.add_row(columns.iter().map(|column| match (column.cell)(row) {
            Cell::Text(text) => cut(escape(text).into_owned()),
            Cell::Time(time) => time.to_wire().to_string(),
        }));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, u16::try_from(GAP).unwrap_or(3)));
    }
    let mut text = table.trim_fmt();
    text.push('\n');
    text
}

fn cut(text: String) -> String {
    match text.char_indices().nth(WIDEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Writes a table of any length. The first pass over the rows measures the columns, the second writes.
pub(super) fn write<R>(
    out: &mut dyn Write,
    columns: &[Column<R>],
    rows: &[R],
    colour: bool,
) -> io::Result<()> {
    let mut widths: Vec<usize> = columns.iter().map(|column| column.title.len()).collect();
    for row in rows {
        for (widest, column) in widths.iter_mut().zip(columns) {
            let width = match (column.cell)(row) {
                Cell::Text(text) => escaped(text).1,
                Cell::Time(_) => TIME_WIDTH,
            };
            *widest = width.max(*widest);
        }
    }
    let mut line = Vec::with_capacity(512);
    for (column, width) in columns.iter().zip(&widths) {
        put(&mut line, column.title, column.title.len(), *width);
    }
    let header = String::from_utf8_lossy(line.trim_ascii_end());
    writeln!(out, "{}", Paint::Header.on(&header, colour))?;
    for row in rows {
        line.clear();
        for (column, width) in columns.iter().zip(&widths) {
            match (column.cell)(row) {
                Cell::Text(text) => {
                    let (text, taken) = escaped(text);
                    if colour && line.is_empty() {
                        put(&mut line, &Paint::Entity.on(&text, true), taken, *width);
                    } else {
                        put(&mut line, &text, taken, *width);
                    }
                }
                Cell::Time(time) => put(&mut line, time.to_wire().as_str(), TIME_WIDTH, *width),
            }
        }
        let end = line.iter().rposition(|&byte| byte != b' ').map_or(0, |at| at + 1);
        line.truncate(end);
        line.push(b'\n');
        out.write_all(&line)?;
    }
    Ok(())
}

/// Escapes a text and measures what is shown.
fn escaped(text: &str) -> (Cow<'_, str>, usize) {
    let shown = escape(text);
    let width = if shown.is_ascii() { shown.len() } else { shown.width() };
    (shown, width.min(WIDEST))
}

/// Appends a text that takes `taken` places, and spaces up to the next column.
fn put(line: &mut Vec<u8>, text: &str, taken: usize, width: usize) {
    line.extend_from_slice(text.as_bytes());
    line.resize(line.len() + width.saturating_sub(taken) + GAP, b' ');
}

/// Lays out labels and values below an empty line, as the official CLI does for one key.
pub(super) fn labelled(rows: &[(&str, Cow<'_, str>)], label_width: usize, colour: bool) -> Vec<u8> {
    // A value may be a secret, and a buffer that grows would leave a copy of it in memory.
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

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column<[&str; 3]>; 4] = [
        Column::new("ID", |row| Cell::Text(row[0])),
        Column::new("Description", |row| Cell::Text(row[1])),
        Column::new("Created At", |_| Cell::Time(Timestamp::LAST)),
        Column::new("By", |row| Cell::Text(row[2])),
    ];

    #[test]
    fn both_layouts_are_the_same() {
        let rows = [
            ["a", "", "x"],
            ["naïve 日本 🔑", "a description with spaces", "trailing  "],
            ["x\ty\x1b[31m", "{\"json\": [1, 2]}", "IBMid-日本\x1b"],
        ];
        let mut written = Vec::new();
        write(&mut written, &COLUMNS, &rows, false).unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), small(&COLUMNS, &rows));
    }
}
