//! `help TOPIC` prints pages of docs/.

use ibmcloud_iam::error::EXIT_CODES;
use ibmcloud_iam::topics::{TOPICS, find};

use crate::support::pty::Terminal;
use crate::support::transcript::Transcript;
use crate::support::{Sandbox, run};

#[test]
fn every_topic_is_printed_whole() {
    let sandbox = Sandbox::new();
    for topic in &TOPICS {
        for program in ["ibmcloud-iam", "ibmcloud"] {
            let outcome = run(sandbox.program(program).args(["help", topic.name]), b"");
            outcome.is(0, &crate::support::redact(&topic.shown(None, false)), "");
        }
        run(sandbox.program("ibmcloud").args(["iam", "help", topic.name]), b"").ok();
    }
    assert_eq!(sandbox.files_in_work(), [""; 0]);
    let mut said = Transcript::default();
    for topic in ["exit-codes", "recover"] {
        said.run(&sandbox, &["help", topic]);
    }
    said.is("help/topics");
}

#[test]
fn a_terminal_gets_lines_that_fit() {
    let sandbox = Sandbox::new();
    for (columns, width) in [(40, 40), (80, 80), (200, 100)] {
        for (variable, colour) in [("NO_COLOR", false), ("IBMCLOUD_COLOR", true)] {
            let mut command = sandbox.command(&["help", "rotation"]);
            let shown = Terminal::start(command.env(variable, "true"), columns).end();
            assert_eq!(shown.code(0).text, find("rotation").unwrap().shown(Some(width), colour));
        }
    }
}

#[test]
fn the_codes_stand_as_terms() {
    let outcome = Sandbox::new().run(&["help", "exit-codes"]);
    for (code, meaning) in EXIT_CODES {
        assert!(outcome.ok().stdout.contains(&format!("\n   {code}: {meaning}\n")), "{code}");
    }
}

#[test]
fn an_unknown_topic_lists_those_there_are() {
    let sandbox = Sandbox::new();
    let outcome = sandbox.run(&["help", "nonsense"]);
    let names: Vec<&str> = TOPICS.iter().map(|topic| topic.name).collect();
    assert!(outcome.code(2).stderr.contains(&format!(" {}.\n", names.join(", "))), "{outcome:#?}");
    assert_eq!(outcome.stdout, "");
    let outcome = sandbox.run(&["help"]);
    for name in names {
        assert!(outcome.ok().stdout.contains(&format!("\n   {name} ")), "{name}");
    }
}
