//! What the process was given: environment variables, and the name it was started under.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// The environment variables as they were at the start.
#[derive(Default)]
pub struct Environment(HashMap<OsString, OsString>);

impl fmt::Debug for Environment {
    /// Prints the names only: a value may be a key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Environment {
    /// Takes the variables of the process.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn of_process() -> Self {
        Self(std::env::vars_os().collect())
    }

    /// Takes these variables, for a test.
    #[cfg(test)]
    pub(crate) fn of(variables: &[(&str, &OsStr)]) -> Self {
        Self(variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect())
    }

    /// Returns a variable as it is, empty or not.
    pub fn raw(&self, name: &str) -> Option<&OsStr> {
        self.0.get(OsStr::new(name)).map(OsString::as_os_str)
    }

    /// Returns a variable. Fails where it is set but empty.
    fn not_empty(&self, name: &str) -> Result<Option<&OsStr>> {
        match self.raw(name) {
            Some(value) if value.is_empty() => {
                Err(Error::usage(format!("{name} is set but empty."))
                    .hint(format!("Give it a value, or unset it with 'unset {name}'.")))
            }
            value => Ok(value),
        }
    }

    /// Returns a variable as text. Fails where it is empty or not UTF-8.
    pub fn text(&self, name: &str) -> Result<Option<String>> {
        let Some(value) = self.not_empty(name)? else { return Ok(None) };
        let text = value.to_str().map(|text| Some(text.to_owned()));
        text.ok_or_else(|| Error::usage(format!("{name} is not valid UTF-8.")))
    }

    /// Returns a path, which need not be UTF-8. Fails where it is empty.
    pub fn path(&self, name: &str) -> Result<Option<PathBuf>> {
        Ok(self.not_empty(name)?.map(PathBuf::from))
    }

    /// Returns a directory as an absolute path. Fails where it is empty or not UTF-8.
    pub fn directory(&self, name: &str) -> Result<Option<PathBuf>> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let absolute = std::path::absolute(&text).map_err(|error| {
            Error::usage(format!("{name} is '{text}', which cannot be used: {error}."))
        })?;
        Ok(Some(absolute))
    }

    /// Tells whether a variable is `true` or `1`.
    pub fn is_true(&self, name: &str) -> bool {
        self.raw(name).is_some_and(|value| value.eq_ignore_ascii_case("true") || value == "1")
    }
}

/// The name the program was started under.
#[derive(Debug, Clone)]
pub struct Program {
    /// What to type before a command: `ibmcloud-iam`, or `ibmcloud iam` under a borrowed name.
    pub shown: String,
    /// Whether the name is the official CLI's.
    pub is_borrowed: bool,
}

impl Program {
    /// Reads the name from `argv[0]`.
    pub fn of_arg0(arg0: Option<&OsStr>) -> Self {
        let name = arg0
            .and_then(|arg0| Path::new(arg0).file_stem())
            .and_then(OsStr::to_str)
            .unwrap_or_default();
        let is_borrowed = ["ibmcloud", "ic", "bx", "bluemix"].contains(&name);
        Self {
            shown: if is_borrowed { format!("{name} iam") } else { "ibmcloud-iam".to_owned() },
            is_borrowed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_of_a_variable_is_printed_for_debugging() {
        let environment = Environment::of(&[("IBMCLOUD_API_KEY", "tomato".as_ref())]);
        assert_eq!(format!("{environment:?}"), r#"{"IBMCLOUD_API_KEY"}"#);
    }
}
