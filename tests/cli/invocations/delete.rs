//! Show, update, lock, disable and delete as scripts call them.

use super::{Ran, ids, prints, scripts};
use crate::support::expected::{done, facts, not_found, progress};

/// One command by force: three lines, and these keys left.
fn one(
    doing: &'static str,
    key: &'static str,
    did: &'static str,
    left: &'static [&'static str],
) -> impl FnOnce(&Ran) {
    move |ran| {
        ran.outcome.is(0, &done(doing, key, did), "");
        assert_eq!(ran.sandbox.names(), left);
    }
}

/// As [`one`], where the key `name` loses its effect; it was never used.
fn ended(
    doing: &'static str,
    key: &'static str,
    did: &'static str,
    name: &'static str,
    left: &'static [&'static str],
) -> impl FnOnce(&Ran) {
    move |ran| {
        ran.outcome.is(0, &done(doing, key, did), &facts(1, name));
        assert_eq!(ran.sandbox.names(), left);
    }
}

/// A field of the only key there is.
fn field(ran: &Ran, field: &str) -> serde_json::Value {
    ran.sandbox.keys()[0][field].clone()
}

/// One command that asks, answered with `y`.
fn asked(
    doing: &'static str,
    to_do: &'static str,
    key: &'static str,
    did: &'static str,
) -> impl FnOnce(&Ran) {
    move |ran| {
        let question = format!("Are you sure you want to {to_do} API key '{key}'? [y/N]> y\n");
        let facts =
            if ["delete", "disable"].contains(&to_do) { facts(1, key) } else { String::new() };
        let stdout =
            format!("{}{facts}{question}OK\nAPI key {key} was {did}\n", progress(doing, key));
        ran.outcome.is(0, &stdout, "");
    }
}

scripts! {
    the_id_of_a_name: needs [], given ["a", "containers-kubernetes-key"],
        "ibmcloud iam api-key --uuid containers-kubernetes-key" => ids(&[1]);
    the_id_in_a_variable: needs [], given ["a"],
        r#"ID=$(ibmcloud iam api-key a --uuid --quiet); echo "$ID""# => ids(&[0]);
    created_when_it_is_missing: needs [], given ["other"],
        "project_api_key_name=deploy
         if ! ibmcloud iam api-key ${project_api_key_name} &>/dev/null; then
             ibmcloud iam api-key-create ${project_api_key_name} -q --file deploy.json
         fi"
        => prints(
            "API key deploy was created\nSuccessfully save API key information to deploy.json\n",
            &["other", "deploy"],
        );
    not_created_when_it_is_there: needs [], given ["deploy"],
        "project_api_key_name=deploy
         if ! ibmcloud iam api-key ${project_api_key_name} &>/dev/null; then
             ibmcloud iam api-key-create ${project_api_key_name}
         fi"
        => prints("", &["deploy"]);
    created_when_it_is_missing_quietly: needs [], given [],
        r#"if ! ibmcloud iam api-key "app-api-key" --quiet 2>/dev/null; then echo creating; fi"# => prints("creating\n", &[]);
    exists_by_words_in_the_output: needs [], given ["base-API-key"],
        r#"check_exists() {
               if echo "$1" | grep -q "not found"; then return 1; fi
               if echo "$1" | grep -q "crn:v1"; then return 0; fi
               echo "Failed to check"; exit 2
           }
           for key in base-API-key absent; do
               if check_exists "$(ibmcloud iam api-key $key 2>&1)"; then echo "$key yes"; else echo "$key no"; fi
           done"#
        => prints("base-API-key yes\nabsent no\n", &["base-API-key"]);
    ok_stands_in_line_two: needs [], given ["k"],
        "ibmcloud iam api-key k | awk 'NR==2{ print $1 }'" => prints("OK\n", &["k"]);
    a_failure_is_recognised_by_its_word: needs [], given [],
        r#"out=$(ibmcloud iam api-key nope -o JSON 2>&1); rc=$?
           if [[ "$out" =~ "FAILED" ]]; then echo "failed with $rc"; fi"#
        => prints("failed with 3\n", &[]);
    a_field_by_jq: needs [jq], given ["k"],
        "DESCRIPTION=$(ibmcloud iam api-key k --output JSON | jq -r .description); echo \"<$DESCRIPTION>\""
        => prints("<>\n", &["k"]);
    id_row_by_awk: needs [], given ["k"], "ibmcloud iam api-key k | awk '/^ID/{ print $2 }'" => ids(&[0]);
    bluemix_renames_and_describes: needs [], given ["MyCurrentName"],
        r#"bluemix iam api-key-update MyCurrentName -n MyNewName -d "the new description of my key""#
        => |ran| {
            one("Updating", "MyCurrentName", "was updated", &["MyNewName"])(ran);
            assert_eq!(field(ran, "description"), "the new description of my key");
        };
    renamed_with_a_date_by_force: needs [], given ["registry"],
        "SERVICE_KEYNAME=registry TODAYS_DATE=2026-11-21
         ibmcloud iam api-key-update $SERVICE_KEYNAME -n ${SERVICE_KEYNAME}-old-${TODAYS_DATE} --force"
        => one("Updating", "registry", "was updated", &["registry-old-2026-11-21"]);
    unlocked_by_an_answer: needs [], given ["my-api-key"],
        "ibmcloud iam api-key-lock my-api-key -f > /dev/null; ibmcloud iam api-key-unlock my-api-key <<< y"
        => asked("Unlocking", "unlock", "my-api-key", "unlocked");
    locked_by_id: needs [], given ["k"],
        "ibmcloud iam api-key-lock $(ibmcloud iam api-key k --uuid) --force"
        => |ran| {
            one("Locking", "[ID1]", "was locked", &["k"])(ran);
            assert_eq!(field(ran, "locked"), true);
        };
    unlocked_by_id: needs [], given ["k"],
        "ibmcloud iam api-key-lock k --force -q > /dev/null
         ibmcloud iam api-key-unlock $(ibmcloud iam api-key k --uuid) --force"
        => |ran| {
            one("Unlocking", "[ID1]", "was unlocked", &["k"])(ran);
            assert_eq!(field(ran, "locked"), false);
        };
    disabled_by_an_answer: needs [], given ["test-api-key"],
        "echo y | ibmcloud iam api-key-disable test-api-key"
        => |ran| {
            asked("Disabling", "disable", "test-api-key", "disabled")(ran);
            assert_eq!(field(ran, "disabled"), true);
        };
    enabled_by_id: needs [], given ["k"],
        "ibmcloud iam api-key-disable k --force > /dev/null
         ibmcloud iam api-key-enable $(ibmcloud iam api-keys --uuid) --force"
        => |ran| {
            // The facts are what disabling told before.
            ended("Enabling", "[ID1]", "was enabled", "k", &["k"])(ran);
            assert_eq!(field(ran, "state"), "active");
        };
    deleted_by_an_answer: needs [], given ["notary-auth"],
        "echo y | ibmcloud iam api-key-delete notary-auth" => asked("Deleting", "delete", "notary-auth", "deleted");
    deleted_by_yes: needs [], given ["data-lake-cos-key"],
        "yes | ibmcloud iam api-key-delete data-lake-cos-key"
        => asked("Deleting", "delete", "data-lake-cos-key", "deleted");
    deleted_at_the_end_of_a_lesson: needs [], given ["a", "cli-key"],
        "IBMCLOUDCLI_KEY_NAME=cli-key; ibmcloud iam api-key-delete $IBMCLOUDCLI_KEY_NAME -f"
        => ended("Deleting", "cli-key", "was deleted", "cli-key", &["a"]);
    deleted_with_the_project: needs [], given ["blog"],
        "PROJECT_NAME=blog; ibmcloud iam api-key-delete ${PROJECT_NAME} -f" => ended("Deleting", "blog", "was deleted", "blog", &[]);
    deleted_with_its_file: needs [], given [],
        "ibmcloud iam api-key-create tekton -q -f apikey.json > /dev/null
         APIKEY=tekton; ibmcloud iam api-key-delete $APIKEY -f && rm apikey.json; ls"
        => ended("Deleting", "tekton", "was deleted", "tekton", &[]);
    deleted_by_a_long_flag: needs [], given ["thumbnail-icr-apikey"],
        "ibmcloud iam api-key-delete thumbnail-icr-apikey --force"
        => ended("Deleting", "thumbnail-icr-apikey", "was deleted", "thumbnail-icr-apikey", &[]);
    deleted_by_a_quoted_variable: needs [], given ["mas key"],
        r#"ibmcloud_keyname="mas key"; ibmcloud iam api-key-delete "${ibmcloud_keyname}" --force"#
        => ended("Deleting", "mas key", "was deleted", "mas key", &[]);
    deleted_by_python_through_a_shell: needs [python3], given [],
        r#"ibmcloud iam api-key-create ApiKey-SVA -q --file key_file > /dev/null
           python3 -c 'import os, json
api_key = json.loads(open("key_file").read())["id"]
data = os.popen("ibmcloud iam api-key-delete "+api_key+" -f").read()
print(data, end="")'"#
        => ended("Deleting", "[ID1]", "was deleted", "ApiKey-SVA", &[]);
    deleted_by_python_without_a_shell: needs [python3], given ["cpo-key"],
        r#"NAME=cpo-key python3 -c 'import os, subprocess
subprocess.run(["ibmcloud", "iam", "api-key-delete", os.environ["NAME"], "--force"], check=True)'"#
        => ended("Deleting", "cpo-key", "was deleted", "cpo-key", &[]);
    deleted_in_a_for_loop: needs [], given ["cluster-1", "cluster-2", "mine"],
        "for i in `ibmcloud iam api-keys | grep cluster- | awk '{ print $1}' `; do ibmcloud iam api-key-delete $i -f -q; done"
        => prints("API key [ID1] was deleted\nAPI key [ID2] was deleted\n", &["mine"]);
    deleted_by_xargs: needs [], given ["a", "b"],
        "ibmcloud iam api-keys --uuid | xargs ibmcloud iam api-key-delete -f -q"
        => prints("API key [ID1] was deleted\nAPI key [ID2] was deleted\n", &[]);
    a_missing_key_ends_the_script: needs [], given ["k"],
        r#"set -e; ibmcloud iam api-key-delete nope -f; echo "not reached""#
        => |ran| {
            let hint = not_found("nope").replace("ibmcloud-iam", "ibmcloud iam");
            ran.outcome.is(3, &progress("Deleting", "nope"), &hint);
            assert_eq!(ran.sandbox.names(), ["k"]);
        };
    a_missing_key_is_ignored: needs [], given ["k"],
        "set -e; ibmcloud iam api-key-delete nope -f &> /dev/null || true; echo done" => prints("done\n", &["k"]);
}
