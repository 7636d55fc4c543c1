//! Lists the keys of the identity, or of every user of its account, filtered and sorted.

use clap::ValueEnum;

use crate::error::{Error, Result};
use crate::model::{ApiKey, ApiKeyId, Life, State, Timestamp, states};
use crate::ops::uses::uses;
use crate::ops::{Owners, announce, counted, keys_of, scope, sheet};
use crate::render::table::OwnerColumn;
use crate::render::{json, table, timeline};
use crate::session::Session;
use crate::text::escape;
use crate::ui::Ui;

/// How wide a timeline is where standard output is no terminal.
const WIDTH: usize = 80;

/// What is asked for.
#[derive(Debug)]
pub struct Request {
    /// Whether only ids are printed, one on each line.
    pub ids_only: bool,
    /// Only keys whose name contains this text.
    pub name: Option<String>,
    /// Only keys whose description contains this text.
    pub description: Option<String>,
    /// Only keys in one of these states; empty for all.
    pub states: Vec<StateFilter>,
    /// What to sort by; by creation when absent.
    pub sort: Option<SortBy>,
    /// Whether more columns are shown.
    pub wide: bool,
    /// Whether the life of each key is drawn.
    pub timeline: bool,
    /// Whose keys are meant.
    pub owners: Owners,
}

/// What `--state` can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StateFilter {
    /// It opens things
    Active,
    /// It was switched off
    Disabled,
    /// Its expiry has passed
    Expired,
    /// It works, but expires before another active key of its name
    PhasingOut,
    /// It no longer works, and another active key of its name does
    PhasedOut,
    /// It can be neither changed nor deleted, whatever its state
    Locked,
}

/// What `--sort` can sort by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum SortBy {
    /// By name
    Name,
    /// By description
    Description,
    /// By creation, oldest first
    CreatedAt,
    /// By the IAM ID of the creator
    CreatedBy,
    /// By last change, oldest first
    ModifiedAt,
    /// By expiry, soonest first; those that never expire are last
    ExpiresAt,
}

/// Checks what can be checked before anybody logs in.
pub fn ready(request: Request, ui: &Ui) -> Result<Request> {
    if request.timeline && ui.manner().json {
        return Err(Error::usage("'--timeline' is drawn for people, and has no form in JSON.")
            .hint("Leave one of them out: '--output json' has 'created_at' and 'expires_at' of each key."));
    }
    Ok(request)
}

/// Lists keys.
pub fn run(request: &Request, session: &mut Session) -> Result<()> {
    let now = session.now()?;
    let (scope, what) = scope(request.owners, session);
    if !request.ids_only {
        announce("Getting", &what, session);
    }
    let keys = keys_of(&scope, session)?;
    // A key's state depends on other keys of its name, which a filter may leave out.
    let states = states(&keys, now);
    let mut shown: Vec<(&ApiKey, State)> =
        keys.iter().zip(states).filter(|(key, state)| fits(request, key, *state)).collect();
    if let Some(by) = request.sort {
        sort(&mut shown, by);
    }
    let noun = session.facts().noun;
    if request.timeline && !shown.is_empty() {
        return draw(request, &shown, now, session);
    }
    let ui = &mut *session.ui;
    if ui.manner().json {
        ui.data(|out| json::keys(out, &shown));
        return Ok(());
    }
    if request.ids_only {
        ui.data(|out| {
            shown.iter().try_for_each(|(key, _)| writeln!(out, "{}", escape(key.id.as_str())))
        });
        return Ok(());
    }
    ui.ok();
    if shown.is_empty() {
        ui.result(&format!("No {noun}s found"));
        return Ok(());
    }
    let more = table::More { wide: request.wide, owner: owner(request.owners) };
    let sheet = sheet(ui, request.wide.then_some(now));
    ui.data(|out| table::keys(out, &shown, more, sheet));
    Ok(())
}

fn owner(owners: Owners) -> Option<OwnerColumn> {
    match owners {
        Owners::One => None,
        Owners::AllUsers => Some(OwnerColumn::IamId),
        Owners::AllServiceIds => Some(OwnerColumn::ServiceId),
    }
}

/// Asks when the keys were last used, and draws their lives; what ends first comes first, unless a field sorts them.
fn draw(
    request: &Request,
    shown: &[(&ApiKey, State)],
    now: Timestamp,
    session: &mut Session,
) -> Result<()> {
    let ids: Vec<&ApiKeyId> = shown.iter().map(|(key, _)| &key.id).collect();
    let used = uses(&ids, None, "timeline", session)?;
    let lives = shown.iter().zip(used);
    let mut lives: Vec<Life<'_>> =
        lives.map(|((key, state), used)| Life { key, state: *state, used }).collect();
    if request.sort.is_none() {
        lives.sort_by_key(Life::order);
    }
    let manner = timeline::Manner {
        width: session.ui.manner().width.0.unwrap_or(WIDTH),
        ascii: !session.settings().is_utf8(),
        colour: session.ui.manner().colour.0,
        owner: owner(request.owners),
    };
    let soon = lives.iter().filter(|life| life.ends_soon(now)).count();
    let noun = session.facts().noun;
    let ui = &mut *session.ui;
    ui.ok();
    ui.data(|out| timeline::write(out, &lives, now, manner));
    ui.result(&format!("Ending within 30 days: {soon} of {}", counted(lives.len(), noun)));
    Ok(())
}

fn fits(request: &Request, key: &ApiKey, state: State) -> bool {
    let contains =
        |text: &str, part: &Option<String>| part.as_deref().is_none_or(|part| text.contains(part));
    contains(&key.name, &request.name)
        && contains(&key.description, &request.description)
        && (request.states.is_empty()
            || request.states.iter().any(|wanted| is(*wanted, key, state)))
}

fn is(wanted: StateFilter, key: &ApiKey, state: State) -> bool {
    match wanted {
        StateFilter::Active => state == State::Active,
        StateFilter::Disabled => state == State::Disabled,
        StateFilter::Expired => state == State::Expired,
        StateFilter::PhasingOut => state == State::PhasingOut,
        StateFilter::PhasedOut => state == State::PhasedOut,
        StateFilter::Locked => key.locked,
    }
}

/// Sorts by a field; keys with equal fields stay oldest first.
fn sort(keys: &mut [(&ApiKey, State)], by: SortBy) {
    match by {
        SortBy::Name => keys.sort_by(|(a, _), (b, _)| a.name.cmp(&b.name)),
        SortBy::Description => keys.sort_by(|(a, _), (b, _)| a.description.cmp(&b.description)),
        SortBy::CreatedAt => keys.sort_by_key(|(key, _)| key.created_at),
        SortBy::CreatedBy => keys.sort_by(|(a, _), (b, _)| a.created_by.cmp(&b.created_by)),
        SortBy::ModifiedAt => keys.sort_by_key(|(key, _)| key.modified_at),
        SortBy::ExpiresAt => {
            keys.sort_by_key(|(key, _)| (key.expires_at.is_none(), key.expires_at));
        }
    }
}
