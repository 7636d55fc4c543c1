//! What names and descriptions the store takes. The limits of the service are not documented.

use crate::systems::Condition;

/// What has a name and a description.
pub(super) const KEY: &str = "an API key";
/// What has a name and a description.
pub(super) const SERVICE_ID: &str = "a service ID";
/// What has a name and a description.
pub(super) const GROUP: &str = "a group of service IDs";

/// The most characters of a name.
const NAME_LIMIT: usize = 255;
/// The most characters of a description.
const DESCRIPTION_LIMIT: usize = 8_192;

/// Fails with `Invalid` if a name or description cannot be taken; `of` is what has them, as in "an API key".
pub(super) fn check(
    of: &str,
    name: Option<&str>,
    description: Option<&str>,
) -> Result<(), Condition> {
    if name == Some("") {
        return Err(Condition::Invalid(format!("The name of {of} must not be empty.")));
    }
    let too_long = |what: &str, limit: usize, found: usize| {
        Condition::Invalid(format!("The {what} has {found} characters; {limit} are allowed."))
    };
    for (what, text, limit) in
        [("name", name, NAME_LIMIT), ("description", description, DESCRIPTION_LIMIT)]
    {
        let found = text.map_or(0, |text| text.chars().count());
        if found > limit {
            return Err(too_long(what, limit, found));
        }
    }
    Ok(())
}
