//! Keys of service IDs, and service IDs, changed and deleted as scripts do it.

use super::{Ran, done, prints, scripts};
use crate::support::expected::{facts, failed};
use crate::support::{ACCOUNT, USER};

/// The key `name` was deleted by force; `key` and `service` are what the script called them.
fn deleted(
    name: &'static str,
    key: &'static str,
    service: &'static str,
    left: &'static [&'static str],
) -> impl Fn(&Ran) {
    move |ran| {
        ran.outcome.is(0, &done("Deleting", key, service, "was deleted"), &facts(1, name));
        assert_eq!(ran.names(), left);
    }
}

/// What is told of a service ID without keys before it is deleted.
fn gone(name: &str) -> String {
    format!(
        "Service ID '{name}' ([ID1]): created 2026-11-21T09:00+0000, no API keys. Its access policies go with it, and tokens \
         of its keys stop working at once.\n"
    )
}

/// A service ID was deleted by force; `called` is what the script called it.
fn service_deleted(name: &'static str, called: &'static str) -> impl Fn(&Ran) {
    move |ran| {
        let said = format!(
            "Deleting service ID {called} under {ACCOUNT} as {USER}...\nOK\nService ID {called} was deleted\n"
        );
        ran.outcome.is(0, &said, &gone(name));
        assert_eq!(ran.service_names(), [""; 0]);
    }
}

scripts! {
    renamed_with_a_date_and_made_anew: needs [jq], given ["svc"] ["registry"],
        r#"SERVICE_KEYNAME=registry SERVICE_ID_NAME=svc TODAYS_DATE=2026-11-21
           ibmcloud iam service-api-key-update $SERVICE_KEYNAME $SERVICE_ID_NAME -n ${SERVICE_KEYNAME}-old-${TODAYS_DATE} --force
           API_KEY_OUT=$(ibmcloud iam service-api-key-create $SERVICE_KEYNAME $SERVICE_ID_NAME --output json --force)
           echo "$API_KEY_OUT" | jq -r .apikey | wc -c
           echo "ibmcloud iam service-api-key-delete ${SERVICE_KEYNAME}-old-${TODAYS_DATE} $SERVICE_ID_NAME -f" | bash -"#
        => |ran| {
            let old = "registry-old-2026-11-21";
            let said = done("Updating", "registry", "svc", "was updated") + "45\n" + &done("Deleting", old, "svc", "was deleted");
            ran.outcome.is(0, &said, &facts(1, old));
            assert_eq!(ran.names(), ["registry"]);
        };
    kar_deletes: needs [], given ["kar-cr-reader-id"] ["kar-cr-reader-key"],
        "ibmcloud iam service-api-key-delete kar-cr-reader-key kar-cr-reader-id -f"
        => deleted("kar-cr-reader-key", "kar-cr-reader-key", "kar-cr-reader-id", &[]);
    secure_file_storage_deletes: needs [], given ["svc"] ["base-serviceID-API-key", "other"],
        "BASENAME=base SERVICE_ID=svc; ibmcloud iam service-api-key-delete $BASENAME-serviceID-API-key $SERVICE_ID -f"
        => deleted("base-serviceID-API-key", "base-serviceID-API-key", "svc", &["other"]);
    deleted_by_id: needs [], given ["vpc-network-operator"] ["k"],
        "ibmcloud iam service-api-key-delete $(ibmcloud iam service-api-keys vpc-network-operator --uuid) vpc-network-operator --force"
        => deleted("k", "[ID1]", "vpc-network-operator", &[]);
    deleted_by_an_answer: needs [], given ["infra"] ["infra-explorer-key"],
        r#"SERVICE_ID=infra; echo y | ibmcloud iam service-api-key-delete infra-explorer-key "$SERVICE_ID""#
        => |ran| {
            let said = done("Deleting", "infra-explorer-key", "infra", "was deleted");
            let asked = "Are you sure you want to delete API key 'infra-explorer-key'? [y/N]> y\nOK\n";
            ran.outcome.is(0, &said.replace("OK\n", &(facts(1, "infra-explorer-key") + asked)), "");
            assert_eq!(ran.names(), [""; 0]);
        };
    ids_in_the_wrong_order_are_understood: needs [], given ["svc"] ["k"],
        "SID=$(ibmcloud iam service-id svc --uuid); KEY=$(ibmcloud iam service-api-key k svc --uuid)
         ibmcloud iam service-api-key-delete $SID $KEY -f"
        => |ran| {
            ran.outcome.is(0, &done("Deleting", "[ID1]", "[ID2]", "was deleted"), &facts(1, "k"));
            assert_eq!(ran.names(), [""; 0]);
        };
    a_leaked_key_of_a_cluster: needs [], given ["cluster-c1"] ["cluster-c1"],
        r"SID=$(ibmcloud iam service-ids | grep c1 | awk '{ print $1 }')
           KEY=$(ibmcloud iam service-api-keys $SID | grep ApiKey | awk '{ print $1 }')
           ibmcloud iam service-api-key-delete $KEY $SID -f -q
           ibmcloud iam service-api-key-create cluster-c1 $SID -q --file key.json"
        => prints(
            "API key [ID1] was deleted\nService ID API key cluster-c1 is created\nSuccessfully save API key information to key.json\n",
            &["cluster-c1"],
        );
    found_by_a_search_and_deleted: needs [], given ["ce-sample"] [],
        r#"_jqServiceID() { ibmcloud iam service-id ce-sample --uuid; }
           ibmcloud iam service-id-delete "$(_jqServiceID '.resource_id')" --force"#
        => service_deleted("ce-sample", "[ID1]");
    deleted_without_warnings: needs [], given ["icl-svc-id"] [],
        r#"icl_name=icl; ibmcloud iam service-id-delete "${icl_name}-svc-id" -f 2>/dev/null > /dev/null; echo $?
           ibmcloud iam service-id-delete "${icl_name}-svc-id" -f 2>/dev/null > /dev/null; echo $?"#
        => prints("0\n3\n", &[]);
    the_flag_before_the_id: needs [], given ["svc"] [],
        "ID=$(ibmcloud iam service-ids --uuid); ibmcloud iam service-id-delete -f $ID" => service_deleted("svc", "[ID1]");
    deleted_by_name: needs [], given ["svc"] [], "ibmcloud iam service-id-delete svc -f" => service_deleted("svc", "svc");
    names_in_the_wrong_order_are_told: needs [], given ["svc"] ["k"],
        "ibmcloud iam service-api-key-delete svc k -f"
        => |ran| {
            let hint = format!("The key comes first, then the service ID. Run '{} service-ids' to list the service IDs.", ran.program);
            ran.outcome.is(3, "", &failed(&format!("Service ID 'k' was not found.\n{hint}")));
            assert_eq!(ran.names(), ["k"]);
        };
    no_flag_names_the_service_id: needs [], given ["svc"] ["k"],
        "ibmcloud iam service-api-key-delete k --service-id svc -f 2> err; echo $?; head -n 2 err"
        => prints("2\nFAILED\nIncorrect Usage: unexpected argument '--service-id' found\n", &["k"]);
}
