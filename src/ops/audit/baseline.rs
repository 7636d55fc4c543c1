//! Findings that somebody has accepted: a file of the form of the audit's own JSON, of which two fields count.

use std::collections::HashSet;
use std::path::Path;

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::model::{Finding, Rule};

/// What was accepted: rule by rule, the id of a key, or the IAM id where a finding is about an identity.
#[derive(Debug, Default)]
pub(super) struct Baseline(HashSet<(Rule, String)>);

/// One entry; what else it says is for people.
#[derive(Deserialize)]
struct Entry {
    rule: Rule,
    key_id: Option<String>,
    iam_id: Option<String>,
}

impl Baseline {
    /// Reads a file. One that cannot be understood accepts nothing, and is an error.
    pub(super) fn read(path: &Path, program: &str) -> Result<Self> {
        let unusable = |why: String| {
            Error::usage(format!("The baseline {} cannot be used: {why}.", path.display())).hint(
                format!(
                    "'{program} api-keys-audit --fail-on none --output json > FILE' writes one that accepts what there is."
                ),
            )
        };
        let text = std::fs::read(path).map_err(|error| unusable(error.to_string()))?;
        let entries: Vec<Entry> =
            serde_json::from_slice(&text).map_err(|error| unusable(error.to_string()))?;
        let accepted = entries.into_iter().zip(1..).map(|(entry, number)| {
            let subject = entry.key_id.or(entry.iam_id);
            let subject = subject
                .ok_or_else(|| unusable(format!("entry {number} has neither key_id nor iam_id")))?;
            Ok((entry.rule, subject))
        });
        accepted.collect::<Result<_>>().map(Self)
    }

    /// Takes out what was accepted. Returns how many findings that were, and how many entries fit none.
    pub(super) fn apply(&self, findings: &mut Vec<Finding<'_>>) -> (usize, usize) {
        let before = findings.len();
        let mut met = HashSet::new();
        findings.retain(|finding| {
            let subject = finding.key.map_or(&*finding.iam_id, |key| key.id.as_str());
            let entry = self.0.get(&(finding.rule, subject.to_owned()));
            met.extend(entry);
            entry.is_none()
        });
        (before - findings.len(), self.0.len() - met.len())
    }
}
