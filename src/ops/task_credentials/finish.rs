//! Commands on the same regions that were interrupted: they come first.

use super::{RegionRef, names};
use crate::error::{Error, ErrorKind, Result};
use crate::journal::{Begun, Operation};
use crate::ops::once::{self, Consent, End, Ended, Run, Way};
use crate::ops::recover::Verdict;
use crate::session::Session;
use crate::text::capitalised;

fn is_about(begun: &Begun, regions: &[RegionRef], session: &Session) -> bool {
    let names: Vec<String> = regions.iter().map(|region| region.name.to_owned()).collect();
    once::is_in_regions(begun, &names, session)
}

/// Tells whether an interrupted command on one of these regions is in the journal.
pub(super) fn is_any(regions: &[RegionRef], session: &Session) -> bool {
    let ours = |begun: &Begun| is_about(begun, regions, session);
    session.journal().is_ok_and(|journal| journal.has_orphans(10, ours))
}

/// Fails where an interrupted command on one of these regions is in the journal.
pub(super) fn refuse_any(regions: &[RegionRef], session: &Session) -> Result<()> {
    if !is_any(regions, session) {
        return Ok(());
    }
    let message = format!(
        "An earlier command on the task credential in {} was interrupted. Nothing was changed.",
        names(regions)
    );
    Err(Error::new(ErrorKind::Conflict, message)
        .hint(format!("Run '{} recover' first.", session.program())))
}

/// Finishes or undoes the interrupted commands on these regions. Returns those that did what `operation` does.
pub(super) fn finish(
    regions: &[RegionRef],
    operation: Operation,
    session: &mut Session,
) -> Result<Vec<Run>> {
    let mut finished = Vec::new();
    for orphan in once::take(session)?.found {
        if !is_about(&orphan.begun, regions, session) {
            continue;
        }
        let mut run = Run::resume(orphan, Way::default(), Consent::default());
        match run.drive(session)? {
            Ended::At(End::Done) if run.begun.operation == operation => finished.push(run),
            Ended::At(End::Done | End::NeverMade | End::Undone) => {}
            ended => {
                let verdict = Verdict::of(&run, ended, session);
                let message = capitalised(&format!("{}.", verdict.sentence));
                return Err(Error::new(ErrorKind::Conflict, message)
                    .hint(format!("Run '{} recover' when that is settled.", session.program())));
            }
        }
    }
    Ok(finished)
}
