//! The documents of the platform: "Generating an API authorization token" and "Generating API keys for authentication"
//! in the documentation of IBM Software Hub, and what IBM's deployers and samples read.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::Value;
use zeroize::Zeroizing;

use super::credential::{Credential, Proof};
use crate::model::Timestamp;
use crate::secret::Secret;

/// A login, as IBM's SDKs send it: what there is not is null.
#[derive(Serialize)]
struct LoginBody<'a> {
    username: &'a str,
    password: Option<&'a str>,
    api_key: Option<&'a str>,
    account_id: Option<&'a str>,
}

/// Writes the document of a login.
pub(super) fn login_body(credential: &Credential) -> Zeroizing<Vec<u8>> {
    let (password, api_key) = match &credential.proof {
        Proof::Password(password) => (Some(password.expose()), None),
        Proof::ApiKey(key) => (None, Some(key.expose())),
    };
    let body = LoginBody { username: &credential.user, password, api_key, account_id: None };
    // A buffer that grows leaves a copy of the secret behind.
    let secret = credential.proof.secret().expose();
    let room = 128 + 6 * (credential.user.len() + secret.len());
    let mut json = Zeroizing::new(Vec::with_capacity(room));
    // Writing texts into memory cannot fail.
    let _ = serde_json::to_writer(&mut *json, &body);
    json
}

/// Who a token speaks for.
#[derive(Debug, PartialEq, Eq)]
pub struct User {
    /// The user name.
    pub name: String,
    /// The number of the user at the platform, if it tells that.
    pub uid: Option<String>,
}

/// Tells whether a body is a JSON object, as every answer of a platform is. A router answers with a page.
pub(super) fn is_document(body: &[u8]) -> bool {
    serde_json::from_slice::<Value>(body).is_ok_and(|document| document.is_object())
}

/// Tells whether a body is a page, which a router or a proxy has written.
pub(super) fn is_page(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"<")
}

/// Returns the first of these fields that holds a secret which can be sent in a header and written to a file.
pub(super) fn secret_in(body: &[u8], fields: &[&str]) -> Option<Secret> {
    let mut document: Value = serde_json::from_slice(body).ok()?;
    let mut found = fields.iter().filter_map(|field| match document.get_mut(*field)?.take() {
        Value::String(text) => Some(Secret::new(text)),
        _ => None,
    });
    found.find(|secret| {
        let text = secret.expose();
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
    })
}

/// Reads who a token speaks for. Some versions wrap it into `UserInfo`.
pub(super) fn user_in(body: &[u8]) -> Option<User> {
    let document: Value = serde_json::from_slice(body).ok()?;
    let user = document.get("UserInfo").unwrap_or(&document);
    let text = |field: &str| match &user[field] {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    Some(User { name: text("user_name")?, uid: text("uid") })
}

/// Returns when a token expires, if it says so.
pub(super) fn end_of(token: &Secret) -> Option<Timestamp> {
    let payload = token.expose().split('.').nth(1)?.trim_end_matches('=');
    let payload = Zeroizing::new(URL_SAFE_NO_PAD.decode(payload).ok()?);
    let claims: Value = serde_json::from_slice(&payload).ok()?;
    Timestamp::from_seconds(claims["exp"].as_i64()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_written_as_ibms_sdks_write_it() {
        let written = |proof| {
            let body = login_body(&Credential { user: "admin".to_owned(), proof });
            String::from_utf8(body.to_vec()).unwrap()
        };
        assert_eq!(
            written(Proof::Password(Secret::new("a\"b".to_owned()))),
            r#"{"username":"admin","password":"a\"b","api_key":null,"account_id":null}"#
        );
        assert_eq!(
            written(Proof::ApiKey(Secret::new("key".to_owned()))),
            r#"{"username":"admin","password":null,"api_key":"key","account_id":null}"#
        );
    }

    #[test]
    fn a_token_is_read_in_every_form() {
        let token = |body: &str| {
            let found = secret_in(body.as_bytes(), &["token", "accessToken"]);
            found.map(|secret| secret.expose().to_owned())
        };
        for body in [
            r#"{"_messageCode_":"200","message":"Success","token":"t"}"#,
            r#"{"_messageCode_":"success","accessToken":"t"}"#,
            r#"{"token":"","accessToken":"t"}"#,
        ] {
            assert_eq!(token(body).as_deref(), Some("t"), "{body}");
        }
        for body in ["", "<html>", "{}", r#"{"token":7}"#, r#"{"token":"a b"}"#, r#"["t"]"#] {
            assert_eq!(token(body), None, "{body}");
        }
    }

    #[test]
    fn a_user_is_read_in_both_shapes() {
        let user = |uid: Option<&str>| {
            Some(User { name: "admin".to_owned(), uid: uid.map(str::to_owned) })
        };
        for (body, expected) in [
            (r#"{"uid":"1000330999","user_name":"admin"}"#, user(Some("1000330999"))),
            (r#"{"uid":1000330999,"user_name":"admin"}"#, user(Some("1000330999"))),
            (r#"{"UserInfo":{"uid":"7","user_name":"admin"}}"#, user(Some("7"))),
            (r#"{"user_name":"admin"}"#, user(None)),
            (r#"{"uid":"7"}"#, None),
            ("<html>", None),
        ] {
            assert_eq!(user_in(body.as_bytes()), expected, "{body}");
        }
    }

    #[test]
    fn the_end_of_a_token_is_read_if_there_is_one() {
        let end = |payload: &str| {
            let payload = URL_SAFE_NO_PAD.encode(payload);
            end_of(&Secret::new(format!("e30.{payload}.s")))
        };
        assert_eq!(end(r#"{"exp":1800000000}"#), Timestamp::from_seconds(1_800_000_000));
        assert_eq!(end("{}"), None);
        assert_eq!(end_of(&Secret::new("opaque".to_owned())), None);
    }
}
