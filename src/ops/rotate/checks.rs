//! What keeps a key from being rotated, looked at before anything is changed.

use crate::credentials::input;
use crate::error::{Error, ErrorKind, Result};
use crate::journal::{Begun, Progress};
use crate::model::{ApiKey, NewApiKey, State, Timestamp};
use crate::ops::resolve::{self, Found};
use crate::ops::{locked, once};
use crate::private_file::Destination;
use crate::secret;
use crate::session::Session;
use crate::systems::Condition;
use crate::text::escape;

/// Refuses keys that cannot or should not be rotated.
pub(super) fn refuse(old: &Found, label: &str, session: &Session) -> Result<()> {
    if old.key.iam_id != session.owner().0 {
        let message = format!(
            "{} belongs to {}: a new key made here would act as you, and not in its place.",
            session.subject(label),
            escape(&old.key.iam_id),
        );
        let id = old.key.id.in_command();
        let hint = match old.key.owner().service_id() {
            Some(service) => {
                format!(
                    "Rotate it with '{}'.",
                    session.family().of_service(service).on("rotate", id)
                )
            }
            None => format!(
                "Its owner can rotate it; '{}' takes it out of use.",
                session.on("disable", id)
            ),
        };
        return Err(Error::new(ErrorKind::NotPermitted, message).hint(hint));
    }
    if old.key.locked {
        return Err(locked(session, &session.subject(label), &old.key));
    }
    let is_new = |begun: &Begun, progress: &Progress| {
        begun.retires.is_some() && progress.made.as_deref() == Some(old.key.id.as_str())
    };
    if !once::take_of(session, is_new)?.is_empty() {
        let message = format!(
            "{} was made by a rotation that is not finished: the key before it still works.",
            session.subject(label)
        );
        return Err(Error::new(ErrorKind::Conflict, message)
            .hint(format!("Finish that one first: '{} recover'.", session.program())));
    }
    if matches!(old.state, State::PhasingOut | State::PhasedOut) {
        let message = format!(
            "{} is {}: another key of its name has taken its place already.",
            session.subject(label),
            old.state
        );
        return Err(Error::new(ErrorKind::Conflict, message)
            .hint(format!("Rotate that one: '{}'.", session.on("rotate", "NAME"))));
    }
    Ok(())
}

/// Refuses a FILE that holds another key than the one that is rotated, or something beside it.
pub(super) fn check_content(
    destination: &mut Destination,
    old: &ApiKey,
    session: &Session,
) -> Result<()> {
    let Some(bytes) = destination.read(input::MOST)? else { return Ok(()) };
    if bytes.trim_ascii().is_empty() {
        return Ok(());
    }
    let rotated = format!("{} ({})", session.subject(&old.name), old.id);
    let shown = destination.path().display();
    let noun = session.facts().noun;
    let lost = |what: &str| {
        let message = format!("'{shown}' holds {what}, and not {rotated}, which is rotated.");
        Error::new(ErrorKind::Destination, message)
            .hint("Name another file, or move this one away first.")
    };
    let text = str::from_utf8(&bytes).map_err(|_| lost("something that is not text"))?;
    let Some(held) = input::key_in(text) else {
        // Text without a key may be replaced. A word that could be a value may be all that is left of a key.
        if secret::veil(text) == text {
            return Ok(());
        }
        return Err(lost(&format!("what could be another {noun}")));
    };
    if held.is_among_others {
        return Err(lost(&format!("more than the {noun}")));
    }
    // The id must not contradict the value, which is looked up below.
    let is_other = held.id.as_ref().is_some_and(|id| id != old.id.as_str());
    if is_other || !held.can_be_of(session.facts().system) {
        return Err(lost(&format!("another {noun}")));
    }
    match session.keys().by_value(&held.value) {
        Ok(key) if key.id == old.id => {
            destination.keeps_owner = true;
            Ok(())
        }
        Ok(_) => Err(lost(&format!("another {noun}"))),
        Err(error)
            if matches!(
                error.condition,
                Condition::NotFound | Condition::Forbidden | Condition::Invalid(_)
            ) =>
        {
            Err(lost(&format!("a value that opens no {noun} of this account")))
        }
        Err(error) => Err(session.told(error, &format!("The {noun} in '{shown}'"))),
    }
}

/// Finds the keys that earlier rotations of this one have left.
pub(super) fn phased_out_beside(
    old: &ApiKey,
    now: Timestamp,
    session: &Session,
) -> Result<Vec<ApiKey>> {
    let namesakes = resolve::namesakes(session, &old.name, now)?.into_iter();
    let left = namesakes.filter(|found| found.state == State::PhasedOut);
    Ok(left.map(|found| found.key).collect())
}

/// Makes sure that there is room for one more key.
pub(super) fn check_room(
    new: &NewApiKey,
    old: &ApiKey,
    purge: bool,
    now: Timestamp,
    session: &Session,
) -> Result<()> {
    let Err(error) = session.keys().check_new(new) else { return Ok(()) };
    let is_full = matches!(error.condition, Condition::LimitReached { .. });
    let told = session.told_of(error, &new.name);
    if !is_full {
        return Err(told);
    }
    let left = phased_out_beside(old, now, session)?;
    match left.iter().filter(|key| !key.locked).count() {
        0 => Err(told),
        _ if purge => Ok(()),
        removable => Err(told.hint(format!(
            "Repeat the command with '--purge' to delete the phased-out keys of this name first ({removable})."
        ))),
    }
}
