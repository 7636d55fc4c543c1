//! `login` in scripts that were written for the official CLI: its flags, and an API key that a variable holds.

use crate::credentials::{Candidate, Contents, CredentialSource, Search};
use crate::error::{Error, ErrorKind, Result};
use crate::model::BackendKind;
use crate::ops::told_of_iam;
use crate::render::account;
use crate::settings::Settings;
use crate::settings::service::{self, Urls};
use crate::settings::variables::BACKEND;
use crate::systems::iam::remote::{Credential, RemoteKeys, Token, forget_token};
use crate::text::escape;
use crate::ui::Ui;

/// The endpoint of IAM in a private network.
const PRIVATE: &str = "https://private.iam.cloud.ibm.com";

/// Reads `-a URL`, the official CLI's address of IBM Cloud, as the URL of IAM there. What names the endpoint itself wins.
pub(super) fn urls(api: Option<&str>, settings: &Settings) -> Result<Urls> {
    let Some(api) = api else { return Ok(Urls::default()) };
    let host = api.trim_end_matches('/').to_lowercase();
    let host = host.strip_prefix("https://").unwrap_or(&host);
    let is_private = host == "private.cloud.ibm.com";
    // The names before 2019 lead to the same service.
    if !is_private && host != "cloud.ibm.com" && !host.ends_with(".bluemix.net") {
        return Err(Error::usage("'-a' names no address of IBM Cloud that is known here.").hint(
            "Write '-a https://cloud.ibm.com', leave it out, or name the IAM service itself with '--endpoint URL'.",
        ));
    }
    if !is_private || settings.named()?.urls.endpoint.is_some() {
        return Ok(Urls::default());
    }
    Ok(Urls { endpoint: Some(service::parse("'-a'", PRIVATE)?), ..Urls::default() })
}

/// Refuses a key of another account than `-c` names, and forgets its token.
pub(super) fn check_account(wanted: Option<&str>, token: &Token, keys: &RemoteKeys) -> Result<()> {
    let account = &token.identity.account_id;
    match wanted.filter(|wanted| !wanted.eq_ignore_ascii_case(account)) {
        None => Ok(()),
        Some(wanted) => {
            let _ = forget_token(&keys.settings, keys.credential());
            let (account, wanted) = (escape(account), escape(wanted));
            let message = format!(
                "The API key is of account {account}, and not of '{wanted}'; nobody was logged in."
            );
            Err(Error::new(ErrorKind::NotLoggedIn, message).hint(
                "An API key belongs to one account: use a key of that account, or leave '-c' out.",
            ))
        }
    }
}

/// Finds a credential that every command uses before a login: one in a variable or in a file of the SDKs. Where somebody
/// could be asked it is not looked for, but the official CLI takes its variable nevertheless.
pub(super) fn credential(settings: &Settings, ui: &Ui) -> Result<Option<Candidate>> {
    let is_tried = |place: &CredentialSource| {
        let is_official = *place == CredentialSource::Variable && settings.started_as().is_borrowed;
        is_official || !ui.can_ask()
    };
    let search = Search::new(settings)?;
    let before =
        CredentialSource::ALL.into_iter().take_while(|place| *place != CredentialSource::Login);
    for place in before.filter(is_tried) {
        match search.look(place) {
            Contents::Present(candidate) => return Ok(Some(*candidate)),
            Contents::Broken(error) => return Err(error),
            Contents::Absent(_) | Contents::Elsewhere(_) => {}
        }
    }
    Ok(None)
}

/// Proves such a credential, and keeps nothing.
pub(super) fn prove(
    candidate: Candidate,
    own: Urls,
    account: Option<&str>,
    settings: &Settings,
    ui: &mut Ui,
) -> Result<()> {
    let source = candidate.source();
    let own = if candidate.urls.endpoint.is_some() { candidate.urls.clone() } else { own };
    let remote = settings.remote(&own)?;
    let endpoint = remote.endpoint.to_string();
    let (credential, _) = candidate.open(None, ui)?;
    if !matches!(credential, Credential::ApiKey(_)) {
        return Err(Error::usage(format!(
            "{source} holds a token, and no API key to log in with."
        ))
        .hint("It needs no login: every command uses it."));
    }
    ui.progress(&format!("Logging in to {endpoint}..."));
    let keys = RemoteKeys::new(remote, credential, settings.clock());
    let token = keys.new_token().map_err(|error| told_of_iam(error, "The API key", settings))?;
    check_account(account, &token, &keys)?;
    let identity = &token.identity;
    if ui.manner().json {
        let profile = settings.profile().name();
        ui.data(|out| account::proven(out, profile, &endpoint, identity));
        return Ok(());
    }
    ui.ok();
    let (user, account) = (ui.entity(&identity.user), ui.entity(&identity.account_id));
    ui.result(&format!("Logged in to {endpoint} as {user} in account {account}"));
    if local_variable(settings).is_none() {
        let told =
            format!("Every command uses the API key of '{source}'; nothing needs to be kept.");
        ui.result(&told);
    }
    Ok(())
}

/// Returns why commands use the local store, in spite of any login, if a variable says so.
pub(super) fn local_variable(settings: &Settings) -> Option<String> {
    let named = settings.backend_variable().ok().flatten();
    (named == Some(BackendKind::Local)).then(|| {
        format!("{BACKEND}=local keeps commands on the local store; 'unset {BACKEND}' lets them use the service.")
    })
}
