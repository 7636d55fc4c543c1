//! The logins of other systems than IAM: who, where, and where the credential comes from. Nothing is sent.

use serde::Serialize;

use crate::credentials::classic::{self, ClassicCandidate};
use crate::credentials::platform;
use crate::error::{Error, Result};
use crate::settings::Settings;
use crate::settings::service::Urls;
use crate::text::escape;

/// The login of another system.
#[derive(Serialize)]
pub(super) struct OtherLogin {
    user: Option<String>,
    endpoint: Option<String>,
    source: Option<String>,
    /// `used`, or why it cannot be.
    found: String,
}

/// Looks for logins, each with its label and its field. What is logged in to with the credential of IAM is left out.
pub(super) fn look(settings: &Settings) -> Vec<(&'static str, &'static str, OtherLogin)> {
    let all = [
        ("Platform", "platform", at_platform(settings)),
        ("Classic", "classic", at_classic(settings)),
    ];
    let told = |(label, field, login): (_, _, Result<Option<OtherLogin>>)| {
        Some((label, field, login.unwrap_or_else(|error| Some(OtherLogin::broken(&error)))?))
    };
    all.into_iter().filter_map(told).collect()
}

fn at_platform(settings: &Settings) -> Result<Option<OtherLogin>> {
    Ok(platform::find(settings)?.map(|found| OtherLogin {
        source: found.source(),
        user: Some(found.user),
        endpoint: Some(found.endpoint.to_string()),
        found: "used".to_owned(),
    }))
}

fn at_classic(settings: &Settings) -> Result<Option<OtherLogin>> {
    let Some(own) = classic::own(settings)? else { return Ok(None) };
    let (user, source) = (own.user.clone(), own.source.clone());
    let iam = settings.remote(&Urls::default())?.endpoint;
    Ok(Some(OtherLogin {
        user: Some(user),
        source: Some(source),
        endpoint: Some(ClassicCandidate::Own(own).endpoint(settings, &iam)?.to_string()),
        found: "used".to_owned(),
    }))
}

impl OtherLogin {
    fn broken(error: &Error) -> Self {
        let found = format!("cannot be used: {}", error.message.trim_end_matches('.'));
        Self { user: None, endpoint: None, source: None, found }
    }

    pub(super) fn is_usable(&self) -> bool {
        self.source.is_some()
    }

    pub(super) fn shown(&self) -> String {
        let (Some(user), Some(endpoint)) = (&self.user, &self.endpoint) else {
            return escape(&self.found).into_owned();
        };
        let source = self.source.as_ref().map(|source| format!(" ({source})")).unwrap_or_default();
        escape(&format!("{user} at {endpoint}{source}")).into_owned()
    }
}
