//! The one command that fixes all that was found of a key: it can be pasted into a shell as it is, asks before it acts,
//! and names the key by id. It touches no other key, so that the fixes of a report can be run in any order, all of them,
//! and again. Where only its owner can decide, it is the command to look with.

use std::time::Duration;

use super::rules::{Grounds, Subject};
use crate::model::{ApiKey, Rule, State, Timestamp, write_duration};
use crate::text::{escape, shell_word};

/// For how long a key works on beside its successor, in the commands that are proposed.
const GRACE: Duration = Duration::from_secs(7 * 86_400);

/// Shorter lives are not proposed, whatever the policy allows: a new key outlives the grace of the old one.
const SHORTEST: Duration = Duration::from_secs(14 * 86_400);
/// The longest name that has room for an addition, in characters.
const LONGEST_NAME: usize = 246;

/// What is proposed for a key.
#[derive(Debug)]
pub(super) struct Fix {
    pub(super) command: String,
    /// Whether the key, or its successor, works afterwards under the name it has now.
    pub(super) stays: bool,
}

/// What becomes of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// It works on.
    Stays,
    /// Another key takes its place, and both work for a while.
    Rotated,
    /// Another key takes its place, and it is deleted at once.
    Replaced,
    /// A key that is there already has taken its place; it works for a while.
    PhasedOut,
    Disabled,
    Deleted,
}

impl End {
    /// Settles it by all that was found; `outlived` is whether a newer key that stays takes the place of this one.
    fn of(rules: &[Rule], subject: &Subject<'_>, outlived: bool, me: &str) -> Self {
        let has = |rule| rules.contains(&rule);
        // A new key for another user cannot be made, and one that has a successor takes no other.
        let can_rotate = *subject.key.iam_id == *me && subject.works() && !outlived;
        if has(Rule::OwnerKey) || has(Rule::Expired) || has(Rule::PhasedOut) {
            Self::Deleted
        } else if has(Rule::Leaked) {
            // A key that nobody uses needs no successor.
            if can_rotate && !has(Rule::Unused) { Self::Replaced } else { Self::Deleted }
        } else if has(Rule::Unused) {
            Self::Disabled
        } else if has(Rule::Old) {
            match (outlived, can_rotate) {
                (true, _) => Self::PhasedOut,
                (false, true) => Self::Rotated,
                (false, false) => Self::Disabled,
            }
        } else if has(Rule::ExpiresSoon) && can_rotate && subject.state == State::Active {
            Self::Rotated
        } else {
            Self::Stays
        }
    }
}

/// Proposes what to do about a key of which `rules` have fired.
pub(super) fn of_key(
    rules: &[Rule],
    subject: &Subject<'_>,
    outlived: bool,
    grounds: &Grounds<'_>,
) -> Fix {
    let Grounds { policy, program, me, .. } = grounds;
    let has = |rule| rules.contains(&rule);
    let key = subject.key;
    if !key.id.is_usual() {
        return Fix { command: format!("{program} api-keys --wide"), stays: true };
    }
    let id = key.id.as_str();
    let end = End::of(rules, subject, outlived, me);
    let grace = write_duration(GRACE.min(policy.max_age));
    // A key that lives this long does not expire soon when it is made.
    let life =
        write_duration(SHORTEST.max(policy.max_age).max(policy.expires_within.saturating_mul(2)));
    let is_rotated = matches!(end, End::Rotated | End::Replaced);

    let mut changes = Vec::new();
    // A key that another one outlives is not rotated while they share a name.
    let is_renamed = has(Rule::SameName) || is_rotated && subject.state == State::PhasingOut;
    if is_renamed {
        changes.push(format!("--name {}", shell_word(&name_of_its_own(key))));
    }
    // A successor has the leak action of its key.
    if has(Rule::LeakActionNone) {
        changes.push("--action-if-leaked DISABLE".to_owned());
    }
    match end {
        End::Stays if has(Rule::NeverExpires) || has(Rule::ExpiresSoon) => {
            changes.push(format!("--expires-in {life}"));
        }
        End::PhasedOut => changes.push(format!("--expires-in {grace}")),
        _ => {}
    }

    let mut steps = Vec::new();
    if !changes.is_empty() && !matches!(end, End::Disabled | End::Deleted) {
        steps.push(format!("{program} api-key-update {id} {}", changes.join(" ")));
    }
    if is_rotated {
        let mut rotation = format!("{program} api-key-rotate {id}");
        if end == End::Rotated {
            rotation = format!("{rotation} --grace {grace}");
        }
        // A successor that lives as long would be found again.
        if has(Rule::NeverExpires) || is_short(key, policy.expires_within) {
            rotation = format!("{rotation} --expires-in {life}");
        }
        steps.push(rotation);
    }
    match end {
        End::Disabled => steps.push(format!("{program} api-key-disable {id}")),
        End::Deleted | End::Replaced => steps.push(format!("{program} api-key-delete {id}")),
        End::Stays | End::Rotated | End::PhasedOut => {}
    }

    let stays = matches!(end, End::Stays | End::Rotated | End::Replaced) && !is_renamed;
    if steps.is_empty() {
        return Fix { command: format!("{program} api-key {id} --activity"), stays };
    }
    let steps = steps.join(" && ");
    // Locked again whatever became of it, unless it is gone.
    let (unlock, lock) =
        (format!("{program} api-key-unlock {id}"), format!("{program} api-key-lock {id} --force"));
    let command = match (key.locked, end) {
        (false, _) => steps,
        (true, End::Replaced | End::Deleted) => format!("{unlock} && {steps} || {lock}"),
        (true, _) => format!("{unlock} && {steps}; {lock}"),
    };
    Fix { command, stays }
}

/// Tells whether a key was made to live no longer than that.
fn is_short(key: &ApiKey, limit: Duration) -> bool {
    let lived = |at: Timestamp| at.seconds() - key.created_at.seconds();
    key.expires_at.is_some_and(|at| u64::try_from(lived(at)).unwrap_or(0) <= limit.as_secs())
}

/// Adds to a name what tells its key from others: the beginning of its id. What a terminal does not show is spelt out.
fn name_of_its_own(key: &ApiKey) -> String {
    let uuid = escape(key.id.as_str().trim_start_matches("ApiKey-"));
    let name = escape(&key.name);
    let name = name.chars().take(LONGEST_NAME).chain(['-']).chain(uuid.chars().take(8));
    name.collect()
}

/// Proposes what to do about an identity that has too many keys, its `own`: to delete the one that is missed least.
pub(super) fn of_identity(iam_id: &str, own: &[&Subject<'_>], grounds: &Grounds<'_>) -> String {
    let program = grounds.program;
    let spare = [State::PhasedOut, State::Expired]
        .into_iter()
        .find_map(|state| own.iter().find(|subject| subject.state == state && !subject.key.locked))
        .filter(|subject| subject.key.id.is_usual());
    match spare {
        Some(spare) => format!("{program} api-key-delete {}", spare.key.id),
        None if iam_id == grounds.me => format!("{program} api-keys --sort modified_at --wide"),
        None => format!("{program} api-keys --all-users --sort modified_at --wide"),
    }
}
