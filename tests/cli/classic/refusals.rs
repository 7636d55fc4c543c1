//! What helps where classic infrastructure refuses something, and what is left to another user.

use ibmcloud_iam::model::{Detail, Owner, Scope, Selection};
use ibmcloud_iam::systems::{Condition, Keys as _};
use serde_json::json;

use super::wire::{ADD, REMOVE, create, exception, keys, kind, service};
use crate::support::server::Answer;

const OTHERS: &str = "GET /rest/v3.1/SoftLayer_User_Customer/8/getApiAuthenticationKeys.json";
const HINT_2020: &str =
    "Since 2020-10-23 only the user may manage the classic API key; log in as the user 8.";

#[test]
fn a_refusal_tells_what_helps() {
    let pending = "Generating an API key for a user in PENDING status is disallowed.";
    for (answer, expected) in [
        (
            exception(500, "_Public", pending),
            "Since 2021-07-23 only a user whose status is ACTIVE or VPN_ONLY can get a classic API key: ask the owner of the account.",
        ),
        (
            exception(404, "_ObjectNotFound", "Unable to find object with id of '7'."),
            "Classic infrastructure answers so where a permission is missing: ask the owner of the account.",
        ),
        (
            exception(500, "_Public", "Access Denied. "),
            "The classic user is not permitted to do this: ask the owner of the account.",
        ),
    ] {
        let server = service(&[(ADD, answer)]);
        let error = create(&keys(&server), "7", &mut 0).unwrap_err();
        assert_eq!(error.hint.as_deref(), Some(expected));
    }
}

#[test]
fn the_key_of_another_user_is_left_to_that_user() {
    let other = || Scope::Of(Owner("8".into()));
    for answer in [
        exception(404, "_ObjectNotFound", "Unable to find object with id of '8'."),
        exception(401, "_Public", "Access Denied. "),
        exception(500, "_Public", "Access Denied. "),
        exception(403, "_Public", "x"),
    ] {
        let server = service(&[(OTHERS, answer)]);
        let error = keys(&server).list(&other(), &Selection::All).unwrap_err();
        assert_eq!(
            (error.condition, error.hint.as_deref()),
            (Condition::Forbidden, Some(HINT_2020))
        );
    }
    let add = "GET /rest/v3.1/SoftLayer_User_Customer/8/addApiAuthenticationKey.json";
    let gone = || exception(404, "_ObjectNotFound", "Unable to find object with id of '8'.");
    let server = service(&[(add, gone())]);
    let error = create(&keys(&server), "8", &mut 0).unwrap_err();
    assert_eq!((error.condition, error.hint.as_deref()), (Condition::Forbidden, Some(HINT_2020)));

    // A master user sees that there is one.
    let theirs = Answer::json(200, json!({"id": 43, "userId": 8}));
    let server = service(&[(OTHERS, theirs), (REMOVE, gone())]);
    let keys = keys(&server);
    let found = keys.list(&other(), &Selection::All).unwrap();
    assert_eq!((found[0].id.as_str(), &*found[0].name, &*found[0].iam_id), ("43", "8", "8"));
    assert!(keys.reading().unwrap().value_of(&found[0].id).unwrap().is_none());
    assert_eq!(keys.get(&found[0].id, Detail::default()).unwrap().key, found[0]);
    let error = keys.delete(&found[0].id).unwrap_err();
    assert_eq!((error.condition, error.hint.as_deref()), (Condition::Forbidden, Some(HINT_2020)));
    for user in ["", "8/x", "me"] {
        let error = keys.list(&Scope::Of(Owner(user.into())), &Selection::All).unwrap_err();
        assert_eq!(kind(&error.condition), "rejected", "{user}");
    }
    assert_eq!(
        keys.list(&Scope::AllUsers, &Selection::All).unwrap_err().condition,
        Condition::Forbidden
    );
}
