//! Many service IDs in several groups: a listing makes the requests of its pages and no more.

use std::sync::{Arc, Mutex};

use crate::support::iam::TOKEN_ROUTE;
use crate::support::relay::{Relayed, Turn};
use crate::support::service::Service;
use crate::support::{NOW, Sandbox};

/// How many service IDs there are in the default group, and in two others.
const IN_GROUPS: [usize; 3] = [1_000, 899, 101];

/// A box with that many service IDs in its store.
fn filled() -> Sandbox {
    let sandbox = Sandbox::new();
    let made = ["batch", "web"].map(|name| {
        let made = sandbox.run(&["service-id-group-create", name, "-o", "json"]).json();
        format!(",\"group\":{}", made["id"])
    });
    let groups = [String::new()].into_iter().chain(made);
    let lines = groups.zip(IN_GROUPS).enumerate().flat_map(|(at, (group, count))| {
        (0..count).map(move |number| {
            let id = format!("ServiceId-{:08x}-0000-4000-8000-000000000000", at * 10_000 + number);
            format!(
                r#""op":"service-create","id":"{id}","at":"{NOW}","tag":"1-{number:032x}","name":"{at}-{number}"{group}}}"#
            )
        })
    });
    sandbox.write_lines(lines);
    sandbox
}

#[test]
fn a_listing_of_two_thousand_makes_the_requests_of_its_pages() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&asked);
    let relayed = Relayed::new(Service::emulated_in(filled(), &[], &[]), move |request| {
        told.lock().unwrap().push(request.route());
        Turn::Pass
    });
    // How often groups and pages of service IDs are asked for, and nothing else.
    let run = |args: &[&str]| {
        let outcome = relayed.service.run(args);
        let mut asked = std::mem::take(&mut *asked.lock().unwrap());
        asked.retain(|route| route != TOKEN_ROUTE);
        let count = |route: &str| asked.iter().filter(|asked| *asked == route).count();
        let counts = (count("GET /v1/serviceid_groups"), count("GET /v1/serviceids/"));
        assert_eq!(asked.len(), counts.0 + counts.1, "{asked:?}");
        (outcome, counts)
    };
    let pages = IN_GROUPS.map(|count| count.div_ceil(100));
    let (listed, counts) = run(&["service-ids", "--uuid"]);
    assert_eq!(listed.ok().stdout.lines().count(), 2_000);
    // One more tells which of the groups is the default group, which is listed without an ID.
    assert_eq!(counts, (1, 1 + pages.iter().sum::<usize>()));
    let (listed, counts) = run(&["service-ids", "--uuid", "--group", "web"]);
    assert_eq!(listed.ok().stdout.lines().count(), IN_GROUPS[2]);
    assert_eq!(counts, (1, pages[2]));
    let (shown, counts) = run(&["service-id", "1-898", "--uuid"]);
    shown.is(0, "[ID1]\n", "");
    assert_eq!(counts, (1, 1 + IN_GROUPS.len()), "a name is asked for, and no page is turned");
}
