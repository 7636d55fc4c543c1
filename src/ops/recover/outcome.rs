//! What became of an entry, in a word.

/// What became of an interrupted command, or would become in a dry run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ops) enum Outcome {
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
    /// The service may still carry a request out.
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
}
