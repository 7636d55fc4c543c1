//! Findings that somebody has accepted: a file of the form of the audit's own JSON, of which two fields count.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::model::{Finding, Rule};

/// What was accepted: rule by rule, the id of a key, or the IAM id where a finding is about an identity; and whose key
/// it is, where that is said.
#[derive(Debug, Default)]
pub(super) struct Baseline(HashMap<(Rule, String), Option<String>>);

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
        let unusable = |why: &dyn std::fmt::Display| {
            Error::usage(format!("The baseline {} cannot be used: {why}.", path.display())).hint(
                format!(
                    "'{program} api-keys-audit --fail-on none --output json > FILE' writes one that accepts what there is."
                ),
            )
        };
        let bytes = std::fs::read(path).map_err(|error| unusable(&error))?;
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        match text {
            [] => return Err(unusable(&"it is empty")),
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => {
                return Err(unusable(&"it is UTF-16, not UTF-8"));
            }
            _ => {}
        }
        let entries: Vec<Entry> = serde_json::from_slice(text).map_err(|error| unusable(&error))?;
        let accepted = entries.into_iter().zip(1..).map(|(entry, number)| {
            let (subject, called) = match entry.rule {
                Rule::NearLimit => (entry.iam_id.clone(), "iam_id"),
                _ => (entry.key_id, "key_id"),
            };
            let subject =
                subject.ok_or_else(|| unusable(&format!("entry {number} has no {called}")))?;
            Ok(((entry.rule, subject), entry.iam_id))
        });
        accepted.collect::<Result<_>>().map(Self)
    }

    /// Takes out what was accepted. Returns how many findings that were, and how many entries fit none though their rule
    /// and owner were looked at.
    pub(super) fn apply(
        &self,
        findings: &mut Vec<Finding<'_>>,
        was_checked: impl Fn(Rule, Option<&str>) -> bool,
    ) -> (usize, usize) {
        let before = findings.len();
        let mut met = HashSet::new();
        findings.retain(|finding| {
            let subject = finding.key.map_or(&*finding.iam_id, |key| key.id.as_str());
            let entry = self.0.get_key_value(&(finding.rule, subject.to_owned()));
            met.extend(entry.map(|(entry, _)| entry));
            entry.is_none()
        });
        let is_idle = |(entry, iam_id): &(&(Rule, String), &Option<String>)| {
            !met.contains(entry) && was_checked(entry.0, iam_id.as_deref())
        };
        (before - findings.len(), self.0.iter().filter(is_idle).count())
    }
}
