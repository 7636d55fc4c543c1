//! What a text is that is given as the value of a key, as far as its form tells that.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use zeroize::Zeroizing;

use crate::systems::System;

/// The longest API key, in characters; those of the service have 44.
const MOST_OF_KEY: usize = 256;

/// Tells whether a text can be an API key. Nothing else is sent to a service: no private key, no document, no URL with a
/// password, no token and no placeholder.
pub fn can_be_key(text: &str) -> bool {
    text.len() <= MOST_OF_KEY && can_be_token(text)
}

/// Tells whether a text can be an access token: one plain word of any length.
pub fn can_be_token(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"{}[]()<>,;:@".contains(&byte);
    let is_quoted = text.starts_with(['"', '\'']) || text.ends_with(['"', '\'']);
    !text.is_empty() && text.bytes().all(is_plain) && !is_quoted
}

/// What people paste in place of the value of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// The name of a key that watsonx has made.
    Name,
    /// The ID of an IAM key.
    Id,
    /// A service ID.
    ServiceId,
    /// A classic API key.
    Classic,
    /// A key of the watsonx console on AWS: `k1:` or `k2:`, an identity and a secret in base64.
    Mcsp,
    /// A user name and a platform API key in base64.
    Zen,
}

fn form_of(text: &str) -> Option<Form> {
    if text.starts_with("cpd-apikey-") {
        return Some(Form::Name);
    }
    if text.starts_with("ApiKey-") {
        return Some(Form::Id);
    }
    if text.starts_with("ServiceId-") || text.starts_with("iam-ServiceId-") {
        return Some(Form::ServiceId);
    }
    if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Some(Form::Classic);
    }
    let mut base64 = Zeroizing::new(text.trim_end_matches('=').as_bytes().to_vec());
    for byte in base64.iter_mut() {
        *byte = match *byte {
            b'-' => b'+',
            b'_' => b'/',
            other => other,
        };
    }
    let decoded = Zeroizing::new(STANDARD_NO_PAD.decode(&*base64).ok()?);
    let behind = decoded.strip_prefix(b"k1:").or_else(|| decoded.strip_prefix(b"k2:"));
    if behind.is_some_and(|rest| rest.contains(&b':')) {
        return Some(Form::Mcsp);
    }
    let is_text = decoded.trim_ascii_end().iter().all(|byte| (b' '..=b'~').contains(byte));
    (is_text && decoded.contains(&b':')).then_some(Form::Zen)
}

/// Returns what a text is that is pasted in place of the value of an IAM key; `None` for what may be such a value.
pub fn mistaken(text: &str) -> Option<&'static str> {
    Some(match form_of(text)? {
        Form::Name => "holds the name of an API key, not its value",
        Form::Id => "holds the ID of an API key, not its value",
        Form::ServiceId => "holds the ID of a service ID, not the value of an API key",
        Form::Classic => "holds a classic infrastructure key, which IAM does not know",
        Form::Mcsp => "holds a key of the watsonx console on AWS, which IAM does not know",
        Form::Zen => ZEN,
    })
}

const ZEN: &str = "holds what stands behind 'ZenApiKey': the user and the API key in base64";

/// Returns what a text is that is pasted in place of the value of a key of a system; `None` for what may be such a value.
pub(super) fn mistaken_of(text: &str, system: System) -> Option<String> {
    if !matches!(system, System::Platform | System::Classic) {
        return mistaken(text).map(str::to_owned);
    }
    let what = match form_of(text)? {
        // The length and the letters of platform API keys are not documented.
        Form::Classic => return None,
        Form::Zen => return Some(ZEN.to_owned()),
        Form::Name => "the name of an IAM API key",
        Form::Id => "the ID of an IAM API key",
        Form::ServiceId => "the ID of a service ID",
        Form::Mcsp => "a key of the watsonx console on AWS",
    };
    Some(format!("holds {what}, and not a {}", system.facts().noun))
}

/// Tells whether a text has the form of a classic API key.
pub(super) fn is_classic(text: &str) -> bool {
    form_of(text) == Some(Form::Classic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_value_of_a_key_is_known() {
        let classic = "a1".repeat(32);
        for (text, form) in [
            ("cpd-apikey-IBMid-694000AAAA-2024-05-24T10:15:27Z", Form::Name),
            ("ApiKey-18f773b0-db53-43f1-ad68-92c667c218fe", Form::Id),
            ("ServiceId-18f773b0-db53-43f1-ad68-92c667c218fe", Form::ServiceId),
            ("iam-ServiceId-18f773b0-db53-43f1-ad68-92c667c218fe", Form::ServiceId),
            (&*classic, Form::Classic),
            // k1:me:secret, k2:me:secret, and k2:me: with bytes that base64 and base64url write differently
            ("azE6bWU6c2VjcmV0", Form::Mcsp),
            ("azI6bWU6c2VjcmV0", Form::Mcsp),
            ("azI6bWU6//79", Form::Mcsp),
            ("azI6bWU6__79", Form::Mcsp),
            // admin:secret, with and without a newline
            ("YWRtaW46c2VjcmV0", Form::Zen),
            ("YWRtaW46c2VjcmV0Cg==", Form::Zen),
        ] {
            assert_eq!(form_of(text), Some(form), "{text}");
            assert!(mistaken(text).is_some(), "{text}");
            assert_eq!(mistaken_of(text, System::Iam).as_deref(), mistaken(text), "{text}");
            for system in [System::Platform, System::Classic] {
                let may_be = form == Form::Classic;
                assert_eq!(mistaken_of(text, system).is_none(), may_be, "{text} {system:?}");
            }
        }
        for text in ["apikey-1", &classic[1..], "the-value", ""] {
            assert_eq!(form_of(text), None, "{text}");
        }
    }
}
