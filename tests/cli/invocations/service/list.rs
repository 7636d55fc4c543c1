//! What scripts read of service IDs and their keys.

use super::{Ran, prints, scripts};
use crate::support::{ACCOUNT, USER};

/// The ids of service IDs of these numbers were printed, one a line, and nothing else.
fn service_ids(numbers: &'static [usize]) -> impl Fn(&Ran) {
    move |ran| {
        let ids: Vec<&str> = numbers.iter().map(|&at| &*ran.services[at]).collect();
        let ids = ids.join("\n") + "\n";
        assert_eq!((ran.outcome.code, &*ran.outcome.stdout, &*ran.outcome.stderr), (0, &*ids, ""));
    }
}

/// The only key, `key-number`, is listed; `service` is what the script called its owner, `id` the key's.
fn listed(service: &'static str, id: &'static str) -> impl Fn(&Ran) {
    move |ran| {
        let head = format!(
            "Getting all API keys of service ID {service} under account {ACCOUNT} as {USER}...\nOK\n"
        );
        let columns = "Name         Description   Created At              Last Updated            Locked   State";
        let row = "key-number                 2026-11-21T09:00+0000   2026-11-21T09:00+0000   false    active";
        let expected = format!("{head}{:43}   {columns}\n{id}   {row}\n", "ID");
        ran.outcome.is(0, &expected, "");
    }
}

scripts! {
    keys_by_id: needs [], given ["app"] ["key-number"],
        "ibmcloud iam service-api-keys $(ibmcloud iam service-id app --uuid)" => listed("[ID1]", "[ID2]");
    keys_by_name: needs [], given ["app-service-id"] ["key-number"],
        "ibmcloud iam service-api-keys app-service-id" => listed("app-service-id", "[ID1]");
    both_streams_are_one_document: needs [jq], given ["svc"] ["a", "b"],
        r#"service_id=$(ibmcloud iam service-ids -o JSON 2>&1 | jq -r '.[].id')
           api_keys_json=$(ibmcloud iam service-api-keys "$service_id" -o JSON 2>&1)
           if ! echo "$api_keys_json" | jq empty; then exit 1; fi
           echo "$api_keys_json" | jq 'length'
           echo "$api_keys_json" | jq -r '.[] | .name,.created_at,.apikey'"#
        => prints("2\na\n2026-11-21T09:00+0000\n\nb\n2026-11-21T09:00+0000\n\n", &["a", "b"]);
    a_test_by_grep: needs [], given ["svc"] ["registry"],
        r#"SERVICE_ID_NAME=svc
           for SERVICE_API_KEY_NAME in registry absent; do
               if ibmcloud iam service-api-keys "${SERVICE_ID_NAME}" | grep -q "${SERVICE_API_KEY_NAME}"; then echo yes; else echo no; fi
           done"#
        => prints("yes\nno\n", &["registry"]);
    exists_by_words_in_the_output: needs [], given ["svc"] ["base-serviceID-API-key"],
        r#"check_exists() {
               if echo "$1" | grep -q "not found"; then return 1; fi
               if echo "$1" | grep -q "crn:v1"; then return 0; fi
               echo "Failed to check"; exit 2
           }
           SERVICE_ID=$(ibmcloud iam service-id svc --uuid)
           for BASENAME in base absent; do
               if check_exists "$(ibmcloud iam service-api-key $BASENAME-serviceID-API-key $SERVICE_ID 2>&1)"; then echo yes; else echo no; fi
           done
           for name in svc absent; do
               if check_exists "$(ibmcloud iam service-id $name 2>&1)"; then echo yes; else echo no; fi
           done"#
        => prints("yes\nno\nyes\nno\n", &["base-serviceID-API-key"]);
    made_when_it_is_missing: needs [], given ["app"] [],
        r#"APP_USER_SERVICE_ID_NAME=app
           if ! ibmcloud iam service-api-key "$APP_USER_SERVICE_ID_NAME-api-key" "$APP_USER_SERVICE_ID_NAME" --quiet 2>/dev/null; then echo creating; fi
           if ! ibmcloud iam service-id nobody --quiet 2>/dev/null; then echo creating; fi"#
        => prints("creating\ncreating\n", &[]);
    a_field_by_jq: needs [jq], given ["container"] ["user"],
        r#"USER=user USERS_CONTAINER=container
           DESCRIPTION=$(ibmcloud iam service-api-key "$USER" "$USERS_CONTAINER" --output JSON | jq -r .description); echo "<$DESCRIPTION>""#
        => prints("<>\n", &["user"]);
    names_by_jq: needs [jq], given ["svc"] ["a", "b"],
        "ibmcloud iam service-api-keys svc --output JSON | jq -r '.[] | .name'" => prints("a\nb\n", &["a", "b"]);
    the_id_of_a_name: needs [], given ["other", "svc"] [],
        r#"SERVICE_ID_NAME=svc; SERVICE_ID=$(ibmcloud iam service-id $SERVICE_ID_NAME --uuid); echo $SERVICE_ID
           USERS_CONTAINER=other; USERS_CONTAINER_SERVICE_ID=$(ibmcloud iam service-id "$USERS_CONTAINER" --uuid --quiet); echo $USERS_CONTAINER_SERVICE_ID"#
        => service_ids(&[1, 0]);
    shown_as_an_array: needs [jq], given ["svc"] [],
        "service_id_name=svc; service_id=$(ibmcloud iam service-id $service_id_name --output json | jq -r '.[0].id'); echo $service_id
         ibmcloud iam service-id svc -o json | jq -r 'if type==\"array\" then .[0] else . end | .id'"
        => service_ids(&[0, 0]);
    ok_stands_in_line_two: needs [], given ["svc"] [],
        r#"service_ID_name=svc
           service_ID_found_state=$(ibmcloud iam service-id $service_ID_name | awk 'NR==2{ print $1 }')
           if [[ $service_ID_found_state != "OK" ]]; then exit 1; fi; echo found"#
        => prints("found\n", &[]);
    karpenter_by_jq: needs [jq], given ["a", "karpenter-provider"] [],
        r#"ibmcloud iam service-ids --output json | jq -r '.[] | select(.name=="karpenter-provider") | .id'"# => service_ids(&[1]);
    all_ids_by_jq: needs [jq], given ["a", "b"] [],
        r#"SERVICE_IDS_JSON=$(ibmcloud iam service-ids -o JSON 2>&1)
           if [[ "$SERVICE_IDS_JSON" =~ "FAILED" ]]; then exit 1; fi
           echo "$SERVICE_IDS_JSON" | jq -r '.[].id'
           for id in $(ibmcloud iam service-ids --output JSON | jq -r '.[] | .id'); do echo $id; done"#
        => service_ids(&[0, 1, 0, 1]);
    a_row_by_grep: needs [], given ["base-one", "other"] [],
        "basename=base; ibmcloud iam service-ids | grep $basename"
        => prints("[ID1]   base-one   2026-11-21T09:00+0000   2026-11-21T09:00+0000                 false\n", &[]);
    counted_with_three_lines_above: needs [], given ["a", "b"] [],
        "lines=$(ibmcloud iam service-ids | wc -l); echo $((lines - 3))" => prints("2\n", &[]);
}
