//! The topics of `help`: pages of `docs/`, as a terminal shows them.

mod page;

use std::borrow::Cow;
use std::ffi::OsString;
use std::fmt::Write as _;

use crate::text::Paint;

/// How wide a page is where there is no terminal, and how wide it is at most.
const WIDTH: usize = 80;
const WIDEST: usize = 100;

/// A page that `help` shows.
#[derive(Debug)]
pub struct Topic {
    /// What it is asked for by.
    pub name: &'static str,
    /// What it tells, in a few words.
    pub about: &'static str,
    /// Where the page is below docs/, without `.md`.
    path: &'static str,
    page: &'static str,
}

/// Names topics, what each tells and its page.
macro_rules! topics {
    ($($name:literal, $page:literal, $about:literal;)*) => {
        /// Every topic.
        pub static TOPICS: [Topic; [$($name),*].len()] = [
            $(Topic { name: $name, about: $about, path: $page, page: include_str!(concat!("../docs/", $page, ".md")) }),*
        ];
    };
}

topics! {
    "audit", "guide/audit", "find risky keys, by hand and in pipelines";
    "deliver", "guide/deliver", "how a new key reaches those who need it";
    "emulator", "guide/emulator", "the service on this machine, for tests";
    "environment", "reference/environment", "every variable that is read";
    "exit-codes", "reference/exit-codes", "what each exit code means";
    "files", "reference/files", "what is kept, where, and who may touch it";
    "recover", "guide/recover", "after an interruption";
    "rotation", "guide/rotation", "replace keys without a gap";
    "scripts", "guide/scripts", "output, questions and failures where nobody watches";
}

/// Finds a topic by its name.
pub fn find(name: &str) -> Option<&'static Topic> {
    TOPICS.iter().find(|topic| topic.name == name)
}

/// Finds the topic that a command line asks for: `help TOPIC`.
pub fn asked_for(args: &[OsString]) -> Option<&'static Topic> {
    match args {
        [_, help, name] if help == "help" => find(name.to_str()?),
        _ => None,
    }
}

/// Names every topic, in a sentence.
pub fn named() -> String {
    let names = TOPICS.iter().map(|topic| topic.name).collect::<Vec<_>>();
    format!("'help TOPIC' explains {}.", names.join(", "))
}

impl Topic {
    /// Returns the page for a terminal of some width, or for none.
    pub fn shown(&self, terminal: Option<usize>, colour: bool) -> String {
        let width = terminal.unwrap_or(WIDTH).min(WIDEST);
        let mut shown = page::shown(&self.page_with_places(), width, colour);
        let _ = writeln!(shown, "\n{}", Paint::Header.on("Other topics", colour));
        let others = TOPICS.iter().filter(|topic| topic.name != self.name);
        for Self { name, about, .. } in others {
            shown += &page::entry(name, about, width, colour);
        }
        shown
    }

    /// Returns the page with a name behind each link by which a reader without links finds where it leads.
    fn page_with_places(&self) -> String {
        let mut parts = self.page.split("](");
        let mut page = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (target, behind) = part.split_once(')').unwrap_or((part, ""));
            page = page + "](" + target + ")";
            if let Some(place) = self.place(target) {
                page = page + " (" + &place + ")";
            }
            page += behind;
        }
        page
    }

    /// Names what a link of the page leads to: a topic, or a page of the documents. `None` for a picture or this page.
    fn place(&self, target: &str) -> Option<String> {
        let target = target.split('#').next()?.strip_suffix(".md")?;
        let folder = self.path.split('/').next()?;
        let path: Cow<'_, str> = match (target.strip_prefix("../../"), target.strip_prefix("../")) {
            (Some(path), _) => return Some(format!("{path}.md")),
            (None, Some(path)) => path.into(),
            (None, None) => format!("{folder}/{target}").into(),
        };
        match TOPICS.iter().find(|topic| topic.path == path) {
            Some(topic) if topic.path == self.path => None,
            Some(topic) => Some(format!("`help {}`", topic.name)),
            None => Some(format!("docs/{path}.md")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use clap::CommandFactory as _;
    use unicode_width::UnicodeWidthStr as _;

    use super::*;

    #[test]
    fn pages_are_small_and_lose_their_markup() {
        assert!(TOPICS.iter().map(|topic| topic.page.len()).sum::<usize>() <= 60 * 1024);
        for Topic { name, page, .. } in &TOPICS {
            for width in [40, 80] {
                let topic = find(name).unwrap();
                let shown = topic.shown(Some(width), false);
                for markup in ["](", "**", "```", "|---", "\n#"] {
                    assert!(!shown.contains(markup), "{name}: {markup}\n{shown}");
                }
                let is_of_code = |line: &str| page.lines().any(|known| known.trim() == line.trim());
                for line in shown.lines() {
                    let is_one_word = line.split_whitespace().count() == 1;
                    let fits = line.width() <= width;
                    assert!(fits || is_one_word || is_of_code(line), "{name}, {width}: {line}");
                }
            }
        }
    }

    #[test]
    fn a_link_names_a_topic_or_a_page_that_is_there() {
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut places = Vec::new();
        for topic in &TOPICS {
            let links = topic.page.split("](").skip(1).filter_map(|part| part.split(')').next());
            for place in links.filter_map(|link| topic.place(link)) {
                match place.strip_prefix("`help ").and_then(|name| name.strip_suffix('`')) {
                    Some(name) => assert!(find(name).is_some(), "{}: {place}", topic.name),
                    None => assert!(package.join(&place).is_file(), "{}: {place}", topic.name),
                }
                places.push(place);
            }
        }
        for place in ["`help exit-codes`", "docs/guide/task-credentials.md", "examples/README.md"] {
            assert!(places.iter().any(|known| known == place), "{place}: {places:?}");
        }
        let shown = find("scripts").map(|topic| topic.shown(None, false)).unwrap();
        let words = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("see Exit codes ('help exit-codes')."), "{shown}");
    }

    #[test]
    fn the_help_lists_them() {
        let help = crate::cli::Cli::command().render_long_help().to_string();
        for Topic { name, about, .. } in &TOPICS {
            let line = format!("\n   {name:<14}{about}\n");
            assert!(help.contains(&line), "{line}");
        }
    }

    #[test]
    fn a_command_line_asks_for_one() {
        for (line, topic) in [
            ("p help exit-codes", Some("exit-codes")),
            ("p help api-keys", None),
            ("p help", None),
            ("p exit-codes", None),
            ("p help exit-codes recover", None),
        ] {
            let args: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            assert_eq!(asked_for(&args).map(|topic| topic.name), topic, "{line}");
        }
    }

    #[test]
    fn the_pages_are_in_the_package() {
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        let manifest = fs::read_to_string(package.join("Cargo.toml")).unwrap();
        let exclude = manifest.lines().find(|line| line.starts_with("exclude")).unwrap();
        assert!(!exclude.contains("docs\""), "{exclude}");
        assert!(!manifest.lines().any(|line| line.starts_with("include")));
    }
}
