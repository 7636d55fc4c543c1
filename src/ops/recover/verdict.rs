//! What `recover` is asked, and what it answers for each entry.

use std::fmt::Display;

use crate::journal::Begun;
use crate::model::{ApiKey, ApiKeyId};
use crate::ops::retire::Retirement;
use crate::session::Session;

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// Whether to go on without confirmation.
    pub force: bool,
    /// Whether to do nothing.
    pub dry_run: bool,
}

/// What became of an interrupted command, or would become in a dry run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The key is where it was to be.
    Complete,
    WouldBeCompleted,
    /// No key was made.
    Discarded,
    WouldBeDiscarded,
    /// The key was deleted: nobody had its value.
    Deleted,
    WouldBeDeleted,
    /// The user has to look at the keys; there is nothing more that `recover` could do.
    Reported,
    /// The user did not want the key deleted.
    Kept,
    /// Something is in the way.
    Blocked,
    /// The service may still create the key; a dry run does not wait.
    Undecided,
    /// The command belongs to another backend or identity.
    Elsewhere,
}

impl Outcome {
    /// Returns the word of the JSON output.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::WouldBeCompleted => "would be completed",
            Self::Discarded => "discarded",
            Self::WouldBeDiscarded => "would be discarded",
            Self::Deleted => "deleted",
            Self::WouldBeDeleted => "would be deleted",
            Self::Reported => "reported",
            Self::Kept => "kept",
            Self::Blocked => "blocked",
            Self::Undecided => "undecided",
            Self::Elsewhere => "elsewhere",
        }
    }

    /// Tells whether the entry is settled, and goes.
    pub(super) fn is_settled(self) -> bool {
        !matches!(self, Self::Kept | Self::Blocked | Self::Undecided | Self::Elsewhere)
    }
}

/// What became of an entry.
pub(super) struct Verdict {
    pub(super) outcome: Outcome,
    /// The new key, where it is known.
    pub(super) id: Option<ApiKeyId>,
    /// What to say, without the full stop.
    pub(super) sentence: String,
    /// The new key of a rotation that is complete, and how that ended.
    pub(super) rotated: Option<(ApiKey, Retirement)>,
}

impl Verdict {
    pub(super) fn new(outcome: Outcome, id: Option<ApiKeyId>, sentence: String) -> Self {
        Self { outcome, id, sentence, rotated: None }
    }

    pub(super) fn blocked(sentence: String) -> Self {
        Self::new(Outcome::Blocked, None, sentence)
    }

    pub(super) fn never_created(begun: &Begun, request: Request, session: &Session) -> Self {
        let (outcome, rest) = if request.dry_run {
            (Outcome::WouldBeDiscarded, "what is left of it would be removed")
        } else {
            (Outcome::Discarded, "nothing is left of it")
        };
        let noun = session.facts().noun;
        Self::new(outcome, None, format!("{noun} {} was never created; {rest}", begun.name))
    }

    pub(super) fn undecided(begun: &Begun, session: &Session) -> Self {
        let (noun, name) = (session.facts().noun, &begun.name);
        let sentence = format!("{noun} {name} is not there, but the service may still create it");
        Self::new(Outcome::Undecided, None, sentence)
    }

    /// Goes on with another outcome, and says more.
    pub(super) fn but(self, outcome: Outcome, more: impl Display) -> Self {
        Self { outcome, sentence: format!("{}{more}", self.sentence), ..self }
    }
}
