//! What `recover` says of a key whose owner has one at most.

use super::outcome::Outcome;
use crate::error::ErrorKind;
use crate::ops::once::{End, Run};
use crate::session::Session;
use crate::systems::{CreateEffect, Facts};

/// Words an end that is not worded as for other keys.
pub(super) fn of_end(
    run: &Run,
    end: End,
    named: &str,
    session: &Session,
) -> Option<(Outcome, String)> {
    let (noun, name, program) = (session.facts().noun, &run.begun.name, session.program());
    Some(match end {
        End::Irreplaceable => (
            Outcome::Blocked,
            format!(
                "{named} was created, and the one before it is gone, so it cannot be given up. '{program} recover' brings it to its place"
            ),
        ),
        End::Unmade => (
            Outcome::Blocked,
            format!(
                "The {noun} before it is gone, and none could be made for {name}: {}. When that is settled, run '{program} recover' again",
                lacking(run)
            ),
        ),
        End::Unproven => (
            Outcome::Blocked,
            format!(
                "{named} was created, but does not work: {}. If another one has taken its place since, '{program} recover --discard' gives it up",
                run.cause
                    .as_ref()
                    .map_or("another one is there", |cause| cause.message.trim_end_matches('.'))
            ),
        ),
        End::Displaced => {
            let told = format!("{named} was created, and another one has taken its place since");
            if run.is_dry() {
                (Outcome::WouldBeDiscarded, format!("{told}; its value would be dropped"))
            } else {
                (Outcome::Discarded, format!("{told}; its value was dropped"))
            }
        }
        End::Uncertain => (Outcome::Reported, uncertain(run, named, session)),
        _ => return None,
    })
}

/// Words what may have been made.
fn uncertain(run: &Run, named: &str, session: &Session) -> String {
    let others = run.others();
    let Facts { noun, create, .. } = session.facts();
    let (name, show) = (&run.begun.name, session.family().list());
    if *create == CreateEffect::ReplacesTheOnlyKey {
        let again = session.on("rotate", "");
        return format!(
            "A {noun} may have been generated for {name}, and nobody has its value; then the one before it does not work. Run '{again}' for another"
        );
    }
    if run.has_value() {
        return format!(
            "{named} was created, and its value was not delivered. '{show} --file FILE' reads it"
        );
    }
    if !others.is_empty() || run.key.is_some() {
        let id = run.key.as_ref().map_or(&*others, |key| key.id.as_str());
        return format!(
            "{noun} {id} of {name} exists, and its value cannot be read. If nobody has it, run '{}'",
            session.on("delete", "")
        );
    }
    format!(
        "The {noun} of {name} was removed, and no new one was made. Run '{}'",
        session.on("create", "")
    )
}

/// Says why no key could be made, and what is needed where that is a login.
fn lacking(run: &Run) -> String {
    let Some(cause) = &run.cause else { return String::new() };
    let needs = cause.hint.as_deref().filter(|_| cause.kind == ErrorKind::NotLoggedIn);
    let told = [Some(&*cause.message), needs].into_iter().flatten().collect::<Vec<_>>().join(" ");
    told.trim_end_matches('.').to_owned()
}
