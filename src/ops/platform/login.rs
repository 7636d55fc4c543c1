//! The login that the commands on the platform use.

use crate::error::{Error, Result};
use crate::settings::Settings;
use crate::systems::{System, SystemError};
use crate::told::{Family, told};

/// Refuses flags that name a service or a credential: those are of IAM, and a key of IAM must not be sent to a platform.
pub fn refuse_flags(settings: &Settings) -> Result<()> {
    let flags = settings.flags();
    let given = [("--endpoint", flags.endpoint.is_some()), ("--apikey", flags.apikey.is_some())];
    let Some((flag, _)) = given.into_iter().find(|(_, is_given)| *is_given) else { return Ok(()) };
    let message = format!("'{flag}' is for IAM; a platform has a login of its own.");
    Err(Error::usage(message).hint(format!(
        "Run '{} login --platform URL --username USER', or set CPD_URL, CPD_USERNAME, and CPD_PASSWORD or CPD_APIKEY.",
        settings.started_as().shown
    )))
}

/// Words an error of the platform about `subject`.
pub(super) fn told_of(error: SystemError, subject: &str, settings: &Settings) -> Error {
    told(error, subject, &Family::of(settings.program(), System::Platform.facts()))
}
