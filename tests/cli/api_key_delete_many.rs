//! `--all` over the service: the key that is logged in with goes last, or the others would stay.

use crate::support::Sandbox;
use crate::support::emulator::Client;
use crate::support::expected::{TOKENS, facts, facts_of};
use crate::support::service::Service;

#[test]
fn the_key_that_is_logged_in_with_is_deleted_last() {
    for format in [&[][..], &["--output", "json"]] {
        let sandbox = Sandbox::new();
        let (acting, value) = sandbox.create_with_value("acting", &[]);
        let ids = [sandbox.create("b", &[]), sandbox.create("c", &[]), acting];
        let service = Service::emulated_in(sandbox, &[], &[]);
        let args = [&["api-key-delete", "--all", "--force"], format].concat();
        let outcome = service.run_as(&value, &args);
        outcome.ok();
        let deleted: Vec<String> = if format.is_empty() {
            let used = "last used 2026-11-21T09:00+0000.";
            let told = [
                facts(1, "b"),
                facts(2, "c"),
                facts_of(3, "acting", "2026-11-21T09:00+0000 (today)", used),
                TOKENS.replace("with it", "with them"),
            ]
            .concat();
            outcome.stderr(&told);
            let lines = outcome.stdout.lines().filter(|line| line.ends_with(" was deleted"));
            lines.map(|line| line.split(' ').nth(2).unwrap().to_owned()).collect()
        } else {
            let told = outcome.json();
            assert!(told.as_array().unwrap().iter().all(|one| one["outcome"] == "deleted"));
            told.as_array()
                .unwrap()
                .iter()
                .map(|one| one["id"].as_str().unwrap().to_owned())
                .collect()
        };
        assert_eq!(deleted, ids);
        assert_eq!(service.sandbox.names(), [""; 0]);
        // It really was the credential: nobody logs in with it any more.
        assert_eq!(Client::new(&service.endpoint).log_in(&value).0, 400);
    }
}
