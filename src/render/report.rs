//! What reports for people tell of an audit.

use crate::model::{Counts, Finding, Life, Timestamp, Unchecked};

/// An audit, as reports for people tell it.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// What was found, in one line.
    pub summary: &'a str,
    /// What was found, in numbers.
    pub counts: &'a Counts,
    /// The findings, by severity; `None` where they are only counted.
    pub findings: Option<&'a [Finding<'a>]>,
    /// The lives of the keys; empty where they are not shown.
    pub lives: &'a [Life<'a>],
    /// The rules that were not checked.
    pub unchecked: &'a [Unchecked],
    /// The account.
    pub account_id: &'a str,
    /// Whether the keys of several owners were looked at.
    pub several: bool,
    /// When the audit was made.
    pub now: Timestamp,
}
