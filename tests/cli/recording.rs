//! The recording of a session that the README shows.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::{binary, run, skipped};

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/recording"))
}

/// Asserts what every recording has, and returns its commands.
#[track_caller]
fn commands(svg: &str) -> Vec<String> {
    assert!(svg.len() <= 60 * 1024, "{} bytes", svg.len());
    assert!(!svg.contains("<script") && !svg.contains("href"), "it needs nothing else");
    for wish in ["prefers-color-scheme:dark", "prefers-reduced-motion:reduce", "<title>"] {
        assert!(svg.contains(wish), "{wish}");
    }
    let typed = svg.split(r#"<tspan class="c32">$ </tspan><tspan class="c1">"#).skip(1);
    typed.map(|rest| rest.split('<').next().unwrap().to_owned()).collect()
}

#[test]
fn the_session_runs_as_it_was_recorded() {
    let recorded = commands(&fs::read_to_string(folder().join("session.svg")).unwrap());
    assert_eq!(recorded.len(), 4, "{recorded:#?}");
    let mut script = Command::new("python3");
    script.arg("-B").arg(folder().join("record.py")).arg(binary());
    if Command::new("python3").arg("--version").output().is_err() {
        return skipped("python3 is not installed");
    }
    let now = run(&mut script, b"");
    now.ok();
    assert_eq!(commands(&now.stdout), recorded);
    assert_eq!(now.stderr, "");
    for said in ["was created", "was rotated", "The audit found 1 problem: old (1)."] {
        assert!(now.stdout.contains(said), "{said}");
    }
}
