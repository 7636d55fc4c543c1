//! What is asked of the mounts of other systems than IAM, found from method and path.

use hyper::Method;

use crate::systems::task_credentials::Region;

/// What is asked of task credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Task {
    List,
    Get,
    Create,
    Delete,
}

impl Task {
    /// Finds what a request asks for, and the id in its path.
    pub(super) fn find<'a>(method: &Method, parts: &[&'a str]) -> Option<(Self, &'a str)> {
        let parts = match parts {
            ["regions", region, parts @ ..] if Region::find(region).is_some() => parts,
            parts => parts,
        };
        match (method.as_str(), parts) {
            ("GET", ["v1", "task_credentials"]) => Some((Self::List, "")),
            ("POST", ["v1", "task_credentials"]) => Some((Self::Create, "")),
            ("GET", ["v1", "task_credentials", id]) => Some((Self::Get, id)),
            ("DELETE", ["v1", "task_credentials", id]) => Some((Self::Delete, id)),
            _ => None,
        }
    }
}

/// What is asked of the platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Platform {
    Authorize,
    Identity,
    Validate,
    Generate,
    User,
}

impl Platform {
    /// Finds what a request asks for.
    pub(super) fn find(_method: &Method, _parts: &[&str]) -> Option<Self> {
        None
    }
}

/// What is asked of classic infrastructure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Classic {
    User,
    Users,
    List,
    Get,
    Add,
    Remove,
}

impl Classic {
    /// Finds what a request asks for, and the id in its path.
    pub(super) fn find<'a>(_method: &Method, _parts: &[&'a str]) -> Option<(Self, &'a str)> {
        None
    }
}
