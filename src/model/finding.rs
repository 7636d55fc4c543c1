//! The rules of the audit, their severities, and findings.

use std::fmt;
use std::sync::Arc;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::key::ApiKey;

/// How serious a finding is, in the words of SARIF's `level`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// A problem now, or a breach of the policy.
    Error,
    /// A problem soon.
    Warning,
    /// Worth knowing.
    Note,
}

impl Severity {
    /// Every severity, the most serious first.
    pub const ALL: [Self; 3] = [Self::Error, Self::Warning, Self::Note];

    /// Returns the word shown in tables, JSON and SARIF.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// The rules of the audit, in the order in which findings of one severity are shown.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// The service found the key published.
    Leaked,
    /// A working key is older than allowed, and not being replaced.
    Old,
    /// The key belongs to the owner of the account.
    OwnerKey,
    /// A working key was not used for longer than allowed.
    Unused,
    /// A working key has no expiry.
    NeverExpires,
    /// A working key expires soon, and no newer one takes its place.
    ExpiresSoon,
    /// Nothing would happen if a working key were found published.
    LeakActionNone,
    /// A newer working key has the same name and owner, and does not replace it.
    SameName,
    /// An identity has nearly as many keys as allowed.
    NearLimit,
    /// The key has expired and was not deleted.
    Expired,
    /// Another key replaces this one, which was not deleted.
    PhasedOut,
    /// It is not known whether the key is in use.
    UseUnknown,
}

impl Rule {
    /// Every rule.
    pub const ALL: [Self; 12] = [
        Self::Leaked,
        Self::Old,
        Self::OwnerKey,
        Self::Unused,
        Self::NeverExpires,
        Self::ExpiresSoon,
        Self::LeakActionNone,
        Self::SameName,
        Self::NearLimit,
        Self::Expired,
        Self::PhasedOut,
        Self::UseUnknown,
    ];

    /// Returns the id, for the command line, baselines and reports.
    pub fn id(self) -> &'static str {
        match self {
            Self::Leaked => "leaked",
            Self::Old => "old",
            Self::OwnerKey => "owner-key",
            Self::Unused => "unused",
            Self::NeverExpires => "never-expires",
            Self::ExpiresSoon => "expires-soon",
            Self::LeakActionNone => "leak-action-none",
            Self::SameName => "same-name",
            Self::NearLimit => "near-limit",
            Self::Expired => "expired",
            Self::PhasedOut => "phased-out",
            Self::UseUnknown => "use-unknown",
        }
    }

    /// Returns a short description of when the rule fires.
    pub fn title(self) -> &'static str {
        match self {
            Self::Leaked => "The service found it published.",
            Self::Old => "It works and is older than '--max-age'.",
            Self::OwnerKey => "It belongs to '--account-owner'.",
            Self::Unused => "It works and was not used for '--max-unused'.",
            Self::NeverExpires => "It works and never expires.",
            Self::ExpiresSoon => "It ends within '--expires-within', unreplaced.",
            Self::LeakActionNone => "Nothing happens when it is found published.",
            Self::SameName => "A newer working key has its name.",
            Self::NearLimit => "Nine tenths of the allowed keys are there.",
            Self::Expired => "It has expired and was not deleted.",
            Self::PhasedOut => "It was replaced and not deleted.",
            Self::UseUnknown => "The service does not tell whether it is used.",
        }
    }

    /// Returns exactly when the rule fires, in a sentence.
    pub fn about(self) -> &'static str {
        match self {
            Self::Leaked => "The service found the API key published, and it was not deleted.",
            Self::Old => {
                "A working API key was created longer ago than '--max-age'; one that ends within that time, and that a newer one of its name outlives, is left alone."
            }
            Self::OwnerKey => {
                "The API key belongs to the owner of the account, whom '--account-owner' names."
            }
            Self::Unused => {
                "A working API key was not used for longer than '--max-unused', or never since it was created."
            }
            Self::NeverExpires => "A working API key has no expiry.",
            Self::ExpiresSoon => {
                "A working API key expires within '--expires-within', and no newer one of its name outlives it."
            }
            Self::LeakActionNone => {
                "Nothing happens to a working API key when the service finds it published."
            }
            Self::SameName => {
                "A newer working API key has the same name and owner, and does not replace it."
            }
            Self::NearLimit => "An identity has nine tenths or more of the API keys it is allowed.",
            Self::Expired => "The API key has expired and was not deleted.",
            Self::PhasedOut => {
                "The API key no longer works, another of its name has taken its place, and it was not deleted."
            }
            Self::UseUnknown => {
                "The service does not tell whether a working API key that is old enough for 'unused' is in use."
            }
        }
    }

    /// Returns what to do about it, in a sentence or two.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Leaked => "Replace it at once and delete it: whoever found it can act as you.",
            Self::Old => "Rotate it; with '--grace' both keys work while the new one is spread.",
            Self::OwnerKey => "Let another user or a service ID do its work, and delete it.",
            Self::Unused => "Disable it, and delete it when nobody misses it.",
            Self::NeverExpires => "Give it an end, and rotate it before that.",
            Self::ExpiresSoon => "Rotate it before it ends, or give it more time.",
            Self::LeakActionNone => "Set its leak action to DISABLE or DELETE.",
            Self::SameName => "Delete the one that is not used, or rename one of them.",
            Self::NearLimit => {
                "Delete keys that are no longer used; a rotation needs room for one more."
            }
            Self::Expired => "Delete it.",
            Self::PhasedOut => "Delete it; 'api-key-delete --phased-out' deletes all of them.",
            Self::UseUnknown => "Look at the key by itself, or ask its owner.",
        }
    }

    /// Returns the recommendation of the CIS IBM Cloud Foundations Benchmark 1.0.0 that the rule checks.
    pub fn recommendation(self) -> Option<&'static str> {
        match self {
            Self::Unused => Some("1.2"),
            Self::Old => Some("1.3"),
            Self::OwnerKey => Some("1.5"),
            _ => None,
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// One finding of an audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding<'a> {
    /// The rule that fired.
    pub rule: Rule,
    /// How serious it is under the policy.
    pub severity: Severity,
    /// The key; `None` if the finding is about an identity as a whole.
    pub key: Option<&'a ApiKey>,
    /// The IAM id of the owner of the key, or of the identity.
    pub iam_id: Arc<str>,
    /// What was found, in a sentence.
    pub message: String,
    /// The command that fixes every finding of the key, ready for dash, bash, zsh and fish.
    pub fix: String,
}

/// A rule that an audit did not check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unchecked {
    /// The rule.
    pub rule: Rule,
    /// Why, as the end of a sentence.
    pub why: &'static str,
}

impl fmt::Display for Unchecked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "The rule '{}' was not checked: {}.", self.rule, self.why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_listed_once_and_named_as_on_the_command_line_and_in_files() {
        assert_eq!(Rule::value_variants(), Rule::ALL);
        assert_eq!(Severity::value_variants(), Severity::ALL);
        for rule in Rule::ALL {
            assert_eq!(rule.to_possible_value().unwrap().get_name(), rule.id());
            assert_eq!(serde_json::to_value(rule).unwrap(), rule.id());
        }
        for severity in Severity::ALL {
            assert_eq!(severity.to_possible_value().unwrap().get_name(), severity.as_str());
            assert_eq!(serde_json::to_value(severity).unwrap(), severity.as_str());
        }
    }
}
