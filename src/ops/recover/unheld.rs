//! Settling an entry whose key's value nobody can hold: the key is deleted, where it is certain which one it is.

use super::suspects::{Suspect, suspects};
use super::verdict::{Outcome, Request, Verdict};
use crate::error::Result;
use crate::journal::Orphan;
use crate::model::ApiKey;
use crate::ops::delete_unheld;
use crate::session::Session;
use crate::ui::nobody_answers;

/// Settles an entry whose key's value nobody can hold.
pub(super) fn settle(orphan: &Orphan, request: Request, session: &mut Session) -> Result<Verdict> {
    let (noun, name) = (session.facts().noun, &orphan.begun.name);
    let Some(suspects) = suspects(orphan, request, session)? else {
        return Ok(Verdict::undecided(&orphan.begun, session));
    };
    match suspects.as_slice() {
        [] => Ok(Verdict::never_created(&orphan.begun, request, session)),
        [Suspect { key, is_used: false, is_timely: true }] => delete(key, request, session),
        [Suspect { key, is_used, .. }] => {
            let why =
                if *is_used { "somebody has used it" } else { "another command may have made it" };
            let sentence = format!(
                "{noun} {name} ({}) was made since then, and {why}; it was left alone",
                key.id
            );
            Ok(Verdict::new(Outcome::Reported, Some(key.id.clone()), sentence))
        }
        several => {
            let sentence = format!(
                "{noun} {name} may be one of {}; its value was never printed. Delete the one whose value nobody holds",
                ids(several)
            );
            Ok(Verdict::new(Outcome::Reported, None, sentence))
        }
    }
}

/// Lists the ids of keys in a sentence.
pub(super) fn ids(suspects: &[Suspect]) -> String {
    let ids: Vec<&str> = suspects.iter().map(|suspect| suspect.key.id.as_str()).collect();
    ids.join(", ")
}

/// Deletes a key whose value reached nobody, and asks before unless `--force` is given.
fn delete(key: &ApiKey, request: Request, session: &mut Session) -> Result<Verdict> {
    let shown = format!("{} {} ({})", session.facts().noun, key.name, key.id);
    let verdict =
        |outcome, what| Ok(Verdict::new(outcome, Some(key.id.clone()), format!("{shown} {what}")));
    if request.dry_run {
        let what = "was created, but its value reached nobody; it would be deleted";
        return verdict(Outcome::WouldBeDeleted, what);
    }
    if !request.force {
        if session.ui.manner().json {
            return Err(nobody_answers(
                "JSON output asks no questions, and deleting a key needs a confirmation.",
            ));
        }
        let question = format!(
            "{} ({}) was created, but its value reached nobody. Delete it?",
            session.subject(&key.name),
            key.id
        );
        if !session.ui.confirm(&question)? {
            return verdict(Outcome::Kept, "was kept");
        }
    }
    let deleted = delete_unheld(session.keys(), key);
    deleted.map_err(|error| session.told_of(error, &key.id))?;
    verdict(Outcome::Deleted, "was deleted: its value had reached nobody")
}
