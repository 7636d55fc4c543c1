//! The reports for people: CSV is read back by another reader, and no name does harm in any of them.

use std::fs;

use serde_json::Value;

use crate::support::{Sandbox, skipped};

const ALL: [&str; 4] = ["api-keys-audit", "--all-users", "--fail-on", "none"];

/// Names that some reader of a report would act on.
const HOSTILE: [&str; 12] = [
    "=HYPERLINK(\"https://example.com\",\"x\")",
    "+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1",
    "a,b;\"c\"",
    "two\r\nlines",
    "<script>alert(1)</script>",
    "a|b `c` | ``",
    "[x](https://example.com) ![y](z)",
    "\u{202e}back\u{1b}[31m",
    "",
];

fn hostile() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.create("sound", &["-e", "2027-05-01"]);
    for name in HOSTILE {
        sandbox.create_of("IBMid-2", name, &[("leaked", "true")]);
    }
    sandbox.create_of("=IBMid|3", "old", &[]);
    sandbox
}

fn report(sandbox: &Sandbox, more: &[&str]) -> String {
    let outcome = sandbox.run(&[&ALL[..], more].concat());
    outcome.ok().stderr("");
    outcome.stdout
}

/// What a reader of CSV other than this program reads.
fn rows(sandbox: &Sandbox, text: &str) -> Option<Vec<Vec<String>>> {
    fs::write(sandbox.work("report.csv"), text).unwrap();
    let read = "import csv, json; print(json.dumps(list(csv.reader(open('report.csv', newline='', encoding='utf-8'), strict=True))))";
    let Ok(output) = sandbox.program("python3").args(["-c", read]).output() else {
        skipped("python3 is not installed");
        return None;
    };
    assert!(output.status.success(), "{output:?}");
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn csv_tells_what_json_tells() {
    let sandbox = hostile();
    let text = report(&sandbox, &["--format", "csv"]);
    assert!(text.ends_with("\r\n") && !text.replace("\r\n", "").contains(['\r', '\n']));
    let Some(rows) = rows(&sandbox, &text) else { return };
    let titles = ["rule", "severity", "key_id", "name", "iam_id", "message", "fix"];
    assert_eq!(rows[0], titles);
    let found: Vec<Value> = serde_json::from_str(&report(&sandbox, &["--format", "json"])).unwrap();
    assert_eq!(rows.len(), found.len() + 1);
    for (row, finding) in rows[1..].iter().zip(&found) {
        for (cell, title) in row.iter().zip(titles) {
            let told = finding[title].as_str().unwrap_or_default();
            let told = told.replace('\r', "\\r").replace('\n', "\\n").replace('\t', "\\t");
            let told = told.replace('\u{202e}', "\\u{202e}").replace('\u{1b}', "\\u{1b}");
            // A formula gets a sign before it that makes it a text.
            let guard = if told.starts_with(['=', '+', '-', '@']) { "'" } else { "" };
            assert_eq!(*cell, format!("{guard}{told}"));
        }
    }
    let counted = report(&sandbox, &["--format", "csv", "--summary"]);
    let counted: Vec<&str> = counted.split("\r\n").collect();
    let expected = [
        "iam_id,rule,severity,findings",
        "IBMid-2,leaked,error,12",
        "IBMid-2,never-expires,warning,12",
        "\"'=IBMid|3\",never-expires,warning,1",
        "",
    ];
    assert_eq!(counted, expected);
}

#[test]
fn no_name_is_more_than_a_text() {
    let sandbox = hostile();
    for form in ["csv", "markdown", "html", "table"] {
        for more in [&[][..], &["--summary"]] {
            let text = report(&sandbox, &[&["--format", form], more].concat());
            for unshown in ["\u{1b}", "\u{202e}", "\t", "\0"] {
                assert!(!text.contains(unshown), "{form}: {text}");
            }
        }
    }
    let page = report(&sandbox, &["--format", "html"]);
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    let style = page.split_once("<style>").unwrap().1.split_once("</style>").unwrap();
    for markup in ["<script", "<style", "http", "javascript", " style=", "<a "] {
        let page = style.1.replace("HYPERLINK(&quot;https://example.com&quot;", "");
        let page = page.replace("[x](https://example.com)", "");
        assert!(!page.contains(markup), "{markup}: {page}");
    }
    let markdown = report(&sandbox, &["--format", "markdown"]);
    let rows = markdown.lines().filter(|line| line.starts_with("| error | `leaked`"));
    for row in rows {
        let cells = row.replace("\\|", "").matches('|').count();
        assert_eq!(cells, 8, "{row}");
    }
}

#[test]
fn the_last_use_is_asked_for_where_a_timeline_shows_it() {
    let sandbox = Sandbox::new();
    sandbox.create("young", &["-e", "2027-05-01"]);
    let page = report(&sandbox, &["--format", "html"]);
    assert!(page.contains("<td class=\"d\">2026-11-21</td><td class=\"d\">never</td>"), "{page}");
    assert!(!page.contains("unused"), "a young key is not unused");
    let page = report(&sandbox, &["--format", "html", "--skip", "unused"]);
    assert!(page.contains("<td class=\"d\">not asked</td>"), "{page}");
}
