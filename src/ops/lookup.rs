//! `api-key-lookup`: which key is this?

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde::Deserialize;
use zeroize::Zeroizing;

use crate::cli::ApiKeyLookupArgs;
use crate::context::Context;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{ApiKeyDetails, Detail};
use crate::ops::resolve::{self, Found};
use crate::ops::{progress_line, show};
use crate::secret::Secret;

const MOST: usize = 64 * 1024;

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

/// Reads a value from where an argument says: `@FILE`, or `-` for standard input. Anything else could be the value
/// itself and is refused without being repeated.
fn read_value(from: &str, context: &mut Context) -> Result<Secret> {
    let wrong = |what: String| Error::new(ErrorKind::Failure, what);
    let text = match from.strip_prefix('@') {
        Some(file) => {
            let opened = File::open(Path::new(file));
            let shown = if looks_like_a_value(file) { "The file" } else { &format!("'{file}'") };
            opened
                .and_then(read_all)
                .map_err(|error| wrong(format!("{shown} cannot be read: {error}.")))?
        }
        None if from == "-" && context.ui.can_ask() => {
            return non_empty(context.ui.password("API key")?);
        }
        None if from == "-" => read_all(io::stdin())
            .map_err(|error| wrong(format!("Standard input cannot be read: {error}.")))?,
        None => {
            return Err(Error::usage(
                "A key's value is not taken from the command line, where others can see it.",
            )
            .hint(format!(
                "Write '{} api-key-lookup @FILE', or pipe the value in.",
                context.program()
            )));
        }
    };
    non_empty(value_in(&text))
}

/// Tells whether somebody may have typed `@` and the value itself, which is then not to be repeated.
fn looks_like_a_value(file: &str) -> bool {
    file.len() >= 32
        && file.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

fn non_empty(value: Secret) -> Result<Secret> {
    if value.expose().is_empty() {
        return Err(Error::usage("There is no value to look up: the input is empty."));
    }
    Ok(value)
}

fn read_all(input: impl Read) -> io::Result<Zeroizing<String>> {
    // With its whole room taken at once the text is never moved, and nothing stays behind unwiped.
    let mut bytes = Zeroizing::new(Vec::with_capacity(MOST + 1));
    input.take(MOST as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > MOST {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is too large for a key"));
    }
    let text = str::from_utf8(&bytes)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not text"))?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// A key file, from this program or an older one.
#[derive(Deserialize)]
struct KeyFile {
    #[serde(alias = "apiKey")]
    apikey: String,
}

/// Takes the value out of a key file's JSON, or plain text as it is without the white space around it.
fn value_in(text: &str) -> Secret {
    match serde_json::from_str::<KeyFile>(text) {
        Ok(file) => Secret::new(file.apikey),
        Err(_) => Secret::new(text.trim().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_in_every_form_it_is_kept_in() {
        for text in [
            "the-value",
            " the-value\n",
            r#"{"name":"x","apikey":"the-value"}"#,
            r#"{"apiKey":"the-value"}"#,
        ] {
            assert_eq!(value_in(text).expose(), "the-value");
        }
    }
}
