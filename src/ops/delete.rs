//! `api-key-delete`.

use std::time::Duration;

use crate::cli::ApiKeyDeleteArgs;
use crate::context::Context;
use crate::error::Result;
use crate::model::{ApiKey, KeyRef, Owner, State, in_largest_unit, states};
use crate::ops::act::{self, Item, Mode, Report, Verb};
use crate::ops::resolve::Meaning;
use crate::ops::{counted, keys_of, progress_line};

/// What `api-key-delete` does.
pub const DELETE: Verb = Verb {
    doing: "Deleting",
    to_do: "delete",
    done: "deleted",
    meaning: Meaning::Every,
    stopped_by_lock: true,
    ends_it: true,
    ends_use: true,
    already: |_| false,
    act: |backend, id| backend.delete_api_key(id),
};

/// Runs `api-key-delete`.
pub fn run(args: &ApiKeyDeleteArgs, context: &mut Context) -> Result<()> {
    let mode = Mode {
        force: args.force.force,
        dry_run: args.dry_run.dry_run,
        counted: args.all,
        bulk: args.all || args.phased_out,
        ignore_missing: args.ignore_missing,
    };
    if !mode.bulk {
        return act::on_named(&DELETE, &args.keys, mode, context);
    }
    act::refuse_question(mode, context)?;
    let report = Report::begin(&DELETE, &[], mode.bulk, context);
    let identity = context.identity()?;
    let what = if args.all { "all API keys" } else { "phased-out API keys" };
    let older = args.older_than.map(older_than).unwrap_or_default();
    context.ui.progress(&progress_line("Deleting", &format!("{what}{older}"), &identity));
    let items: Vec<Item> =
        chosen(args, context)?.into_iter().map(|key| act::item(&DELETE, key, context)).collect();
    if items.is_empty() {
        let kind = if args.all { "" } else { "phased-out " };
        context.ui.ok();
        context.ui.result(&format!("No {kind}API keys{older} found"));
        report.write(context);
        return Ok(());
    }
    act::carry_out(&DELETE, items, mode, &identity, &report, context)
}

/// Says of what age keys are meant, in the largest unit that leaves nothing over.
fn older_than(age: Duration) -> String {
    let (number, unit) = in_largest_unit(age);
    format!(" older than {}", counted(number, unit))
}

/// Lists the keys that `--all` or `--phased-out` mean; the one that is logged in with comes last.
fn chosen(args: &ApiKeyDeleteArgs, context: &Context) -> Result<Vec<ApiKey>> {
    let now = context.now()?;
    let keys = keys_of(&Owner::Myself, context)?;
    let states = states(&keys, now);
    let is_named = |key: &ApiKey| {
        args.keys.is_empty()
            || args.keys.iter().any(|named| match named {
                KeyRef::Id(id) => *id == key.id,
                KeyRef::Name(name) => *name == *key.name,
            })
    };
    let is_old = |key: &ApiKey| {
        args.older_than.is_none_or(|age| key.created_at.plus(age).is_some_and(|then| then <= now))
    };
    let mut chosen: Vec<ApiKey> = keys
        .into_iter()
        .zip(states)
        .filter(|(key, state)| {
            (args.all || *state == State::PhasedOut) && is_named(key) && is_old(key)
        })
        .map(|(key, _)| key)
        .collect();
    if args.all && !chosen.is_empty() {
        // Without it nothing more can be deleted.
        let acting = context.acting_key().ok().flatten();
        chosen.sort_by_key(|key| Some(&key.id) == acting.as_ref());
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{DryRunArgs, ForceArgs};
    use crate::error::ErrorKind;
    use crate::systems::Condition;
    use crate::systems::fake::Fake;
    use crate::ui::Manner;

    /// Deletes `a`, `b` and `c`, of which the backend answers as given, and returns how the command ends.
    fn ends(
        answers: impl IntoIterator<Item = std::result::Result<(), Condition>>,
    ) -> Option<(ErrorKind, String)> {
        let names = ["a", "b", "c"];
        let backend = Fake {
            keys: names.map(ApiKey::sample).to_vec(),
            deletions: std::sync::Mutex::new(answers.into_iter().collect()),
            ..Fake::default()
        };
        let keys = names.map(|name| KeyRef::Name(name.to_owned())).to_vec();
        let args = ApiKeyDeleteArgs {
            keys,
            phased_out: false,
            all: false,
            older_than: None,
            ignore_missing: false,
            force: ForceArgs { force: true },
            dry_run: DryRunArgs { dry_run: false },
        };
        let mut context = backend.context(Manner { quiet: true, ..Manner::default() });
        let ended = run(&args, &mut context);
        ended.err().map(|error| (error.kind, error.message))
    }

    #[test]
    fn a_service_that_goes_away_ends_it_and_what_was_done_is_told() {
        let away = || Err(Condition::Unavailable("Nobody listens".into()));
        assert_eq!(ends([Ok(()), Ok(()), Ok(())]), None);
        let ended = |kind, words: &str| Some((kind, words.to_owned()));
        assert_eq!(
            ends([away()]),
            ended(
                ErrorKind::Unavailable,
                "Nobody listens.\nOf 3 API keys: 1 failed, 2 not begun.\n   not begun: 'b' (ApiKey-62000000-0000-4000-8000-000000000000)\n   not begun: 'c' (ApiKey-63000000-0000-4000-8000-000000000000)"
            )
        );
        assert_eq!(
            ends([Ok(()), away()]),
            ended(
                ErrorKind::SomeFailed,
                "Of 3 API keys: 1 deleted, 1 failed, 1 not begun.\n   not begun: 'c' (ApiKey-63000000-0000-4000-8000-000000000000)"
            )
        );
        let refused = Err(Condition::Locked);
        assert_eq!(
            ends([Ok(()), refused, Ok(())]),
            Some((ErrorKind::SomeFailed, "1 of 3 API keys failed.".to_owned()))
        );
    }
}
