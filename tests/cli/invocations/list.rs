//! `api-keys` as scripts read it.

use super::{ids, prints, scripts};
use crate::support::expected::{done, facts_of};

scripts! {
    bx_lists: needs [], given ["k"],
        "bx iam api-keys"
        => prints(
            "Getting all API keys under 10ca1000000000000000000000000000 as local@localhost...\nOK\n\
             ID                                            Name   Description   Created At              Last Updated            Locked   State\n\
             [ID1]   k                    2026-11-21T09:00+0000   2026-11-21T09:00+0000   false    active\n",
            &["k"],
        );
    ic_lists: needs [], given ["k"], "ic iam api-keys | sed -n '2p;3p' | cut -c1-2" => prints("OK\nID\n", &["k"]);
    a_row_by_grep: needs [], given ["other", "my-toolkit-key"],
        "ibmcloud iam api-keys | grep my-toolkit-key"
        => prints(
            "[ID1]   my-toolkit-key                 2026-11-21T09:00+0000   2026-11-21T09:00+0000   false    active\n",
            &["other", "my-toolkit-key"],
        );
    a_test_by_grep: needs [], given ["registry"],
        r#"if ibmcloud iam api-keys | grep -q "registry"; then echo found; fi
           if ibmcloud iam api-keys | grep -q "nothing-like-it"; then echo found; else echo absent; fi"#
        => prints("found\nabsent\n", &["registry"]);
    the_id_is_the_first_word: needs [], given ["a b", "containers-kubernetes-key"],
        "ibmcloud iam api-keys | grep containers-kubernetes-key | awk '{ print $1}'" => ids(&[1]);
    the_name_stands_behind_three_spaces: needs [], given ["first", "second"],
        "ibmcloud iam api-keys | tail -n+4 | cut -d' ' -f4" => prints("first\nsecond\n", &["first", "second"]);
    three_lines_are_skipped: needs [], given ["a", "b"],
        "ibmcloud iam api-keys | tail -n+4 | awk '{print $1}'" => ids(&[0, 1]);
    quietly_one_line_is_skipped: needs [], given ["a", "b"],
        "ibmcloud iam api-keys -q | tail -n+2 | awk '{print $1}'" => ids(&[0, 1]);
    ok_is_the_second_line: needs [], given ["a"],
        r#"state=$(ibmcloud iam api-keys | awk 'NR==2{ print $1 }'); if [[ $state != "OK" ]]; then exit 1; fi; echo $state"#
        => prints("OK\n", &["a"]);
    all_but_some_are_deleted_in_a_loop: needs [], given ["a", "b c", "Do not delete"],
        "ibmcloud iam api-keys | tail -n+4 | grep -v 'Do not delete' | while read -r name rest_of_cmd; do
             ibmcloud iam api-key-delete ${name} -f -q; done"
        => prints("API key [ID1] was deleted\nAPI key [ID2] was deleted\n", &["Do not delete"]);
    ids_of_a_pattern_by_jq_are_deleted_in_a_loop: needs [jq], given ["cluster-1", "cluster-2", "mine"],
        r#"NAME_PATTERN='^cluster-[0-9]+$'
           ibmcloud iam api-keys --output JSON 2> /dev/null \
               | jq --arg NAME "${NAME_PATTERN}" -r '.[] | select(.name | test($NAME)) | .id' \
               | while read apikey_id; do ibmcloud iam api-key-delete "${apikey_id}" -f; done"#
        => |ran| {
            let stdout = [done("Deleting", "[ID1]", "was deleted"), done("Deleting", "[ID2]", "was deleted")].concat();
            let cluster = "never used. A cluster may use it, and cannot pull images without it.";
            let facts = |number, name| facts_of(number, name, "2026-11-21T09:00+0000 (today)", cluster);
            ran.outcome.is(0, &stdout, &[facts(1, "cluster-1"), facts(2, "cluster-2")].concat());
            assert_eq!(ran.sandbox.names(), ["mine"]);
        };
    a_listing_holds_no_value: needs [jq], given ["k"],
        r#"API_KEY_NAME=k
           API_KEY=$(ibmcloud iam api-keys --output json | jq -r ".[] | select(.name == \"$API_KEY_NAME\") | .apikey")
           echo "<$API_KEY>""#
        => prints("<>\n", &["k"]);
    the_id_of_a_name_by_jq: needs [jq], given ["a", "b"],
        r#"ibmcloud iam api-keys --output json | jq -r '.[] | select(.name=="b") | .id'"# => ids(&[1]);
    both_streams_are_one_document: needs [jq], given ["a", "b"],
        r#"api_keys_json=$(ibmcloud iam api-keys -o JSON 2>&1)
           if ! echo "$api_keys_json" | jq empty; then exit 1; fi
           if [[ "$api_keys_json" =~ "FAILED" ]]; then exit 1; fi
           echo "$api_keys_json" | jq 'length'
           echo "$api_keys_json" | jq -r '.[] | .name,.created_at,.apikey'"#
        => prints("2\na\n2026-11-21T09:00+0000\n\nb\n2026-11-21T09:00+0000\n\n", &["a", "b"]);
    an_empty_listing_is_an_empty_array: needs [jq], given [],
        "ibmcloud iam api-keys --output json 2>&1 | jq 'length'" => prints("0\n", &[]);
    stale_keys_by_jq: needs [jq], given ["a"],
        r#"ibmcloud iam api-keys --output json | jq -r '.[] | select(.created_at < "2026-12-01") | "\(.name) \(.iam_id)"'"#
        => prints("a IBMid-10CA100000\n", &["a"]);
    flags_of_the_documentation: needs [], given ["one", "two", "three"],
        "ibmcloud iam api-keys --uuid -n two
         ibmcloud iam api-keys --uuid --name three -d ''" => ids(&[1, 2]);
    read_by_python: needs [python3], given ["a", "b"],
        r#"python3 -c 'import json, subprocess
keys = json.loads(subprocess.run(["ibmcloud", "iam", "api-keys", "--output", "json"], stdout=subprocess.PIPE).stdout)
for key in keys: print(key["id"])'"#
        => ids(&[0, 1]);
    the_first_line_only: needs [], given ["a", "b"],
        "ibmcloud iam api-keys --uuid | head -n 1; echo ${PIPESTATUS[0]} > status; grep -q 0 status || exit 1" => ids(&[0]);
    counted: needs [], given ["a", "b", "c"],
        "count=$(ibmcloud iam api-keys --uuid | wc -l); echo $((count))" => prints("3\n", &["a", "b", "c"]);
}
