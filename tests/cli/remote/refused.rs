//! Every error that the API and the token endpoint are known to give: exit code, words, hint, and the same as JSON.

use serde_json::json;

use super::{Remote, Told, progress};
use crate::support::iam::{error_answer, token_error};
use crate::support::server::Answer;

const ID: &str = "ApiKey-00000000-0000-4000-8000-000000000001";
const TRACE: Option<&str> = Some("NXA1ZDU-fa0b00fa0b00fa0b00fa0b00fa0b00fa");
const CREDENTIAL: &str =
    "Check that the credential is an API key of this endpoint and still valid.";
const ROLE: &str =
    "Ask the owner of the account for a role that permits it on the IAM Identity service.";
const LATER: &str = "Nothing was changed; try again later.";
const LIST: &str = "Run 'ibmcloud-iam api-keys' to list the API keys.";

/// Fails a command with an answer, in text and in JSON.
#[track_caller]
fn fails(args: &[&str], stdout: &str, answer: &Answer, told: &Told<'_>) {
    let once = answer.clone();
    let remote = Remote::scripted(move |_| once.clone());
    let failed = remote.run(args);
    told.in_text(&failed);
    failed.stdout(stdout);
    told.in_json(&remote.run(&[args, &["--error-format", "json"]].concat()));
    let renewed = usize::from(told.status == Some(401));
    assert_eq!(remote.tokens(), 1 + renewed, "a token is kept");
}

/// Fails to show a key.
#[track_caller]
fn shows(answer: &Answer, told: &Told<'_>) {
    fails(&["api-key", ID], &progress("Getting", "API key [ID1]"), answer, told);
}

/// The answer in the API's shape, and what is told of it.
#[track_caller]
fn row(
    (status, code, message_code, words): (u16, &str, &str, &str),
    (exit, kind, message, hint): (i32, &str, &str, &str),
) {
    let answer = error_answer(status, code, message_code, words).header("Retry-After", "0");
    let told = Told {
        exit,
        kind,
        message,
        hint,
        code: Some(message_code),
        trace: TRACE,
        status: Some(status),
    };
    shows(&answer, &told);
}

#[test]
fn what_is_not_there() {
    let message = "API key '[ID1]' was not found. Unable to find object";
    row((404, "not_found", "BXNIM0102E", "Unable to find object"), (3, "not_found", message, LIST));
}

#[test]
fn a_credential_that_is_refused() {
    for (status, code, words) in [
        (401, "BXNIM0308E", "No authorization header found"),
        (400, "BXNIM0401E", "Provided token is malformed"),
        (401, "BXNIM0401E", "Provided token is malformed"),
        (400, "BXNIM0405E", "Provided token is not supported"),
        (401, "BXNIM0405E", "Provided token is not supported"),
    ] {
        let message = format!("The credential was refused. {words}");
        row((status, "invalid_token", code, words), (7, "not_logged_in", &message, CREDENTIAL));
    }
    let message = "The credential does not permit this. You are not authorized to use this API";
    let words = "You are not authorized to use this API";
    row((403, "not_authorized", "BXNIM0513E", words), (8, "not_permitted", message, ROLE));
}

#[test]
fn a_request_that_is_refused() {
    for (code, words) in [
        ("BXNIM0106E", "Validation of property 'X' with value 'Y' failed. Valid values: 'Z'"),
        ("BXNIM0109E", "Property missing or empty."),
        ("BXNIM0113E", "Provided cloud resource name is invalid"),
    ] {
        let message = format!("The service finds the request invalid. {words}");
        row((400, "invalid", code, words), (2, "usage", &message, ""));
    }
    let words = "Template in committed state.";
    let message = "HOST refuses the request (422). Template in committed state.";
    row((422, "invalid_state", "BXNIM0908E", words), (1, "failure", message, ""));
    let words =
        "Web application exception 'javax.ws.rs.ClientErrorException' during request processing.";
    let message = format!("HOST refuses the request (405). {words}");
    row((405, "error", "BXNIM0060E", words), (1, "failure", &message, ""));
}

#[test]
fn a_service_that_cannot_serve() {
    for (status, words) in [(429, "gets too many requests"), (500, ""), (501, ""), (503, "")] {
        let words = if words.is_empty() { "cannot serve the request now" } else { words };
        let message = format!("HOST {words} ({status}). Not now");
        let expected = (10, "unavailable", message.as_str(), LATER);
        row((status, "busy", "BXNIM0001E", "Not now"), expected);
    }
}

#[test]
fn a_limit_that_is_reached() {
    let words = "The limit of supported API keys is reached";
    let answer = error_answer(422, "limit", "BXNIM0151E", words);
    let told = Told {
        exit: 9,
        kind: "limit_reached",
        message: &format!("The identity has as many API keys as allowed. {words}"),
        hint: "Delete one that is no longer used: 'ibmcloud-iam api-keys', then 'ibmcloud-iam api-key-delete NAME'.",
        code: Some("BXNIM0151E"),
        trace: TRACE,
        status: Some(422),
    };
    let remote = Remote::scripted(move |request| match request.method.as_str() {
        "POST" => answer.clone(),
        _ => Answer::json(200, json!({"apikeys": []})),
    });
    let full = remote.run(&["api-key-create", "x"]);
    told.in_text(&full);
    full.stdout(&progress("Creating", "API key x"));
    let args = ["api-key-create", "x", "--file", "k", "--error-format", "json"];
    told.in_json(&remote.run(&args));
    assert_eq!((remote.sandbox.files_in_work().len(), remote.sandbox.open_entries()), (0, 0));
}

/// Who may not create keys is told why that may be: a role, or a trusted profile's session.
#[test]
fn a_create_that_is_not_permitted() {
    let script = |request: &crate::support::server::Request| match request.method.as_str() {
        "POST" => error_answer(403, "not_authorized", "BXNIM0513E", "You are not authorized"),
        _ => Answer::json(200, json!({"apikeys": []})),
    };
    let mut told = Told {
        exit: 8,
        kind: "not_permitted",
        message: "The credential does not permit this. You are not authorized",
        hint: "The account may restrict the creation of API keys; then the role UserApiKeyCreator on the IAM Identity service is needed.",
        code: Some("BXNIM0513E"),
        trace: TRACE,
        status: Some(403),
    };
    let remote = Remote::scripted(script);
    told.in_text(&remote.run(&["api-key-create", "x"]));
    told.in_json(&remote.run(&["api-key-create", "x", "--error-format", "json"]));
    let remote = Remote::answering(move |request| {
        if request.route() == "POST /identity/token" {
            return super::tokens::answer(&super::tokens::token_of("iam-Profile-1", 3600), 3600);
        }
        script(request)
    });
    told.hint =
        "A session of a trusted profile cannot create API keys for a user: log in as the user.";
    told.in_text(&remote.run(&["api-key-create", "x"]));
    assert_eq!(remote.sandbox.open_entries(), 0);
}

#[test]
fn bodies_of_other_shapes() {
    let only_errors =
        json!({"errors": [{"code": "invalid_access_token", "message": "The token is invalid."}]});
    let refused = Told { exit: 7, kind: "not_logged_in", hint: CREDENTIAL, ..Told::default() };
    shows(
        &Answer::json(401, only_errors),
        &Told {
            message: "The credential was refused. The token is invalid.",
            code: Some("invalid_access_token"),
            status: Some(401),
            ..refused
        },
    );
    let v0 = json!({
        "errorCode": "BXNIM0102E", "errorMessage": "Object Type: 'ApiKey' not found.",
        "context": {"requestId": "old-request", "requestType": "incoming.Identity_ApiKey"},
    });
    shows(
        &Answer::json(404, v0),
        &Told {
            exit: 3,
            kind: "not_found",
            message: "API key '[ID1]' was not found. Object Type: 'ApiKey' not found.",
            hint: LIST,
            code: Some("BXNIM0102E"),
            trace: Some("old-request"),
            status: Some(404),
        },
    );
    // Fields of unexpected types spoil nothing but themselves; no message makes lines of its own.
    let odd = json!({
        "errors": [{"code": 7, "message_code": null, "message": "two\nlines\u{1b}[31m"}], "trace": 5,
    });
    let message = "HOST cannot serve the request now (500). two lines";
    let remote =
        Remote::scripted(move |_| Answer::json(500, odd.clone()).header("Retry-After", "0"));
    let told = remote.run(&["api-key", ID]);
    told.code(10).stderr(&format!("FAILED\n{message}\\u{{1b}}[31m\n{LATER}\n\n"));
    let trouble = Told { exit: 10, kind: "unavailable", hint: LATER, ..Told::default() };
    for (body, content) in [("<html><h1>503 Bad day</h1></html>", "text/html"), ("", "text/plain")]
    {
        let headers = [("Content-Type", content), ("Transaction-Id", "gw-1"), ("Retry-After", "0")];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let answer = |status| Answer::Whole { status, headers: headers.clone(), body: body.into() };
        shows(
            &answer(503),
            &Told {
                message: "HOST cannot serve the request now (503).",
                trace: Some("gw-1"),
                status: Some(503),
                ..trouble
            },
        );
        // A gateway's 404 says nothing about a key.
        shows(
            &answer(404),
            &Told {
                message: "HOST does not know the address of the request (404).",
                hint: "Check the endpoint.",
                trace: Some("gw-1"),
                status: Some(404),
                ..trouble
            },
        );
    }
}

#[test]
fn a_token_that_is_not_given() {
    let over = "The session is over: log in again.";
    for (status, code, words, hint) in [
        (
            400,
            "BXNIM0415E",
            "Provided API key could not be found.",
            "The API key was deleted, or belongs to another endpoint: check the credential and the endpoint.",
        ),
        (
            400,
            "BXNIM0420E",
            "Provided API key is disabled.",
            "The API key is disabled: enable it with another credential ('api-key-enable'), or use another one.",
        ),
        (400, "BXNIM0434E", "API key blocked", "The API key is blocked: create another one."),
        (400, "BXNIM0407E", "Provided refresh token is invalid", over),
        (400, "BXNIM0408E", "Provided refresh token is expired", over),
        (401, "BXNIM0439E", "Session 'C-1' is invalidated due to inactivity.", over),
        (
            401,
            "BXNIM0430E",
            "IP address not permitted",
            "The account allows only certain IP addresses: run the command from one of them.",
        ),
        (
            401,
            "BXNIM0436E",
            "User suspended",
            "The user is suspended: ask the owner of the account.",
        ),
        (401, "BXNIM0602E", "Wrong user or password", CREDENTIAL),
        (400, "BXNIM0400E", "External authentication failed", CREDENTIAL),
        (401, "BXNIM0308E", "No authorization header found", CREDENTIAL),
        (400, "BXNIM0310E", "Client not found", CREDENTIAL),
        (400, "BXNIM0109E", "Property 'grant_type' either missing or empty.", CREDENTIAL),
        (400, "BXNIM0106E", "Validation of property 'response_type' failed.", CREDENTIAL),
        (400, "BXNIM0421E", "Cookie expired", CREDENTIAL),
        (
            403,
            "BXNIM0513E",
            "Not authorized",
            "The credential may not get a token: use another one, or ask the owner of the account.",
        ),
    ] {
        let remote = Remote::answering(move |_| token_error(status, code, words));
        let told = Told {
            exit: 7,
            kind: "not_logged_in",
            message: &format!("The credential was refused. {words}"),
            hint,
            code: Some(code),
            trace: Some("NXA1ZDU-0123456789abcdef0123456789abcdef"),
            status: Some(status),
        };
        let failed = remote.run(&["api-keys"]);
        told.in_text(&failed);
        failed.stdout("");
        told.in_json(&remote.run(&["api-key-create", "x", "--error-format", "json"]));
        assert_eq!((remote.tokens(), remote.routes().len()), (2, 0), "{code}");
    }
}

#[test]
fn a_token_endpoint_that_cannot_serve() {
    for (status, message, hint) in [
        (429, "HOST gets too many requests (429). Not now", LATER),
        (503, "HOST cannot serve the request now (503). Not now", LATER),
    ] {
        let answer = token_error(status, "BXNIM0001E", "Not now").header("Retry-After", "0");
        let remote = Remote::answering(move |_| answer.clone());
        let told = Told {
            exit: 10,
            kind: "unavailable",
            message,
            hint,
            code: Some("BXNIM0001E"),
            trace: Some("NXA1ZDU-0123456789abcdef0123456789abcdef"),
            status: Some(status),
        };
        told.in_text(&remote.run(&["api-keys"]));
        assert_eq!(remote.tokens(), 4);
    }
    for (answer, message) in [
        (
            Answer::json(200, json!({"hello": 1})),
            "The token service HOST gave an answer that holds no token.",
        ),
        (
            super::tokens::answer("abc", 3600),
            "The token names no user and account, or cannot be read.",
        ),
    ] {
        let remote = Remote::answering(move |_| answer.clone());
        let failed = remote.run(&["api-keys"]);
        assert!(failed.stderr.starts_with(&format!("FAILED\n{message}\n")), "{failed:#?}");
        assert!([1, 10].contains(&failed.code));
    }
}
