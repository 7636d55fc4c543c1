//! `api-keys`: the keys of the identity, or of every user of its account, filtered and sorted.

use crate::cli::{ApiKeysArgs, SortBy, StateFilter};
use crate::context::Context;
use crate::error::Result;
use crate::model::{ApiKey, State, states};
use crate::ops::{keys_of, progress_line, whose};
use crate::render::{json, table};
use crate::text::escape;

/// Runs `api-keys`.
pub fn run(args: &ApiKeysArgs, context: &mut Context) -> Result<()> {
    let now = context.now()?;
    let identity = context.identity()?;
    let (owner, what) = whose(args.all_users);
    if !args.uuid {
        context.ui.progress(&progress_line("Getting", what, &identity));
    }
    let keys = keys_of(&owner, context)?;
    // A key's state depends on namesakes that a filter may leave out.
    let states = states(&keys, now);
    let mut shown: Vec<(&ApiKey, State)> =
        keys.iter().zip(states).filter(|(key, state)| fits(args, key, *state)).collect();
    if let Some(by) = args.sort {
        sort(&mut shown, by);
    }
    let ui = &mut context.ui;
    if ui.manner().json {
        ui.data(|out| json::keys(out, &shown));
        return Ok(());
    }
    if args.uuid {
        ui.data(|out| {
            shown.iter().try_for_each(|(key, _)| writeln!(out, "{}", escape(key.id.as_str())))
        });
        return Ok(());
    }
    ui.ok();
    if shown.is_empty() {
        ui.result("No API keys found");
        return Ok(());
    }
    let colour = ui.manner().colour.0;
    let columns = table::More { wide: args.wide, owner: args.all_users };
    ui.data(|out| table::keys(out, &shown, columns, colour));
    Ok(())
}

fn fits(args: &ApiKeysArgs, key: &ApiKey, state: State) -> bool {
    let holds =
        |text: &str, part: &Option<String>| part.as_deref().is_none_or(|part| text.contains(part));
    holds(&key.name, &args.name)
        && holds(&key.description, &args.description)
        && (args.state.is_empty() || args.state.iter().any(|wanted| is(*wanted, key, state)))
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

/// Sorts by a field; keys that are equal in it stay oldest first.
fn sort(keys: &mut [(&ApiKey, State)], by: SortBy) {
    match by {
        SortBy::Name => keys.sort_by(|(a, _), (b, _)| a.name.cmp(&b.name)),
        SortBy::Description => keys.sort_by(|(a, _), (b, _)| a.description.cmp(&b.description)),
        SortBy::CreatedAt => keys.sort_by_key(|(key, _)| key.created_at),
        SortBy::CreatedBy => keys.sort_by(|(a, _), (b, _)| a.created_by.cmp(&b.created_by)),
        SortBy::ModifiedAt => keys.sort_by_key(|(key, _)| key.modified_at),
    }
}
