//! An audit as SARIF 2.1.0 (OASIS), for code scanning. A key is no file: it stands at a relative URI `apikeys/<id>`,
//! because readers such as GitHub's want a file, and as a logical location with its CRN. Texts that tools show are
//! escaped as the standard says for messages, so that no name can make a link or a placeholder.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Write};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Serialize, Serializer};

use super::json;
use crate::model::{Finding, Rule, Severity, Timestamp, Unchecked};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// What RFC 3986 calls unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// What a report is made of.
pub struct Report<'a> {
    /// What was found.
    pub findings: &'a [Finding<'a>],
    /// How grave each rule is under the policy.
    pub severity: &'a dyn Fn(Rule) -> Severity,
    /// The rules that were not looked at.
    pub unchecked: &'a [Unchecked],
    /// The account: it tells the reports of several apart.
    pub account_id: &'a str,
    /// When the audit was made.
    pub now: Timestamp,
}

impl fmt::Debug for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Report").field("findings", &self.findings).finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'a str,
    version: &'a str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool<'a>,
    automation_details: Details,
    invocations: [Invocation<'a>; 1],
    results: Results<'a>,
}

/// The findings, put into form one by one: there may be many.
struct Results<'a>(&'a [Finding<'a>]);

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(found))
    }
}

#[derive(Serialize)]
struct Tool<'a> {
    driver: Driver<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver<'a> {
    name: &'a str,
    semantic_version: &'a str,
    rules: Vec<Descriptor<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor<'a> {
    id: &'a str,
    short_description: Text<'a>,
    full_description: Text<'a>,
    help: Text<'a>,
    default_configuration: Configuration<'a>,
    properties: Tags<'a>,
}

#[derive(Serialize)]
struct Configuration<'a> {
    level: &'a str,
}

/// What GitHub's code scanning sorts by.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Tags<'a> {
    tags: Vec<Cow<'a, str>>,
    /// From 0 to 10: 7 and more is shown as high, 4 and more as medium.
    security_severity: &'a str,
}

#[derive(Serialize)]
struct Details {
    id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation<'a> {
    execution_successful: bool,
    end_time_utc: String,
    tool_configuration_notifications: Vec<Notification<'a>>,
}

/// A rule that was not looked at.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Notification<'a> {
    associated_rule: Reference<'a>,
    level: &'a str,
    message: Text<'a>,
}

#[derive(Serialize)]
struct Reference<'a> {
    id: &'a str,
    index: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Found<'a> {
    rule_id: &'a str,
    rule_index: usize,
    level: &'a str,
    message: Text<'a>,
    locations: [Location<'a>; 1],
    partial_fingerprints: Fingerprints,
    properties: Properties<'a>,
}

/// By what a finding is known again; the name is the one that GitHub's code scanning goes by.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Fingerprints {
    primary_location_line_hash: String,
}

#[derive(Serialize)]
struct Text<'a> {
    text: Cow<'a, str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location<'a> {
    physical_location: Physical,
    logical_locations: [Logical<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    artifact_location: Artifact,
    region: Region,
}

#[derive(Serialize)]
struct Artifact {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u8,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Logical<'a> {
    name: &'a str,
    fully_qualified_name: Cow<'a, str>,
    kind: &'a str,
}

/// The fields of the JSON report that SARIF has no place for.
#[derive(Serialize)]
struct Properties<'a> {
    key_id: Option<&'a str>,
    iam_id: &'a str,
    fix: &'a str,
}

/// Writes the report.
pub fn document(out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
    let run = Run {
        tool: Tool {
            driver: Driver {
                name: env!("CARGO_PKG_NAME"),
                semantic_version: env!("CARGO_PKG_VERSION"),
                rules: Rule::ALL.iter().map(|&rule| descriptor(rule, report)).collect(),
            },
        },
        automation_details: Details { id: format!("api-keys-audit/{}/", report.account_id) },
        invocations: [Invocation {
            execution_successful: true,
            end_time_utc: report.now.to_rfc3339(),
            tool_configuration_notifications: report.unchecked.iter().map(notification).collect(),
        }],
        results: Results(report.findings),
    };
    json::compact(out, &Log { schema: SCHEMA, version: "2.1.0", runs: [run] })
}

fn descriptor<'a>(rule: Rule, report: &Report<'_>) -> Descriptor<'a> {
    let severity = (report.severity)(rule);
    let recommendation =
        rule.recommendation().map(|number| format!("CIS IBM Cloud Foundations {number}").into());
    Descriptor {
        id: rule.id(),
        short_description: Text { text: rule.title().into() },
        full_description: Text { text: rule.about().into() },
        help: Text { text: rule.advice().into() },
        default_configuration: Configuration { level: severity.as_str() },
        properties: Tags {
            tags: ["security".into()].into_iter().chain(recommendation).collect(),
            security_severity: match severity {
                Severity::Error => "8.0",
                Severity::Warning => "5.0",
                Severity::Note => "2.0",
            },
        },
    }
}

fn notification(left: &Unchecked) -> Notification<'_> {
    Notification {
        associated_rule: Reference { id: left.rule.id(), index: place(left.rule) },
        level: "note",
        message: Text { text: left.to_string().into() },
    }
}

/// Returns where a rule stands among the rules.
fn place(rule: Rule) -> usize {
    Rule::ALL.iter().position(|known| *known == rule).unwrap_or_default()
}

fn found<'a>(finding: &'a Finding<'a>) -> Found<'a> {
    let (name, id, of_what) = match finding.key {
        Some(key) => (&*key.name, key.id.as_str(), "apikeys"),
        None => (&*finding.iam_id, &*finding.iam_id, "identities"),
    };
    let Finding { message: what, fix, .. } = finding;
    let told = match finding.key {
        Some(_) => format!("API key '{name}' ({id}): {what} Fix: {fix}"),
        None => format!("The identity {id}: {what} Fix: {fix}"),
    };
    let fingerprint = format!("{}/{id}", finding.rule);
    Found {
        rule_id: finding.rule.id(),
        rule_index: place(finding.rule),
        level: finding.severity.as_str(),
        message: Text { text: message(told).into() },
        locations: [Location {
            physical_location: Physical {
                artifact_location: Artifact {
                    uri: format!("{of_what}/{}", utf8_percent_encode(id, RESERVED)),
                },
                region: Region { start_line: 1 },
            },
            logical_locations: [Logical {
                name,
                fully_qualified_name: finding.key.map_or(id.into(), crate::model::ApiKey::crn),
                kind: "resource",
            }],
        }],
        partial_fingerprints: Fingerprints { primary_location_line_hash: fingerprint },
        properties: Properties {
            key_id: finding.key.map(|key| key.id.as_str()),
            iam_id: &finding.iam_id,
            fix: &finding.fix,
        },
    }
}

/// Writes a plain text message, in which braces make placeholders and brackets links (SARIF 2.1.0 §3.11.5, §3.11.6).
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
