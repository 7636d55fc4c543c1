//! Profiles: sets of login, endpoint and backend, side by side.

use super::variables::PROFILE;
use crate::environment::Environment;
use crate::error::{Error, Result};

/// The profile whose files do not lie below `profiles`.
const DEFAULT: &str = "default";

/// The longest name, in characters. It is shorter than a key, which must not become the name of a directory.
const MOST: usize = 40;

/// The name of a profile; `None` for the default one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile(Option<String>);

impl Profile {
    /// Chooses the profile: the one of the flag, else the variable, else the default one.
    pub fn choose(flag: Option<&Self>, environment: &Environment) -> Result<Self> {
        if let Some(profile) = flag {
            return Ok(profile.clone());
        }
        let Some(name) = environment.text(PROFILE)? else { return Ok(Self::default()) };
        Self::parse(&name).map_err(|why| Error::usage(format!("{PROFILE} is no profile: {why}.")))
    }

    /// Reads a name. It becomes the name of a directory, so it must not lead out of the one above.
    pub fn parse(name: &str) -> std::result::Result<Self, String> {
        let of_word = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if !name.starts_with(|c: char| c.is_ascii_alphanumeric()) || !name.chars().all(of_word) {
            return Err(
                "a name begins with a letter or digit and holds letters, digits, '-', '_' and '.' only"
                    .to_owned(),
            );
        }
        if name.len() > MOST {
            return Err(format!("a name has at most {MOST} characters"));
        }
        Ok(Self((name != DEFAULT).then(|| name.to_owned())))
    }

    /// Returns the name.
    pub fn name(&self) -> &str {
        self.0.as_deref().unwrap_or(DEFAULT)
    }

    /// Returns the name of a profile other than the default one.
    pub fn named(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_way_out_of_its_directory() {
        for name in ["work", "a", "0", "eu-de_1.prod", "x..y"] {
            assert_eq!(Profile::parse(name).unwrap().named(), Some(name));
        }
        assert_eq!(Profile::parse("default").unwrap(), Profile::default());
        for name in ["", ".", "..", "../x", "a/b", "-x", "_x", "a b", "é", "a\n", &"x".repeat(41)]
        {
            assert!(Profile::parse(name).is_err(), "{name:?}");
        }
    }
}
