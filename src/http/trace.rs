//! `IBMCLOUD_TRACE`: every request and answer, without secrets.
//!
//! The secret headers and form fields of a request are marked. In JSON, fields with the name of a secret are hidden, and
//! so is every secret that was sent or received before. Of a body that is not JSON only the length is shown.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::header::HeaderMap;
use serde_json::Value;

use super::message::{Body, HIDDEN, Known, Reply, Request};
use crate::clock::Clock;
use crate::private_file;
use crate::text::escape_lines;

/// Where a trace goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TraceTo {
    /// Standard error.
    Stderr,
    /// The end of a file, which is made with mode 0600 if it is missing.
    File(PathBuf),
}

#[derive(Debug)]
pub(super) struct Trace {
    to: TraceTo,
    clock: Clock,
    file: OnceLock<io::Result<File>>,
}

impl Trace {
    pub(super) fn new(to: TraceTo, clock: Clock) -> Self {
        Self { to, clock, file: OnceLock::new() }
    }

    pub(super) fn request(&self, request: &Request<'_>, known: &Known) {
        let url = &request.url;
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let mut text = format!("{} {}{query} HTTP/1.1\n", request.method, url.path());
        let _ = writeln!(text, "Host: {}\nAccept: application/json", request.to.authority());
        for (name, value) in &request.headers {
            let _ = writeln!(text, "{name}: {}", value.shown());
        }
        match &request.body {
            Body::Empty => {}
            Body::Form(fields) => {
                let fields: Vec<String> =
                    fields.iter().map(|(name, text)| format!("{name}={}", text.shown())).collect();
                let _ = write!(
                    text,
                    "Content-Type: application/x-www-form-urlencoded\n\n{}\n",
                    fields.join("&")
                );
            }
            Body::Json(document, _) => {
                let shown = shown(document, known);
                let _ = write!(text, "Content-Type: application/json\n\n{shown}\n");
            }
        }
        self.write("REQUEST", "", &known.blot(&text));
    }

    pub(super) fn response(&self, reply: &Reply, known: &Known, elapsed: Duration) {
        // The body first: a secret in it may also be in a header.
        let body = shown(&reply.body, known);
        let text = format!("HTTP/1.1 {}\n{}\n{body}\n", reply.status, headers(&reply.headers));
        self.write("RESPONSE", &elapsed_words(elapsed), &known.blot(&text));
    }

    pub(super) fn failure(&self, words: &str, elapsed: Duration) {
        self.write("RESPONSE", &elapsed_words(elapsed), &format!("{words}\n"));
    }

    /// Writes a part of the trace. Failing to do so stops nothing.
    fn write(&self, what: &str, more: &str, text: &str) {
        let time = self.clock.now().map(crate::model::Timestamp::to_rfc3339).unwrap_or_default();
        let text = format!("\n{what}: [{time}]{more}\n{}", escape_lines(text));
        let _ = match &self.to {
            TraceTo::Stderr => io::stderr().lock().write_all(text.as_bytes()),
            TraceTo::File(path) => {
                let file = self.file.get_or_init(|| private_file::append_to(path));
                file.as_ref().map_or(Ok(()), |mut file| file.write_all(text.as_bytes()))
            }
        };
    }

    /// Returns a warning if the trace cannot be written.
    pub(super) fn complaint(&self) -> Option<String> {
        let TraceTo::File(path) = &self.to else { return None };
        let error = self.file.get()?.as_ref().err()?;
        let told =
            format!("Requests are not traced: '{}' cannot be written: {error}.", path.display());
        Some(private_file::remedy(error).map_or(told.clone(), |remedy| format!("{told} {remedy}")))
    }
}

fn elapsed_words(elapsed: Duration) -> String {
    format!(" Elapsed: {}ms", elapsed.as_millis())
}

fn headers(headers: &HeaderMap) -> String {
    headers.iter().fold(String::new(), |mut text, (name, value)| {
        // A cookie is a credential too.
        let secret =
            ["set-cookie", "authorization"].contains(&name.as_str()) || is_secret(name.as_str());
        let value = if secret { HIDDEN } else { value.to_str().unwrap_or("[not text]") };
        let _ = writeln!(text, "{name}: {value}");
        text
    })
}

fn shown(body: &[u8], known: &Known) -> String {
    if body.is_empty() {
        return String::new();
    }
    match serde_json::from_slice::<Value>(body) {
        Ok(mut document) => {
            // Some services answer with nothing but a new value.
            let is_value = document.is_string();
            hide(&mut document, is_value, known);
            serde_json::to_string(&document).unwrap_or_default()
        }
        Err(_) => format!("[{} bytes that are no JSON]", body.len()),
    }
}

/// Hides every value below the name of a secret, and adds it to the known ones. Hides known secrets everywhere else.
fn hide(value: &mut Value, below_secret: bool, known: &Known) {
    match value {
        Value::Object(fields) => {
            for (name, mut value) in std::mem::take(fields) {
                // A list of credentials is one of records: their own fields tell what is secret.
                let is_list = value.is_array() && squeezed(&name) == "credentials";
                let is_secret = is_secret(&name) && !is_list;
                hide(&mut value, below_secret && !is_harmless(&name) || is_secret, known);
                fields.insert(known.blot(&name), value);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| hide(item, below_secret, known)),
        Value::String(text) if below_secret => {
            known.add_told(text);
            *value = HIDDEN.into();
        }
        Value::String(text) => *text = known.blot(text),
        Value::Number(_) if below_secret => *value = HIDDEN.into(),
        _ => {}
    }
}

/// Tells whether a field or header with this name may hold a secret.
fn is_secret(name: &str) -> bool {
    let name = squeezed(name);
    !is_harmless(&name)
        && [
            "apikey",
            "authenticationkey",
            "token",
            "secret",
            "password",
            "passcode",
            "credential",
            "authorization",
            "xauth",
        ]
        .iter()
        .any(|word| name.contains(word))
}

fn is_harmless(name: &str) -> bool {
    ["tokentype", "entitytag", "pagetoken", "apikeys"].contains(&squeezed(name).as_str())
}

/// Returns a name in lower case and without `_` and `-`.
fn squeezed(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_of_a_document_is_shown_however_deep() {
        let body = br#"{"id":"ApiKey-1","apikey":"s","next":null,"apikeys":[{"apiKey":"s","entity_tag":"1-a"}],
            "a":{"access_token":"s","token_type":"Bearer","api_key":"s","client_secret":"s","IAM-ApiKey":"s","tokens":["s",{"x":"s"}]},
            "credentials":[{"name":"shown","secret":{"api_key":"s"}}],"credential":{"credentials":["s"]},"x":{"credentials":"s"}}"#;
        let shown = shown(body, &Known::default());
        assert!(!shown.contains("\"s\""), "{shown}");
        assert!(shown.contains("ApiKey-1") && shown.contains("1-a") && shown.contains("Bearer"));
        let shown = super::shown(br#"[{"authenticationKey":"s","id":1}]"#, &Known::default());
        assert_eq!(shown, format!(r#"[{{"authenticationKey":"{HIDDEN}","id":1}}]"#));
        let known = Known::default();
        let value = "0123456789abcdef";
        assert_eq!(
            super::shown(format!("\"{value}\"").as_bytes(), &known),
            format!("\"{HIDDEN}\"")
        );
        assert_eq!(known.blot(value), HIDDEN);
        assert_eq!(super::shown(b"secret", &Known::default()), "[6 bytes that are no JSON]");
    }
}
