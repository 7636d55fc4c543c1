//! A name that was not found, and may have been meant as something else: a verb, or an ID.

use std::ffi::OsString;
use std::fmt::Write as _;

use super::meant::{Line, known_command};
use crate::environment::Program;
use crate::error::{Error, ErrorKind};

/// Adds to an error about what was not found what its name may have meant.
pub fn mistaken(mut error: Error, args: &[OsString], program: &Program) -> Error {
    let command = known_command(args).filter(|_| error.kind == ErrorKind::NotFound);
    let Some(command) = command else { return error };
    if ["api-key", "service-api-key", "service-id"].contains(&command)
        && let Some(meant) = Line::from(command, args)
    {
        let name = if meant.lacks_argument() { " NAME" } else { "" };
        let _ =
            write!(error.message, "\n   the command meant may be '{}{name}'", meant.shown(program));
    }
    let mut words = args.iter().skip(1).filter_map(|arg| arg.to_str());
    if let Some(id) = words.find_map(|word| usual_id(word, command)) {
        let _ = write!(error.message, "\n   an ID is written '{id}'");
    }
    error
}

/// Writes an ID as the service does, if it was written otherwise.
fn usual_id(word: &str, command: &str) -> Option<String> {
    let lower = word.to_lowercase();
    let prefix = if command.starts_with("service-id") { "ServiceId" } else { "ApiKey" };
    let (prefix, uuid) = ["ApiKey", "ServiceId"]
        .into_iter()
        .find_map(|known| {
            Some((known, lower.strip_prefix(&known.to_lowercase())?.strip_prefix('-')?))
        })
        .unwrap_or((prefix, &lower));
    let parts = uuid.split('-').map(str::len);
    let is_uuid = parts.eq([8, 4, 4, 4, 12])
        && uuid.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
    let usual = format!("{prefix}-{uuid}");
    (is_uuid && usual != word).then_some(usual)
}
