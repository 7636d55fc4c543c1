//! The filter of a listing: `name co "Foo" and (description sw "Bar" or name ew_ci "x")`.

use super::listed::Listed;

/// How deep parentheses may be nested.
const DEEPEST: usize = 50;

/// A condition on what is listed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Filter {
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Is { field: Property, how: How, value: String, any_case: bool },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Property {
    Name,
    Description,
}

/// Where the value must be in the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    StartsWith,
    EndsWith,
    Contains,
}

impl Filter {
    /// Reads a filter. The error says what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut parser = Parser { rest: text, depth: 0 };
        let filter = parser.any_of()?;
        match parser.rest.trim_start() {
            "" => Ok(filter),
            rest => Err(format!("'and' or 'or' is expected at '{}'", beginning(rest))),
        }
    }

    pub(super) fn admits(&self, one: &impl Listed) -> bool {
        match self {
            Self::And(all) => all.iter().all(|filter| filter.admits(one)),
            Self::Or(any) => any.iter().any(|filter| filter.admits(one)),
            Self::Is { field, how, value, any_case } => {
                let text = match field {
                    Property::Name => one.name(),
                    Property::Description => one.description(),
                };
                if *any_case {
                    how.holds(&text.to_lowercase(), &value.to_lowercase())
                } else {
                    how.holds(text, value)
                }
            }
        }
    }
}

impl How {
    fn holds(self, text: &str, value: &str) -> bool {
        match self {
            Self::StartsWith => text.starts_with(value),
            Self::EndsWith => text.ends_with(value),
            Self::Contains => text.contains(value),
        }
    }
}

struct Parser<'a> {
    rest: &'a str,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn any_of(&mut self) -> Result<Filter, String> {
        let mut any = vec![self.all_of()?];
        while self.takes_word("or") {
            any.push(self.all_of()?);
        }
        Ok(if any.len() == 1 { any.remove(0) } else { Filter::Or(any) })
    }

    fn all_of(&mut self) -> Result<Filter, String> {
        let mut all = vec![self.one()?];
        while self.takes_word("and") {
            all.push(self.one()?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Filter::And(all) })
    }

    fn one(&mut self) -> Result<Filter, String> {
        self.rest = self.rest.trim_start();
        if let Some(rest) = self.rest.strip_prefix('(') {
            self.depth += 1;
            if self.depth > DEEPEST {
                return Err(format!("more than {DEEPEST} parentheses"));
            }
            self.rest = rest;
            let inner = self.any_of()?;
            self.rest = self.rest.trim_start();
            self.rest = self
                .rest
                .strip_prefix(')')
                .ok_or_else(|| format!("')' is expected at '{}'", beginning(self.rest)))?;
            self.depth -= 1;
            return Ok(inner);
        }
        let field = match self.word() {
            "name" => Property::Name,
            "description" => Property::Description,
            other => {
                return Err(format!("'{}' is neither 'name' nor 'description'", beginning(other)));
            }
        };
        let operator = self.word();
        let how = match operator.strip_suffix("_ci").unwrap_or(operator) {
            "sw" => How::StartsWith,
            "ew" => How::EndsWith,
            "co" => How::Contains,
            _ => {
                return Err(format!(
                    "'{}' is not an operator; write sw, sw_ci, ew, ew_ci, co or co_ci",
                    beginning(operator)
                ));
            }
        };
        let any_case = operator.ends_with("_ci");
        Ok(Filter::Is { field, how, value: self.value()?, any_case })
    }

    /// Takes a value in double quotes, with the escapes of JSON.
    fn value(&mut self) -> Result<String, String> {
        let text = self.rest.trim_start();
        let wrong = || format!("a value in double quotes is expected at '{}'", beginning(text));
        let mut values = serde_json::Deserializer::from_str(text).into_iter::<String>();
        let value = values.next().and_then(Result::ok).ok_or_else(wrong)?;
        self.rest = &text[values.byte_offset()..];
        Ok(value)
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let before = self.rest;
        let taken = self.word() == word;
        if !taken {
            self.rest = before;
        }
        taken
    }

    fn word(&mut self) -> &'a str {
        let text = self.rest.trim_start();
        let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
        let (word, rest) = text.split_at(end);
        self.rest = rest;
        word
    }
}

fn beginning(text: &str) -> String {
    text.chars().take(20).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ApiKey, ApiKeyDetails};

    fn admits(filter: &str, name: &str, description: &str) -> bool {
        let key = ApiKey { description: description.into(), ..ApiKey::sample(name) };
        let one = ApiKeyDetails { key, history: None, activity: None };
        Filter::parse(filter).unwrap_or_else(|error| panic!("{filter}: {error}")).admits(&one)
    }

    #[test]
    fn each_operator_looks_where_it_says() {
        for (filter, admitted) in [
            (r#"name sw "Go""#, true),
            (r#"name sw "go""#, false),
            (r#"name sw_ci "go""#, true),
            (r#"name ew "Key""#, true),
            (r#"name ew "key""#, false),
            (r#"name ew_ci "KEY""#, true),
            (r#"name co " SDK ""#, true),
            (r#"name co "sdk""#, false),
            (r#"name co_ci "sdk""#, true),
            (r#"name co """#, true),
            (r#"description sw "\"q\" \\ ü""#, true),
            (r#"description co "\u00fc""#, true),
            (r#"description ew_ci "Ü""#, true),
            (r#"  name   co   "Go"  "#, true),
            (r#"name co"Go""#, true),
        ] {
            assert_eq!(admits(filter, "Go SDK Key", "\"q\" \\ ü"), admitted, "{filter}");
        }
    }

    #[test]
    fn and_binds_before_or_and_parentheses_before_both() {
        for (filter, admitted) in [
            (r#"name co "a" and description co "b""#, true),
            (r#"name co "a" and description co "x""#, false),
            (r#"name co "x" or description co "b""#, true),
            (r#"name co "a" or name co "x" and name co "y""#, true),
            (r#"(name co "a" or name co "x") and name co "y""#, false),
            (r#"((name co "a"))and(description co "b")"#, true),
            (r#"name co "a" and name co "a" and name co "x""#, false),
        ] {
            assert_eq!(admits(filter, "a", "b"), admitted, "{filter}");
        }
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        let deep = format!("{}name co \"a\"{}", "(".repeat(60), ")".repeat(60));
        for filter in [
            "",
            "name",
            "name co",
            "name co Foo",
            "name co 'Foo'",
            "name co \"Foo",
            "name eq \"Foo\"",
            "id co \"Foo\"",
            "name co \"a\" name co \"b\"",
            "name co \"a\" and",
            "(name co \"a\"",
            "name co \"a\")",
            "and name co \"a\"",
            "not name co \"a\"",
            "name co \"\\q\"",
            "name co 1",
            &deep,
        ] {
            assert!(Filter::parse(filter).is_err(), "{filter}");
        }
    }
}
