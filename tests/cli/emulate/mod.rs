//! `emulate`: the IAM Identity API over a local store, as a client sees it.

mod start;
