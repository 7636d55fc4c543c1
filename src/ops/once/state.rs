//! An entry under way: what the machine knows, and what is at hand for it.

use std::io;

use super::machine::{Act, Disk, End, Goal, Machine, NewKey, Observed, Way};
use crate::error::{Error, Result};
use crate::journal::{Begun, Entry, Orphan, Progress, Step};
use crate::model::{ApiKey, ApiKeyId, NewApiKey, Owner, Timestamp};
use crate::private_file::{Left, Pending};
use crate::secret::Secret;
use crate::session::Session;
use crate::systems::{Condition, Keys, SystemError};

/// What may be done without being asked.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::ops) struct Consent {
    /// Whether to ask before a key is deleted that nobody has.
    pub asks: bool,
    /// Whether to stop before anything is changed.
    pub dry_run: bool,
    /// Whether to stop where the service may still carry a request out, instead of waiting.
    pub is_hurried: bool,
}

/// How far a run came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ops) enum Ended {
    /// It came to this end.
    At(End),
    /// It stopped before this act, which would change something.
    Before(Act),
    /// The user did not want the key deleted.
    Kept,
}

/// The pending copy.
#[derive(Debug)]
pub(super) enum CopyFile {
    /// This process made it.
    Own(Pending),
    /// An ended process left it.
    Left(Left),
}

/// The words about a value that is printed, of a command that has its own.
#[derive(Clone, Copy, Debug)]
pub(in crate::ops) struct Told {
    /// What was done first, if anything.
    pub first: Option<&'static str>,
    /// What stands before the value.
    pub before_value: &'static str,
}

/// One entry under way.
#[derive(Debug)]
pub(in crate::ops) struct Run {
    /// What was begun.
    pub begun: Begun,
    /// Where it is.
    pub machine: Machine,
    /// The new key, once it is known.
    pub key: Option<ApiKey>,
    /// Why no key was made, why it has to go, or what is in the way.
    pub cause: Option<Error>,
    /// What became of the old key.
    pub retirement: Option<Retirement>,
    /// What became of each old key, where there may be several.
    pub retired: Vec<Retiree>,
    /// Keys that may be the new one, or that others have made.
    pub others: Vec<ApiKeyId>,
    /// Whether this run brought the value to its place.
    pub delivers: bool,
    /// Whether it stopped while logins were moved to the new key.
    pub is_moving_login: bool,
    /// Whether a login was moved to it.
    pub has_moved_login: bool,
    /// The tag of the entry, which is also in the name of the pending copy.
    pub tag: String,
    pub(super) entry: Option<Entry>,
    pub(super) copy: Option<CopyFile>,
    pub(super) value: Option<Secret>,
    /// Whether only name and time tell that the key is the new one.
    pub(super) is_guess: bool,
    /// What the new key is to be, where this run may make it.
    pub(super) new: Option<NewApiKey>,
    /// The keys as they are seen with the new value.
    pub(super) acting: Option<Box<dyn Keys>>,
    /// The old key as it was seen last.
    pub(super) old: Option<ApiKey>,
    /// How often somebody else changed it meanwhile.
    pub(super) conflicts: u32,
    pub(super) consent: Consent,
    /// The words about a value that is printed, where they are not those of this program.
    pub told: Option<Told>,
}

impl Run {
    /// Carries an entry on that an ended process left.
    pub(in crate::ops) fn resume(orphan: Orphan, way: Way, consent: Consent) -> Self {
        let Orphan { entry, begun, progress } = orphan;
        let mut run = Self::new(begun, entry, way, consent);
        run.machine.progress = progress;
        // The key of an owner who has one may have to be made again.
        run.new = run.machine.goal.only.map(|_| described(&run.begun));
        run
    }

    pub(super) fn new(begun: Begun, entry: Entry, way: Way, consent: Consent) -> Self {
        let goal = Goal::of(&begun);
        let progress = Progress::default();
        Self {
            begun,
            machine: Machine { goal, way, progress, observed: Observed::default() },
            key: None,
            cause: None,
            retirement: None,
            retired: Vec::new(),
            others: Vec::new(),
            delivers: false,
            is_moving_login: false,
            has_moved_login: false,
            tag: entry.tag().to_owned(),
            entry: Some(entry),
            copy: None,
            value: None,
            is_guess: false,
            new: None,
            acting: None,
            old: None,
            conflicts: 0,
            consent,
            told: None,
        }
    }

    /// Tells whether this is the command that began the entry.
    pub(super) fn is_live(&self) -> bool {
        self.machine.way.makes
    }

    /// Returns the id of the new key, as far as it is known.
    pub(in crate::ops) fn id(&self) -> Option<ApiKeyId> {
        let noted = self.machine.progress.made.as_ref().or(self.begun.id.as_ref());
        noted.map(|id| ApiKeyId::new(id.as_str()))
    }

    /// Lists the other keys in a sentence.
    pub(in crate::ops) fn others(&self) -> String {
        let ids: Vec<&str> = self.others.iter().map(ApiKeyId::as_str).collect();
        ids.join(", ")
    }

    /// Tells whether a key was there before, and so cannot be the new one, whatever the service says.
    pub(super) fn is_known(&self, key: &ApiKey) -> bool {
        let old = self.begun.retires.as_ref().map(|old| &old.id);
        self.begun.known_ids.iter().chain(old).any(|id| *id == *key.id.as_str())
    }

    /// Tells whether a value may be that of the new key; every value may be until it is known.
    pub(super) fn is_value(&self, value: &Secret) -> bool {
        match &self.machine.progress.value_hash {
            Some(hash) => self.begun.has_hash(value, hash),
            None => self.begun.is_value(value),
        }
    }

    /// Tells whether the hash of the new key's value is known.
    pub(super) fn knows_value(&self) -> bool {
        self.begun.value_hash.is_some() || self.machine.progress.value_hash.is_some()
    }

    /// Returns the step which says that the value is about to go to its place.
    pub(super) fn delivering(&self, id: &ApiKeyId) -> Step {
        let hash = |value: &Secret| self.begun.hash_of(value);
        let value_hash = self.value.as_ref().filter(|_| self.machine.goal.is_value_theirs);
        Step::Delivering { id: id.to_string(), value_hash: value_hash.map(hash) }
    }

    /// Tells whether nothing is changed.
    pub(in crate::ops) fn is_dry(&self) -> bool {
        self.consent.dry_run
    }

    /// Tells whether the pending copy is lost.
    pub(in crate::ops) fn has_lost_copy(&self) -> bool {
        self.machine.observed.disk == Some(Disk::Gone)
    }

    /// Tells whether the pending copy holds a value.
    pub(in crate::ops) fn has_copy(&self) -> bool {
        self.machine.observed.disk == Some(Disk::InCopy)
    }

    /// Tells whether somebody may have used the new key.
    pub(in crate::ops) fn is_used(&self) -> bool {
        self.machine.observed.key == Some(NewKey::Found { is_used: true })
    }

    /// Tells whether the owner has one key at most.
    pub(in crate::ops) fn is_only_key(&self) -> bool {
        self.machine.goal.only.is_some()
    }

    /// Tells whether the value is at hand.
    pub(in crate::ops) fn has_value(&self) -> bool {
        self.value.is_some()
    }

    /// Tells whether the value is in its place.
    pub(in crate::ops) fn is_in_place(&self) -> bool {
        self.machine.observed.disk == Some(Disk::InFile) || self.machine.progress.is_delivered
    }

    /// Notes a step and syncs it.
    pub(super) fn note(&mut self, step: Step) -> io::Result<()> {
        let Some(entry) = &mut self.entry else { return Ok(()) };
        entry.reach(&step)?;
        self.machine.reach(step);
        Ok(())
    }

    /// Notes a step. Where that fails, the key has to go again.
    pub(super) fn note_or_undo(&mut self, step: Step, session: &Session) -> bool {
        match self.note(step) {
            Ok(()) => true,
            Err(error) => {
                self.has_to_go(journal_failed(&error, session));
                false
            }
        }
    }

    /// Gives the new key up where something could not be looked at. Only the command that makes it does: nobody waits for
    /// the key yet.
    pub(super) fn give_up(&mut self, error: Error) -> Result<()> {
        if !self.is_live() || self.is_in_place() {
            return Err(error);
        }
        self.has_to_go(error);
        Ok(())
    }

    fn has_to_go(&mut self, cause: Error) {
        self.cause = Some(cause);
        self.machine.observed.must_go = true;
    }
}

/// What became of the old key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ops) enum Retired {
    /// It was disabled, or was so before.
    Disabled,
    /// It works until then.
    Until(Timestamp),
    /// It had expired before.
    Expired,
    /// It was deleted meanwhile.
    Gone,
}

impl Retired {
    /// Completes the sentence "The old key ID ...".
    pub(in crate::ops) fn words(self) -> String {
        match self {
            Self::Disabled => "was disabled".to_owned(),
            Self::Until(time) => format!("works until {}", time.to_wire()),
            Self::Expired => "had expired before".to_owned(),
            Self::Gone => "was deleted meanwhile".to_owned(),
        }
    }
}

/// An old key, and what became of it.
#[derive(Clone, Debug)]
pub(in crate::ops) struct Retiree {
    /// Its id.
    pub id: String,
    /// What became of it.
    pub how: Retirement,
}

/// How a rotation ended.
#[derive(Clone, Copy, Debug)]
pub(in crate::ops) struct Retirement {
    /// What became of the old key.
    pub became: Retired,
    /// Whether a login was moved to the new key.
    pub is_login_moved: bool,
    /// Whether the old key is the credential in use, and stays so until somebody puts the new one in its place.
    pub is_credential: bool,
}

/// Returns what was found; `None` where there is none.
pub(in crate::ops) fn found<T>(
    answer: std::result::Result<T, SystemError>,
) -> std::result::Result<Option<T>, SystemError> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.condition == Condition::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Says that a step could not be noted, and so no key was made.
pub(in crate::ops) fn journal_failed(error: &io::Error, session: &Session) -> Error {
    let noun = session.facts().noun;
    let message = format!("The journal cannot be written: {error}. No {noun} was created.");
    Error::failure(message)
        .hint("A key is created only when its making can be noted; IBMCLOUD_IAM_HOME names another directory.")
        .remedied(error)
}

/// Describes the only key of an owner as the command did that began an entry.
fn described(begun: &Begun) -> NewApiKey {
    NewApiKey {
        id: begun.id.as_deref().map(ApiKeyId::new),
        owner: Owner(begun.iam_id.as_str().into()),
        name: begun.name.clone(),
        description: String::new(),
        locked: false,
        disabled: false,
        action_when_leaked: None,
        expires_at: None,
        support_sessions: None,
    }
}
