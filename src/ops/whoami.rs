//! `whoami`: who, where, with which credential, and what else there would have been.

use std::borrow::Cow;
use std::path::Path;

use crate::cli::WhoamiArgs;
use crate::config::Choice;
use crate::context::Context;
use crate::credentials::{Candidate, Place, State};
use crate::error::Result;
use crate::model::{BackendKind, Identity, Timestamp};
use crate::render::account::{self, Looked, Who};
use crate::systems::Backend;
use crate::text::escape;

/// What there is to tell, where the service is used.
struct Remote {
    endpoint: String,
    source: Looked,
    expires: Option<Timestamp>,
}

/// Runs `whoami`.
pub fn run(args: &WhoamiArgs, context: &mut Context) -> Result<()> {
    let chosen = context.choose();
    let used = match &chosen {
        Ok((Choice::Chosen(BackendKind::Remote), Some(candidate))) => Some(candidate.place),
        _ => None,
    };
    let looked = look(used, context)?;
    let told = chosen.and_then(|(choice, found)| identify(choice, found, context));
    let (identity, remote) = match told {
        Ok(told) => told,
        Err(error) => {
            // Above all then people want to know what was looked at.
            if args.explain && !context.ui.manner().json {
                let search = account::search(&places(&looked));
                context.ui.data(|out| out.write_all(search.as_bytes()));
            }
            return Err(error);
        }
    };
    let passed_over: Vec<Looked> = looked
        .iter()
        .filter(|(place, is_something, _)| *is_something && Some(*place) != used)
        .map(|(.., looked)| looked.clone())
        .collect();
    let search = args.explain.then(|| places(&looked));
    let store = context.directories()?.store.clone();
    let profile = context.profile().clone();
    let who = Who {
        user: &identity.user,
        iam_id: &identity.iam_id,
        account_id: &identity.account_id,
        profile: profile.name(),
        backend: if remote.is_some() { BackendKind::Remote } else { BackendKind::Local }.as_str(),
        endpoint: remote.as_ref().map(|remote| remote.endpoint.as_str()),
        source: remote.as_ref().map(|remote| remote.source.source),
        detail: remote.as_ref().and_then(|remote| remote.source.detail.as_deref()),
        passed_over: &passed_over,
        token_expires_at: remote.as_ref().and_then(|remote| remote.expires).map(Timestamp::to_wire),
        store: store.as_deref().map(Path::to_string_lossy),
        search: search.as_deref(),
    };
    if context.ui.manner().json {
        context.ui.data(|out| account::who(out, &who));
    } else {
        let text = text(&who, remote.as_ref(), context);
        context.ui.data(|out| out.write_all(text.as_bytes()));
    }
    Ok(())
}

/// Looks at every place; tells of each whether there is something, and what.
fn look(used: Option<Place>, context: &Context) -> Result<Vec<(Place, bool, Looked)>> {
    let named = context.named()?;
    let search = context.search(&named)?;
    let look = |place: Place| {
        let mut detail = None;
        let (found, is_something) = match search.look(place) {
            State::Absent(why) => (why, false),
            State::Elsewhere(why) => (why, true),
            State::Present(candidate) => {
                detail = detail_of(&candidate);
                (if used == Some(place) { "used" } else { "passed over" }.to_owned(), true)
            }
            State::Broken(error) => {
                (format!("cannot be used: {}", error.message.trim_end_matches('.')), true)
            }
        };
        (place, is_something, Looked { source: place.as_str(), detail, found })
    };
    Ok(Place::ALL.into_iter().map(look).collect())
}

fn detail_of(candidate: &Candidate) -> Option<String> {
    (!candidate.detail.is_empty()).then(|| candidate.detail.clone())
}

fn places(looked: &[(Place, bool, Looked)]) -> Vec<Looked> {
    looked.iter().map(|(.., looked)| looked.clone()).collect()
}

fn identify(
    choice: Choice,
    found: Option<Candidate>,
    context: &mut Context,
) -> Result<(Identity, Option<Remote>)> {
    if choice != Choice::Chosen(BackendKind::Remote) {
        return Ok((context.identity()?, None));
    }
    let source = Looked {
        source: found.as_ref().map_or("", |found| found.place.as_str()),
        detail: found.as_ref().and_then(detail_of),
        found: "used".to_owned(),
    };
    let backend = context.open_remote(found)?;
    let token = backend.token().map_err(|error| context.told(error, "The identity"))?;
    let remote = Remote { endpoint: backend.endpoint(), source, expires: token.expires() };
    Ok((token.identity().clone(), Some(remote)))
}

fn text(who: &Who<'_>, remote: Option<&Remote>, context: &Context) -> String {
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
    let mut text = account::rows(&rows, context.ui.manner().colour.0);
    if let Some(search) = who.search {
        text.push('\n');
        text.push_str(&account::search(search));
    }
    text
}
