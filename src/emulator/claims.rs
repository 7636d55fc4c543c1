//! What an access token says.

use serde::Serialize;

use crate::model::Timestamp;

/// How long an access token lives, in seconds.
pub(super) const ACCESS_LIFE: i64 = 3_600;

/// What a token says of the identity that it is for.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Subject<'a> {
    iam_id: &'a str,
    name: &'a str,
    sub: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    given_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    family_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
}

impl<'a> Subject<'a> {
    /// Takes an IAM ID and a name: that of the service ID `iam-ServiceId-…`, else the e-mail address of the user.
    pub(super) fn new(iam_id: &'a str, name: &'a str) -> Self {
        let service = iam_id.strip_prefix("iam-").filter(|id| id.starts_with("ServiceId-"));
        if let Some(sub) = service {
            let sub_type = Some("ServiceId");
            return Self {
                iam_id,
                name,
                sub,
                sub_type,
                given_name: None,
                family_name: None,
                email: None,
            };
        }
        let (given, family) = name.split_once('@').unwrap_or((name, name));
        let (given_name, family_name) = (Some(given), Some(family));
        Self { iam_id, name, sub: name, sub_type: None, given_name, family_name, email: Some(name) }
    }
}

/// The claims of an access token. It has no audience, as those of the service.
#[derive(Debug, Serialize)]
pub(super) struct Claims<'a> {
    #[serde(flatten)]
    subject: Subject<'a>,
    id: &'a str,
    realmid: &'a str,
    identifier: &'a str,
    jti: String,
    account: Account<'a>,
    authn: Subject<'a>,
    iat: i64,
    exp: i64,
    iss: &'a str,
    grant_type: &'a str,
    scope: &'static str,
    client_id: &'a str,
    acr: u8,
    amr: [&'static str; 1],
}

#[derive(Debug, Serialize)]
struct Account<'a> {
    valid: bool,
    bss: &'a str,
}

/// The circumstances in which a token is issued.
#[derive(Clone, Copy, Debug)]
pub(super) struct Occasion<'a> {
    pub(super) subject: Subject<'a>,
    pub(super) account: &'a str,
    pub(super) issuer: &'a str,
    pub(super) grant_type: &'a str,
    pub(super) client: &'a str,
    pub(super) now: Timestamp,
}

impl<'a> Claims<'a> {
    /// `id` is that of the token.
    pub(super) fn new(occasion: Occasion<'a>, id: String) -> Self {
        let Occasion { subject, account, issuer, grant_type, client, now } = occasion;
        let (realmid, identifier) =
            subject.iam_id.split_once('-').unwrap_or(("iam", subject.iam_id));
        Self {
            subject,
            id: subject.iam_id,
            realmid,
            identifier,
            jti: id,
            account: Account { valid: true, bss: account },
            authn: subject,
            iat: now.seconds(),
            exp: now.seconds() + ACCESS_LIFE,
            iss: issuer,
            grant_type,
            scope: "ibm openid",
            client_id: client,
            acr: 1,
            amr: ["pwd"],
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_token_says_who_has_it() {
        let claims = |iam_id, name| {
            let occasion = Occasion {
                subject: Subject::new(iam_id, name),
                account: "a",
                issuer: "i",
                grant_type: "g",
                client: "c",
                now: Timestamp::from_seconds(1_000).unwrap(),
            };
            serde_json::to_value(Claims::new(occasion, "t".to_owned())).unwrap()
        };
        let rest = json!({
            "jti": "t", "account": {"valid": true, "bss": "a"}, "iat": 1_000, "exp": 4_600, "iss": "i",
            "grant_type": "g", "scope": "ibm openid", "client_id": "c", "acr": 1, "amr": ["pwd"],
        });
        for (iam_id, name, who, authn) in [
            (
                "IBMid-1A",
                "jane@example.com",
                json!({"id": "IBMid-1A", "realmid": "IBMid", "identifier": "1A"}),
                json!({
                    "iam_id": "IBMid-1A", "name": "jane@example.com", "sub": "jane@example.com",
                    "email": "jane@example.com", "given_name": "jane", "family_name": "example.com",
                }),
            ),
            (
                "iam-ServiceId-7",
                "robot",
                json!({"id": "iam-ServiceId-7", "realmid": "iam", "identifier": "ServiceId-7"}),
                json!({
                    "iam_id": "iam-ServiceId-7", "name": "robot", "sub": "ServiceId-7",
                    "sub_type": "ServiceId",
                }),
            ),
        ] {
            let mut expected = json!({"authn": authn});
            for part in [&rest, &who, &authn] {
                expected.as_object_mut().unwrap().extend(part.as_object().unwrap().clone());
            }
            assert_eq!(claims(iam_id, name), expected);
        }
    }
}
