//! The command that fixes a finding: it can be pasted into a shell as it is, asks before it acts, and names keys by id.
//! Where only its owner can decide, it is the one to look with.

use std::time::Duration;

use super::rules::{Grounds, Subject};
use crate::model::{ApiKey, Rule, State, Timestamp, write_duration};
use crate::text::{escape, shell_word};

/// For how long a key works on beside its successor, in the commands that are proposed.
const GRACE: Duration = Duration::from_secs(7 * 86_400);

/// Shorter lives are not proposed, whatever the policy allows.
const SHORTEST: Duration = Duration::from_secs(7 * 86_400);
/// The longest name that has room for an addition, in characters.
const LONGEST_NAME: usize = 246;

/// Proposes what to do about a key.
pub(super) fn of_key(rule: Rule, subject: &Subject<'_>, grounds: &Grounds<'_>) -> String {
    let Grounds { policy, program, .. } = grounds;
    let key = subject.key;
    if !key.id.is_usual() {
        return format!("{program} api-keys --wide");
    }
    let id = key.id.as_str();
    // A new key for another user cannot be made, and one that is phasing out is not rotated.
    let can_rotate = *key.iam_id == *grounds.me && subject.state == State::Active;
    let grace = write_duration(GRACE.min(policy.max_age));
    let life = write_duration(SHORTEST.max(policy.max_age));
    // Whether the key is there afterwards as it was, and can be locked again.
    let mut stays = true;
    let command = match rule {
        Rule::Leaked if can_rotate => {
            stays = false;
            format!("api-key-rotate {id} && {program} api-key-delete {id}")
        }
        Rule::Old if can_rotate => {
            stays = false;
            format!("api-key-rotate {id} --grace {grace}")
        }
        Rule::ExpiresSoon if can_rotate => {
            stays = false;
            let lived = |at: Timestamp| at.seconds() - key.created_at.seconds();
            let is_short = key.expires_at.map(lived).is_none_or(|seconds| {
                u64::try_from(seconds).unwrap_or(0) <= policy.expires_within.as_secs()
            });
            // A successor that lives as long would end as soon.
            let longer = if is_short { format!(" --expires-in {life}") } else { String::new() };
            format!("api-key-rotate {id} --grace {grace}{longer}")
        }
        Rule::Old | Rule::Unused => format!("api-key-disable {id}"),
        Rule::NeverExpires | Rule::ExpiresSoon => {
            format!("api-key-update {id} --expires-in {life}")
        }
        Rule::LeakActionNone => format!("api-key-update {id} --action-if-leaked DISABLE"),
        Rule::SameName => {
            format!("api-key-update {id} --name {}", shell_word(&name_of_its_own(key)))
        }
        Rule::Leaked | Rule::OwnerKey | Rule::Expired | Rule::PhasedOut => {
            stays = false;
            format!("api-key-delete {id}")
        }
        Rule::UseUnknown | Rule::NearLimit => return format!("{program} api-key {id} --activity"),
    };
    match (key.locked, stays) {
        (false, _) => format!("{program} {command}"),
        (true, false) => format!("{program} api-key-unlock {id} && {program} {command}"),
        // Locked again whatever became of it.
        (true, true) => format!(
            "{program} api-key-unlock {id} && {program} {command}; {program} api-key-lock {id} --force"
        ),
    }
}

/// Adds to a name what tells its key from others: the beginning of its id. What a terminal does not show is spelt out.
fn name_of_its_own(key: &ApiKey) -> String {
    let uuid = key.id.as_str().trim_start_matches("ApiKey-");
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
