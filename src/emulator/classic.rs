//! Classic infrastructure at `/rest/v3.1`: the user of the store and the classic API key of that user (SLDN, "REST").

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::AUTHORIZATION;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::mounts::Classic;
use super::response::{Refusal, Response};
use super::routes::Request;
use super::service::Emulator;
use super::token;
use crate::model::{ApiKey, ApiKeyId, Identity, NewApiKey, NewValue, Scope, Selection};
use crate::secret::Secret;
use crate::systems::classic::API_KEY_USER;
use crate::systems::{Condition, Keys as _, SystemError};

const PUBLIC: &str = "SoftLayer_Exception_Public";
const KEYS: &str = "apiAuthenticationKeys";

impl Emulator {
    pub(super) fn classic(
        &self,
        route: Classic,
        subject: &str,
        request: &Request,
    ) -> Result<Response, Refusal> {
        self.log_in_to_classic(request)?;
        let user = self.classic.identity().map_err(told)?;
        let is_own = subject == &*user.iam_id;
        match route {
            Classic::User if is_own || subject.is_empty() => {
                Ok(Response::json(200, &self.classic_user(&user, request)?))
            }
            Classic::Users => self.classic_users(&user, request),
            Classic::List if is_own => Ok(list(&self.classic_keys(&user)?)),
            Classic::Add if is_own => self.add_classic(&user),
            Classic::Get => {
                let mut keys = self.classic_keys(&user)?.into_iter();
                let found = keys.find(|key| key["id"].as_u64() == subject.parse().ok());
                Ok(Response::json(200, &found.ok_or_else(|| unknown(subject))?))
            }
            Classic::Remove => self.remove_classic(subject, request),
            // Also said of what is there and belongs to somebody else.
            Classic::User | Classic::List | Classic::Add => Err(unknown(subject)),
        }
    }

    /// Refuses a request that is not by the user of the store.
    fn log_in_to_classic(&self, request: &Request) -> Result<(), Refusal> {
        let header = request.headers.get(AUTHORIZATION).and_then(|header| header.to_str().ok());
        let no_header = || Refusal::new(401, PUBLIC, "", "No valid authentication headers found.");
        let (scheme, given) = header.and_then(|text| text.split_once(' ')).ok_or_else(no_header)?;
        if scheme.eq_ignore_ascii_case("bearer") {
            let caller = self.check_token(request).map_err(|refusal| match &*refusal.message {
                token::EXPIRED => Refusal::new(
                    500,
                    "SoftLayer_Exception_Account_Authentication_AccessTokenValidation",
                    "",
                    "Access token is expired.",
                ),
                _ => Refusal::new(401, PUBLIC, "", "Invalid API token"),
            })?;
            return if caller.is_service_id() { Err(denied()) } else { Ok(()) };
        }
        let pair = STANDARD.decode(given.trim()).ok().and_then(|pair| String::from_utf8(pair).ok());
        let pair = Zeroizing::new(pair.unwrap_or_default());
        let (name, value) = pair.split_once(':').ok_or_else(no_header)?;
        let value = Secret::new(value.to_owned());
        let is_user = if name == API_KEY_USER {
            self.key_of_value(&value).is_ok_and(|(_, owner)| owner == self.identity.owner())
        } else {
            let user = self.classic.identity().map_err(told)?;
            name == user.user && self.classic.by_value(&value).is_ok()
        };
        if is_user { Ok(()) } else { Err(denied()) }
    }

    fn classic_user(&self, user: &Identity, request: &Request) -> Result<Value, Refusal> {
        let keys = self.classic_keys(user)?;
        let mut document = json!({
            "id": number(&user.iam_id),
            "username": user.user,
            "accountId": number(&user.account_id),
            "email": self.identity.user,
            "firstName": "Local",
            "lastName": "User",
            "displayName": "Local User",
            "userStatusId": 1001,
            "userStatus": {"id": 1001, "keyName": "ACTIVE", "name": "Active"},
            "apiAuthenticationKeyCount": keys.len(),
        });
        // They come only where they are asked for.
        if request.query.get("objectMask").is_some_and(|mask| mask.contains(KEYS)) {
            document[KEYS] = keys.into();
        }
        Ok(document)
    }

    fn classic_users(&self, user: &Identity, request: &Request) -> Result<Response, Refusal> {
        let filter = request.query.get("objectFilter").unwrap_or("{}");
        let filter: Value = serde_json::from_str(filter).map_err(|_| {
            let words = "The object filter is no JSON";
            Refusal::new(500, "SoftLayer_Exception_WebService_BadRequest", "", words)
        })?;
        let operation = &filter["users"]["username"]["operation"];
        let is_first = request.query.get("resultLimit").is_none_or(|limit| limit.starts_with("0,"));
        let is_meant = operation.as_str().is_none_or(|operation| fits(&user.user, operation));
        let found = (is_first && is_meant).then(|| self.classic_user(user, request)).transpose()?;
        Ok(list(&found.into_iter().collect::<Vec<_>>()))
    }

    /// Returns the keys of the user as the service writes them, with their values where those are known.
    fn classic_keys(&self, user: &Identity) -> Result<Vec<Value>, Refusal> {
        let scope = Scope::Of(user.owner());
        let keys = self.classic.list(&scope, &Selection::All).map_err(told)?;
        let show = |key: &ApiKey| self.kept.with(&key.id, |value| document(key, value));
        Ok(keys.iter().map(show).collect())
    }

    fn add_classic(&self, user: &Identity) -> Result<Response, Refusal> {
        let new = NewApiKey {
            id: None,
            owner: user.owner(),
            name: String::new(),
            description: String::new(),
            locked: false,
            disabled: false,
            action_when_leaked: None,
            expires_at: None,
            support_sessions: None,
        };
        let made = self.classic.create(&new, NewValue::ServiceChooses, &mut |_| true);
        let made = made.map_err(told)?;
        let value = made.value.ok_or_else(|| Refusal::internal("There is no value".to_owned()))?;
        let response = Response::json(200, &value.expose());
        self.kept.keep(made.key.id, value);
        Ok(response)
    }

    /// Removes a key that is named in the path, or by the only argument in the body.
    fn remove_classic(&self, subject: &str, request: &Request) -> Result<Response, Refusal> {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let id = match &body["parameters"][0] {
            Value::String(id) => id.clone(),
            Value::Number(id) => id.to_string(),
            _ => subject.to_owned(),
        };
        if id.is_empty() {
            let words = "Please provide an API Authentication key ID.";
            return Err(Refusal::new(500, PUBLIC, "", words));
        }
        let key = ApiKeyId::new(id.as_str());
        self.classic.delete(&key).map_err(|error| match error.condition {
            Condition::NotFound => unknown(&id),
            _ => told(error),
        })?;
        self.kept.forget(&key);
        Ok(Response::json(200, &true))
    }
}

fn document(key: &ApiKey, value: Option<&Secret>) -> Value {
    let mut document = json!({
        "id": number(key.id.as_str()),
        "timestampKey": key.modified_at.seconds(),
        "userId": number(&key.iam_id),
    });
    if let Some(value) = value {
        document["authenticationKey"] = value.expose().into();
    }
    document
}

fn list(items: &[Value]) -> Response {
    Response { total: Some(items.len()), ..Response::json(200, &items) }
}

/// Writes an id as the service does. All of the local store are numbers.
fn number(id: &str) -> u64 {
    id.parse().unwrap_or_default()
}

/// Tells whether a user name fits an operation of an object filter: `_= local` is about names that hold `local`.
fn fits(name: &str, operation: &str) -> bool {
    let name = name.to_lowercase();
    let (operator, text) = operation.split_once(' ').unwrap_or(("", operation));
    let text = text.trim().to_lowercase();
    match operator {
        "^=" => name.starts_with(&text),
        "$=" => name.ends_with(&text),
        "!~" => !name.contains(&text),
        "_=" | "*=" | "~" => name.contains(&text),
        _ => name == text,
    }
}

fn denied() -> Refusal {
    Refusal::new(401, PUBLIC, "", "Access Denied. ")
}

fn unknown(id: &str) -> Refusal {
    let words = format!("Unable to find object with id of '{id}'.");
    Refusal::new(404, "SoftLayer_Exception_ObjectNotFound", "", words)
}

/// Puts an error of the store into the words of classic infrastructure.
fn told(error: SystemError) -> Refusal {
    match error.condition {
        Condition::LimitReached { .. } => {
            Refusal::new(500, PUBLIC, "", "Each user can only have a single API key.")
        }
        _ => Refusal::of(error, ""),
    }
}
