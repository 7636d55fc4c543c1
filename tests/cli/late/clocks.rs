//! Clocks that are wrong: ends and waits are those of the service.

use std::time::{Duration, Instant};

use super::{At, RECOVER, Stage, assert_at_rest, failing};
use crate::rotation::TO_FILE;
use crate::support::relay::Blow;
use crate::support::running::wait_until;

const TWO_HOURS_BEHIND: (&str, &str) = ("IBMCLOUD_IAM_NOW", "2026-11-21T07:00:00Z");

#[test]
fn a_clock_that_is_behind_ends_no_key_early() {
    let rig = failing(&[]);
    let args = [&TO_FILE[..], &["--grace", "1h"]].concat();
    let outcome = rig.run_env(&[TWO_HOURS_BEHIND], &args);
    assert!(outcome.ok().stdout.ends_with(" works until 2026-11-21T10:00+0000\n"), "{outcome:#?}");
    let said = "This machine's clock is about 2 hours behind the service's";
    assert!(outcome.stderr.contains(said), "{outcome:#?}");
    assert_at_rest(&rig, &["phasing out", "active"]);
}

/// A rotation of `ci` whose first request is carried out late, killed when that was sent.
fn sent() -> Stage {
    let stage = Stage::new(failing(&["create:late=1s,status=504,skip=1"]));
    stage.kill(At::Create, Blow::KillAfter, &TO_FILE);
    stage
}

#[test]
fn a_clock_that_jumps_forward_makes_no_orphan() {
    for now in ["2026-11-21T09:01:00Z", "2026-11-21T11:00:00Z", "2026-11-28T09:00:00Z"] {
        let stage = sent();
        let rig = stage.rig();
        let outcome = rig.run_env(&[("IBMCLOUD_IAM_NOW", now)], &RECOVER);
        assert!(outcome.ok().stdout.contains("; the old key ApiKey-"), "{now}: {outcome:#?}");
        assert_at_rest(rig, &["phased out", "active"]);
    }
}

#[test]
fn a_clock_that_is_set_back_is_not_waited_for() {
    let stage = sent();
    let rig = stage.rig();
    wait_until("the late request is carried out", || rig.states().len() == 2);
    let start = Instant::now();
    let never = Stage::new(failing(&[]));
    never.kill(At::Create, Blow::KillBefore, &TO_FILE);
    let back = [("IBMCLOUD_IAM_NOW", "2026-11-21T04:00:00Z")];
    let outcome = never.rig().run_env(&back, &RECOVER);
    assert!(outcome.ok().stdout.contains(" was never created"), "{outcome:#?}");
    // Twice the time-out, a second that has begun, and one that is cut off.
    assert!(start.elapsed() < Duration::from_secs(8), "{outcome:#?}");
    rig.run_env(&back, &RECOVER).ok();
    assert_at_rest(rig, &["phased out", "active"]);
}
