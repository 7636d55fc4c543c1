//! The command that fixes a finding: it can be pasted into a shell as it is, asks before it acts, and names keys by id.

use super::rules::{Grounds, Subject};
use crate::model::{Rule, State, write_duration};
use crate::text::shell_word;

/// For how long a key works on beside its successor, in the commands that are proposed.
const GRACE: &str = "7d";

/// Proposes what to do about a key.
pub(super) fn of_key(rule: Rule, subject: &Subject<'_>, grounds: &Grounds<'_>) -> String {
    let Grounds { policy, program, .. } = grounds;
    let key = subject.key;
    let id = shell_word(key.id.as_str());
    // A new key for another user cannot be made; a successor of one that is phasing out is there.
    let can_rotate = *key.iam_id == *grounds.me && subject.state == State::Active;
    let command = match rule {
        Rule::Leaked if can_rotate => {
            format!("api-key-rotate {id} && {program} api-key-delete {id}")
        }
        Rule::Old | Rule::ExpiresSoon if can_rotate => {
            format!("api-key-rotate {id} --grace {GRACE}")
        }
        Rule::Old | Rule::Unused => format!("api-key-disable {id}"),
        Rule::NeverExpires | Rule::ExpiresSoon => {
            format!("api-key-update {id} --expires-in {}", write_duration(policy.max_age))
        }
        Rule::LeakActionNone => format!("api-key-update {id} --action-if-leaked DISABLE"),
        Rule::SameName => {
            let uuid = key.id.as_str().trim_start_matches("ApiKey-");
            let start: String = uuid.chars().take(8).collect();
            let name = format!("{}-{start}", key.name);
            format!("api-key-update {id} --name {}", shell_word(&name))
        }
        Rule::Leaked | Rule::OwnerKey | Rule::Expired | Rule::PhasedOut => {
            format!("api-key-delete {id}")
        }
        Rule::UseUnknown | Rule::NearLimit => return format!("{program} api-key {id} --activity"),
    };
    if key.locked {
        return format!("{program} api-key-unlock {id} && {program} {command}");
    }
    format!("{program} {command}")
}

/// Proposes what to do about an identity that has too many keys: to delete the one that is missed least.
pub(super) fn of_identity(iam_id: &str, subjects: &[Subject<'_>], grounds: &Grounds<'_>) -> String {
    let program = grounds.program;
    let spare = [State::PhasedOut, State::Expired].into_iter().find_map(|state| {
        let is_spare = |subject: &&Subject<'_>| {
            subject.state == state && !subject.key.locked && *subject.key.iam_id == *iam_id
        };
        subjects.iter().find(is_spare)
    });
    match spare {
        Some(spare) => format!("{program} api-key-delete {}", shell_word(spare.key.id.as_str())),
        None if iam_id == grounds.me => format!("{program} api-keys --sort modified_at --wide"),
        None => format!("{program} api-keys --all-users --sort modified_at --wide"),
    }
}
