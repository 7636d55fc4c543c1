//! Asks for the last use of many keys, for a report or a timeline.

use crate::error::Result;
use crate::model::{ApiKeyId, LastUse};
use crate::session::Session;
use crate::systems::{Keys as _, Several};
use crate::ui::interrupt;

/// Asks for the use of each key, and shows how far it is. `lost` names what there is not after an interrupt.
pub(super) fn uses(
    ids: &[&ApiKeyId],
    jobs: Option<u8>,
    lost: &str,
    session: &mut Session,
) -> Result<Vec<LastUse>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let noun = session.facts().noun;
    let (keys, jobs) = (session.shared_keys(), session.jobs(jobs));
    session.ui.working(&format!("Getting the last use of {noun}s"), Some(ids.len()));
    let mut reached = 0;
    let used = interrupt::patiently(|| {
        let may_go_on = || !interrupt::is_asked();
        let mut done = |done| {
            reached = done;
            session.ui.reach(done);
        };
        let used = keys.uses(ids, &mut Several { jobs, may_go_on: &may_go_on, done: &mut done });
        if interrupt::is_asked() {
            let (left, all) = (ids.len() - reached, ids.len());
            let words = format!(
                "There is no {lost}: the last use of {left} of {all} {noun}s was not looked at."
            );
            session.ui.done();
            interrupt::watch(session.ui.manner(), Some(words));
        }
        used
    });
    session.ui.done();
    let used = used.map_err(|error| session.told(error, &format!("The use of {noun}s")))?;
    Ok(used.into_iter().map(LastUse::of).collect())
}
