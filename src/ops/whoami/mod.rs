//! `whoami`: the identity, the service, the credential in use, and the other credentials.

mod others;

use std::borrow::Cow;
use std::path::Path;

use serde::Serialize;

use self::others::OtherLogin;
use crate::clock::Skew;
use crate::credentials::{Candidate, Contents, CredentialSource, Search};
use crate::error::{ErrorKind, Result};
use crate::model::{BackendKind, Identity, ServiceUuid, Timestamp};
use crate::object::object;
use crate::ops::sheet;
use crate::ops::told_of_iam;
use crate::render::Sheet;
use crate::render::account::{self, Looked};
use crate::render::json;
use crate::session::{self, Choice};
use crate::settings::Settings;
use crate::systems::Keys as _;
use crate::text::escape;
use crate::ui::Ui;

/// What is shown where the service is used.
struct Remote {
    endpoint: String,
    source: Looked,
    expires: Option<Timestamp>,
    /// How much the clocks differ, if that is much.
    skew: Option<Skew>,
}

/// What is shown.
struct Who<'a> {
    /// Who IAM knows; `None` where only other systems are logged in to.
    identity: Option<Identity>,
    remote: Option<Remote>,
    /// The logins of other systems than IAM, by their names in rows and in the document.
    others: Vec<(&'static str, &'static str, OtherLogin)>,
    profile: &'a str,
    /// Other credentials, which were not used.
    passed_over: Vec<Looked>,
    /// The directory of the local store; `None` if there is no home directory.
    store: Option<Cow<'a, str>>,
    /// The whole search, if it was asked for.
    search: Option<Vec<Looked>>,
}

impl Who<'_> {
    fn backend(&self) -> Option<&'static str> {
        let kind = if self.remote.is_some() { BackendKind::Remote } else { BackendKind::Local };
        self.identity.is_some().then(|| kind.as_str())
    }

    /// Returns the service ID that acts, if it is one.
    fn service_id(&self) -> Option<ServiceUuid> {
        self.identity.as_ref().and_then(|identity| identity.owner().service_id())
    }

    fn other(&self, field: &str) -> Option<&OtherLogin> {
        self.others.iter().find(|(_, name, _)| *name == field).map(|(.., login)| login)
    }

    /// Returns the document of '--output json'. What only the service has is null for the local store, and
    /// what only IAM has where nobody is logged in to it.
    fn document(&self) -> impl Serialize {
        let (identity, remote) = (self.identity.as_ref(), self.remote.as_ref());
        object()
            .with("user", identity.map(|identity| &identity.user))
            .with("iam_id", identity.map(|identity| &*identity.iam_id))
            .with_some("service_id", self.service_id())
            .with("account_id", identity.map(|identity| &*identity.account_id))
            .with("profile", self.profile)
            .with("backend", self.backend())
            .with("endpoint", remote.map(|remote| &remote.endpoint))
            .with("source", remote.map(|remote| remote.source.source))
            .with("detail", remote.and_then(|remote| remote.source.detail.as_ref()))
            .with("passed_over", &self.passed_over)
            .with(
                "token_expires_at",
                remote.and_then(|remote| remote.expires).map(Timestamp::to_wire),
            )
            .with_some("clock_behind", remote.and_then(|remote| remote.skew).map(Skew::behind))
            .with_some("platform", self.other("platform"))
            .with_some("classic", self.other("classic"))
            .with("store", &self.store)
            .with_some("search", self.search.as_ref())
    }

    fn text(&self, sheet: Sheet) -> String {
        let mut rows: Vec<(&str, Cow<'_, str>)> = match &self.identity {
            None => vec![("User", "not logged in to IAM".into())],
            Some(identity) => vec![
                (
                    if self.service_id().is_some() { "Service ID" } else { "User" },
                    escape(&identity.user),
                ),
                ("IAM ID", escape(&identity.iam_id)),
                ("Account", escape(&identity.account_id)),
            ],
        };
        rows.push(("Profile", self.profile.into()));
        rows.extend(self.backend().map(|backend| ("Backend", backend.into())));
        if let Some(remote) = &self.remote {
            let expires = remote.expires.map_or("does not say".into(), |at| {
                Cow::Owned(format!("good until {}", at.to_rfc3339()))
            });
            rows.extend([
                ("Endpoint", escape(&remote.endpoint)),
                ("Credential", Cow::Owned(escape(&remote.source.shown()).into_owned())),
                ("Token", expires),
            ]);
        }
        for looked in &self.passed_over {
            let told = match looked.found.as_str() {
                "passed over" => looked.shown(),
                found => format!("{}: {found}", looked.shown()),
            };
            rows.push(("Passed over", Cow::Owned(escape(&told).into_owned())));
        }
        rows.extend(self.others.iter().map(|(label, _, login)| (*label, login.shown().into())));
        let store = self.store.as_deref().map_or("none: there is no home directory".into(), escape);
        rows.push(("Local store", store));
        let mut text = account::rows(&rows, sheet.colour);
        if let Some(search) = &self.search {
            text.push('\n');
            text.push_str(&account::search(search, sheet));
        }
        text
    }
}

/// Runs `whoami`.
pub fn run(explain: bool, settings: &Settings, ui: &mut Ui) -> Result<()> {
    let chosen = session::choose(settings, ui);
    let used = match &chosen {
        Ok((Choice::Chosen(BackendKind::Remote), Some(candidate))) => Some(candidate.place),
        _ => None,
    };
    let looked = look(used, settings)?;
    let is_local = matches!(chosen, Ok((Choice::Chosen(BackendKind::Local), _)));
    let others = if is_local { Vec::new() } else { others::look(settings) };
    let told = chosen.and_then(|(choice, found)| identify(choice, found, settings, ui));
    let (identity, remote) = match told {
        Ok((identity, remote)) => (Some(identity), remote),
        // Whoever has a login of another system only is logged in.
        Err(error)
            if error.kind == ErrorKind::NotLoggedIn
                && !looked.iter().any(|(_, is_something, _)| *is_something)
                && others.iter().any(|(.., login)| login.is_usable()) =>
        {
            (None, None)
        }
        Err(error) => {
            if !others.is_empty() && !ui.manner().json {
                let rows: Vec<(&str, Cow<'_, str>)> =
                    others.iter().map(|(label, _, login)| (*label, login.shown().into())).collect();
                let text = account::rows(&rows, ui.manner().colour.0);
                ui.data(|out| out.write_all(text.as_bytes()));
            }
            // A failed search is what people most want explained.
            if explain && !ui.manner().json {
                let search = account::search(&places(&looked), sheet(ui, None));
                ui.data(|out| out.write_all(search.as_bytes()));
            }
            return Err(error);
        }
    };
    let is_passed_over = |(place, is_something, _): &&(CredentialSource, bool, Looked)| {
        *is_something && Some(*place) != used
    };
    let skew = remote.as_ref().and_then(|remote| remote.skew);
    let who = Who {
        identity,
        remote,
        others,
        profile: settings.profile().name(),
        passed_over: places(looked.iter().filter(is_passed_over)),
        store: settings.directories()?.store.as_deref().map(Path::to_string_lossy),
        search: explain.then(|| places(&looked)),
    };
    if ui.manner().json {
        ui.data(|out| json::document(out, &who.document()));
    } else {
        let text = who.text(sheet(ui, None));
        ui.data(|out| out.write_all(text.as_bytes()));
    }
    if let Some(skew) = skew {
        ui.warn(&format!("{skew}."));
    }
    Ok(())
}

/// Looks at every place. Returns of each whether it holds something, and what.
fn look(
    used: Option<CredentialSource>,
    settings: &Settings,
) -> Result<Vec<(CredentialSource, bool, Looked)>> {
    let search = Search::new(settings)?;
    let look = |place: CredentialSource| {
        let mut detail = None;
        let (found, is_something) = match search.look(place) {
            Contents::Absent(why) => (why, false),
            Contents::Elsewhere(why) => (why, true),
            Contents::Present(candidate) => {
                detail = detail_of(&candidate);
                (if used == Some(place) { "used" } else { "passed over" }.to_owned(), true)
            }
            Contents::Broken(error) => {
                (format!("cannot be used: {}", error.message.trim_end_matches('.')), true)
            }
        };
        (place, is_something, Looked { source: place.as_str(), detail, found })
    };
    Ok(CredentialSource::ALL.into_iter().map(look).collect())
}

fn detail_of(candidate: &Candidate) -> Option<String> {
    (!candidate.detail.is_empty()).then(|| candidate.detail.clone())
}

fn places<'a>(
    looked: impl IntoIterator<Item = &'a (CredentialSource, bool, Looked)>,
) -> Vec<Looked> {
    looked.into_iter().map(|(.., looked)| looked.clone()).collect()
}

fn identify(
    choice: Choice,
    found: Option<Candidate>,
    settings: &Settings,
    ui: &mut Ui,
) -> Result<(Identity, Option<Remote>)> {
    if choice != Choice::Chosen(BackendKind::Remote) {
        let identity = session::open_local(settings)?.identity();
        return Ok((identity.map_err(|error| told_of_iam(error, "The identity", settings))?, None));
    }
    let source = Looked {
        source: found.as_ref().map_or("", |found| found.place.as_str()),
        detail: found.as_ref().and_then(detail_of),
        found: "used".to_owned(),
    };
    let (keys, _) = session::open_remote(settings, found, ui)?;
    let token = keys.token().map_err(|error| told_of_iam(error, "The identity", settings))?;
    let remote = Remote {
        endpoint: keys.place().endpoint,
        source,
        expires: token.expires(),
        skew: keys.service_clock().filter(|skew| skew.is_large()),
    };
    Ok((token.identity.clone(), Some(remote)))
}
