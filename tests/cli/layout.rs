//! The layout of the source: no circle of imports between folders or files, imports downwards only, no long files.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use crate::support::source::{Name, Source, Use, rust_files};

/// The top-level modules from the top down. A module imports from its own row and from the rows below.
const ROWS: [&[&str]; 7] = [
    &["lib"],
    &["cli", "complete", "generate", "tab", "usage"],
    &["ops"],
    &["emulator", "names", "render", "session"],
    &["credentials", "environment", "error", "journal", "settings", "systems", "told", "ui"],
    &["http", "log"],
    &[
        "clock",
        "joined",
        "model",
        "object",
        "private_file",
        "secret",
        "side_by_side",
        "text",
        "topics",
    ],
];

/// What is not imported within a row: by whom, and what.
const NEVER: [(&str, &[&str]); 1] = [("systems", &["credentials", "ui"])];

const MOST_LINES: usize = 400;

/// Files that may be longer, and why.
const LONG_FILES: [(&str, &str); 0] = [];

fn source() -> Source {
    Source::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
}

/// A graph of names, with what makes each edge.
type Graph<'a> = BTreeMap<(String, String), Vec<&'a Use>>;

/// The graph of what is directly in a folder: its files and folders, and the file of the folder itself.
fn graph<'a>(folder: &[String], uses: &'a BTreeSet<Use>) -> Graph<'a> {
    let part = |name: &Name| {
        let inside = name.strip_prefix(folder)?;
        Some(inside.first().map_or_else(|| "mod".to_owned(), Clone::clone))
    };
    let mut graph = Graph::new();
    for each in uses {
        if let (Some(from), Some(to)) = (part(&each.from), part(&each.to))
            && from != to
        {
            graph.entry((from, to)).or_default().push(each);
        }
    }
    graph
}

/// The edges that are part of a circle.
fn circles<'a, 'b>(
    graph: &'b Graph<'a>,
) -> impl Iterator<Item = (&'b (String, String), &'b Vec<&'a Use>)> {
    let reaches = |from: &str, to: &str| {
        let mut seen = BTreeSet::from([from.to_owned()]);
        let mut waiting = vec![from.to_owned()];
        while let Some(name) = waiting.pop() {
            let next = graph.keys().filter(|(from, _)| *from == name).map(|(_, to)| to);
            waiting.extend(next.filter(|next| seen.insert((*next).clone())).cloned());
        }
        seen.contains(to)
    };
    graph.iter().filter(move |((from, to), _)| reaches(to, from))
}

/// Tells every circle, folder by folder; empty where there is none.
fn circles_in(source: &Source) -> String {
    let uses = source.uses();
    let folders: BTreeSet<&[String]> =
        source.0.keys().flat_map(|name| (0..name.len()).map(|length| &name[..length])).collect();
    let mut told = String::new();
    for folder in folders {
        for ((from, to), why) in circles(&graph(folder, &uses)) {
            let place = [&["src".to_owned()], folder].concat().join("/");
            let _ = writeln!(told, "{place}: {from} → {to}");
            for one in why {
                let _ = writeln!(told, "    {}: {}", source.0[&one.from].file, one.path);
            }
        }
    }
    told
}

fn top(name: &Name) -> &str {
    name.first().map_or("lib", |name| name)
}

#[test]
fn nothing_imports_in_a_circle() {
    let told = circles_in(&source());
    assert!(told.is_empty(), "these imports close circles:\n{told}");
}

#[test]
fn imports_point_downwards() {
    let source = source();
    let mut wrong = BTreeSet::new();
    let row = |name: &str| {
        let row = ROWS.iter().position(|row| row.contains(&name));
        row.unwrap_or_else(|| panic!("'{name}' stands in no row of this test"))
    };
    for each in source.uses() {
        let (from, to) = (top(&each.from), top(&each.to));
        let is_banned = NEVER.iter().any(|(who, what)| *who == from && what.contains(&to));
        if is_banned || row(from) > row(to) {
            wrong.insert(format!("{}: {}", source.0[&each.from].file, each.path));
        }
    }
    assert!(wrong.is_empty(), "these imports point upwards: {wrong:#?}");
}

#[test]
fn no_file_is_long() {
    let source = source();
    let may_be_long = |file: &str| LONG_FILES.iter().any(|(name, _)| *name == file);
    let long = source.0.values().filter(|module| module.lines > MOST_LINES);
    let long: Vec<_> = long.map(|module| (&module.file, module.lines)).collect();
    let (allowed, long): (Vec<_>, Vec<_>) =
        long.into_iter().partition(|(file, _)| may_be_long(file));
    assert!(long.is_empty(), "files of more than {MOST_LINES} lines: {long:#?}");
    assert_eq!(allowed.len(), LONG_FILES.len(), "a file that is excepted is short or gone");
}

#[test]
fn no_test_file_is_long() {
    let tests = rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests"));
    let long = tests.iter().filter(|(_, text)| text.lines().count() > MOST_LINES);
    // A table.
    assert_eq!(long.map(|(file, _)| &**file).collect::<Vec<_>>(), ["cli/backends.rs"]);
}

/// The uses of a small tree, as `from → to`.
fn uses_of(files: &[(&str, &str)]) -> Vec<String> {
    let file = |name: &Name| if name.is_empty() { "lib".to_owned() } else { name.join("/") };
    let uses = Source::of(files.iter().copied()).uses();
    let edges: BTreeSet<_> =
        uses.iter().map(|one| format!("{} → {}", file(&one.from), file(&one.to))).collect();
    edges.into_iter().collect()
}

#[test]
fn imports_are_read_as_the_compiler_reads_them() {
    let lib = ("lib.rs", "mod a; mod b; mod c;");
    let c = ("c.rs", "pub struct C; pub fn f() {}");
    for text in [
        "use crate::c::C;",
        "use crate::{b::{self, B}, c::C};",
        "pub(crate) use super::c::{C as D, f};",
        "use crate::c::*;",
        "use crate::c; fn g() { c::f() }",
        "fn g(x: &crate::c::C) {}",
        "fn g() -> Vec<crate::c::C> { '\\''; \"\\\"\"; crate::c::f::<'a>() }",
    ] {
        let b = ("b.rs", "use std::fmt; pub struct B;");
        let edges = uses_of(&[lib, ("a.rs", text), b, c]);
        assert!(edges.contains(&"a → c".to_owned()), "{text}: {edges:?}");
    }
    for text in [
        "// use crate::c::C;\n/* /* */ crate::c::f() */ fn g() {}",
        "fn g() { \"crate::c::f()\"; r#\" \" crate::c::f() \"#; }",
        "use crate::c;",
        "#[cfg(test)] mod tests { use crate::c::C; }",
        "#[cfg(test)] #[expect(x)] fn g() { crate::c::f() } fn h() {}",
        "enum E { A, #[cfg(test)] B = crate::c::C, D } ",
        "mod c { }  fn g() { std::c::f() }",
    ] {
        assert_eq!(uses_of(&[lib, ("a.rs", text), c]), [""; 0], "{text}");
    }
}

#[test]
fn names_that_are_passed_on_count_for_who_defines_them() {
    let edges = uses_of(&[
        ("lib.rs", "mod a; mod b;"),
        ("a/mod.rs", "mod one; #[cfg(test)] mod fake; mod two; pub use one::One; pub use two::*;"),
        ("a/one.rs", "use super::Two; pub struct One;"),
        ("a/two.rs", "pub struct Two;"),
        ("a/fake.rs", "use crate::b::B;"),
        ("b.rs", "use crate::a::{One, Two}; pub struct B;"),
    ]);
    assert_eq!(edges, ["a/one → a/two", "b → a/one", "b → a/two"]);
}

#[test]
fn circles_are_found() {
    let circle = [
        ("lib.rs", "mod a; mod b;"),
        ("a/mod.rs", "mod one; pub fn f() {}"),
        ("a/one.rs", "use crate::b::g;"),
        ("b.rs", "pub fn g() { crate::a::f() }"),
    ];
    assert_eq!(
        circles_in(&Source::of(circle.into_iter())),
        "src: a → b\n    src/a/one.rs: crate::b::g\nsrc: b → a\n    src/b.rs: crate::a::f\n"
    );
    let inside = [
        ("lib.rs", "mod a;"),
        ("a/mod.rs", "mod one; pub fn f() { one::g() }"),
        ("a/one.rs", "pub fn g() { super::f() }"),
    ];
    assert_eq!(
        circles_in(&Source::of(inside.into_iter())),
        "src/a: mod → one\n    src/a/mod.rs: one::g\nsrc/a: one → mod\n    src/a/one.rs: super::f\n"
    );
}
