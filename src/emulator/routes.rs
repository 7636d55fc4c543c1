//! Requests, and what they ask for.

use hyper::body::Bytes;
use hyper::{HeaderMap, Method};
use reqwest::Url;

use super::mounts::{Classic, Platform, Task};
use super::response::Refusal;

/// The names and values of a query or a form, in the order they came.
#[derive(Clone, Debug, Default)]
pub(super) struct Params(Vec<(String, String)>);

impl Params {
    /// Decodes `name=value&…`, the form of both.
    pub(super) fn parse(encoded: &str) -> Self {
        let Ok(mut url) = Url::parse("http://emulator/") else { return Self::default() };
        url.set_query(Some(encoded));
        Self(url.query_pairs().into_owned().collect())
    }

    /// Adds others behind these, which win.
    fn or(mut self, others: &Self) -> Self {
        self.0.extend_from_slice(&others.0);
        self
    }

    /// Returns the value of a name, unless it is empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// Takes the value of a name, unless it is empty.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        let (_, value) = self.0.iter_mut().find(|(found, _)| found == name)?;
        Some(std::mem::take(value)).filter(|value| !value.is_empty())
    }

    /// Returns every value of a name. Commas separate values, too.
    pub(super) fn each<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.0.iter().filter(move |(found, _)| found == name);
        named.flat_map(|(_, value)| value.split(',')).filter(|value| !value.is_empty())
    }

    /// Tells whether a flag is `true`, in any case.
    pub(super) fn is_true(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }
}

/// A request, read in full.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: Params,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// The client's URL of this service: `http://127.0.0.1:PORT`.
    pub(super) endpoint: String,
}

impl Request {
    /// Reads the form in the body. What is not in it may be in the query.
    pub(super) fn form(&self) -> Result<Params, Refusal> {
        let form = str::from_utf8(&self.body)
            .map_err(|_| Refusal::invalid("The form is not valid UTF-8"))?;
        Ok(Params::parse(form).or(&self.query))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    Token,
    List,
    Create,
    Details,
    Get,
    Update,
    Delete,
    Lock,
    Unlock,
    Disable,
    Enable,
    Limits,
    Settings,
    Others,
    Discovery,
    Jwks,
    Introspect,
    UserInfo,
    ServiceList,
    ServiceCreate,
    ServiceGet,
    ServiceUpdate,
    ServiceDelete,
    ServiceLock,
    ServiceUnlock,
    GroupList,
    GroupCreate,
    GroupGet,
    GroupUpdate,
    GroupDelete,
    Task(Task),
    Platform(Platform),
    Classic(Classic),
}

impl Route {
    /// Every route with its name for `--fault`.
    pub(super) const ALL: [(Self, &'static str); 45] = [
        (Self::Token, "token"),
        (Self::List, "list"),
        (Self::Create, "create"),
        (Self::Details, "details"),
        (Self::Get, "get"),
        (Self::Update, "update"),
        (Self::Delete, "delete"),
        (Self::Lock, "lock"),
        (Self::Unlock, "unlock"),
        (Self::Disable, "disable"),
        (Self::Enable, "enable"),
        (Self::Limits, "limits"),
        (Self::Settings, "settings"),
        (Self::Others, "others"),
        (Self::Discovery, "discovery"),
        (Self::Jwks, "jwks"),
        (Self::Introspect, "introspect"),
        (Self::UserInfo, "userinfo"),
        (Self::ServiceList, "service.list"),
        (Self::ServiceCreate, "service.create"),
        (Self::ServiceGet, "service.get"),
        (Self::ServiceUpdate, "service.update"),
        (Self::ServiceDelete, "service.delete"),
        (Self::ServiceLock, "service.lock"),
        (Self::ServiceUnlock, "service.unlock"),
        (Self::GroupList, "group.list"),
        (Self::GroupCreate, "group.create"),
        (Self::GroupGet, "group.get"),
        (Self::GroupUpdate, "group.update"),
        (Self::GroupDelete, "group.delete"),
        (Self::Task(Task::List), "task.list"),
        (Self::Task(Task::Get), "task.get"),
        (Self::Task(Task::Create), "task.create"),
        (Self::Task(Task::Delete), "task.delete"),
        (Self::Platform(Platform::Authorize), "platform.authorize"),
        (Self::Platform(Platform::Identity), "platform.identity"),
        (Self::Platform(Platform::Validate), "platform.validate"),
        (Self::Platform(Platform::Generate), "platform.generate"),
        (Self::Platform(Platform::User), "platform.user"),
        (Self::Classic(Classic::User), "classic.user"),
        (Self::Classic(Classic::Users), "classic.users"),
        (Self::Classic(Classic::List), "classic.list"),
        (Self::Classic(Classic::Get), "classic.get"),
        (Self::Classic(Classic::Add), "classic.add"),
        (Self::Classic(Classic::Remove), "classic.remove"),
    ];
}

/// Finds what a request asks for, and the id in its path.
pub(super) fn find<'a>(method: &Method, path: &'a str) -> Result<(Route, &'a str), Refusal> {
    use Route::{
        Create, Delete, Details, Disable, Discovery, Enable, Get, GroupCreate, GroupDelete,
        GroupGet, GroupList, GroupUpdate, Introspect, Jwks, Limits, List, Lock, Others,
        ServiceCreate, ServiceDelete, ServiceGet, ServiceList, ServiceLock, ServiceUnlock,
        ServiceUpdate, Settings, Token, Unlock, Update, UserInfo,
    };
    let path = path.strip_prefix('/').unwrap_or(path);
    let parts: Vec<&str> = path.strip_suffix('/').unwrap_or(path).split('/').collect();
    let mounted = Task::find(method, &parts)
        .map(|(route, subject)| (Route::Task(route), subject))
        .or_else(|| Platform::find(method, &parts).map(|route| (Route::Platform(route), "")))
        .or_else(|| {
            Classic::find(method, &parts).map(|(route, subject)| (Route::Classic(route), subject))
        });
    if let Some(mounted) = mounted {
        return Ok(mounted);
    }
    let (methods, subject): (&[(Method, Route)], &str) = match parts[..] {
        ["identity" | "oidc", "token"] => (&[(Method::POST, Token)], ""),
        ["identity", "keys"] => (&[(Method::GET, Jwks)], ""),
        ["identity", ".well-known", "openid-configuration"] => (&[(Method::GET, Discovery)], ""),
        ["identity", "introspect"] => (&[(Method::POST, Introspect)], ""),
        ["identity", "userinfo"] => (&[(Method::GET, UserInfo), (Method::POST, UserInfo)], ""),
        ["v1", "apikeys"] => (&[(Method::GET, List), (Method::POST, Create)], ""),
        ["v1", "apikeys", "details"] => (&[(Method::GET, Details)], ""),
        ["v1", "apikeys", id] if !id.is_empty() => {
            (&[(Method::GET, Get), (Method::PUT, Update), (Method::DELETE, Delete)], id)
        }
        ["v1", "apikeys", id, "lock"] => (&[(Method::POST, Lock), (Method::DELETE, Unlock)], id),
        ["v1", "apikeys", id, "disable"] => {
            (&[(Method::POST, Disable), (Method::DELETE, Enable)], id)
        }
        ["v1", "accounts", account, "limits", "identity"] => {
            (&[(Method::GET, Limits), (Method::POST, Limits)], account)
        }
        ["v1", "accounts", account, "settings", "identity"] => {
            (&[(Method::GET, Settings), (Method::PUT, Settings)], account)
        }
        ["v1", "accounts", account, "effective_settings", "identity"] => {
            (&[(Method::GET, Settings)], account)
        }
        [
            "v1",
            kind @ ("profiles"
            | "profile_templates"
            | "profile_assignments"
            | "account_settings_templates"
            | "account_settings_assignments"),
        ] => (&[(Method::GET, Others)], kind),
        ["v1", "serviceids"] => (&[(Method::GET, ServiceList), (Method::POST, ServiceCreate)], ""),
        ["v1", "serviceids", id] => (
            &[
                (Method::GET, ServiceGet),
                (Method::PUT, ServiceUpdate),
                (Method::DELETE, ServiceDelete),
            ],
            id,
        ),
        ["v1", "serviceids", id, "lock"] => {
            (&[(Method::POST, ServiceLock), (Method::DELETE, ServiceUnlock)], id)
        }
        ["v1", "serviceid_groups"] => {
            (&[(Method::GET, GroupList), (Method::POST, GroupCreate)], "")
        }
        ["v1", "serviceid_groups", id] => (
            &[(Method::GET, GroupGet), (Method::PUT, GroupUpdate), (Method::DELETE, GroupDelete)],
            id,
        ),
        _ => {
            return Err(Refusal::new(
                404,
                "not_found",
                "",
                "The emulator does not serve this path",
            ));
        }
    };
    let found = methods.iter().find(|(known, _)| known == method);
    found.map(|&(_, route)| (route, subject)).ok_or_else(|| {
        let message = "Web application exception 'javax.ws.rs.ClientErrorException' during request processing.";
        Refusal::new(405, "method_not_allowed", "BXNIM0060E", message)
            .details("HTTP 405 Method Not Allowed")
    })
}
