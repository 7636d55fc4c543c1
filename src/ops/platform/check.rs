//! `platform-api-key-check`: whether a key logs in, and as whom. It never has one generated.

use super::login::told_of;
use crate::credentials::input;
use crate::credentials::platform::Wanted;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Scope, Selection};
use crate::object::object;
use crate::render::json;
use crate::secret::Secret;
use crate::session::{PlatformKeys, open_platform};
use crate::settings::{PlatformProof, Settings};
use crate::systems::platform::local::LocalPlatform;
use crate::systems::platform::remote::{Proof, RemotePlatform};
use crate::systems::{Condition, Keys, System};
use crate::ui::Ui;

/// What is asked for.
#[derive(Debug)]
pub struct Request {
    /// `@FILE` or `-`: where the key is; the credential in use when absent.
    pub from: Option<String>,
}

/// What was found out.
struct Found {
    user: String,
    uid: Option<String>,
    endpoint: Option<String>,
    proof: PlatformProof,
}

/// Runs `platform-api-key-check`.
pub fn run(request: &Request, settings: &Settings, ui: &mut Ui) -> Result<()> {
    let read = |from: &str| input::platform_key(from, "platform-api-key-check", ui);
    let value = request.from.as_deref().map(read).transpose()?;
    let wanted = value.as_ref().map_or(Wanted::Any, Wanted::This);
    let (keys, _) = open_platform(wanted, settings, ui)?;
    let found = match keys {
        PlatformKeys::Local(keys) => {
            ui.progress("Looking at the platform API key in the local store...");
            let found = look(&keys, value.as_ref(), settings);
            warn(&keys, ui);
            found?
        }
        PlatformKeys::Remote(keys) => {
            let endpoint = keys.place().endpoint;
            ui.progress(&format!("Logging in to {endpoint}..."));
            let found = log_in(&keys, endpoint, settings);
            warn(&*keys, ui);
            found?
        }
    };
    if ui.manner().json {
        let document = object()
            .with("user", &found.user)
            .with("uid", &found.uid)
            .with("endpoint", &found.endpoint)
            .with("proof", found.proof)
            .with("outcome", "works");
        ui.data(|out| json::document(out, &document));
        return Ok(());
    }
    ui.ok();
    let (noun, user) = (found.proof.noun(), ui.entity(&found.user));
    let uid = found.uid.map(|uid| format!(" ({uid})")).unwrap_or_default();
    ui.result(&format!("The {noun} logs in as {user}{uid}"));
    Ok(())
}

/// Looks whether the local store has the key, or a key.
fn look(keys: &LocalPlatform, value: Option<&Secret>, settings: &Settings) -> Result<Found> {
    let told = |error| told_of(error, "The platform API key", settings);
    let me = keys.identity().map_err(told)?;
    if let Some(value) = value {
        if !keys.opens_with(value).map_err(told)? {
            let message = "The key is not the platform API key of the local store.";
            return Err(Error::new(ErrorKind::NotLoggedIn, message));
        }
    } else if keys.list(&Scope::Of(me.owner()), &Selection::All).map_err(told)?.is_empty() {
        return Err(told(Condition::NotFound.into()));
    }
    Ok(Found { user: me.user, uid: None, endpoint: None, proof: PlatformProof::ApiKey })
}

/// Logs in, and asks as whom.
fn log_in(keys: &RemotePlatform, endpoint: String, settings: &Settings) -> Result<Found> {
    let told = |error| told_of(error, System::Platform.facts().noun, settings);
    keys.token().map_err(told)?;
    // Not every release tells who a token is for.
    let asked = keys.current_user().ok();
    let credential = keys.credential();
    let (user, uid) = match asked {
        Some(asked) => (asked.name, asked.uid),
        None => (credential.user.clone(), None),
    };
    let proof = match credential.proof {
        Proof::ApiKey(_) => PlatformProof::ApiKey,
        Proof::Password(_) => PlatformProof::Password,
    };
    Ok(Found { user, uid, endpoint: Some(endpoint), proof })
}

fn warn(keys: &dyn Keys, ui: &mut Ui) {
    for warning in keys.take_warnings() {
        ui.warn(&warning);
    }
}
