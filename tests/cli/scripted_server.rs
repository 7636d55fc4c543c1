//! The scripted server does what its scripts say: the tests of the remote backend stand on it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::support::iam::{
    BSS_ACCOUNT, EMAIL, IAM_ID, TOKEN_ROUTE, access_token, error_answer, key_id, key_json,
    list_answer, now, token_error, with_tokens,
};
use crate::support::server::{Answer, Ca, Server, client};

#[test]
fn requests_are_recorded_and_a_connection_is_kept() {
    let mut asked = 0;
    let server = Server::start(move |request| {
        asked += 1;
        let body = json!({"asked": asked, "path": request.path});
        Answer::json(200, body).header("X-Extra", "more")
    });
    let client = client(None);
    let url = server.url();
    let first = client.get(format!("{url}/a?x=1&y=%20")).header("X-One", "1").send().unwrap();
    assert_eq!(first.headers()["x-extra"], "more");
    assert_eq!(first.json::<Value>().unwrap(), json!({"asked": 1, "path": "/a?x=1&y=%20"}));
    client.post(format!("{url}/b")).json(&json!({"k": "v"})).send().unwrap().bytes().unwrap();
    client.post(format!("{url}/c")).form(&[("k", "a b&")]).send().unwrap().bytes().unwrap();

    assert_eq!(server.routes(), ["GET /a", "POST /b", "POST /c"]);
    assert_eq!(server.connections(), 1);
    let [a, b, c] = server.requests().try_into().unwrap();
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(a.query(), [pair("x", "1"), pair("y", " ")]);
    assert_eq!((a.header("x-ONE"), a.header("X-Two")), (Some("1"), None));
    assert_eq!(b.json(), json!({"k": "v"}));
    assert_eq!(c.form(), [pair("k", "a b&")]);
    assert_eq!((a.connection, c.connection), (1, 1));
}

#[test]
fn tls_is_trusted_by_its_own_authority_only() {
    let ca = Ca::new();
    let server = Server::start_tls(&ca, |_| Answer::empty(204));
    assert!(server.url().starts_with("https://127.0.0.1:"), "{}", server.url());
    let answer = client(Some(&ca.file())).get(server.url()).send().unwrap();
    assert_eq!(answer.status(), 204);
    assert!(client(Some(&Ca::new().file())).get(server.url()).send().is_err());
    assert_eq!((server.requests().len(), server.connections()), (1, 2));
}

/// Everything the server sends to one bare request.
fn bare(server: &Server) -> String {
    let mut stream = TcpStream::connect(server.url().trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn an_answer_can_be_broken_in_every_way() {
    let sends = |answer: Answer| bare(&Server::start(move |_| answer.clone()));
    assert_eq!(sends(Answer::Close), "");
    assert_eq!(sends(Answer::Raw(b"HTTP/1.1 200\r\nX".to_vec())), "HTTP/1.1 200\r\nX");
    let whole = sends(Answer::json(200, json!("0123456789")));
    let head = "HTTP/1.1 200 -\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n";
    assert_eq!(whole, format!("{head}\"0123456789\""));
    assert_eq!(sends(Answer::json(200, json!("0123456789")).truncated(4)), format!("{head}\"012"));

    let wait = Duration::from_millis(30);
    let start = Instant::now();
    assert_eq!(sends(Answer::empty(500).slow(wait)), "HTTP/1.1 500 -\r\nContent-Length: 0\r\n\r\n");
    assert!(start.elapsed() >= wait);

    let server = Server::start(|_| Answer::Hang);
    let impatient = client(None).get(server.url()).timeout(wait).send();
    assert!(impatient.unwrap_err().is_timeout());
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn the_service_is_imitated() {
    let server = Server::start(with_tokens(|request| match request.route().as_str() {
        "GET /v1/apikeys" => list_answer("http://x", &[key_json(1, "a")], Some("t0")),
        "GET /v1/apikeys/details" => list_answer("http://x", &[], None),
        "GET /t" => token_error(400, "BXNIM0415E", "Provided API key could not be found."),
        _ => error_answer(404, "not_found", "BXNIM0102E", "Unable to find object"),
    }));
    let client = client(None);
    let ask = |path: &str| {
        let answer = client.get(format!("{}{path}", server.url())).send().unwrap();
        (answer.status().as_u16(), answer.json::<Value>().unwrap())
    };
    let token = client.post(format!("{}/identity/token", server.url())).send().unwrap();
    let token: Value = token.json().unwrap();
    assert_eq!(token["access_token"], access_token(3600));
    assert_eq!(token["expiration"], json!(1_795_251_600 + 3600));
    assert_eq!(now(), 1_795_251_600);
    let claims = access_token(60);
    let claims = BASE64_URL_SAFE_NO_PAD.decode(claims.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(claims["exp"], json!(now() + 60));
    assert_eq!((&claims["iam_id"], &claims["email"]), (&json!(IAM_ID), &json!(EMAIL)));
    assert_eq!(claims["account"]["bss"], BSS_ACCOUNT);

    let (status, page) = ask("/v1/apikeys");
    assert_eq!((status, &page["apikeys"][0]["id"]), (200, &json!(key_id(1))));
    assert!(page["next"].as_str().unwrap().ends_with("&pagetoken=t0"), "{page}");
    assert_eq!(ask("/v1/apikeys/details").1.get("next"), None);
    assert_eq!(ask("/t").1["errorCode"], "BXNIM0415E");
    let (status, missing) = ask("/v1/apikeys/nothing");
    assert_eq!((status, &missing["errors"][0]["message_code"]), (404, &json!("BXNIM0102E")));
    assert_eq!(server.routes()[0], TOKEN_ROUTE);
}
