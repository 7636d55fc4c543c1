//! The findings that were accepted: a file in the audit's JSON format, of which the rule and the id are read.

use std::collections::HashMap;
use std::path::Path;

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::model::Rule;

/// Accepted findings by their rule and the id of their key, or the IAM id for findings about an identity.
#[derive(Debug, Default)]
pub(super) struct Baseline(HashMap<(Rule, String), Accepted>);

#[derive(Debug)]
struct Accepted {
    /// The owner of the key, where the file tells it.
    iam_id: Option<String>,
    /// Whether it was found again.
    is_met: bool,
}

/// One entry; its other fields are not read.
#[derive(Deserialize)]
struct BaselineEntry {
    rule: Rule,
    key_id: Option<String>,
    iam_id: Option<String>,
}

impl Baseline {
    /// Reads a file. Fails where it is not understood.
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
        let entries: Vec<BaselineEntry> =
            serde_json::from_slice(text).map_err(|error| unusable(&error))?;
        let accepted = entries.into_iter().zip(1..).map(|(entry, number)| {
            let (subject, called) = match entry.rule {
                Rule::NearLimit => (entry.iam_id.clone(), "iam_id"),
                _ => (entry.key_id, "key_id"),
            };
            let subject =
                subject.ok_or_else(|| unusable(&format!("entry {number} has no {called}")))?;
            Ok(((entry.rule, subject), Accepted { iam_id: entry.iam_id, is_met: false }))
        });
        accepted.collect::<Result<_>>().map(Self)
    }

    /// Tells whether a finding was accepted. `subject` is the id of its key or identity.
    pub(super) fn accepts(&mut self, rule: Rule, subject: &str) -> bool {
        let entry = self.0.get_mut(&(rule, subject.to_owned()));
        entry.map(|accepted| accepted.is_met = true).is_some()
    }

    /// Counts the accepted findings that were found again.
    pub(super) fn hidden(&self) -> usize {
        self.0.values().filter(|accepted| accepted.is_met).count()
    }

    /// Counts the entries that fit no finding although their rule and owner were checked.
    pub(super) fn idle(&self, was_checked: impl Fn(Rule, Option<&str>) -> bool) -> usize {
        let is_idle = |((rule, _), accepted): &(&(Rule, String), &Accepted)| {
            !accepted.is_met && was_checked(*rule, accepted.iam_id.as_deref())
        };
        self.0.iter().filter(is_idle).count()
    }
}
