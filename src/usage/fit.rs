//! Texts of help in narrow terminals. clap breaks lines that are too long, and knows neither paragraphs, tables nor commands.

/// The least room for the last column of a table; with less it stands below the others.
const LEAST: usize = 24;
/// How much further a line goes in when it goes on.
const DEEPER: usize = 3;

/// Lays out what stands behind the arguments: paragraphs, tables, and commands as examples.
pub(super) fn text(text: &str, width: usize) -> String {
    if text.lines().all(|line| columns(line) <= width) {
        return text.to_owned();
    }
    let mut laid_out: Vec<String> = Vec::new();
    let (mut paragraph, mut heading) = (String::new(), "");
    for line in text.lines().chain([""]) {
        let joins = !line.is_empty() && (!line.starts_with(' ') || heading == "EXIT CODES:");
        if joins && !line.ends_with(':') {
            if paragraph.is_empty() {
                paragraph.push_str(line);
            } else {
                paragraph = paragraph + " " + line.trim_start();
            }
            continue;
        }
        if !paragraph.is_empty() {
            laid_out.push(plain(&paragraph, 0, width));
            paragraph.clear();
        }
        if line.ends_with(':') {
            heading = line;
        }
        laid_out.push(match heading {
            "EXAMPLE:" | "EXAMPLES:" => command(line, width),
            _ => row(line, width),
        });
    }
    laid_out.join("\n").trim_end().to_owned()
}

/// Breaks the lines that clap does not break, or not well: names, usages, and flags with their values.
pub(super) fn rest(help: &str, width: usize) -> String {
    let (mut laid_out, mut heading) = (String::new(), "");
    let mut lines = help.lines();
    while let Some(line) = lines.next() {
        if heading == "NAME:" {
            let more = lines.by_ref().take_while(|line| !line.is_empty());
            let name = more.fold(line.to_owned(), |name, line| name + " " + line.trim());
            laid_out += &plain(&name, DEEPER, width);
            laid_out += "\n\n";
            heading = "";
            continue;
        }
        if !line.starts_with(' ') {
            heading = line;
        }
        let is_example = heading.starts_with("EXAMPLE");
        laid_out += &if is_example { line.to_owned() } else { plain(line, DEEPER, width) };
        laid_out.push('\n');
    }
    laid_out
}

/// Breaks a row of a table.
fn row(line: &str, width: usize) -> String {
    let Some((before, last)) = line.trim_start().rsplit_once("  ") else {
        return plain(line, 0, width);
    };
    let column = line.len() - last.len();
    if columns(line) <= width {
        line.to_owned()
    } else if column + LEAST <= width {
        let text = plain(&(" ".repeat(column) + last), 0, width);
        format!("{}{}", &line[..column], text.trim_start())
    } else {
        let indent = line.len() - line.trim_start().len();
        let below = plain(&(" ".repeat(indent + DEEPER) + last), 0, width);
        format!("{}{}\n{below}", " ".repeat(indent), before.trim_end())
    }
}

/// Breaks a line between words; the lines that follow stand as deep, and `deeper`.
fn plain(line: &str, deeper: usize, width: usize) -> String {
    broken(line, deeper, width, "", &|_| true)
}

/// Breaks a command where a shell lets it go on in the next line.
fn command(line: &str, width: usize) -> String {
    let is_outside =
        |before: &str| ['"', '\''].iter().all(|quote| before.matches(*quote).count() % 2 == 0);
    broken(line, DEEPER, width, " \\", &is_outside)
}

/// Breaks a line before it is too wide, where `may` permits that, with `end` before each break.
fn broken(
    line: &str,
    deeper: usize,
    width: usize,
    end: &str,
    may: &dyn Fn(&str) -> bool,
) -> String {
    if columns(line) <= width {
        return line.to_owned();
    }
    let indent = line.len() - line.trim_start().len();
    let (mut done, mut last, mut from) = (String::new(), line[..indent].to_owned(), indent);
    let mut is_first = true;
    let breaks = line.match_indices(' ').map(|(at, _)| at).filter(|at| *at > indent);
    for at in breaks.filter(|at| may(&line[..*at])).chain([line.len()]) {
        let part = line[from..at].trim_start();
        let needed =
            columns(&last) + 1 + columns(part) + if at < line.len() { end.len() } else { 0 };
        if is_first {
            last += part;
        } else if needed <= width {
            last = last + " " + part;
        } else {
            done = done + &last + end + "\n";
            last = " ".repeat(indent + deeper) + part;
        }
        (is_first, from) = (false, at);
    }
    done + &last
}

/// Counts the columns of a line, without what colours it.
fn columns(line: &str) -> usize {
    let mut parts = line.split("\u{1b}[");
    let plain = parts.next().map_or(0, |part| part.chars().count());
    let coloured = parts.map(|part| part.split_once('m').map_or(part, |(_, text)| text));
    plain + coloured.map(|part| part.chars().count()).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_text_is_broken_in_its_way() {
        let given = "\
A paragraph of two
lines.

RULES:
   leaked  error  It was found.
   a       note   It is.
And more
of it.

EXAMPLES:
   ibmcloud-iam create \"my own key\" --lock

EXIT CODES:
   1 it is so, 2
   it is not";
        let laid_out = "\
A paragraph of two lines.

RULES:
   leaked  error
      It was found.
   a       note   It is.
And more of it.

EXAMPLES:
   ibmcloud-iam create \\
      \"my own key\" --lock

EXIT CODES:
   1 it is so, 2 it is not";
        assert_eq!(text(given, 27), laid_out);
    }

    #[test]
    fn colours_take_no_column() {
        let line = "   \u{1b}[1mUsage\u{1b}[0m of it";
        assert_eq!(columns(line), 14);
        assert_eq!(rest(line, 14), format!("{line}\n"));
        let help = "NAME:\n   name - it is\nso\n\nX";
        assert_eq!(rest(help, 13), "NAME:\n   name - it\n      is so\n\nX\n");
        assert_eq!(rest(line, 13), "   \u{1b}[1mUsage\u{1b}[0m of\n      it\n");
    }
}
