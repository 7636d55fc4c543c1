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
    already: |_| false,
    act: |backend, id| backend.delete_api_key(id),
};

/// Runs `api-key-delete`.
pub fn run(args: &ApiKeyDeleteArgs, context: &mut Context) -> Result<()> {
    act::run(&DELETE, &args.act, context)
}
