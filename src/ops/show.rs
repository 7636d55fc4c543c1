//! `api-key`: everything about one key.

use crate::cli::ApiKeyArgs;
use crate::context::Context;
use crate::error::Result;
use crate::model::{ApiKeyDetails, Detail};
use crate::ops::resolve::{self, Found, Meaning};
use crate::ops::{progress_line, subject};
use crate::render::{json, table};

/// Runs `api-key`.
pub fn run(args: &ApiKeyArgs, context: &mut Context) -> Result<()> {
    let now = context.now()?;
    let identity = context.identity()?;
    let key = &args.which.key;
    if !args.uuid {
        let what = format!("API key {}", context.ui.entity(&key.to_string()));
        context.ui.progress(&progress_line("Getting", &what, &identity));
    }
    let found = resolve::one(context, key, Meaning::Current, now)?;
    let detail = Detail { history: args.history, activity: args.activity };
    let details = if detail.history || detail.activity {
        let read = context.backend()?.api_key(&found.key.id, detail);
        read.map_err(|error| context.told(error, &subject(key)))?
    } else {
        ApiKeyDetails { key: found.key.clone(), history: None, activity: None }
    };
    print(&found, &details, args.uuid, detail, context);
    Ok(())
}

/// Prints one key in the way that was asked for.
pub fn print(
    found: &Found,
    details: &ApiKeyDetails,
    id_only: bool,
    detail: Detail,
    context: &mut Context,
) {
    let ui = &mut context.ui;
    if ui.manner().json {
        ui.data(|out| json::details(out, details, found.state, detail));
    } else if id_only {
        ui.data(|out| writeln!(out, "{}", details.key.id));
    } else {
        ui.ok();
        let colour = ui.manner().colour.0;
        let text = table::details(details, found.state, detail, colour);
        ui.data(|out| out.write_all(text.as_bytes()));
    }
}
