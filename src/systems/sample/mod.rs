//! A system for unit tests. It has what every system must have, and can disable keys. It lacks locks, changes, look-up by
//! value and expiry. It fails as it is told to.

mod tests;

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::{
    Condition, CreateEffect, Facts, Keys, LostAnswer, Note, Place, Rotation, Switching, System,
    SystemError,
};
use crate::clock::Skew;
use crate::environment::{Environment, Program};
use crate::model::{
    Activity, ApiKey, ApiKeyDetails, ApiKeyId, BackendKind, CreatedApiKey, Detail, Identity,
    NewApiKey, NewValue, Scope, Selection,
};
use crate::session::{InUse, Session};
use crate::settings::variables::{HOME, NOW};
use crate::settings::{Flags, Settings};
use crate::ui::{Manner, Ui};

/// What is known of sample keys.
pub(crate) const FACTS: Facts = Facts {
    system: System::Sample,
    noun: "sample key",
    list_command: "sample-keys",
    command: "sample-key",
    created: ("Sample key", "was created"),
    limit: None,
    create: CreateEffect::Adds,
    lost_answer: LostAnswer::Guess,
    rotation: Rotation::AddThenRetire,
    has_names: true,
    has_expiry: false,
};

/// A system whose owners have one key each, which cannot be rotated.
pub(crate) const ONLY_ONE: Facts =
    Facts { create: CreateEffect::ReplacesTheOnlyKey, rotation: Rotation::None, ..FACTS };

type Answer<T> = Result<T, SystemError>;

#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) facts: &'static Facts,
    pub(crate) keys: Mutex<Vec<ApiKey>>,
    /// What to answer to the next deletions. Those that fail delete nothing; all later ones succeed.
    pub(crate) deletions: Mutex<VecDeque<Result<(), Condition>>>,
    /// Whether the answer to a create is lost.
    pub(crate) loses_answers: bool,
    /// How much each key is used, if that is known.
    pub(crate) activity: Option<Activity>,
    /// How the clock of the service differs, if it told the time.
    pub(crate) skew: Option<Skew>,
}

impl Default for Sample {
    fn default() -> Self {
        let (keys, deletions) = (Mutex::default(), Mutex::default());
        let activity = Some(Activity::default());
        Self { facts: &FACTS, keys, deletions, loses_answers: false, activity, skew: None }
    }
}

impl Sample {
    /// Runs something in a session over these keys. Files go to a directory that is removed afterwards, and the clock
    /// stands still.
    pub(crate) fn session<T>(self, manner: Manner, run: impl FnOnce(&mut Session) -> T) -> T {
        let home = tempfile::tempdir().unwrap();
        let now = ApiKey::sample("").created_at.to_rfc3339();
        let variables = [(HOME, home.path().as_os_str()), (NOW, now.as_ref())];
        let (environment, program) = (Environment::of(&variables), Program::of_arg0(None));
        let settings = Settings::new(environment, program, Flags::default()).unwrap();
        let mut ui = Ui::new(manner);
        run(&mut Session::with(Box::new(self), InUse::default(), &settings, &mut ui).unwrap())
    }

    fn change<T>(&self, change: impl FnOnce(&mut Vec<ApiKey>) -> T) -> T {
        change(&mut self.keys.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Keys for Sample {
    fn facts(&self) -> &'static Facts {
        self.facts
    }

    fn place(&self) -> Place {
        Place { kind: BackendKind::Remote, endpoint: "https://sample".to_owned() }
    }

    fn identity(&self) -> Answer<Identity> {
        let user = "me@example.com".to_owned();
        Ok(Identity { iam_id: "IBMid-1".into(), account_id: "account".into(), user })
    }

    fn list(&self, _: &Scope, _: &Selection) -> Answer<Vec<ApiKey>> {
        Ok(self.change(|keys| keys.clone()))
    }

    fn get(&self, id: &ApiKeyId, detail: Detail) -> Answer<ApiKeyDetails> {
        let key = self.change(|keys| keys.iter().find(|key| key.id == *id).cloned());
        let activity = self.activity.clone().filter(|_| detail.activity);
        Ok(ApiKeyDetails { key: key.ok_or(Condition::NotFound)?, history: None, activity })
    }

    fn check_new(&self, _: &NewApiKey) -> Answer<()> {
        Ok(())
    }

    fn create(
        &self,
        new: &NewApiKey,
        _: NewValue<'_>,
        note: &mut Note<'_>,
    ) -> Answer<CreatedApiKey> {
        note(Duration::ZERO);
        let key = self.change(|keys| {
            let number = u8::try_from(keys.len()).unwrap();
            let key = ApiKey {
                id: ApiKeyId::from_random([number; 16]),
                disabled: new.disabled,
                description: new.description.as_str().into(),
                ..ApiKey::sample(&new.name)
            };
            keys.push(key.clone());
            key
        });
        if self.loses_answers {
            return Err(Condition::OutcomeUnknown("The answer was lost".to_owned()).into());
        }
        Ok(CreatedApiKey { key, value: None })
    }

    fn delete(&self, id: &ApiKeyId) -> Answer<()> {
        let answer = self.deletions.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        answer.unwrap_or(Ok(()))?;
        self.change(|keys| keys.retain(|key| key.id != *id));
        Ok(())
    }

    fn service_clock(&self) -> Option<Skew> {
        self.skew
    }

    abilities! { switching -> Switching }
}

impl Switching for Sample {
    fn set_disabled(&self, id: &ApiKeyId, disabled: bool) -> Answer<()> {
        self.change(|keys| {
            let key = keys.iter_mut().find(|key| key.id == *id).ok_or(Condition::NotFound)?;
            key.disabled = disabled;
            Ok(())
        })
    }
}
