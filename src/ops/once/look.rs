//! Looking at the keys: the new one, those that others made, and whether the new one works.

use super::machine::NewKey;
use super::state::{Run, found};
use super::suspects;
use crate::error::{Error, ErrorKind, Result};
use crate::model::Detail;
use crate::session::Session;
use crate::systems::{Condition, SystemError};

impl Run {
    /// Looks for the new key: by its value, by the id that was noted, else among the keys of its name.
    pub(super) fn look_for_key(&mut self, session: &mut Session) -> Result<()> {
        let (keys, name) = (session.keys(), &self.begun.name);
        let told = |error: SystemError| session.told_of(error, name);
        let is_by_value = keys.look_up().is_some() && self.value.is_some();
        if let (Some(look_up), Some(value)) = (keys.look_up(), &self.value)
            && let Some(key) = found(look_up.by_value(value)).map_err(told)?
        {
            if self.is_known(&key) {
                self.others = vec![key.id];
                self.machine.see_key(NewKey::Perhaps);
                return Ok(());
            }
            self.machine.progress.made = Some(key.id.to_string());
            self.key = Some(key);
            self.machine.see_key(NewKey::Found { is_used: false });
            return Ok(());
        }
        let is_printed = self.machine.progress.is_delivering && self.begun.file.is_none();
        if let Some(id) = self.id() {
            let detail = Detail { history: false, activity: is_printed };
            let Some(details) = found(keys.get(&id, detail)).map_err(told)? else {
                self.machine.see_key(NewKey::Absent);
                return Ok(());
            };
            // Where keys log in, the new one has logged in once to prove itself.
            let proofs = u64::from(!keys.place().is_here());
            let is_used = details.activity.is_none_or(|activity| activity.authn_count > proofs);
            self.key = Some(details.key);
            let has_value = is_printed || !is_by_value && self.value.is_some();
            self.machine.see_key(if has_value {
                NewKey::Found { is_used }
            } else {
                NewKey::Unheld
            });
            return Ok(());
        }
        let was_sent = self.machine.progress.sends > 0 || keys.place().is_here();
        if is_by_value || !was_sent {
            self.machine.see_key(NewKey::Absent);
            return Ok(());
        }
        let mut perhaps = suspects::find(self, session)?;
        self.others = perhaps.iter().map(|key| key.id.clone()).collect();
        let key = match perhaps.pop() {
            None => NewKey::Absent,
            // Who is asked decides.
            Some(only) if perhaps.is_empty() && self.consent.asks && self.value.is_none() => {
                self.machine.progress.made = Some(only.id.to_string());
                self.key = Some(only);
                self.is_guess = true;
                NewKey::Unheld
            }
            Some(_) => NewKey::Perhaps,
        };
        self.machine.see_key(key);
        Ok(())
    }

    pub(super) fn look_for_rival(&mut self, session: &Session) -> Result<()> {
        // Version 1 did not note which keys there were.
        let knows = self.begun.version > 1;
        let found = if knows { suspects::rivals(self, session) } else { Ok(Vec::new()) };
        match found {
            Ok(rivals) => {
                self.machine.observed.has_rival = Some(!rivals.is_empty());
                if !rivals.is_empty() {
                    self.others = rivals;
                }
                Ok(())
            }
            Err(error) => self.give_up(error),
        }
    }

    pub(super) fn prove(&mut self, session: &mut Session) -> Result<()> {
        let Some(value) = &self.value else {
            // The value was printed. It had proven before that it works.
            let works = match &self.key {
                Some(key) => key.works(session.service_time()?),
                None => false,
            };
            self.machine.observed.works = Some(works);
            return Ok(());
        };
        match session.keys().acting_with(value) {
            Ok(acting) => {
                self.acting = acting;
                self.machine.observed.works = Some(true);
                Ok(())
            }
            Err(error) => {
                let is_refused = error.condition == Condition::Unauthorized;
                let noun = session.facts().noun;
                let mut told = session.told(error, &format!("The new {noun}"));
                if self.is_live() && self.is_only_key() {
                    self.doubt_only(told, is_refused, session);
                    return Ok(());
                }
                if self.is_live() {
                    told.message = format!(
                        "The new {noun} could not prove that it works: {}. The old one was not touched.",
                        told.message.trim_end_matches('.')
                    );
                }
                if is_refused {
                    self.cause = Some(told);
                    self.machine.observed.works = Some(false);
                    return Ok(());
                }
                self.give_up(told)
            }
        }
    }

    /// Takes note that the only key of an owner did not prove that it works. Whatever comes of it, the one before is gone.
    fn doubt_only(&mut self, why: Error, is_refused: bool, session: &mut Session) {
        self.machine.observed.works = Some(!is_refused);
        let (noun, why) = (session.facts().noun, why.message);
        if is_refused {
            let message = format!(
                "A {noun} was generated, and the one that the service told opens nothing: another may have taken its place at once, and nobody has that. {why}"
            );
            self.cause = Some(
                Error::new(ErrorKind::OutcomeUnknown, message)
                    .hint(format!("Run '{} recover' to find out.", session.program())),
            );
        } else {
            // No answer proves nothing, and this is the only copy of the value.
            session.ui.warn(&format!("The new {noun} was not tried: {why}"));
        }
    }
}
