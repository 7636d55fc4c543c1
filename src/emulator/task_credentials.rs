//! The mount of watsonx task credentials: `/v1/task_credentials` for us-south, `/regions/REGION/v1/task_credentials` for every
//! region.

use serde::{Deserialize, Serialize};

use super::mounts::Task;
use super::response::{Refusal, Response};
use super::routes::Request;
use super::service::{Caller, Emulator};
use crate::model::Timestamp;
use crate::object::object;
use crate::secret::Secret;
use crate::systems::task_credentials::{API_KEY, Region, TaskCredential};
use crate::systems::{Condition, SystemError};

/// The region whose store is at the root.
const AT_ROOT: &str = "us-south";

#[derive(Deserialize)]
struct NewBody {
    name: Option<String>,
    description: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    secret: Option<SecretBody>,
}

#[derive(Deserialize)]
struct SecretBody {
    api_key: Option<String>,
}

impl Emulator {
    pub(super) fn task_credentials(
        &self,
        caller: &Caller,
        route: Task,
        id: &str,
        request: &Request,
    ) -> Result<Response, Refusal> {
        let (store, owner) = (&self.task_credentials, &caller.owner);
        let region = region_of(&request.path)?;
        let held = || store.of(owner, region).map_err(|error| refusal(error, id));
        match route {
            Task::List => {
                let kind = request.query.get("type");
                let held = held()?;
                let held = held.iter().filter(|_| kind.is_none_or(|kind| kind == API_KEY));
                let documents: Vec<_> = held.map(document).collect();
                Ok(Response::json(200, &object().with("credentials", documents)))
            }
            Task::Get => {
                let held = held()?;
                let found = held.iter().find(|held| held.id == id);
                let found = found.ok_or_else(|| refusal(Condition::NotFound.into(), id))?;
                Ok(Response::json(200, &document(found)))
            }
            Task::Create => {
                let body: NewBody = read(request)?;
                let name = body.name.filter(|name| !name.is_empty());
                let name = name.ok_or_else(|| Refusal::missing("name"))?;
                if body.kind.as_deref() != Some(API_KEY) {
                    return Err(Refusal::not_one_of("type", API_KEY));
                }
                let value = body.secret.and_then(|secret| secret.api_key).map(Secret::new);
                let value = value.filter(|value| !value.expose().is_empty());
                let value = value.ok_or_else(|| Refusal::missing("secret.api_key"))?;
                let description = body.description.unwrap_or_default();
                let stored = store.add(owner, region, &name, &description, &value);
                let stored = stored.map_err(|error| refusal(error, id))?;
                Ok(Response::json(201, &document(&stored)))
            }
            Task::Delete => {
                store.remove(owner, region, id).map_err(|error| refusal(error, id))?;
                Ok(Response::empty(204))
            }
        }
    }
}

/// Returns the region whose store a path names.
fn region_of(path: &str) -> Result<&'static Region, Refusal> {
    let named = path.strip_prefix("/regions/").and_then(|path| path.split('/').next());
    let named = named.unwrap_or(AT_ROOT);
    Region::find(named).ok_or_else(|| Refusal::new(404, "not_found", "", "There is no such region"))
}

/// Reads the body. An error does not repeat it, because a value may be in it.
fn read(request: &Request) -> Result<NewBody, Refusal> {
    serde_json::from_slice(&request.body)
        .map_err(|_| Refusal::invalid("The request body is no task credential"))
}

/// Writes a task credential as the service does, never with its value.
fn document(held: &TaskCredential) -> impl Serialize {
    object()
        .with("id", held.id.clone())
        .with("name", held.name.clone())
        .with("description", held.description.clone())
        .with("type", API_KEY)
        .with("scope", object())
        .with("created_at", held.created_at.map(Timestamp::to_rfc3339))
}

fn refusal(error: SystemError, id: &str) -> Refusal {
    match error.condition {
        Condition::NotFound => {
            Refusal::new(404, "not_found", "", "The task credential was not found")
        }
        Condition::Conflict => Refusal::new(
            409,
            "already_exists",
            "",
            "The user has a task credential in this region already",
        ),
        _ => Refusal::of(error, id),
    }
}
