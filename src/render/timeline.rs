//! The lives of keys as bars on a terminal: made, last used, ended, below a line of dates with today.

use std::io::{self, Write};
use std::time::Duration;

use unicode_width::UnicodeWidthStr as _;

use super::fit::{GAP, broken, shortened};
use super::table::OwnerColumn;
use crate::model::{Life, Timestamp, Window};
use crate::text::{Paint, escape};

/// Each side of today has at most this.
const LONGEST: Duration = Duration::from_secs(180 * 86_400);
const DATE: usize = "2026-11-21".len();
const LEFT: usize = "phased out".len();
/// A bar that would be shorter makes columns go.
const SHORTEST_BAR: usize = 18;

/// How a timeline is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// The columns that there are.
    pub width: usize,
    /// Whether only ASCII characters draw it.
    pub ascii: bool,
    /// Whether it is coloured.
    pub colour: bool,
    /// How owners are shown, for lists of several.
    pub owner: Option<OwnerColumn>,
}

/// The characters of the bars.
struct Marks {
    works: char,
    rests: char,
    made: char,
    used: char,
    ends: char,
    before: char,
    behind: char,
    today: char,
    crossing: char,
    cut: &'static str,
    pointer: char,
}

const DRAWN: Marks = Marks {
    works: '━',
    rests: '┄',
    made: '┣',
    used: '●',
    ends: '┫',
    before: '◀',
    behind: '▶',
    today: '│',
    crossing: '┿',
    cut: "…",
    pointer: '▼',
};
const TYPED: Marks = Marks {
    works: '=',
    rests: '-',
    made: '[',
    used: 'o',
    ends: ']',
    before: '<',
    behind: '>',
    today: '|',
    crossing: '+',
    cut: "~",
    pointer: 'v',
};

/// The widths of the columns; 0 for one that is left out.
#[derive(Clone, Copy)]
struct Widths {
    name: usize,
    owner: usize,
    bar: usize,
    ends: usize,
}

impl Widths {
    fn of(lives: &[Life<'_>], manner: Manner) -> Self {
        let widest = |text: fn(&Life<'_>, Option<OwnerColumn>) -> String, title: &str| {
            let widths = lives.iter().map(|life| text(life, manner.owner).width());
            widths.max().unwrap_or_default().max(title.len())
        };
        let name = widest(name, "Name").min((manner.width / 4).max(10));
        let owner = widest(owner, "Service ID").min(manner.width / 5);
        let owner = if manner.owner.is_some() { owner } else { 0 };
        let with = |owner: usize, ends: usize| {
            let columns = [name, owner, ends, LEFT];
            let taken: usize = columns.into_iter().filter(|&w| w > 0).map(|w| w + GAP).sum();
            Self { name, owner, bar: manner.width.saturating_sub(taken).max(10), ends }
        };
        // The owner goes first, then the date of the end, of which there are the days that are left.
        let choices = [with(owner, DATE), with(0, DATE)];
        choices.into_iter().find(|choice| choice.bar >= SHORTEST_BAR).unwrap_or(with(0, 0))
    }
}

fn name(life: &Life<'_>, _: Option<OwnerColumn>) -> String {
    escape(&life.key.name).into_owned()
}

fn owner(life: &Life<'_>, column: Option<OwnerColumn>) -> String {
    let iam_id = &*life.key.iam_id;
    let shown = match column {
        Some(OwnerColumn::ServiceId) => iam_id.strip_prefix("iam-").unwrap_or(iam_id),
        _ => iam_id,
    };
    escape(shown).into_owned()
}

/// Draws the lives, one in a line, in their order.
pub fn write(
    out: &mut dyn Write,
    lives: &[Life<'_>],
    now: Timestamp,
    manner: Manner,
) -> io::Result<()> {
    let marks = if manner.ascii { &TYPED } else { &DRAWN };
    let (widths, window) = (Widths::of(lives, manner), Window::of(lives, now, LONGEST));
    let owner_title = match manner.owner {
        Some(OwnerColumn::ServiceId) => "Service ID",
        _ => "IAM ID",
    };
    let (dates, pointer) = scale(&window, widths.bar, marks);
    let head = ["Name", owner_title, &dates, "Ends", "Left"].map(str::to_owned);
    writeln!(
        out,
        "{}",
        Paint::Header.on(&line(&head, widths, marks, |_, text| text), manner.colour)
    )?;
    let below = ["", "", &pointer, "", ""].map(str::to_owned);
    writeln!(out, "{}", line(&below, widths, marks, |_, text| text))?;
    for life in lives {
        let ends = life.key.expires_at.map_or_else(|| "never".to_owned(), Timestamp::to_date);
        let cells = [
            name(life, None),
            owner(life, manner.owner),
            bar(life, &window, widths.bar, marks),
            ends,
            life.left(now),
        ];
        let paint = |column: usize, text: String| match column {
            0 => Paint::Entity.on(&text, manner.colour),
            2.. if life.ends_soon(now) => Paint::Warning.on(&text, manner.colour),
            _ => text,
        };
        writeln!(out, "{}", line(&cells, widths, marks, paint))?;
    }
    let Marks { made, used, ends, before, behind, rests, .. } = marks;
    let legend = format!(
        "{made} made, {used} last used, {ends} ends, {before} before, {behind} later or never, {rests} does not work"
    );
    writeln!(out)?;
    broken(&legend, manner.width).iter().try_for_each(|line| writeln!(out, "{line}"))
}

/// Puts the cells of a line into their columns.
fn line(
    cells: &[String; 5],
    widths: Widths,
    marks: &Marks,
    paint: impl Fn(usize, String) -> String,
) -> String {
    let widths = [widths.name, widths.owner, widths.bar, widths.ends, LEFT];
    let mut line = String::new();
    let mut gap = 0;
    for (column, (text, width)) in cells.iter().zip(widths).enumerate() {
        if width == 0 {
            continue;
        }
        let text = if text.width() > width {
            shortened(text, width).replace('…', marks.cut)
        } else {
            text.clone()
        };
        if !text.is_empty() {
            line.extend(std::iter::repeat_n(' ', gap));
            gap = 0;
        }
        let left = width - text.width() + GAP;
        line.push_str(&paint(column, text));
        gap += left;
    }
    line.truncate(line.trim_end().len());
    line
}

/// Lays out the dates, each from its column on, and below them the place of today.
fn scale(window: &Window, width: usize, marks: &Marks) -> (String, String) {
    let length = column(width);
    let mut dates = String::new();
    for month in window.months(width / (DATE - 3 + 2)) {
        let at = usize::try_from(window.along(month, length)).unwrap_or_default();
        let date = &month.to_date()[..7];
        // A date that has no room behind the one before, or at the end, is left out.
        if (dates.is_empty() || at > dates.len()) && at + date.len() <= width {
            dates = format!("{dates:<at$}{date}");
        }
    }
    let at = usize::try_from(window.along(window.now(), length)).unwrap_or_default();
    let (word, pointer) = ("today ", marks.pointer);
    let pointer = if at >= word.len() {
        format!("{word:>at$}{pointer}")
    } else {
        format!("{:at$}{pointer} today", "")
    };
    (dates, pointer)
}

/// Draws a life.
fn bar(life: &Life<'_>, window: &Window, width: usize, marks: &Marks) -> String {
    let length = column(width);
    let along = |at: Timestamp| window.along(at, length);
    let made = life.key.creation().map_or(-1, along);
    let ends = life.key.expires_at.map_or(length, along);
    let used = life.used.at().map(along);
    let today = along(window.now());
    let drawn = |at: i64| {
        // A life outside the window is a pointer at its side.
        let (from, to) = (made.clamp(0, length - 1), ends.clamp(0, length - 1));
        let on = (from..=to).contains(&at);
        match at {
            _ if at == to && ends >= length => marks.behind,
            _ if at == from && made < 0 => marks.before,
            _ if at == to => marks.ends,
            _ if Some(at) == used && on => marks.used,
            _ if at == from => marks.made,
            _ if at == today && on => marks.crossing,
            _ if at == today => marks.today,
            _ if on && life.works() => marks.works,
            _ if on => marks.rests,
            _ => ' ',
        }
    };
    (0..length).map(drawn).collect()
}

fn column(width: usize) -> i64 {
    i64::try_from(width).unwrap_or(i64::MAX)
}
