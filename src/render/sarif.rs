//! An audit as SARIF 2.1.0 (OASIS), for code scanning. Readers such as GitHub's want a file for each finding, so a key has
//! the relative URI `apikeys/<id>`. It is also a logical location with its CRN. Messages are escaped as the standard
//! says, so that no name can make a link or a placeholder.

use std::io::{self, Write};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Serialize, Serializer};

use super::json;
use crate::model::{ApiKey, Finding, Rule, Severity, Timestamp, Unchecked};
use crate::object::object;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// All but the characters that RFC 3986 calls unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// What a report tells of an audit.
pub struct Audit<'a> {
    /// The findings.
    pub findings: &'a [Finding<'a>],
    /// Returns the severity of a rule under the policy.
    pub severity: &'a dyn Fn(Rule) -> Severity,
    /// The rules that were not checked.
    pub unchecked: &'a [Unchecked],
    /// The account. It keeps the reports of several accounts apart.
    pub account_id: &'a str,
    /// When the audit was made.
    pub now: Timestamp,
}

/// The findings. There may be many, so each is laid out when it is written.
struct Results<'a>(&'a [Finding<'a>]);

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(result))
    }
}

/// Writes the report.
pub fn document(out: &mut dyn Write, report: &Audit<'_>) -> io::Result<()> {
    let rules = Rule::ALL.iter().map(|&rule| descriptor(rule, (report.severity)(rule)));
    let driver = object()
        .with("name", env!("CARGO_PKG_NAME"))
        .with("semanticVersion", env!("CARGO_PKG_VERSION"))
        .with("rules", rules.collect::<Vec<_>>());
    let notifications: Vec<_> = report.unchecked.iter().map(notification).collect();
    let invocation = object()
        .with("executionSuccessful", true)
        .with("endTimeUtc", report.now.to_rfc3339())
        .with("toolConfigurationNotifications", notifications);
    let run = object()
        .with("tool", object().with("driver", driver))
        .with(
            "automationDetails",
            object().with("id", format!("api-keys-audit/{}/", report.account_id)),
        )
        .with("invocations", [invocation])
        .with("results", Results(report.findings));
    json::compact(
        out,
        &object().with("$schema", SCHEMA).with("version", "2.1.0").with("runs", [run]),
    )
}

fn descriptor(rule: Rule, severity: Severity) -> impl Serialize {
    let recommendation = rule.recommendation();
    let recommendation = recommendation.map(|number| format!("CIS IBM Cloud Foundations {number}"));
    // GitHub shows 7 and more as high, 4 and more as medium.
    let number = match severity {
        Severity::Error => "8.0",
        Severity::Warning => "5.0",
        Severity::Note => "2.0",
    };
    let tags = ["security".to_owned()].into_iter().chain(recommendation);
    let properties =
        object().with("tags", tags.collect::<Vec<_>>()).with("security-severity", number);
    object()
        .with("id", rule.as_str())
        .with("shortDescription", text(rule.title()))
        .with("fullDescription", text(rule.about()))
        .with("help", text(rule.advice()))
        .with("defaultConfiguration", object().with("level", severity.as_str()))
        .with("properties", properties)
}

/// Tells that a rule was not checked.
fn notification(unchecked: &Unchecked) -> impl Serialize {
    let rule = unchecked.rule;
    object()
        .with("associatedRule", object().with("id", rule.as_str()).with("index", index(rule)))
        .with("level", "note")
        .with("message", text(unchecked.to_string()))
}

fn text(text: impl Serialize) -> impl Serialize {
    object().with("text", text)
}

fn index(rule: Rule) -> usize {
    Rule::ALL.iter().position(|known| *known == rule).unwrap_or_default()
}

fn result<'a>(finding: &'a Finding<'a>) -> impl Serialize {
    let (name, id, kind) = match finding.key {
        Some(key) => (&*key.name, key.id.as_str(), "apikeys"),
        None => (&*finding.iam_id, &*finding.iam_id, "identities"),
    };
    let Finding { message: what, fix, .. } = finding;
    let told = match finding.key {
        Some(_) => format!("API key '{name}' ({id}): {what} Fix: {fix}"),
        None => format!("The identity {id}: {what} Fix: {fix}"),
    };
    let uri = format!("{kind}/{}", utf8_percent_encode(id, RESERVED));
    let physical = object()
        .with("artifactLocation", object().with("uri", uri))
        .with("region", object().with("startLine", 1));
    let logical = object()
        .with("name", name)
        .with("fullyQualifiedName", finding.key.map_or(id.into(), ApiKey::crn))
        .with("kind", "resource");
    // GitHub recognizes a finding by this name.
    let fingerprint = object().with("primaryLocationLineHash", format!("{}/{id}", finding.rule));
    let properties = object()
        .with("key_id", finding.key.map(|key| key.id.as_str()))
        .with("iam_id", &*finding.iam_id)
        .with("fix", &*finding.fix);
    object()
        .with("ruleId", finding.rule.as_str())
        .with("ruleIndex", index(finding.rule))
        .with("level", finding.severity.as_str())
        .with("message", text(message(told)))
        .with(
            "locations",
            [object().with("physicalLocation", physical).with("logicalLocations", [logical])],
        )
        .with("partialFingerprints", fingerprint)
        .with("properties", properties)
}

/// Escapes a plain text message, where braces make placeholders and brackets links (SARIF 2.1.0 §3.11.5, §3.11.6).
fn message(text: String) -> String {
    if !text.contains(['{', '}', '[', ']', '\\']) {
        return text;
    }
    let mut written = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '{' | '}' => written.extend([c, c]),
            '[' | ']' | '\\' => written.extend(['\\', c]),
            c => written.push(c),
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_makes_neither_placeholder_nor_link() {
        assert_eq!(message(r"a {0} [x](1) \ 'b'".to_owned()), r"a {{0}} \[x\](1) \\ 'b'");
    }
}
