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
    /// Finds what a request asks for, and the id in its path. The method of the object is in the path, too.
    pub(super) fn find<'a>(method: &Method, parts: &[&'a str]) -> Option<(Self, &'a str)> {
        let ["rest", "v3" | "v3.1", service, before @ .., last] = parts else { return None };
        let last = last.strip_suffix(".json").unwrap_or(last);
        let is_id = !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit());
        let found = match (*service, before, last) {
            ("SoftLayer_Account", [], "getCurrentUser") => (Self::User, ""),
            ("SoftLayer_Account", [], "getUsers") => (Self::Users, ""),
            ("SoftLayer_User_Customer", [id], "getObject") => (Self::User, *id),
            ("SoftLayer_User_Customer", [], id) if is_id => (Self::User, id),
            ("SoftLayer_User_Customer", [id], "getApiAuthenticationKeys") => (Self::List, *id),
            ("SoftLayer_User_Customer", [id], "addApiAuthenticationKey") => (Self::Add, *id),
            ("SoftLayer_User_Customer", [] | [_], REMOVE) => (Self::Remove, ""),
            ("SoftLayer_User_Customer", [REMOVE] | [_, REMOVE], id) => (Self::Remove, id),
            ("SoftLayer_User_Customer_ApiAuthentication", [id], "getObject") => (Self::Get, *id),
            ("SoftLayer_User_Customer_ApiAuthentication", [], id) if is_id => (Self::Get, id),
            _ => return None,
        };
        [Method::GET, Method::POST].contains(method).then_some(found)
    }
}

const REMOVE: &str = "removeApiAuthenticationKey";
