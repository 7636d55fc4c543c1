//! Task credentials in JSON, as IBM's SDK for watsonx.ai reads and writes them.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::Zeroizing;

use super::{API_KEY, TaskCredential};
use crate::model::Timestamp;
use crate::object::object;
use crate::secret::Secret;

/// The answer to a listing.
#[derive(Deserialize)]
struct ListBody {
    credentials: Vec<RecordBody>,
}

/// A task credential. Which fields there are beside the id, the name and the scope is not documented.
#[derive(Deserialize)]
struct RecordBody {
    id: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    created_at: Option<Value>,
}

impl From<RecordBody> for TaskCredential {
    fn from(body: RecordBody) -> Self {
        let created_at = body.created_at.as_ref().and_then(Value::as_str);
        Self {
            id: body.id,
            name: body.name.unwrap_or_default(),
            description: body.description.unwrap_or_default(),
            kind: body.kind,
            created_at: created_at.and_then(|text| Timestamp::parse(text).ok()),
        }
    }
}

/// Reads the answer to a listing; `None` if it is not understood.
pub(super) fn read_list(body: &[u8]) -> Option<Vec<TaskCredential>> {
    let body: ListBody = serde_json::from_slice(body).ok()?;
    Some(body.credentials.into_iter().map(TaskCredential::from).collect())
}

/// Reads one task credential; `None` if it is not understood.
pub(super) fn read_one(body: &[u8]) -> Option<TaskCredential> {
    serde_json::from_slice::<RecordBody>(body).ok().map(TaskCredential::from)
}

/// Writes a request to store one.
pub(super) fn new_body(name: &str, description: &str, value: &Secret) -> Zeroizing<Vec<u8>> {
    #[derive(Serialize)]
    struct SecretBody<'a> {
        api_key: &'a str,
    }
    // A buffer that grows leaves a copy of the value behind. No body is larger than this.
    let mut json = Zeroizing::new(Vec::with_capacity(64 * 1024));
    let body = object()
        .with("name", name)
        .with("description", description)
        .with("type", API_KEY)
        .with("secret", SecretBody { api_key: value.expose() });
    // Writing texts into memory cannot fail.
    let _ = serde_json::to_writer(&mut *json, &body);
    json
}
