//! The pages as a whole: each can be reached, and every link leads somewhere.

use std::collections::BTreeSet;

use super::{Page, package, pages};

/// The most lines that the README may have.
const README_LINES: usize = 200;

/// The names by which headings are linked to.
fn anchors(page: &Page) -> Vec<String> {
    let headings = page.text.lines().filter(|line| line.starts_with('#'));
    let anchor = |line: &str| {
        let text = line.trim_start_matches('#').trim().to_lowercase();
        let kept = text.chars().filter(|c| c.is_alphanumeric() || *c == ' ' || *c == '-');
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    headings.map(anchor).collect()
}

#[test]
fn every_link_leads_to_a_file_and_heading_that_is_there() {
    let pages = pages();
    for page in &pages {
        for (file, heading) in page.links().iter().filter_map(|link| page.target(link)) {
            assert!(package().join(&file).is_file(), "{}: {file}", page.path);
            if !heading.is_empty() {
                let target = pages.iter().find(|page| page.path == file).unwrap();
                assert!(anchors(target).contains(&heading), "{}: {file}#{heading}", page.path);
            }
        }
    }
}

#[test]
fn every_page_is_reached_from_the_readme() {
    let pages = pages();
    let (readme, docs) = pages.split_first().unwrap();
    assert_eq!(readme.path, "README.md");
    let targets: BTreeSet<String> = readme
        .links()
        .iter()
        .filter_map(|link| readme.target(link))
        .map(|(file, _)| file)
        .collect();
    for page in docs {
        assert!(targets.contains(&page.path), "the README does not lead to {}", page.path);
        assert!(page.text.starts_with("# "), "{} has no title", page.path);
    }
    assert!(docs.len() > 15, "{}", docs.len());
    for file in ["CONTRIBUTING.md", "SECURITY.md"] {
        assert!(targets.contains(file), "the README does not lead to {file}");
    }
}

#[test]
fn the_readme_is_short() {
    let lines = pages()[0].text.lines().count();
    assert!(lines <= README_LINES, "{lines} lines");
}

/// What stands in two places is soon true in one.
#[test]
fn nothing_is_said_twice() {
    let pages = pages();
    let mut seen: Vec<(&str, String)> = Vec::new();
    for page in &pages {
        let mut is_code = false;
        for row in page.text.lines().filter(|line| line.starts_with("| ") && line.len() > 40) {
            let twin = seen.iter().find(|(_, known)| known == row);
            assert!(twin.is_none(), "{} and {}: {row}", page.path, twin.unwrap().0);
            seen.push((&page.path, row.to_owned()));
        }
        for part in page.text.split("\n\n") {
            let fences = part.matches("```").count();
            let prose = !is_code && fences == 0 && !part.starts_with(['|', '#']);
            is_code ^= fences % 2 == 1;
            let words = part.split_whitespace().collect::<Vec<_>>().join(" ");
            for sentence in words.split(". ").filter(|text| prose && text.len() > 60) {
                let twin = seen.iter().find(|(_, known)| *known == sentence);
                assert!(twin.is_none(), "{} and {}: {sentence}", page.path, twin.unwrap().0);
                seen.push((&page.path, sentence.to_owned()));
            }
        }
    }
    assert!(seen.len() > 100, "{}", seen.len());
}
