//! Tables as the official CLI prints them since 2025: no borders, three spaces between columns, no wrapping, no trailing
//! spaces. With colours the header is bold and the first column cyan. `fit` gets them into a terminal.
//!
//! A table is a list of columns and a list of rows. [`small`] is for a few, [`write()`] for up to 100,000, for which comfy-table
//! takes four times as long and three times the memory. A test compares the two layouts.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};

use comfy_table::{ContentArrangement, presets};
use unicode_width::UnicodeWidthStr as _;

use super::fit::{self, GAP, Layout, Place};
use crate::model::Timestamp;
use crate::text::{Paint, escape};

/// The largest width of a column. Without it one cell of megabytes would add as many spaces to every other row.
const WIDEST: usize = 1_000;
const TIME_WIDTH: usize = "2026-11-21T09:00+0000".len();

/// What a table is written for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sheet {
    /// Whether it is coloured.
    pub colour: bool,
    /// The columns of the terminal that it has to fit; none where nothing is shortened or left out.
    pub width: Option<usize>,
    /// The time now, where the days up to now stand beside times.
    pub now: Option<Timestamp>,
}

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
    paint: Option<fn(&R) -> Option<Paint>>,
}

impl<R> Column<R> {
    /// Makes a column with an ASCII title and a function that returns the cell of a row.
    pub(super) const fn new(title: &'static str, cell: fn(&R) -> Cell<'_>) -> Self {
        Self { title, cell, paint: None }
    }

    /// Gives the cells of a column the colour of what they say.
    pub(super) const fn painted(self, paint: fn(&R) -> Option<Paint>) -> Self {
        Self { paint: Some(paint), ..self }
    }
}

/// Lays out a table of a few rows, in which very long texts are cut. Nothing else is left out. comfy-table lays it out where it
/// is plain and has the room.
pub(super) fn small<R>(columns: &[Column<R>], rows: &[R], sheet: Sheet) -> String {
    let table = Table { columns, sheet, gives: false };
    let whole = table.whole(rows);
    let fits = |room| whole.lines().all(|line| line.width() <= room);
    if !sheet.colour && sheet.width.is_none_or(fits) {
        return whole;
    }
    let mut text = Vec::new();
    // Writing into memory cannot fail.
    let _ = table.write(&mut text, rows);
    String::from_utf8(text).unwrap_or_default()
}

/// Writes a table of any length. Where it has to fit a terminal, a last line says what is left out.
pub(super) fn write<R>(
    out: &mut dyn Write,
    columns: &[Column<R>],
    rows: &[R],
    sheet: Sheet,
) -> io::Result<()> {
    Table { columns, sheet, gives: true }.write(out, rows)
}

struct Table<'t, R> {
    columns: &'t [Column<R>],
    sheet: Sheet,
    /// Whether texts may be shortened and columns left out. If not, very long texts are cut.
    gives: bool,
}

impl<R> Table<'_, R> {
    fn whole(&self, rows: &[R]) -> String {
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(self.columns.iter().map(|column| column.title));
        for row in rows {
            let cells =
                self.columns.iter().map(|column| self.shown((column.cell)(row)).0.into_owned());
            table.add_row(cells);
        }
        for column in table.column_iter_mut() {
            column.set_padding((0, u16::try_from(GAP).unwrap_or(3)));
        }
        let mut text = table.trim_fmt();
        text.push('\n');
        text
    }

    /// The first pass over the rows measures the columns, the second writes.
    fn write(&self, out: &mut dyn Write, rows: &[R]) -> io::Result<()> {
        let mut widths: Vec<(&str, usize)> =
            self.columns.iter().map(|column| (column.title, column.title.len())).collect();
        for row in rows {
            for ((_, widest), column) in widths.iter_mut().zip(self.columns) {
                let width = match (column.cell)(row) {
                    Cell::Time(_) if self.sheet.now.is_none() => TIME_WIDTH,
                    cell => self.shown(cell).1,
                };
                *widest = width.max(*widest);
            }
        }
        let layout = fit::layout(&widths, self.sheet.width, self.gives);
        self.header(out, &layout)?;
        let mut lines = Vec::with_capacity(512);
        for row in rows {
            lines.clear();
            self.row(&mut lines, row, &layout);
            out.write_all(&lines)?;
        }
        self.footer(out, &layout)
    }

    fn header(&self, out: &mut dyn Write, layout: &Layout) -> io::Result<()> {
        let bold = |text: &str| Paint::Header.on(text.trim_end(), self.sheet.colour);
        let mut titles = self.columns.iter().zip(&layout.places).filter_map(|(column, place)| {
            let Place::Row(width) = place else { return None };
            Some((column.title, width + GAP))
        });
        if layout.is_stacked {
            let (first, _) = titles.next().unwrap_or_default();
            write!(out, "{}\n{:GAP$}", bold(first), "")?;
        }
        let mut line = String::new();
        for (title, width) in titles {
            let _ = write!(line, "{title:width$}");
        }
        writeln!(out, "{}", bold(&line))
    }

    /// Appends the lines of a row.
    fn row(&self, lines: &mut Vec<u8>, row: &R, layout: &Layout) {
        let mut below = Vec::new();
        for (nth, (column, place)) in self.columns.iter().zip(&layout.places).enumerate() {
            let wire;
            let (text, taken) = match (column.cell)(row) {
                Cell::Time(time) if self.sheet.now.is_none() => {
                    wire = time.to_wire();
                    (Cow::Borrowed(wire.as_str()), TIME_WIDTH)
                }
                cell => self.shown(cell),
            };
            let width = match *place {
                Place::Row(width) => width,
                Place::Below { breaks } => {
                    below.push((text.into_owned(), breaks));
                    continue;
                }
                Place::Nowhere => continue,
            };
            let (text, taken) = if layout.is_shortened && taken > width {
                let short = fit::shortened(&text, width);
                let taken = short.width();
                (Cow::Owned(short), taken)
            } else {
                (text, taken)
            };
            let paint = match column.paint {
                _ if !self.sheet.colour => None,
                _ if nth == 0 => Some(Paint::Entity),
                paint => paint.and_then(|paint| paint(row)),
            };
            match paint {
                Some(paint) => put(lines, &paint.on(&text, true), taken, width),
                None => put(lines, &text, taken, width),
            }
            if nth == 0 && layout.is_stacked {
                end(lines);
                lines.extend(INDENT);
            }
        }
        end(lines);
        let room = self.sheet.width.unwrap_or(WIDEST).saturating_sub(GAP);
        for (text, breaks) in below.into_iter().filter(|(text, _)| !text.is_empty()) {
            let parts = if breaks { fit::broken(&text, room) } else { vec![text] };
            for part in parts {
                lines.extend(INDENT);
                lines.extend_from_slice(part.as_bytes());
                end(lines);
            }
        }
    }

    /// Says what is shortened or left out.
    fn footer(&self, out: &mut dyn Write, layout: &Layout) -> io::Result<()> {
        let columns = self.columns.iter().zip(&layout.places);
        let left_out = columns.filter(|(_, place)| **place == Place::Nowhere);
        let left_out: Vec<&str> = left_out.map(|(column, _)| column.title).collect();
        let mut told = String::new();
        if !left_out.is_empty() {
            told = format!("Not shown: {}. ", left_out.join(", "));
        }
        if layout.is_shortened {
            told.push_str("Texts with '…' at their end are shortened. ");
        }
        if told.is_empty() {
            return Ok(());
        }
        told.push_str("'--wide' shows everything.");
        for line in fit::broken(&told, self.sheet.width.unwrap_or(WIDEST)) {
            writeln!(out, "{line}")?;
        }
        Ok(())
    }

    /// Returns what is shown of a cell, and the places that it takes.
    fn shown<'a>(&self, cell: Cell<'a>) -> (Cow<'a, str>, usize) {
        let shown = match (cell, self.sheet.now) {
            (Cell::Text(text), _) => escape(text),
            (Cell::Time(time), None) => Cow::Owned(time.to_wire().to_string()),
            (Cell::Time(time), Some(now)) => {
                Cow::Owned(format!("{} ({})", time.to_wire(), time.seen_from(now)))
            }
        };
        let too_long = |text: &str| text.char_indices().nth(WIDEST).map(|(end, _)| end);
        let shown = match (!self.gives).then(|| too_long(&shown)).flatten() {
            Some(end) => Cow::Owned(format!("{}…", &shown[..end])),
            None => shown,
        };
        let width = if shown.is_ascii() { shown.len() } else { shown.width() };
        (shown, width.min(WIDEST))
    }
}

const INDENT: [u8; GAP] = [b' '; GAP];

/// Appends a text that takes `taken` places, and spaces up to the next column.
fn put(line: &mut Vec<u8>, text: &str, taken: usize, width: usize) {
    line.extend_from_slice(text.as_bytes());
    line.resize(line.len() + width.saturating_sub(taken) + GAP, b' ');
}

/// Ends a line, without spaces at its end.
fn end(lines: &mut Vec<u8>) {
    let end = lines.iter().rposition(|&byte| byte != b' ').map_or(0, |at| at + 1);
    lines.truncate(end);
    lines.push(b'\n');
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

    const COLUMNS: [Column<[&str; 4]>; 5] = [
        Column::new("ID", |row| Cell::Text(row[0])),
        Column::new("Name", |row| Cell::Text(row[1])),
        Column::new("Created At", |_| Cell::Time(Timestamp::LAST)),
        Column::new("State", |row: &[&str; 4]| Cell::Text(row[2]))
            .painted(|row| (row[2] == "good").then_some(Paint::Good)),
        Column::new("Fix", |row| Cell::Text(row[3])),
    ];
    const ROWS: [[&str; 4]; 3] = [
        ["a", "", "good", "x"],
        ["naïve 日本 🔑", "a name of several words", "bad", "trailing  "],
        ["x\ty\x1b[31m", "👩\u{200d}💻 日本語日本語日本語", "", ""],
    ];

    fn written(sheet: Sheet) -> String {
        let mut written = Vec::new();
        write(&mut written, &COLUMNS, &ROWS, sheet).unwrap();
        String::from_utf8(written).unwrap()
    }

    #[test]
    fn everything_is_shown_where_it_fits_or_need_not_fit() {
        let whole = "\
ID               Name                      Created At              State   Fix
a                                          9998-12-31T23:59+0000   good    x
naïve 日本 🔑    a name of several words   9998-12-31T23:59+0000   bad     trailing
x\\ty\\u{1b}[31m   👩\u{200d}💻 日本語日本語日本語     9998-12-31T23:59+0000
";
        assert_eq!(written(Sheet::default()), whole);
        assert_eq!(written(Sheet { width: Some(85), ..Sheet::default() }), whole);
        assert_eq!(small(&COLUMNS, &ROWS, Sheet::default()), whole);
    }

    #[test]
    fn a_narrow_terminal_gets_less() {
        for (width, shown) in [
            (
                84,
                "\
ID               Name                      Created At              State
a                                          9998-12-31T23:59+0000   good
   x
naïve 日本 🔑    a name of several words   9998-12-31T23:59+0000   bad
   trailing
x\\ty\\u{1b}[31m   👩\u{200d}💻 日本語日本語日本語     9998-12-31T23:59+0000
",
            ),
            (
                44,
                "\
ID               Name                  State
a                                      good
   x
naïve 日本 🔑    a name of several…    bad
   trailing
x\\ty\\u{1b}[31m   👩\u{200d}💻 日本語日本語日…
Not shown: Created At. Texts with '…' at
their end are shortened. '--wide' shows
everything.
",
            ),
            (
                30,
                "\
ID
   Name                  State
a
                         good
   x
naïve 日本 🔑
   a name of several…    bad
   trailing
x\\ty\\u{1b}[31m
   👩\u{200d}💻 日本語日本語日…
Not shown: Created At. Texts
with '…' at their end are
shortened. '--wide' shows
everything.
",
            ),
        ] {
            assert_eq!(written(Sheet { width: Some(width), ..Sheet::default() }), shown, "{width}");
        }
    }

    #[test]
    fn ages_and_colours_are_on_request() {
        let now = Some(Timestamp::LAST);
        let sheet = Sheet { colour: true, width: None, now };
        let text = small(&COLUMNS[..4], &ROWS[..1], sheet);
        let row =
            "\x1b[36;1ma\x1b[0m           9998-12-31T23:59+0000 (today)   \x1b[32;1mgood\x1b[0m\n";
        let header = "\x1b[1mID   Name   Created At                      State\x1b[0m\n";
        assert_eq!(text, [header, row].concat());
    }
}
