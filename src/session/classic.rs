//! Opening the keys of classic infrastructure.

use super::choice::{Choice, InUse, choose_by, elsewhere, open_remote, say_default};
use crate::credentials::classic::{self, ClassicCandidate};
use crate::error::{Error, ErrorKind, Result};
use crate::model::BackendKind;
use crate::secret::Secret;
use crate::settings::Settings;
use crate::settings::service::Urls;
use crate::settings::variables::{BACKEND, CLASSIC_API_KEY, CLASSIC_USER};
use crate::systems::classic::API_KEY_USER;
use crate::systems::classic::local::LocalClassic;
use crate::systems::classic::remote::{Credential, RemoteClassic};
use crate::systems::iam::remote::Credential as IamCredential;
use crate::systems::{Condition, Keys, iam};
use crate::told::{Family, told};
use crate::ui::Ui;

/// Chooses where the keys are, and opens them there.
pub(super) fn open(settings: &Settings, ui: &mut Ui) -> Result<(Box<dyn Keys>, InUse)> {
    let flags = settings.flags();
    let is_named = flags.endpoint.is_some() || flags.apikey.is_some();
    let missing = |more: &str| not_logged_in(settings, more);
    let (choice, found) = choose_by(is_named, || classic::find(settings), missing, settings, ui)?;
    if choice == Choice::Default {
        say_default(&elsewhere(settings), settings, ui)?;
    }
    if choice != Choice::Chosen(BackendKind::Remote) {
        let store = settings.store_directory()?.to_owned();
        let keys = LocalClassic::new(Some(store), settings.clock());
        return Ok((Box::new(keys), InUse::default()));
    }
    let Some(found) = found else { return Err(missing("")) };
    open_found(found, settings, ui)
}

fn open_found(
    found: ClassicCandidate,
    settings: &Settings,
    ui: &mut Ui,
) -> Result<(Box<dyn Keys>, InUse)> {
    let urls = match &found {
        ClassicCandidate::Own(_) => Urls::default(),
        ClassicCandidate::Iam(candidate) => candidate.urls.clone(),
    };
    let service = settings.remote(&urls)?;
    let endpoint = found.endpoint(settings, &service.endpoint)?;
    let open =
        |credential| RemoteClassic::new(endpoint, service.http, credential, settings.clock());
    let (keys, file) = match found {
        ClassicCandidate::Own(own) => {
            let (credential, file) = own.open(ui)?;
            (open(credential), file)
        }
        ClassicCandidate::Iam(candidate) => {
            let (keys, in_use) = open_remote(settings, Some(*candidate), ui)?;
            let keys = if let IamCredential::ApiKey(key) = keys.credential() {
                let secret = Secret::new(key.expose().to_owned());
                open(Credential::Basic { user: API_KEY_USER.to_owned(), secret })
            } else {
                let token = keys
                    .access_token()
                    .and_then(|token| token.ok_or_else(|| Condition::Unauthorized.into()));
                let family = Family::of(settings.program(), &iam::FACTS);
                let token = token.map_err(|error| told(error, "The token", &family))?;
                open(Credential::Bearer(token)).renewed_by(Box::new(keys))
            };
            (keys, in_use.file)
        }
    };
    Ok((Box::new(keys), InUse { file, ..InUse::default() }))
}

/// Makes the error for a missing credential. It tells `more`, and why the credentials that exist are not used.
fn not_logged_in(settings: &Settings, more: &str) -> Error {
    let message = format!(
        "You are not logged in to classic infrastructure: no credential was found.{more}{}",
        elsewhere(settings)
    );
    Error::new(ErrorKind::NotLoggedIn, message).hint(format!(
        "Run '{} login', set {} and {}, or say '--apikey @FILE' with an IAM API key; '--backend local' or {BACKEND}=local uses the local store.",
        settings.program_to_log_in(), CLASSIC_USER[0], CLASSIC_API_KEY[0],
    ))
}
