//! Having the key made.

use std::time::Duration;

use super::machine::{Disk, NewKey};
use super::state::{Run, journal_failed};
use super::words::refused;
use crate::error::Result;
use crate::journal::Step;
use crate::model::{NewValue, Timestamp};
use crate::session::Session;
use crate::systems::Condition;

impl Run {
    pub(super) fn make(&mut self, session: &Session) -> Result<()> {
        let Some(new) = self.new.clone() else { return Ok(()) };
        let chosen = self.value.take();
        let mut unnoted = None;
        let mut note = |doubt: Duration| {
            let (until, seconds) = may_land(doubt, session);
            let step = Step::Sending { until, seconds };
            self.note(step).map_err(|error| unnoted = Some(error)).is_ok()
        };
        let value = chosen.as_ref().map_or(NewValue::ServiceChooses, NewValue::Chosen);
        let made = session.keys().create(&new, value, &mut note);
        let made = made.and_then(|created| match (created.value, chosen) {
            _ if self.is_known(&created.key) => {
                let words = format!("the service names {}, which was there before", created.key.id);
                Err(Condition::OutcomeUnknown(words).into())
            }
            (Some(told), _) => Ok((created.key, told, false)),
            (None, Some(chosen)) => Ok((created.key, chosen, true)),
            (None, None) => {
                Err(Condition::OutcomeUnknown("the service told no value".to_owned()).into())
            }
        });
        match made {
            Ok((key, value, is_as_chosen)) => {
                let id = key.id.to_string();
                let disk = self.machine.observed.disk;
                self.machine.observed.disk =
                    disk.map(|disk| if is_as_chosen { disk } else { Disk::NoValue });
                self.value = Some(value);
                self.key = Some(key);
                if self.machine.goal.is_rotation {
                    self.note_or_undo(Step::Made { id: id.clone() }, session);
                }
                self.machine.progress.made = Some(id);
                self.machine.see_key(NewKey::Found { is_used: false });
                Ok(())
            }
            Err(error)
                if matches!(error.condition, Condition::OutcomeUnknown(_))
                    && Self::can_read_again(session) =>
            {
                self.look_for_only_key(session)?;
                if matches!(self.machine.observed.key, Some(NewKey::Found { .. })) {
                    return Ok(());
                }
                let told = session.told_of(error, &new.name);
                Err(told.hint(format!("Run '{} recover' to find out.", session.program())))
            }
            Err(error) if matches!(error.condition, Condition::OutcomeUnknown(_)) => {
                let told = session.told_of(error, &new.name);
                Err(told.hint(format!("Run '{} recover' to find out.", session.program())))
            }
            Err(error) => {
                self.cause = Some(match unnoted {
                    Some(error) => journal_failed(&error, session),
                    None => refused(error, self.machine.goal.is_rotation, &new.name, session),
                });
                self.machine.see_over();
                self.machine.see_key(NewKey::Absent);
                self.machine.observed.must_go |= !self.is_live();
                Ok(())
            }
        }
    }
}

/// Returns until when a request may take effect that is sent now, and how many seconds that is.
pub(super) fn may_land(doubt: Duration, session: &Session) -> (Timestamp, u64) {
    // Times have whole seconds: one for the second that has begun, one for the part of `doubt` that is cut off.
    let more = if doubt.is_zero() { 0 } else { 2 };
    let doubt = Duration::from_secs(doubt.as_secs() + more);
    let until = session.service_time().ok().and_then(|now| now.plus(doubt));
    (until.unwrap_or(Timestamp::LAST), doubt.as_secs())
}
