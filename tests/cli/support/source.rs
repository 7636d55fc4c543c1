//! What the files under `src` use of each other, read from their text.
//!
//! Comments, strings and what is compiled for tests only are left out. A name that a file passes on (`pub use`) counts
//! for the file that defines it. Methods are not seen; the type or trait that has them is imported somewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::slice;

use super::tokens::tokens;

/// A module, which is a file.
#[derive(Debug, Default)]
pub(crate) struct Module {
    /// The file, from the root of the package: `src/http/mod.rs`.
    pub(crate) file: String,
    pub(crate) lines: usize,
    /// The names that it defines.
    defines: BTreeSet<String>,
    imports: Vec<Import>,
    /// Paths of two and more segments outside of `use`.
    paths: Vec<Vec<String>>,
    /// Every word outside of `use`.
    words: BTreeSet<String>,
    /// The modules below that exist for tests only.
    tests: BTreeSet<String>,
}

/// A name that `use` brings; `*` for all of them.
#[derive(Clone, Debug)]
struct Import {
    path: Vec<String>,
    name: String,
    is_public: bool,
}

/// The path of a module from the root of the crate; empty for `lib.rs`.
pub(crate) type Name = Vec<String>;

/// Every module of the package.
pub(crate) struct Source(pub(crate) BTreeMap<Name, Module>);

/// A use of one file by another.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Use {
    pub(crate) from: Name,
    pub(crate) to: Name,
    /// The path as it stands in the file that uses it.
    pub(crate) path: String,
}

/// Reads every Rust file below a directory; each is named from there on.
pub(crate) fn rust_files(below: &Path) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut directories = vec![below.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let inside = path.strip_prefix(below).unwrap().to_str().unwrap().to_owned();
                files.push((inside, fs::read_to_string(path).unwrap()));
            }
        }
    }
    files
}

impl Source {
    /// Reads `lib.rs` and every file below it that is not for tests only.
    pub(crate) fn read(src: &Path) -> Self {
        let files = rust_files(src);
        Self::of(files.iter().map(|(file, text)| (&**file, &**text)))
    }

    /// The same of texts; files are named from `src` on.
    pub(crate) fn of<'a>(files: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut modules = BTreeMap::new();
        for (file, text) in files.filter(|(file, _)| *file != "main.rs") {
            let path = file.trim_end_matches(".rs").trim_end_matches("/mod");
            let name = if path == "lib" { Vec::new() } else { words(path, "/") };
            modules.insert(name, Module::read(format!("src/{file}"), text));
        }
        let is_test = |name: &Name| {
            (0..name.len()).any(|at| {
                modules.get(&name[..at]).is_some_and(|above| above.tests.contains(&name[at]))
            })
        };
        let tests: Vec<Name> = modules.keys().filter(|name| is_test(name)).cloned().collect();
        modules.retain(|name, _| !tests.contains(name));
        Self(modules)
    }

    /// Every use of a file by another.
    pub(crate) fn uses(&self) -> BTreeSet<Use> {
        let mut uses = BTreeSet::new();
        for (from, module) in &self.0 {
            let passed_on = |import: &&Import, to: &Name| {
                import.is_public && to.starts_with(from) && !module.words.contains(&import.name)
            };
            let imports = module.imports.iter().filter_map(|import| {
                let to = self.defined(from, &import.path, import.name == "*")?;
                (!passed_on(&import, &to)).then_some((&import.path, to))
            });
            // What is imported by itself counts once, where it is imported.
            let is_imported = |path: &&Vec<String>| {
                let import = module.imports.iter().find(|import| import.name == path[0]);
                import.is_some_and(|import| self.defined(from, &import.path, false).is_some())
            };
            let paths = module.paths.iter().filter(|path| !is_imported(path));
            let paths = paths.filter_map(|path| Some((path, self.defined(from, path, false)?)));
            let others = imports.chain(paths).filter(|(_, to)| to != from);
            uses.extend(others.map(|(path, to)| Use {
                from: from.clone(),
                to,
                path: path.join("::"),
            }));
        }
        uses
    }

    /// The module that defines what a path means in `from`; `None` for other crates, and for a module as such unless
    /// all of it is meant.
    fn defined(&self, from: &[String], path: &[String], whole: bool) -> Option<Name> {
        let (module, is_item) = self.resolve(from, path, 0)?;
        (is_item || whole).then_some(module)
    }

    fn resolve(&self, from: &[String], path: &[String], depth: usize) -> Option<(Name, bool)> {
        let (first, rest) = path.split_first()?;
        if depth > 20 {
            return None;
        }
        match first.as_str() {
            "crate" => self.descend(&[], rest, depth),
            "self" => self.descend(from, rest, depth),
            "super" => {
                let above = from.len().checked_sub(1)?;
                let again = rest.first().is_some_and(|next| next == "super");
                if again {
                    self.resolve(&from[..above], rest, depth)
                } else {
                    self.descend(&from[..above], rest, depth)
                }
            }
            name => {
                let here = self.0.get(from)?;
                let is_known = self.0.contains_key(&[from, slice::from_ref(first)].concat())
                    || here
                        .imports
                        .iter()
                        .any(|import| import.name == name && import.path.first() != Some(first));
                is_known.then(|| self.descend(from, path, depth)).flatten()
            }
        }
    }

    /// Follows a path from a module on; tells whether it ends at an item and not at a module.
    fn descend(&self, from: &[String], path: &[String], depth: usize) -> Option<(Name, bool)> {
        let here = self.0.get(from)?;
        let Some((first, rest)) = path.split_first() else {
            return Some((from.to_owned(), false));
        };
        let child = [from, slice::from_ref(first)].concat();
        if self.0.contains_key(&child) {
            return self.descend(&child, rest, depth);
        }
        if here.defines.contains(first) {
            return Some((from.to_owned(), true));
        }
        if let Some(import) = here.imports.iter().find(|import| import.name == *first) {
            return self.resolve(from, &[&import.path, rest].concat(), depth + 1);
        }
        let mut all = here.imports.iter().filter(|import| import.name == "*");
        let behind = |import: &Import| {
            let (module, _) = self.resolve(from, &import.path, depth + 1)?;
            let found = self.descend(&module, path, depth + 1)?;
            self.0[&found.0].defines.contains(path.last()?).then_some(found)
        };
        all.find_map(behind).or_else(|| Some((from.to_owned(), true)))
    }
}

impl Module {
    fn read(file: String, text: &str) -> Self {
        let mut module = Self { file, lines: text.lines().count(), ..Self::default() };
        let tokens = module.without_tests(&tokens(text));
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let before = at.checked_sub(1).map_or("", |before| &*tokens[before]);
            let next = tokens.get(at + 1).map_or("", |next| &**next);
            if token == "use" && next != "<" {
                let is_public = ["pub", ")"].contains(&before);
                at = module.import(&tokens, at + 1, &[], is_public);
                continue;
            }
            if ["fn", "struct", "enum", "trait", "const", "static", "type"].contains(&&**token) {
                module.defines.insert(next.to_owned());
            }
            if token == "macro_rules" {
                module.defines.extend(tokens.get(at + 2).cloned());
            }
            if is_word(token) && next == "::" && ![".", "::"].contains(&before) {
                let mut path = vec![token.clone()];
                while tokens.get(at + 1).is_some_and(|token| token == "::")
                    && tokens.get(at + 2).is_some_and(|token| is_word(token))
                {
                    path.push(tokens[at + 2].clone());
                    at += 2;
                }
                module.words.extend(path.iter().cloned());
                module.paths.push(path);
            } else if is_word(token) {
                module.words.insert(token.clone());
            }
            at += 1;
        }
        module
    }

    /// Reads a tree of `use` and returns where it ends.
    fn import(
        &mut self,
        tokens: &[String],
        mut at: usize,
        before: &[String],
        public: bool,
    ) -> usize {
        let mut path = before.to_owned();
        let mut name = None;
        while let Some(token) = tokens.get(at).map(|token| &**token) {
            at += 1;
            match token {
                "::" => {}
                "{" => {
                    while tokens.get(at).is_some_and(|token| token != "}") {
                        at = self.import(tokens, at, &path, public);
                        at += usize::from(tokens.get(at).is_some_and(|token| token == ","));
                    }
                    return at + 1;
                }
                "*" => name = Some("*".to_owned()),
                "as" => name = tokens.get(at).cloned(),
                "," | ";" | "}" => {
                    at -= 1;
                    break;
                }
                "self" if !path.is_empty() => {}
                _ if name.is_some() => {}
                segment => path.push(segment.to_owned()),
            }
        }
        let name = name.or_else(|| path.last().cloned()).unwrap_or_default();
        self.imports.push(Import { path, name, is_public: public });
        at
    }

    /// Leaves out every item behind `#[cfg(test)]`, and notes which modules those are.
    fn without_tests(&mut self, tokens: &[String]) -> Vec<String> {
        let test = ["#", "[", "cfg", "(", "test", ")", "]"];
        let mut kept = Vec::new();
        let mut at = 0;
        while at < tokens.len() {
            if !tokens[at..].iter().take(test.len()).eq(test.iter()) {
                kept.push(tokens[at].clone());
                at += 1;
                continue;
            }
            at += test.len();
            let item = at;
            at = end_of_item(tokens, at);
            let declared = tokens[item..at].windows(3);
            let modules = declared.filter(|words| words[0] == "mod" && words[2] == ";");
            self.tests.extend(modules.map(|words| words[1].clone()));
        }
        kept
    }
}

/// Where an item ends: an item proper, a variant, an element, a statement.
fn end_of_item(tokens: &[String], mut at: usize) -> usize {
    let is_item = |token: &String| {
        ["pub", "fn", "impl", "mod", "struct", "enum", "trait", "const", "static", "use", "type"]
            .contains(&&**token)
    };
    while tokens.get(at).is_some_and(|token| token == "#") {
        at = end_of_group(tokens, at + 1);
    }
    let is_item = tokens.get(at).is_some_and(is_item);
    while let Some(token) = tokens.get(at) {
        match &**token {
            "(" | "[" => at = end_of_group(tokens, at),
            "{" => {
                at = end_of_group(tokens, at);
                if tokens.get(at).is_none_or(|token| token != ";") {
                    return at;
                }
            }
            ";" => return at + 1,
            "," if !is_item => return at + 1,
            ")" | "]" | "}" => return at,
            _ => at += 1,
        }
    }
    at
}

/// Where the brackets end that open at `at`.
fn end_of_group(tokens: &[String], mut at: usize) -> usize {
    let mut depth = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        match &**token {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn words(text: &str, between: &str) -> Vec<String> {
    text.split(between).map(str::to_owned).collect()
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}
