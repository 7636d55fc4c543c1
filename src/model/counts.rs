//! What an audit found, in numbers.

use std::collections::HashMap;
use std::sync::Arc;

use super::finding::{Finding, Rule, Severity};

/// Counts of findings, by rule and by owner.
#[derive(Debug)]
pub struct Counts {
    /// How many keys were looked at.
    pub keys: usize,
    /// How many findings there are.
    pub findings: usize,
    /// The rules that fired, in the order of the findings.
    pub rules: Vec<(Rule, Severity, usize)>,
    /// Each owner, and how often each rule fired for the owner. The owner with the most of the worst comes first.
    pub owners: Vec<OwnerCounts>,
}

/// The findings of an owner.
#[derive(Debug)]
pub struct OwnerCounts {
    /// The IAM id.
    pub iam_id: Arc<str>,
    /// How often each rule fired, in the order of the findings.
    pub rules: Vec<(Rule, Severity, usize)>,
}

impl OwnerCounts {
    /// Counts errors, warnings and notes.
    pub fn by_severity(&self) -> [usize; 3] {
        Severity::ALL.map(|severity| count(&self.rules, severity))
    }
}

impl Counts {
    /// Counts findings, which are sorted by severity and rule, in `keys` keys.
    pub fn of(keys: usize, found: &[Finding<'_>]) -> Self {
        let mut counts =
            Self { keys, findings: found.len(), rules: Vec::new(), owners: Vec::new() };
        let mut places: HashMap<&str, usize> = HashMap::new();
        for finding in found {
            let owner = *places.entry(&finding.iam_id).or_insert_with(|| {
                let iam_id = Arc::clone(&finding.iam_id);
                counts.owners.push(OwnerCounts { iam_id, rules: Vec::new() });
                counts.owners.len() - 1
            });
            for rules in [&mut counts.rules, &mut counts.owners[owner].rules] {
                match rules.last_mut() {
                    Some((rule, _, number)) if *rule == finding.rule => *number += 1,
                    _ => rules.push((finding.rule, finding.severity, 1)),
                }
            }
        }
        counts.owners.sort_by_cached_key(|owner| std::cmp::Reverse(owner.by_severity()));
        counts
    }

    /// Counts the findings of a severity.
    pub fn with(&self, severity: Severity) -> usize {
        count(&self.rules, severity)
    }
}

fn count(rules: &[(Rule, Severity, usize)], wanted: Severity) -> usize {
    rules.iter().filter(|(_, severity, _)| *severity == wanted).map(|(.., number)| number).sum()
}
