//! The one command that fixes all findings of a key. It can be pasted into a shell, asks before it acts, and names the key
//! by id. It changes no other key, so all fixes of a report can be run, in any order, and again. Where only the owner can
//! decide, the command shows the key.

use std::sync::Arc;
use std::time::Duration;

use super::subject::{Grounds, Subject};
use crate::model::{ApiKey, Rule, State, Timestamp, managed, write_duration};
use crate::text::{escape, shell_word};

/// How long the proposed commands let a key work beside its successor.
const GRACE: Duration = Duration::from_secs(7 * 86_400);

/// The shortest life that is proposed: a new key must outlive the grace of the old one.
const SHORTEST: Duration = Duration::from_secs(14 * 86_400);
/// The longest name that has room for an addition, in characters.
const LONGEST_NAME: usize = 246;

/// What is proposed for a key.
#[derive(Debug)]
pub(super) struct Fix {
    pub(super) command: String,
    /// Whether the key or its successor works afterwards under the present name.
    pub(super) stays: bool,
}

/// What becomes of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KeyEnd {
    Stays,
    /// A new key takes its place, and both work for a while.
    Rotated,
    /// A new key takes its place, and it is deleted at once.
    Replaced,
    /// An existing key takes its place; it works for a while.
    PhasedOut,
    Disabled,
    Deleted,
}

impl KeyEnd {
    /// Chooses it by all rules that fired. `outlived` is whether a newer key that stays replaces this one.
    fn of(rules: &[Rule], subject: &Subject<'_>, outlived: bool, grounds: &Grounds<'_>) -> Self {
        let has = |rule| rules.contains(&rule);
        // A key with a successor needs no second one.
        let can_rotate = grounds.can_make_for(&subject.key.iam_id) && subject.works() && !outlived;
        if has(Rule::OwnerKey) || has(Rule::Expired) || has(Rule::PhasedOut) {
            Self::Deleted
        } else if has(Rule::Leaked) {
            // An unused key needs no successor.
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

/// Proposes the fix for a key for which `rules` fired.
pub(super) fn of_key(
    rules: &[Rule],
    subject: &Subject<'_>,
    outlived: bool,
    grounds: &Grounds<'_>,
) -> Fix {
    let policy = grounds.policy;
    let has = |rule| rules.contains(&rule);
    let key = subject.key;
    let family = grounds.family_of(&key.iam_id);
    if !key.id.is_usual() {
        return Fix { command: format!("{} --wide", family.list()), stays: true };
    }
    let id = key.id.as_str();
    if managed(&key.name).is_some() {
        // Whoever manages it has to change it.
        return Fix { command: format!("{} --activity", family.on("", id)), stays: true };
    }
    let end = KeyEnd::of(rules, subject, outlived, grounds);
    let grace = || write_duration(GRACE.min(policy.max_age));
    // A new key with this life does not expire soon at once.
    let life = SHORTEST.max(policy.max_age).max(policy.expires_within.saturating_mul(2));
    let to_expire = || format!("--expires-in {}", write_duration(life));
    let is_rotated = matches!(end, KeyEnd::Rotated | KeyEnd::Replaced);

    let mut changes = Vec::new();
    // A key that is phasing out can only be rotated under another name.
    let is_renamed = has(Rule::SameName) || is_rotated && subject.state == State::PhasingOut;
    if is_renamed {
        changes.push(format!("--name {}", shell_word(&name_of_its_own(key))));
    }
    // A successor inherits the leak action.
    if has(Rule::LeakActionNone) {
        changes.push("--action-if-leaked DISABLE".to_owned());
    }
    match end {
        KeyEnd::Stays if has(Rule::NeverExpires) || has(Rule::ExpiresSoon) => {
            changes.push(to_expire());
        }
        KeyEnd::PhasedOut => changes.push(format!("--expires-in {}", grace())),
        _ => {}
    }

    let mut steps = Vec::new();
    if !changes.is_empty() && !matches!(end, KeyEnd::Disabled | KeyEnd::Deleted) {
        steps.push(format!("{} {}", family.on("update", id), changes.join(" ")));
    }
    if is_rotated {
        let mut rotation = family.on("rotate", id);
        if end == KeyEnd::Rotated {
            rotation = format!("{rotation} --grace {}", grace());
        }
        // A successor with the same life would be found again.
        if has(Rule::NeverExpires) || is_short(key, policy.expires_within) {
            rotation = format!("{rotation} {}", to_expire());
        }
        steps.push(rotation);
    }
    match end {
        KeyEnd::Disabled => steps.push(family.on("disable", id)),
        KeyEnd::Deleted | KeyEnd::Replaced => steps.push(family.on("delete", id)),
        KeyEnd::Stays | KeyEnd::Rotated | KeyEnd::PhasedOut => {}
    }

    let stays = matches!(end, KeyEnd::Stays | KeyEnd::Rotated | KeyEnd::Replaced) && !is_renamed;
    if steps.is_empty() {
        return Fix { command: format!("{} --activity", family.on("", id)), stays };
    }
    let mut command = steps.join(" && ");
    if key.locked {
        // It is locked again in any case, unless it is gone.
        let then = if matches!(end, KeyEnd::Replaced | KeyEnd::Deleted) { " ||" } else { ";" };
        let (unlock, lock) = (family.on("unlock", id), family.on("lock", id));
        command = format!("{unlock} && {command}{then} {lock} --force");
    }
    Fix { command, stays }
}

/// Tells whether the whole life of a key is at most `limit`.
fn is_short(key: &ApiKey, limit: Duration) -> bool {
    let lived = |at: Timestamp| at.seconds() - key.created_at.seconds();
    key.expires_at.is_some_and(|at| u64::try_from(lived(at)).unwrap_or(0) <= limit.as_secs())
}

/// Makes a name unique: adds the beginning of the key's id. Invisible characters are escaped.
fn name_of_its_own(key: &ApiKey) -> String {
    let uuid = escape(key.id.as_str().trim_start_matches("ApiKey-"));
    let name = escape(&key.name);
    let name = name.chars().take(LONGEST_NAME).chain(['-']).chain(uuid.chars().take(8));
    name.collect()
}

/// Proposes the fix for an identity with too many keys, its `own`: to delete one that no longer works.
pub(super) fn of_identity(
    iam_id: &Arc<str>,
    own: &[&Subject<'_>],
    grounds: &Grounds<'_>,
) -> String {
    let family = grounds.family_of(iam_id);
    let list = family.list();
    let spare = [State::PhasedOut, State::Expired]
        .into_iter()
        .find_map(|state| own.iter().find(|subject| subject.state == state && !subject.key.locked))
        .filter(|subject| subject.key.id.is_usual());
    match spare {
        Some(spare) => family.on("delete", &spare.key.id),
        None if grounds.can_make_for(iam_id) => format!("{list} --sort modified_at --wide"),
        None => format!("{list} --all-users --sort modified_at --wide"),
    }
}
