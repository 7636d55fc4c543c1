//! The rules of the audit, their severities, and findings.

use std::fmt;
use std::sync::Arc;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::key::ApiKey;

words! {
    /// How serious a finding is, in the words of SARIF's `level`.
    #[derive(
        Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ValueEnum,
    )]
    #[serde(rename_all = "lowercase")]
    pub enum Severity {
        /// A problem now, or a breach of the policy.
        Error = "error",
        /// A problem soon.
        Warning = "warning",
        /// Worth knowing.
        Note = "note",
    }
}

/// Defines the rules: of each the id, the title, exactly when it fires, and what to do about it.
macro_rules! rules {
    ($($(#[$doc:meta])* $rule:ident = $id:literal $title:literal $about:literal $advice:literal;)*) => {
        words! {
            /// The rules of the audit, in the order in which findings of one severity are shown. The word of a rule is its
            /// id, for the command line, baselines and reports.
            #[derive(
                Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ValueEnum,
            )]
            #[serde(rename_all = "kebab-case")]
            pub enum Rule {
                $($(#[$doc])* $rule = $id,)*
            }
        }

        impl Rule {
            /// Returns a short description of when the rule fires.
            pub fn title(self) -> &'static str {
                match self {
                    $(Self::$rule => $title,)*
                }
            }

            /// Returns exactly when the rule fires, in a sentence.
            pub fn about(self) -> &'static str {
                match self {
                    $(Self::$rule => $about,)*
                }
            }

            /// Returns what to do about it, in a sentence or two.
            pub fn advice(self) -> &'static str {
                match self {
                    $(Self::$rule => $advice,)*
                }
            }
        }
    };
}

rules! {
    /// The service found the key published.
    Leaked = "leaked"
        "The service found it published."
        "The service found the API key published, and it was not deleted."
        "Replace it at once and delete it: whoever found it can act as you.";
    /// A working key is older than allowed, and not being replaced.
    Old = "old"
        "It works and is older than '--max-age'."
        "A working API key was created longer ago than '--max-age'; one that ends within that time, and that a newer one of its name outlives, is left alone."
        "Rotate it; with '--grace' both keys work while the new one is spread.";
    /// The key belongs to the owner of the account.
    OwnerKey = "owner-key"
        "It belongs to '--account-owner'."
        "The API key belongs to the owner of the account, whom '--account-owner' names."
        "Let another user or a service ID do its work, and delete it.";
    /// A working key was not used for longer than allowed.
    Unused = "unused"
        "It works and was not used for '--max-unused'."
        "A working API key was not used for longer than '--max-unused', or never since it was created."
        "Disable it, and delete it when nobody misses it.";
    /// A working key has no expiry.
    NeverExpires = "never-expires"
        "It works and never expires."
        "A working API key has no expiry."
        "Give it an end, and rotate it before that.";
    /// A working key expires soon, and no newer one takes its place.
    ExpiresSoon = "expires-soon"
        "It ends within '--expires-within', unreplaced."
        "A working API key expires within '--expires-within', and no newer one of its name outlives it."
        "Rotate it before it ends, or give it more time.";
    /// Nothing would happen if a working key were found published.
    LeakActionNone = "leak-action-none"
        "Nothing happens when it is found published."
        "Nothing happens to a working API key when the service finds it published."
        "Set its leak action to DISABLE or DELETE.";
    /// A newer working key has the same name and owner, and does not replace it.
    SameName = "same-name"
        "A newer working key has its name."
        "A newer working API key has the same name and owner, and does not replace it."
        "Delete the one that is not used, or rename one of them.";
    /// An identity has nearly as many keys as allowed.
    NearLimit = "near-limit"
        "Nine tenths of the allowed keys are there."
        "An identity has nine tenths or more of the API keys it is allowed."
        "Delete keys that are no longer used; a rotation needs room for one more.";
    /// The key has expired and was not deleted.
    Expired = "expired"
        "It has expired and was not deleted."
        "The API key has expired and was not deleted."
        "Delete it.";
    /// Another key replaces this one, which was not deleted.
    PhasedOut = "phased-out"
        "It was replaced and not deleted."
        "The API key no longer works, another of its name has taken its place, and it was not deleted."
        "Delete it; 'api-key-delete --phased-out' deletes all of them.";
    /// It is not known whether the key is in use.
    UseUnknown = "use-unknown"
        "The service does not tell whether it is used."
        "The service does not tell whether a working API key that is old enough for 'unused' is in use."
        "Look at the key by itself, or ask its owner.";
}

impl Rule {
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
        f.write_str(self.as_str())
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
    fn every_rule_is_named_as_on_the_command_line_and_in_files() {
        for rule in Rule::ALL {
            assert_eq!(rule.to_possible_value().unwrap().get_name(), rule.as_str());
            assert_eq!(serde_json::to_value(rule).unwrap(), rule.as_str());
        }
        for severity in Severity::ALL {
            assert_eq!(severity.to_possible_value().unwrap().get_name(), severity.as_str());
            assert_eq!(serde_json::to_value(severity).unwrap(), severity.as_str());
        }
    }
}
