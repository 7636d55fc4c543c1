//! The external configuration of IBM's SDKs.

use std::fs;

use super::{at, bare, done, service, token_for, whoami};
use crate::support::Sandbox;
use crate::support::server::{Ca, Server};

#[test]
fn a_file_names_its_own_service_and_token_service() {
    let (api, auth, sandbox) = (service(), service(), Sandbox::new());
    let lines = format!(
        "# a comment\nOTHER_SERVICE_APIKEY=tomato\nIAM_IDENTITY_AUTH_TYPE = IAM \nIAM_IDENTITY_APIKEY=key-1\r\n\
         IAM_IDENTITY_URL={}/\nIAM_IDENTITY_AUTH_URL={}/identity/token\n",
        api.url(),
        auth.url()
    );
    fs::write(sandbox.work("ibm-credentials.env"), lines).unwrap();
    done(bare(&sandbox, &["api-keys", "-o", "json"])).ok().stdout("[]\n");
    assert_eq!(auth.routes(), ["POST /identity/token"]);
    assert_eq!(api.routes(), ["GET /v1/apikeys"]);
    // A directory of somebody else may hold such a file.
    let told = format!("Using the credential in ./ibm-credentials.env at {}.\n", api.url());
    done(bare(&sandbox, &["api-keys"])).ok().stderr(&told);
    done(bare(&sandbox, &["api-keys", "-q"])).ok().stderr("");
}

#[test]
fn a_file_for_other_services_is_no_source() {
    let (server, sandbox) = (service(), Sandbox::new());
    for file in
        [sandbox.work("ibm-credentials.env"), sandbox.root().join("home/ibm-credentials.env")]
    {
        fs::write(file, "RESOURCE_CONTROLLER_APIKEY=x\n#IAM_IDENTITY_APIKEY=y\n").unwrap();
    }
    let mut command = at(&sandbox, &server, &["whoami", "-o", "json"]);
    command.env("IAM_IDENTITY_APIKEY", "of-the-environment");
    assert_eq!(whoami(command)["user"], "of-the-environment");
    // Named, it was meant.
    let mut command = at(&sandbox, &server, &["whoami"]);
    command.env("IBM_CREDENTIALS_FILE", "ibm-credentials.env");
    let refused = done(command);
    assert!(
        refused.code(7).stderr.contains("IBM_CREDENTIALS_FILE ('ibm-credentials.env') holds no"),
        "{refused:#?}"
    );
    let mut command = at(&sandbox, &server, &["whoami"]);
    command.env("IBM_CREDENTIALS_FILE", "absent.env");
    let refused = done(command);
    assert!(refused.code(7).stderr.contains("('absent.env') names no file"), "{refused:#?}");
}

#[test]
fn a_bearer_token_is_used_as_it_is() {
    let (server, sandbox) = (service(), Sandbox::new());
    let token = token_for("of-the-token", 3600);
    for kind in [None, Some("bearerToken"), Some("BEARERTOKEN")] {
        let mut command = at(&sandbox, &server, &["whoami", "-o", "json"]);
        command.env("IAM_IDENTITY_BEARER_TOKEN", &token);
        if let Some(kind) = kind {
            command.env("IAM_IDENTITY_AUTH_TYPE", kind);
        }
        let who = whoami(command);
        assert_eq!(
            (&who["user"], &who["source"]),
            (&"of-the-token".into(), &"IAM_IDENTITY_*".into())
        );
    }
    assert!(server.requests().is_empty(), "it says itself whose it is");
    let mut command = at(&sandbox, &server, &["api-keys", "-o", "json"]);
    done({
        command.env("IAM_IDENTITY_BEARER_TOKEN", &token);
        command
    })
    .ok();
    let bearer = format!("Bearer {token}");
    assert_eq!(server.requests()[0].header("authorization"), Some(&*bearer));
    for (token, told) in [
        (token_for("x", 9), "The bearer token has expired"),
        ("no-token".to_owned(), "The token names no user"),
    ] {
        let mut command = at(&sandbox, &server, &["api-keys"]);
        command.env("IAM_IDENTITY_BEARER_TOKEN", &token);
        let refused = done(command);
        assert!(refused.stderr.contains(told) && refused.code != 0, "{refused:#?}");
        assert!(!refused.stderr.contains(&token), "{refused:#?}");
    }
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_kind_that_is_not_covered_is_said_to_be() {
    let (server, sandbox) = (service(), Sandbox::new());
    for (variables, told) in [
        (&[("IAM_IDENTITY_AUTH_TYPE", "container")][..], "'container', which is not covered"),
        (
            &[("IAM_IDENTITY_AUTHTYPE", "vpc"), ("IAM_IDENTITY_APIKEY", "x")],
            "'vpc', which is not covered",
        ),
        (&[("IAM_IDENTITY_IAM_PROFILE_ID", "p")], "holds neither IAM_IDENTITY_APIKEY nor"),
        (&[("IAM_IDENTITY_AUTH_TYPE", "iam")], "holds no IAM_IDENTITY_APIKEY"),
        (
            &[("IAM_IDENTITY_AUTH_TYPE", "bearerToken"), ("IAM_IDENTITY_APIKEY", "x")],
            "holds no IAM_IDENTITY_BEARER_TOKEN",
        ),
        (&[("IAM_IDENTITY_AUTH_TYPE", "")], "IAM_IDENTITY_AUTH_TYPE is set but empty"),
        (
            &[("IAM_IDENTITY_APIKEY", "{your key}")],
            "IAM_IDENTITY_APIKEY holds something else than one API key",
        ),
    ] {
        let mut command = at(&sandbox, &server, &["api-keys"]);
        command.envs(variables.iter().copied());
        let refused = done(command);
        assert!(refused.code(7).stderr.contains(told), "{told}: {refused:#?}");
    }
    assert!(server.requests().is_empty());
}

#[test]
fn settings_alone_are_no_credential() {
    let (server, sandbox) = (service(), Sandbox::new());
    let mut command = bare(&sandbox, &["api-keys"]);
    command.env("IAM_IDENTITY_URL", server.url()).env("IAM_IDENTITY_ENABLE_RETRIES", "true");
    let outcome = done(command);
    assert!(
        outcome.ok().stderr.contains("No credential was found; using the local store"),
        "{outcome:#?}"
    );
    assert!(server.requests().is_empty());
}

#[test]
fn certificates_are_taken_unseen_on_this_machine_only() {
    let (ca, sandbox) = (Ca::new(), Sandbox::new());
    let server = Server::start_tls(&ca, super::answer);
    let list = |url: &str, disable: &str| {
        let mut command = bare(&sandbox, &["api-keys", "-o", "json"]);
        command.env("IBMCLOUD_API_KEY", "key").env("IBMCLOUD_IAM_API_ENDPOINT", url);
        command.env("IAM_IDENTITY_DISABLE_SSL", disable);
        done(command)
    };
    let refused = list(&server.url(), "false");
    assert!(refused.code(10).stderr.contains("certificate"), "{refused:#?}");
    list(&server.url(), "true").ok();
    let refused = list("https://iam.example.com", "true");
    assert!(refused.code(2).stderr.contains("is not on this machine"), "{refused:#?}");
    // The same out of a file.
    let lines = "IAM_IDENTITY_APIKEY=k\nIAM_IDENTITY_URL=https://iam.example.com\nIAM_IDENTITY_DISABLE_SSL=true\n";
    fs::write(sandbox.work("ibm-credentials.env"), lines).unwrap();
    done(bare(&sandbox, &["api-keys"])).code(2);
}
