//! Names and values of a query or a form.

use reqwest::Url;

/// The pairs in the order they came.
#[derive(Debug, Default)]
pub(super) struct Params(Vec<(String, String)>);

impl Params {
    /// Decodes `name=value&…`, the form of both.
    pub(super) fn parse(encoded: &str) -> Self {
        let Ok(mut url) = Url::parse("http://emulator/") else { return Self::default() };
        url.set_query(Some(encoded));
        Self(url.query_pairs().into_owned().collect())
    }

    /// Returns the value of a name, unless it is empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// Takes the value of a name, unless it is empty.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        let (_, value) = self.0.iter_mut().find(|(found, _)| found == name)?;
        Some(std::mem::take(value)).filter(|value| !value.is_empty())
    }

    /// Returns every value of a name. Commas separate values, too.
    pub(super) fn each<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.0.iter().filter(move |(found, _)| found == name);
        named.flat_map(|(_, value)| value.split(',')).filter(|value| !value.is_empty())
    }

    /// Tells whether a flag is `true`, in any case.
    pub(super) fn is_true(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }
}
