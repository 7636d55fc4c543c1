//! What is asked of the mounts of other systems than IAM, found from method and path.

use hyper::Method;

/// What is asked of task credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Task {
    List,
    Get,
    Create,
    Delete,
}

impl Task {
    /// Finds what a request asks for, and the region or the id in its path.
    pub(super) fn find<'a>(_method: &Method, _parts: &[&'a str]) -> Option<(Self, &'a str)> {
        None
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
    pub(super) fn find(method: &Method, parts: &[&str]) -> Option<Self> {
        match (method.as_str(), parts) {
            ("POST", ["icp4d-api", "v1", "authorize"] | ["v1", "preauth", "signin"]) => {
                Some(Self::Authorize)
            }
            (
                "POST",
                ["v1", "auth", "identitytoken" | "identityToken"]
                | ["idprovider", "v1", "auth", "identitytoken" | "identityToken"],
            ) => Some(Self::Identity),
            ("GET", ["v1", "preauth", "validateAuth"]) => Some(Self::Validate),
            (
                "GET" | "POST",
                ["usermgmt", "v1", "user", "apiKey"]
                | ["api", "v1", "usermgmt", "v1", "user", "apiKey"],
            ) => Some(Self::Generate),
            (
                "GET",
                ["usermgmt", "v1", "user", "currentUserInfo"]
                | ["api", "v1", "usermgmt", "v1", "user", "currentUserInfo"],
            ) => Some(Self::User),
            _ => None,
        }
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
