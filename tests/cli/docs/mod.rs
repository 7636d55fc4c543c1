//! README.md and docs/ show and list what the program does.

mod console;
mod lists;
mod pages;
mod shell;
mod topics;

use std::fs;
use std::path::{Path, PathBuf};

/// A page: where it is below the package, and what it says.
pub(crate) struct Page {
    path: String,
    pub(crate) text: String,
}

/// Where the package is.
pub(crate) fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What a page says.
pub(crate) fn page(path: &str) -> String {
    fs::read_to_string(package().join(path)).unwrap()
}

/// The README and every page of docs/, sorted.
pub(crate) fn pages() -> Vec<Page> {
    let mut paths = vec![PathBuf::from("README.md")];
    let mut folders = vec![PathBuf::from("docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(package().join(&folder)).unwrap() {
            let path = folder.join(entry.unwrap().file_name());
            if package().join(&path).is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                paths.push(path);
            }
        }
    }
    paths.sort();
    let read = |path: PathBuf| {
        let path = path.to_str().unwrap().to_owned();
        Page { text: page(&path), path }
    };
    paths.into_iter().map(read).collect()
}

/// A block between fences: its language, and what it holds.
struct Block<'a> {
    language: &'a str,
    text: &'a str,
}

impl Page {
    /// The blocks of a page, in order.
    fn blocks(&self) -> Vec<Block<'_>> {
        let fenced = self.text.split("\n```").skip(1).step_by(2);
        fenced
            .map(|block| {
                let (language, text) = block.split_once('\n').unwrap();
                Block { language, text }
            })
            .collect()
    }

    /// Where a link leads: a path below the package, and a heading in it or nothing. `None` for other sites.
    fn target(&self, link: &str) -> Option<(String, String)> {
        if link.contains("://") {
            return None;
        }
        let (file, heading) = link.split_once('#').unwrap_or((link, ""));
        let mut parts: Vec<&str> = self.path.split('/').collect();
        if !file.is_empty() {
            parts.pop();
        }
        for part in file.split('/').filter(|part| !part.is_empty()) {
            if part == ".." {
                parts.pop().unwrap();
            } else {
                parts.push(part);
            }
        }
        Some((parts.join("/"), heading.to_owned()))
    }

    /// The links of a page.
    fn links(&self) -> Vec<&str> {
        let links = self.text.split("](").skip(1);
        links.map(|rest| rest.split(')').next().unwrap()).collect()
    }
}
