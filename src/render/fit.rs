//! How a table gets into a terminal: what stands below its rows, what is shortened, and what is left out.
//!
//! Columns are known by their titles, so the rules stand here for every table.

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

/// The spaces between two columns.
pub(super) const GAP: usize = 3;

/// What is left out where even short texts do not fit, first to last. Columns that are not named here never go.
const LEAST_FIRST: [&str; 7] =
    ["Last Updated", "Description", "Created At", "Locked", "Key", "IAM ID", "Service ID"];

/// Texts that may be shortened.
const SHORTENED: [&str; 2] = ["Name", "Description"];

/// What a shortened text keeps, if it had as much.
const LEAST: usize = 12;

/// Texts that get lines of their own below a row that is too long, and whether these break between words. A command does not,
/// so that it can be copied.
const BELOW: [(&str, bool); 3] = [("Finding", true), ("Found", true), ("Fix", false)];

/// Where a column stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In the row, with this width.
    Row(usize),
    /// On lines below the row.
    Below {
        /// Whether they break between words.
        breaks: bool,
    },
    /// Nowhere.
    Nowhere,
}

/// How a table is laid out.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// Where each column stands.
    pub(super) places: Vec<Place>,
    /// Whether the first column has a line for itself, and the rest of the row is below it.
    pub(super) is_stacked: bool,
    /// Whether texts are shortened.
    pub(super) is_shortened: bool,
}

/// Lays out columns, given their titles and the widths that they would like to have. `room` is the width of the terminal;
/// without it every column has what it likes. `gives` allows to shorten and to leave out.
pub(super) fn layout(columns: &[(&str, usize)], room: Option<usize>, gives: bool) -> Layout {
    let all: Vec<Place> = columns.iter().map(|(_, width)| Place::Row(*width)).collect();
    let whole = Layout { places: all, is_stacked: false, is_shortened: false };
    let Some(room) = room.filter(|room| whole.width() > *room) else { return whole };
    let place = |(title, width): &(&str, usize)| {
        let below = BELOW.iter().find(|(below, _)| below == title);
        below.map_or(Place::Row(*width), |(_, breaks)| Place::Below { breaks: *breaks })
    };
    let begin: Vec<Place> = columns.iter().map(place).collect();
    let mut tried = Layout { places: begin.clone(), ..whole };
    for is_stacked in [false, true] {
        tried = Layout { places: begin.clone(), is_stacked, is_shortened: false };
        let mut left_out = LEAST_FIRST.iter().filter(|_| gives);
        loop {
            let mut shown = Layout { places: tried.places.clone(), ..tried };
            if gives {
                shown.shorten(columns, room, LEAST);
            }
            if shown.width() <= room {
                return shown;
            }
            let Some(title) = left_out.next() else { break };
            for (place, _) in tried.places.iter_mut().zip(columns).filter(|(_, (t, _))| t == title)
            {
                *place = Place::Nowhere;
            }
        }
    }
    if gives {
        tried.shorten(columns, room, 0);
    }
    tried
}

impl Layout {
    /// Returns the width of the longest line of a row; lines below it do not count.
    fn width(&self) -> usize {
        let mut widths = self.places.iter().filter_map(|place| match place {
            Place::Row(width) => Some(*width + GAP),
            _ => None,
        });
        if self.is_stacked {
            widths.next();
        }
        let row = widths.sum::<usize>().saturating_sub(GAP);
        if self.is_stacked { row + GAP } else { row }
    }

    /// Takes from the widest texts until a row fits, but leaves each of them its title and `least`.
    fn shorten(&mut self, columns: &[(&str, usize)], room: usize, least: usize) {
        while self.width() > room {
            let texts = self.places.iter_mut().zip(columns).filter_map(|(place, (title, _))| {
                let Place::Row(width) = place else { return None };
                let may_go = SHORTENED.contains(title) && *width > least.max(title.len());
                may_go.then_some(width)
            });
            let Some(widest) = texts.max_by_key(|width| **width) else { return };
            *widest -= 1;
            self.is_shortened = true;
        }
    }
}

/// Shortens a text to `room` columns, with `…` at its end. What is one character for a reader stays whole.
pub(super) fn shortened(text: &str, room: usize) -> String {
    let (mut kept, mut taken) = (String::new(), 1);
    for cluster in text.graphemes(true) {
        taken += cluster.width();
        if taken > room {
            break;
        }
        kept.push_str(cluster);
    }
    kept.truncate(kept.trim_end().len());
    kept.push('…');
    kept
}

/// Breaks a text between words into lines of `room` columns; a longer word has a line for itself.
pub(super) fn broken(text: &str, room: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.width() + 1 + word.width() <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [(&str, usize); 7] = [
        ("ID", 43),
        ("Name", 30),
        ("Description", 40),
        ("Created At", 21),
        ("Last Updated", 21),
        ("Locked", 6),
        ("State", 6),
    ];

    /// The titles that are shown, with their widths.
    fn shown(columns: &[(&str, usize)], room: usize, gives: bool) -> String {
        let found = layout(columns, Some(room), gives);
        let one = |(place, (title, _)): (&Place, &(&str, usize))| match place {
            Place::Row(width) => Some(format!("{title} {width}")),
            Place::Below { .. } => Some(format!("{title} below")),
            Place::Nowhere => None,
        };
        let rows: Vec<String> = found.places.iter().zip(columns).filter_map(one).collect();
        format!("{}{}", if found.is_stacked { "stacked: " } else { "" }, rows.join(", "))
    }

    #[test]
    fn what_matters_least_goes_first() {
        for (room, layout) in [
            (
                185,
                "ID 43, Name 30, Description 40, Created At 21, Last Updated 21, Locked 6, State 6",
            ),
            (
                184,
                "ID 43, Name 30, Description 39, Created At 21, Last Updated 21, Locked 6, State 6",
            ),
            (
                150,
                "ID 43, Name 18, Description 17, Created At 21, Last Updated 21, Locked 6, State 6",
            ),
            (120, "ID 43, Name 15, Description 14, Created At 21, Locked 6, State 6"),
            (100, "ID 43, Name 12, Created At 21, Locked 6, State 6"),
            (80, "ID 43, Name 16, Locked 6, State 6"),
            (70, "ID 43, Name 15, State 6"),
            (67, "ID 43, Name 12, State 6"),
            (60, "stacked: ID 43, Name 15, Created At 21, Locked 6, State 6"),
            (40, "stacked: ID 43, Name 19, Locked 6, State 6"),
            (20, "stacked: ID 43, Name 8, State 6"),
            (1, "stacked: ID 43, Name 4, State 6"),
        ] {
            assert_eq!(shown(&KEYS, room, true), layout, "{room}");
        }
    }

    #[test]
    fn the_id_stays_whole_wherever_it_stands() {
        let credentials =
            [("Region", 8), ("ID", 36), ("Name", 40), ("Key", 43), ("Created At", 21)];
        for (room, layout) in [
            (120, "Region 8, ID 36, Name 24, Key 43"),
            (80, "Region 8, ID 36, Name 27"),
            (60, "stacked: Region 8, ID 36, Name 18"),
            (40, "stacked: Region 8, ID 36, Name 4"),
        ] {
            assert_eq!(shown(&credentials, room, true), layout, "{room}");
        }
    }

    #[test]
    fn what_was_asked_for_in_an_error_is_whole() {
        let candidates = [("ID", 43), ("State", 11), ("Created At", 21)];
        assert_eq!(shown(&candidates, 81, false), "ID 43, State 11, Created At 21");
        assert_eq!(shown(&candidates, 80, false), "stacked: ID 43, State 11, Created At 21");
        assert_eq!(shown(&candidates, 1, false), "stacked: ID 43, State 11, Created At 21");
    }

    #[test]
    fn findings_and_fixes_get_lines_of_their_own() {
        let findings =
            [("ID", 43), ("Name", 20), ("Severity", 8), ("Rule", 9), ("Finding", 50), ("Fix", 60)];
        let below = "Severity 8, Rule 9, Finding below, Fix below";
        assert_eq!(shown(&findings, 120, true), format!("ID 43, Name 20, {below}"));
        assert_eq!(shown(&findings, 81, true), format!("ID 43, Name 12, {below}"));
        assert_eq!(shown(&findings, 80, true), format!("stacked: ID 43, Name 20, {below}"));
    }

    #[test]
    fn a_text_is_shortened_by_what_a_reader_takes_for_characters() {
        for (text, room, short) in [
            ("abcdef", 4, "abc…"),
            ("ab cdef", 4, "ab…"),
            ("日本語日本語", 6, "日本…"),
            ("日本語日本語", 5, "日本…"),
            ("e\u{301}e\u{301}e\u{301}e\u{301}", 3, "e\u{301}e\u{301}…"),
            ("👩\u{200d}💻👩\u{200d}💻👩\u{200d}💻", 4, "👩\u{200d}💻…"),
            ("👍🏽👍🏽👍🏽", 4, "👍🏽…"),
            ("🇩🇪🇫🇷🇮🇹", 5, "🇩🇪🇫🇷…"),
            ("日本", 1, "…"),
            ("日本", 0, "…"),
        ] {
            assert_eq!(shortened(text, room), short, "{text} in {room}");
        }
    }

    #[test]
    fn lines_break_between_words() {
        assert_eq!(broken("a bb ccc dddd", 6), ["a bb", "ccc", "dddd"]);
        assert_eq!(broken("a-long-word b", 4), ["a-long-word", "b"]);
        assert_eq!(broken("", 4), [""]);
    }
}
