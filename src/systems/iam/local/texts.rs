//! What names and descriptions the store takes. The limits of the service are not documented.

use crate::systems::Condition;

/// The most characters of a name.
const NAME_LIMIT: usize = 255;
/// The most characters of a description.
const DESCRIPTION_LIMIT: usize = 8_192;

/// Fails with `Invalid` if a name or description cannot be taken.
pub(super) fn check(name: Option<&str>, description: Option<&str>) -> Result<(), Condition> {
    if name == Some("") {
        return Err(Condition::Invalid("The name of an API key must not be empty.".into()));
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
