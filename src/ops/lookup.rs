//! `api-key-lookup`: which key is this?

use crate::cli::ApiKeyLookupArgs;
use crate::context::Context;
use crate::credentials::input;
use crate::error::{Error, Result};
use crate::model::{ApiKeyDetails, Detail};
use crate::ops::resolve::{self, Found};
use crate::ops::{progress_line, show};
use crate::secret::Secret;

/// Runs `api-key-lookup`.
pub fn run(args: &ApiKeyLookupArgs, context: &mut Context) -> Result<()> {
    let value = read_value(&args.from, context)?;
    let now = context.now()?;
    let identity = context.identity()?;
    if !args.uuid {
        context.ui.progress(&progress_line("Looking up", "the API key of a value", &identity));
    }
    let found = context.backend()?.api_key_by_value(&value);
    let key = found.map_err(|error| context.told(error, "An API key with this value"))?;
    let found = Found { state: resolve::state_of(context, &key, now)?, key };
    let details = ApiKeyDetails { key: found.key.clone(), history: None, activity: None };
    show::print(&found, &details, args.uuid, Detail::default(), context);
    Ok(())
}

/// Reads the value to look up.
fn read_value(from: &str, context: &mut Context) -> Result<Secret> {
    match input::read(from, &mut context.ui)? {
        None => Err(Error::usage(
            "A key's value is not taken from the command line, where others can see it.",
        )
        .hint(format!(
            "Write '{} api-key-lookup @FILE', or pipe the value in.",
            context.program()
        ))),
        Some(value) if value.expose().is_empty() => {
            Err(Error::usage("There is no value to look up: the input is empty."))
        }
        Some(value) if !input::can_be_key(value.expose()) => Err(Error::usage(
            "The input holds something else than one API key; it was sent nowhere.",
        )
        .hint("Give the key alone, or the JSON that 'api-key-create' wrote with '--file'.")),
        Some(value) => Ok(value),
    }
}
