//! `whoami`: the identity, the service, the credential in use, and the other credentials.

use std::borrow::Cow;
use std::path::Path;

use crate::credentials::{Candidate, Contents, CredentialSource, Search};
use crate::error::Result;
use crate::model::{BackendKind, Identity, Timestamp};
use crate::ops::told_of_iam;
use crate::render::account::{self, Looked, Who};
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
}

/// Runs `whoami`.
pub fn run(explain: bool, settings: &Settings, ui: &mut Ui) -> Result<()> {
    let chosen = session::choose(settings, ui);
    let used = match &chosen {
        Ok((Choice::Chosen(BackendKind::Remote), Some(candidate))) => Some(candidate.place),
        _ => None,
    };
    let looked = look(used, settings)?;
    let told = chosen.and_then(|(choice, found)| identify(choice, found, settings, ui));
    let (identity, remote) = match told {
        Ok(told) => told,
        Err(error) => {
            // A failed search is what people most want explained.
            if explain && !ui.manner().json {
                let search = account::search(&places(&looked));
                ui.data(|out| out.write_all(search.as_bytes()));
            }
            return Err(error);
        }
    };
    let passed_over: Vec<Looked> = looked
        .iter()
        .filter(|(place, is_something, _)| *is_something && Some(*place) != used)
        .map(|(.., looked)| looked.clone())
        .collect();
    let search = explain.then(|| places(&looked));
    let store = settings.directories()?.store.as_deref();
    let who = Who {
        user: &identity.user,
        iam_id: &identity.iam_id,
        account_id: &identity.account_id,
        profile: settings.profile().name(),
        backend: if remote.is_some() { BackendKind::Remote } else { BackendKind::Local }.as_str(),
        endpoint: remote.as_ref().map(|remote| remote.endpoint.as_str()),
        source: remote.as_ref().map(|remote| remote.source.source),
        detail: remote.as_ref().and_then(|remote| remote.source.detail.as_deref()),
        passed_over: &passed_over,
        token_expires_at: remote.as_ref().and_then(|remote| remote.expires).map(Timestamp::to_wire),
        store: store.map(Path::to_string_lossy),
        search: search.as_deref(),
    };
    if ui.manner().json {
        ui.data(|out| account::who(out, &who));
    } else {
        let text = text(&who, remote.as_ref(), ui);
        ui.data(|out| out.write_all(text.as_bytes()));
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

fn places(looked: &[(CredentialSource, bool, Looked)]) -> Vec<Looked> {
    looked.iter().map(|(.., looked)| looked.clone()).collect()
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
    let remote = Remote { endpoint: keys.place().endpoint, source, expires: token.expires() };
    Ok((token.identity().clone(), Some(remote)))
}

fn text(who: &Who<'_>, remote: Option<&Remote>, ui: &Ui) -> String {
    let mut rows: Vec<(&str, Cow<'_, str>)> = vec![
        ("User", escape(who.user)),
        ("IAM ID", escape(who.iam_id)),
        ("Account", escape(who.account_id)),
        ("Profile", who.profile.into()),
        ("Backend", who.backend.into()),
    ];
    if let Some(remote) = remote {
        let expires = remote.expires.map_or("does not say".into(), |at| {
            Cow::Owned(format!("good until {}", at.to_rfc3339()))
        });
        rows.extend([
            ("Endpoint", escape(&remote.endpoint)),
            ("Credential", Cow::Owned(escape(&remote.source.shown()).into_owned())),
            ("Token", expires),
        ]);
    }
    for looked in who.passed_over {
        let told = match looked.found.as_str() {
            "passed over" => looked.shown(),
            found => format!("{}: {found}", looked.shown()),
        };
        rows.push(("Passed over", Cow::Owned(escape(&told).into_owned())));
    }
    let store = who.store.as_deref().map_or("none: there is no home directory".into(), escape);
    rows.push(("Local store", store));
    let mut text = account::rows(&rows, ui.manner().colour.0);
    if let Some(search) = who.search {
        text.push('\n');
        text.push_str(&account::search(search));
    }
    text
}
