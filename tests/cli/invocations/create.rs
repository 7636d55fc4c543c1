//! `api-key-create` as scripts call it, and how they get at the value.

use super::Told::{KeepAndNoEnd, NoEnd, Nothing};
use super::{prints, saved, saved_and_read, saved_then, scripts, table, value_of};

scripts! {
    documented_in_2018_with_f_for_file: needs [], given [],
        r#"ibmcloud iam api-key-create MyKey -d "this is my API key" -f key_file"# => saved("MyKey", "key_file");
    bluemix_with_f_for_file: needs [], given [],
        "bluemix iam api-key-create my-key -d description -f output-file" => saved("my-key", "output-file");
    ic_in_openwhisk_documentation: needs [], given [],
        "ic iam api-key-create MyKey" => table("MyKey", "", false);
    ibmcloud_with_a_name_only: needs [], given [],
        "ibmcloud iam api-key-create MyKey" => table("MyKey", "", false);
    single_quotes_around_the_name: needs [], given [],
        "ibmcloud iam api-key-create 'my_key'" => table("my_key", "", false);
    bx_with_a_name_only: needs [], given [],
        "bx iam api-key-create api-key-name" => table("api-key-name", "", false);
    bx_with_a_description: needs [], given [],
        r#"bx iam api-key-create invite -d "Key to invite users to dedicated""#
        => table("invite", "Key to invite users to dedicated", false);
    aspera_documentation: needs [], given [],
        "ibmcloud iam api-key-create mykeyname -d 'my sample key'" => table("mykeyname", "my sample key", false);
    student_key: needs [], given [],
        "ibmcloud iam api-key-create student_key" => table("student_key", "", false);
    born_locked: needs [], given [],
        "ibmcloud iam api-key-create test-key --lock" => table("test-key", "", true);
    bluecloudmirror: needs [], given [],
        r#"ibmcloud iam api-key-create my-ibmplatform-key -d "This is my API key to access the IBM platform" \
            --file my-ibmplatform-key-key_file"#
        => saved("my-ibmplatform-key", "my-ibmplatform-key-key_file");
    a_file_in_the_home_directory: needs [], given [],
        r#"APIKEY_NAME=lab
           ibmcloud iam api-key-create $APIKEY_NAME -d "$APIKEY_NAME" --file ~/$APIKEY_NAME > /dev/null
           sed -n 's/.*"apikey": "\(.*\)".*/\1/p' ~/$APIKEY_NAME"#
        => value_of("lab", NoEnd);
    terraform_by_grep_and_sed: needs [], given [],
        r#"ibmcloud iam api-key-create TerraformKey -d "API Key for Terraform" --file ibm_api_key.json
           export IC_API_KEY=$(grep '"apikey":' ibm_api_key.json | sed 's/.*: "\(.*\)".*/\1/')
           echo "$IC_API_KEY""#
        => saved_and_read("TerraformKey", "ibm_api_key.json");
    code_engine_by_cat_grep_awk_and_two_seds: needs [], given [],
        r#"IBMCLOUDCLI_KEY_NAME=cli-key PROJECT_NAME=multi CLIKEY_FILE=cli_key.json
           ibmcloud iam api-key-create $IBMCLOUDCLI_KEY_NAME \
               -d "My IBM CLoud CLI API key for project $PROJECT_NAME" --file $CLIKEY_FILE
           CLIAPIKEY=$(cat $CLIKEY_FILE | grep '"apikey":' | awk '{print $2;}' | sed 's/"//g' | sed 's/,//g' )
           echo $CLIAPIKEY"#
        => saved_and_read("cli-key", "cli_key.json");
    serverless_by_status_grep_awk_and_sed: needs [], given [],
        r#"project_name=blog api_key_file=blog.json
           ibmcloud iam api-key-create ${project_name} -d "${project_name}" --file "${api_key_file}"
           if [ $? -ne 0 ]; then echo "ERROR"; exit 1; fi
           grep "\"apikey" ${api_key_file} | awk '{print $2}' | sed "s/[\",]//g""#
        => saved_and_read("blog", "blog.json");
    the_file_shown_by_cat: needs [], given [],
        r#"ibmcloud iam api-key-create cliapikey -d "My CLI API key" --file ibm_cloud_key_file
           cat ibm_cloud_key_file | tr -d '\t' | grep '^"apikey"' | cut -d'"' -f4"#
        => saved_and_read("cliapikey", "ibm_cloud_key_file");
    code_engine_documentation: needs [], given [],
        r#"ibmcloud iam api-key-create cliapikey -d "My CLI API key" --file key_file"# => saved("cliapikey", "key_file");
    cloud_foundry_by_ic: needs [], given [],
        r#"ic iam api-key-create MyKey -d "This is my API key" --file key-file"# => saved("MyKey", "key-file");
    tekton_lab: needs [], given [],
        "ibmcloud iam api-key-create tekton-lab-apikey --file apikey.json" => saved("tekton-lab-apikey", "apikey.json");
    netezza: needs [], given [],
        "ibmcloud iam api-key-create netezza -d nz-key --file nzakikey.json" => saved("netezza", "nzakikey.json");
    a_long_description_flag: needs [], given [],
        r#"ibmcloud iam api-key-create my-api-key --description "Personal API key" --file key.json"#
        => saved("my-api-key", "key.json");
    gitlab: needs [], given [],
        r#"ibmcloud iam api-key-create GitLabCIKey -d "API key for GitLab CI / CD." --file gitlab_ci_key.json"#
        => saved("GitLabCIKey", "gitlab_ci_key.json");
    loan_app: needs [], given [],
        "ibmcloud iam api-key-create ApiKey-LoanApp-MQ -d 'this is my API key' --file key_file"
        => saved("ApiKey-LoanApp-MQ", "key_file");
    a_file_named_by_a_variable: needs [], given [],
        r#"ic_api_key_file="my key.json"
           ibmcloud iam api-key-create MyKey -d "this is my API key" --file "${ic_api_key_file}""#
        => saved("MyKey", "my key.json");
    a_name_made_of_the_user: needs [], given [],
        r#"whoami() { echo me; }
           ibmcloud iam api-key-create "$(whoami)-microk8s-vpc-apikey" -d "API key for microk8s deployment" \
               --file "$(whoami)-microk8s-vpc-apikey.json""#
        => saved("me-microk8s-vpc-apikey", "me-microk8s-vpc-apikey.json");
    the_id_is_cut_out_of_line_two: needs [], given [],
        "ibmcloud iam api-key-create ApiKey-bankLoan -d 'thisisAPIkeyforbankLoan' --file key_file
         sed '2!d' key_file | cut -c 9-51"
        => saved_then("ApiKey-bankLoan", "key_file", |key| format!("{}\n", key["id"].as_str().unwrap()));
    the_id_is_read_by_python: needs [python3], given [],
        r#"mkdir Developer-Playground
           ibmcloud iam api-key-create ApiKey-SVA -d 'this is API key for Smart Virtual Assitant' \
               --file Developer-Playground/key_file
           python3 -c 'import json; print(json.loads(open("Developer-Playground/key_file").read())["id"])'"#
        => saved_then("ApiKey-SVA", "Developer-Playground/key_file", |key| format!("{}\n", key["id"].as_str().unwrap()));
    the_value_is_read_by_python: needs [python3], given [],
        r#"keyName=granite keyFile=granite.json
           ibmcloud iam api-key-create $keyName -d "API key for SubMinds Granite AI project" --file $keyFile
           python3 -c 'import json; print(json.load(open("granite.json"))["apikey"])'"#
        => saved_and_read("granite", "granite.json");
    a_file_and_json_together: needs [python3], given [],
        r#"ibmcloud iam api-key-create MY_API_KEY_NAME --file my_credentials.json --output json > out
           grep '"apikey": ""' out > /dev/null && python3 -c 'import json; print(json.load(open("my_credentials.json"))["apikey"])'"#
        => value_of("MY_API_KEY_NAME", Nothing);
    a_text_file_read_by_jq: needs [jq], given [],
        "IAM_APIKEY_NAME=remko
         ibmcloud iam api-key-create $IAM_APIKEY_NAME --file $IAM_APIKEY_NAME.txt
         IAM_APIKEY=$(cat $IAM_APIKEY_NAME.txt | jq -r '.apikey'); echo $IAM_APIKEY"
        => saved_and_read("remko", "remko.txt");
    a_temporary_file_quietly: needs [jq], given [],
        "IAM_API_KEY=ce-key; TMP_FILE=$(mktemp)
         ibmcloud iam api-key-create ${IAM_API_KEY} -d ${IAM_API_KEY} --file ${TMP_FILE} -q > /dev/null
         echo $(cat ${TMP_FILE} | jq -r .apikey); rm ${TMP_FILE}"
        => value_of("ce-key", Nothing);
    a_temporary_file_that_must_exist_afterwards: needs [jq], given [],
        r#"keyFile=$(mktemp); IBMCLOUD_CLI=ibmcloud
           ${IBMCLOUD_CLI} iam api-key-create minimal -d 'the key for minimal permission test' --file ${keyFile} > log
           if [[ ! -f "${keyFile}" ]]; then exit 1; fi
           newKey=$(cat ${keyFile} | jq -r .apikey); echo $newKey; rm $keyFile"#
        => value_of("minimal", NoEnd);
    thumbnail_by_sed_from_a_log: needs [], given [],
        r#"ibmcloud iam api-key-create thumbnail-icr-apikey > out
           export APIKEY=$(sed -n 's/^API Key[ ^t]*//p' < out | sed "s/ *//g"); echo $APIKEY"#
        => value_of("thumbnail-icr-apikey", KeepAndNoEnd);
    axiom_name_with_a_date_by_grep_and_sed: needs [], given [],
        r#"date() { echo "Sat Nov 21 09:00:00 UTC 2026"; }
           api_key=$(ibmcloud iam api-key-create "api-key created on $(date)" | grep "API Key" | sed 's/API Key[ ]*\([^ ]*\)[ ]*/\1/g')
           echo $api_key"#
        => value_of("api-key created on Sat Nov 21 09:00:00 UTC 2026", KeepAndNoEnd);
    openshift_job_by_tr_and_cut: needs [], given [],
        r#"apikey1=$(ic iam api-key-create OC_TEMP -d "temp api key for OC login" | grep "API Key" | tr -s " " | cut -d" " -f3)
           echo "$apikey1""#
        => value_of("OC_TEMP", KeepAndNoEnd);
    crossplane_by_grep_and_awk: needs [], given [],
        r#"IBMCLOUD_API_KEY=$(ibmcloud iam api-key-create crossplane -d "Crossplane" | grep "API Key" | awk '{ print $3 }')
           echo $IBMCLOUD_API_KEY"#
        => value_of("crossplane", KeepAndNoEnd);
    kar_by_grep_without_warnings: needs [], given [],
        "echo $(ibmcloud iam api-key-create kar 2>/dev/null | grep 'API Key' | awk '{print $3}')" => value_of("kar", Nothing);
    both_streams_in_one_by_awk: needs [], given [],
        "echo $(ibmcloud iam api-key-create both 2>&1 | awk '/API Key/{print $3}')" => value_of("both", Nothing);
    a_description_in_small_letters_leaves_one_row: needs [], given [],
        r#"ibmcloud iam api-key-create k -d "this is my API key" --quiet | grep -c "API Key""# => prints("1\n", &["k"]);
    code_engine_export_by_jq: needs [jq], given [],
        r#"export IBMCLOUD_API_KEY="$(ibmcloud iam api-key-create ce-icr-push -d 'Code Engine ICR push' --output json | jq -r .apikey)"
           printf '%s\n' "$IBMCLOUD_API_KEY""#
        => value_of("ce-icr-push", Nothing);
    a_value_that_must_not_be_null: needs [jq], given [],
        r#"NEW_KEY_NAME=auto CE_REGISTRY_SECRET_NAME=icr
           API_KEY_FOR_CE=$(ibmcloud iam api-key-create "$NEW_KEY_NAME" -d "Auto-generated for Code Engine ${CE_REGISTRY_SECRET_NAME}" --output json | jq -r .apikey)
           if [[ -z "$API_KEY_FOR_CE" || "$API_KEY_FOR_CE" == "null" ]]; then exit 1; fi
           echo "$API_KEY_FOR_CE""#
        => value_of("auto", Nothing);
    export_by_jq: needs [jq], given [],
        "export IBMCLOUD_API_KEY=$(ibmcloud iam api-key-create my-api-key --output json | jq -r .apikey); echo $IBMCLOUD_API_KEY"
        => value_of("my-api-key", Nothing);
    as_an_argument_of_another_command: needs [jq], given [],
        "echo $(ibmcloud iam api-key-create trading-ce-key --output json | jq -r .apikey)"
        => value_of("trading-ce-key", Nothing);
    details_kept_in_a_variable: needs [jq], given [],
        r#"name="axiom key"
           key_details=$(ibmcloud iam api-key-create "$name" --output json)
           echo "$key_details" | jq . > /dev/null || exit 1
           ibm_cloud_api_key=$(echo "$key_details" | jq -r .apikey); echo $ibm_cloud_api_key"#
        => value_of("axiom key", Nothing);
    cecli_quiet_with_o: needs [jq], given [],
        r#"apikey="$(ibmcloud iam api-key-create cecli -q -o json|jq -r '.apikey')"; echo "$apikey""#
        => value_of("cecli", Nothing);
    json_in_capitals: needs [jq], given [],
        r#"ibmcloud iam api-key-create "Cost Management API Key" -d "Cost Management" --output JSON | jq -r .apikey"#
        => value_of("Cost Management API Key", Nothing);
    json_in_capitals_quietly: needs [jq], given [],
        r#"APP_USER_API_KEY=$(ibmcloud iam api-key-create app-user-api-key -d "API key for app user" --output JSON --quiet | jq -r .apikey)
           echo $APP_USER_API_KEY"#
        => value_of("app-user-api-key", Nothing);
    force_before_output: needs [jq], given [],
        r#"API_KEY_OUT=$(ibmcloud iam api-key-create base-API-key -d "API key" --force --output json)
           API_KEY_VALUE=$(echo "$API_KEY_OUT" | jq -r '.apikey'); echo $API_KEY_VALUE"#
        => value_of("base-API-key", Nothing);
    output_with_an_equals_sign_and_no_newline: needs [jq], given [],
        r#"apikey=$(ibmcloud iam api-key-create dm -d "Testing for armada-credential - DM" --output=json | jq -j '.apikey'); echo "$apikey""#
        => value_of("dm", Nothing);
    a_here_string: needs [jq], given [],
        r#"json=$(ibmcloud iam api-key-create cos --description "project COS READ WRITE" --output json)
           apikey=$(jq -r .apikey <<< "$json"); echo $apikey"#
        => value_of("cos", Nothing);
    four_fields_for_terraform: needs [jq], given [],
        r#"ibmcloud iam api-key-create life-preserver --output json \
               | jq -c ". | {id: .id, name: .name, acct: .account_id, apikey: .apikey}""#
        => prints(
            "{\"id\":\"[ID1]\",\"name\":\"life-preserver\",\"acct\":\"10ca1000000000000000000000000000\",\"apikey\":\"[VALUE]\"}\n",
            &["life-preserver"],
        );
    a_quoted_value_for_an_export: needs [jq], given [],
        "echo export KEY=$(ibmcloud iam api-key-create quoted --output json | jq .apikey)"
        => prints("export KEY=\"[VALUE]\"\n", &["quoted"]);
    one_space_behind_the_colon: needs [], given [],
        r#"ibmcloud iam api-key-create spaced --output json | grep '"apikey": "' | awk -F'"' '{print $4}'"#
        => value_of("spaced", Nothing);
    an_error_branch_that_is_not_taken: needs [], given [],
        "ibmcloud iam api-key-create fine -q -f fine.json > /dev/null || { echo failed; exit 1; }; rc=$?; echo $rc"
        => prints("0\n", &["fine"]);
    an_error_branch_that_is_taken: needs [], given [],
        "echo other > full.json; ibmcloud iam api-key-create none -f full.json 2> err || { head -1 err; cat full.json; }"
        => prints("FAILED\nother\n", &[]);
}
