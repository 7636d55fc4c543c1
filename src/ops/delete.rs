//! `api-key-delete`.

use crate::cli::ApiKeyDeleteArgs;
use crate::context::Context;
use crate::error::Result;
use crate::ops::act::{self, Verb};
use crate::ops::resolve::Meaning;

const DELETE: Verb = Verb {
    doing: "Deleting",
    to_do: "delete",
    done: "deleted",
    meaning: Meaning::Every,
    stopped_by_lock: true,
    ends_it: true,
    already: |_| false,
    act: |backend, id| backend.delete_api_key(id),
};

/// Runs `api-key-delete`.
pub fn run(args: &ApiKeyDeleteArgs, context: &mut Context) -> Result<()> {
    act::run(&DELETE, &args.act, context)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Condition;
    use crate::backend::fake::Fake;
    use crate::cli::{ActArgs, DryRunArgs, ForceArgs, KeysArgs};
    use crate::error::ErrorKind;
    use crate::model::{ApiKey, KeyRef};
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
        let act = ActArgs {
            which: KeysArgs { keys },
            force: ForceArgs { force: true },
            dry_run: DryRunArgs { dry_run: false },
        };
        let mut context = backend.context(Manner { quiet: true, ..Manner::default() });
        let ended = run(&ApiKeyDeleteArgs { act }, &mut context);
        ended.err().map(|error| (error.kind, error.message))
    }

    #[test]
    fn a_service_that_goes_away_ends_it_and_what_was_done_is_told() {
        let away = || Err(Condition::Unavailable("Nobody listens".into()));
        assert_eq!(ends([Ok(()), Ok(()), Ok(())]), None);
        assert_eq!(ends([away()]), Some((ErrorKind::Unavailable, "Nobody listens.".to_owned())));
        assert_eq!(
            ends([Ok(()), away()]),
            Some((ErrorKind::SomeFailed, "2 of 3 API keys failed.".to_owned()))
        );
        let refused = Err(Condition::Locked);
        assert_eq!(
            ends([Ok(()), refused, Ok(())]),
            Some((ErrorKind::SomeFailed, "1 of 3 API keys failed.".to_owned()))
        );
    }
}
