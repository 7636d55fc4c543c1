//! `service-api-key-create` and `service-id-create` as scripts call them, and how they get at the value.

use super::{Ran, done, prints, scripts};
use crate::invocations::Told;
use crate::support::mode;

/// Standard output is one line, the value of the key; standard error is what is told.
fn value_of(name: &'static str, told: Told) -> impl Fn(&Ran) {
    move |ran| {
        ran.outcome.is(0, "[VALUE]\n", &ran.told(told));
        ran.assert_opens(ran.outcome.stdout.trim_end(), name);
    }
}

/// The six rows were printed, and the value in them is the key's; `service` is what the script called its owner.
fn table(name: &'static str, service: &'static str, description: &'static str) -> impl Fn(&Ran) {
    move |ran| {
        let rows = format!(
            "{}\n\nID            [ID1]\nName          {name}\n{}\nCreated At    2026-11-21T09:00+0000\n\
             API Key       [VALUE]\nLocked        false\n",
            done("Creating", name, service, "is created"),
            format!("Description   {description}").trim_end()
        );
        // An ID of the service ID comes first, where it is named by it.
        let rows = if service == "[ID1]" {
            rows.replace("ID            [ID1]", "ID            [ID2]")
        } else {
            rows
        };
        ran.outcome.is(0, &rows, &ran.told(Told::KeepAndNoEnd));
        let value = ran.outcome.stdout.lines().find_map(|line| line.strip_prefix("API Key       "));
        ran.assert_opens(value.unwrap(), name);
    }
}

/// The key was saved to FILE, and said so; the script printed `more` behind it.
fn saved(
    name: &'static str,
    service: &'static str,
    file: &'static str,
    more: &'static str,
) -> impl Fn(&Ran) {
    move |ran| {
        assert_eq!(mode(&ran.sandbox.work(file)), 0o600);
        ran.assert_opens(&ran.sandbox.value_in(file), name);
        let said = done("Creating", name, service, "is created");
        let said = format!("{said}Successfully save API key information to {file}\n{more}");
        ran.outcome.is(0, &said, &ran.told(Told::NoEnd));
    }
}

scripts! {
    code_engine_registry: needs [], given ["codeengine-myproject-id"] [],
        r#"ibmcloud iam service-api-key-create codeengine-myproject-key codeengine-myproject-id \
               --description "API key for service ID codeengine-myproject-id for Code Engine myproject""#
        => table(
            "codeengine-myproject-key",
            "codeengine-myproject-id",
            "API key for service ID codeengine-myproject-id for Code Engine myproject",
        );
    private_workers_to_a_file: needs [], given ["worker-id"] [],
        r#"ibmcloud iam service-api-key-create worker-key worker-id -d "private worker" --file worker.json"#
        => saved("worker-key", "worker-id", "worker.json", "");
    openshift_mirror_by_jq: needs [jq], given ["mirror"] [],
        r#"SERVICE_ID_NAME=mirror
           apikey=$(ibmcloud iam service-api-key-create oc-mirror-icr-access-key-vsi "$SERVICE_ID_NAME" -d 'Credentials for ICR access from VSI' --output json | jq -r '.apikey')
           echo $apikey"#
        => value_of("oc-mirror-icr-access-key-vsi", Told::Nothing);
    four_fields_for_terraform: needs [jq], given ["life-preserver-id-3"] [],
        r#"set -- 1 2 3
           ibmcloud iam service-api-key-create life-preserver life-preserver-id-$3 --output json \
               | jq -c ". | {id: .id, name: .name, acct: .account_id, apikey: .apikey}""#
        => prints(
            "{\"id\":\"[ID1]\",\"name\":\"life-preserver\",\"acct\":\"10ca1000000000000000000000000000\",\"apikey\":\"[VALUE]\"}\n",
            &["life-preserver"],
        );
    cost_management_by_id: needs [jq], given ["Cost Management"] [],
        r#"serviceId=$(ibmcloud iam service-id "Cost Management" --uuid)
           ibmcloud iam service-api-key-create "Cost Management API Key" "${serviceId}" -d "Cost Management Service ID API Key" --output JSON | jq -r .apikey"#
        => value_of("Cost Management API Key", Told::Nothing);
    app_user_quietly: needs [jq], given ["app-user"] [],
        r#"APP_USER_SERVICE_ID_NAME=app-user
           APP_USER_API_KEY=$(ibmcloud iam service-api-key-create app-user-api-key "$APP_USER_SERVICE_ID_NAME" -d "API key for app user" --output JSON --quiet | jq -r .apikey)
           echo $APP_USER_API_KEY"#
        => value_of("app-user-api-key", Told::Nothing);
    secure_file_storage_by_force: needs [jq], given ["base-service-id"] [],
        r#"BASENAME=base; SERVICE_ID_NAME=base-service-id; SERVICE_ID=$(ibmcloud iam service-id $SERVICE_ID_NAME --uuid)
           API_KEY_OUT=$(ibmcloud iam service-api-key-create $BASENAME-serviceID-API-key $SERVICE_ID -d "API key for $SERVICE_ID_NAME" --force --output json)
           API_KEY_VALUE=$(echo "$API_KEY_OUT" | jq -r '.apikey'); echo $API_KEY_VALUE"#
        => value_of("base-serviceID-API-key", Told::Nothing);
    output_with_an_equals_sign_and_no_newline: needs [jq], given ["dm"] [],
        r#"user=dm apikey_name=key
           service_apikey=$(ibmcloud iam service-api-key-create ${apikey_name} ${user} -d "Testing for armada-credential - DM" --output=json | jq -j '.apikey'); echo "$service_apikey""#
        => value_of("key", Told::Nothing);
    function_to_job: needs [jq], given ["ce-sample-function-to-job"] [],
        r#"ce_api_key=$(ibmcloud iam service-api-key-create codeengine-api-key ce-sample-function-to-job --description "API key for serviceID" --output JSON|jq -r '.apikey'); echo $ce_api_key"#
        => value_of("codeengine-api-key", Told::Nothing);
    satellite_connector: needs [jq], given ["connector"] [],
        r#"sat_connector_serviceid_name=connector
           connector_api_key=$(ibmcloud iam service-api-key-create ${sat_connector_serviceid_name}-api-key $sat_connector_serviceid_name --description "API key for it" --output JSON | jq -r '.apikey'); echo $connector_api_key"#
        => value_of("connector-api-key", Told::Nothing);
    a_temporary_file_that_must_exist_afterwards: needs [jq], given ["minimal"] [],
        r#"keyFile=$(mktemp); IBMCLOUD_CLI=ibmcloud; keyName=key serviceName=minimal
           ${IBMCLOUD_CLI} iam service-api-key-create ${keyName} ${serviceName} -d 'the key for minimal permission test' --file ${keyFile} > log
           if [[ ! -f "${keyFile}" ]]; then exit 1; fi
           newKey=$(cat ${keyFile} | jq -r .apikey); echo $newKey; rm $keyFile"#
        => value_of("key", Told::NoEnd);
    the_status_of_a_create: needs [], given ["svc"] [],
        "API_key_name=key service_ID_name=svc apikey_file=key.json
         ibmcloud iam service-api-key-create $API_key_name $service_ID_name --file $apikey_file
         rc=$?; echo $rc"
        => saved("key", "svc", "key.json", "0\n");
    a_here_string: needs [jq], given ["cos"] [],
        r#"service_id=$(ibmcloud iam service-id cos --output json | jq -r '.[0].id')
           service_api_key_json=$(ibmcloud iam service-api-key-create cos-key $service_id --description "project COS READ WRITE" --output json)
           apikey=$(jq -r .apikey <<< "$service_api_key_json"); echo $apikey"#
        => value_of("cos-key", Told::Nothing);
    logs_agent: needs [], given ["kubernetes-logs-agent"] [],
        r#"ibmcloud iam service-api-key-create kubernetes-logs-agent-apikey kubernetes-logs-agent --description "API key for sending logs to the IBM Cloud Logs service""#
        => table("kubernetes-logs-agent-apikey", "kubernetes-logs-agent", "API key for sending logs to the IBM Cloud Logs service");
    academy_by_id: needs [], given ["academy"] [],
        r#"serviceID=$(ibmcloud iam service-id academy --uuid)
           ibmcloud iam service-api-key-create academy $serviceID --description "API key""#
        => table("academy", "[ID1]", "API key");
    a_description_and_a_file: needs [], given ["SERVICE_ID"] [],
        r#"ibmcloud iam service-api-key-create KEY_NAME SERVICE_ID -d "Description" --file key_file.json"#
        => saved("KEY_NAME", "SERVICE_ID", "key_file.json", "");
    f_is_force_here: needs [], given ["sample-service"] [],
        "ibmcloud iam service-api-key-create sample-key sample-service -f" => table("sample-key", "sample-service", "");
    secrets_manager_engine: needs [jq], given [] [],
        r#"export SERVICE_ID=`ibmcloud iam service-id-create engine --description "for the engine" --output json | jq -r ".id"`
           export IBM_CLOUD_API_KEY=`ibmcloud iam service-api-key-create engine-key $SERVICE_ID --description "of it" --output json | jq -r ".apikey"`
           ibmcloud iam api-key-lookup - --output json <<< $IBM_CLOUD_API_KEY | jq -r '.name, .iam_id'"#
        => prints("engine-key\niam-[ID1]\n", &["engine-key"]);
    a_quoted_value_for_an_export: needs [jq], given ["base-team"] [],
        r"team=team basename=base
          echo export TF_VAR_key=$(ibmcloud iam service-api-key-create $team $basename-$team --output json | jq .apikey) > local.env; cat local.env"
        => prints("export TF_VAR_key=\"[VALUE]\"\n", &["team"]);
    made_and_its_id_by_awk: needs [], given [] [],
        r#"ID=$(ibmcloud iam service-id-create made -d "by awk" | awk '/^ID/{print $2}'); ibmcloud iam service-id $ID --output json | grep '"name"'"#
        => prints("        \"name\": \"made\",\n", &[]);
}
