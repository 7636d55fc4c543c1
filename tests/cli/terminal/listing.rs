//! How many keys a long listing has brought, on a terminal.

use super::screen;
use super::working::{slow, started};

#[test]
fn a_listing_of_many_pages_shows_how_many_came() {
    let service = slow("400", "list:delay=300ms");
    let mut terminal = started(&service, &["api-keys"], &[]);
    terminal.wait_for("Getting API keys: ");
    terminal.wait_for("00 so far, ");
    let shown = terminal.end();
    shown.code(0);
    let screen = screen(&shown.text);
    assert!(!screen.contains("so far"), "what was in place is gone: {screen}");
    assert!(screen.contains("seed-000400"), "{screen}");
}

#[test]
fn nothing_is_shown_of_it_in_quiet_json_or_short_work() {
    let service = slow("150", "list:delay=350ms");
    for more in [&["-q"][..], &["--output", "json"]] {
        let shown = started(&service, &[&["api-keys"], more].concat(), &[]).end();
        shown.code(0);
        assert!(!shown.text.contains("so far"), "{shown:#?}");
    }
    let service = slow("2", "list:delay=1ms");
    let shown = started(&service, &["api-keys"], &[]).end();
    assert!(!shown.text.contains("so far"), "{shown:#?}");
}
