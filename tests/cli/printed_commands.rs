//! Commands that are printed mean the same in every shell, whatever a key, its id or a path is called.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use ibmcloud_iam::text::shell_word;

use crate::support::shells::{Chance, SHELLS};
use crate::support::store::next_line;
use crate::support::{NOW, Sandbox};

/// In fish, whoever puts it between single quotes with `\'` for a quote runs what follows.
const HOSTILE: &str = r"x\'; touch PWN #";

/// Fails where what stands in a name was run.
#[track_caller]
fn assert_nothing_ran(sandbox: &Sandbox, shell: &str) {
    assert!(!sandbox.work("PWN").exists(), "{shell} ran what stands in a name");
}

/// Takes a command out of a message.
#[track_caller]
fn between<'a>(text: &'a str, before: &str, behind: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("no {before:?} in {text}"));
    rest.split_once(behind).unwrap_or_else(|| panic!("no {behind:?} in {text}")).0
}

#[test]
fn every_shell_reads_the_same_word() {
    let sandbox = Sandbox::new();
    let known = [
        HOSTILE, "", "it's", "\\", "\\\\", "'", "\\'", "'\\", "a\nb", "\n", "=ls", "%self", "~",
        "-n", "{a,b}", "!!", "*", "a=~", "'' ''", "\u{2019}",
    ];
    let mut chance = Chance::new(20_261_121);
    let texts: Vec<String> =
        known.map(str::to_owned).into_iter().chain((0..1500).map(|_| chance.text(24))).collect();
    for shell in SHELLS {
        for texts in texts.chunks(100) {
            let words: Vec<_> = texts.iter().map(|text| shell_word(text)).collect();
            let script = format!("env printf '%s\\0' {}", words.join(" "));
            let Some(read) = sandbox.shell(shell, &[], &script, "") else { continue };
            let read: Vec<&str> = read.ok().stdout.split_terminator('\0').collect();
            for ((text, word), read) in texts.iter().zip(&words).zip(&read) {
                assert_eq!(read, text, "{} reads {word}", shell.0);
            }
            assert_eq!(read.len(), texts.len(), "{}", shell.0);
        }
        assert_nothing_ran(&sandbox, shell.0);
    }
}

#[test]
fn the_fix_for_keys_of_one_name_holds_any_name() {
    let mut chance = Chance::new(7);
    let names: Vec<String> =
        [HOSTILE.to_owned()].into_iter().chain((0..20).map(|_| chance.text(20))).collect();
    for shell in SHELLS {
        let sandbox = Sandbox::new();
        sandbox.create("first", &[]);
        let mut expected = Vec::new();
        for (number, name) in names.iter().enumerate() {
            // No two of them are the same.
            let name = format!("{name}{number}");
            let id = sandbox.create_of(crate::support::IAM_ID, &name, &[]);
            sandbox.create_of(crate::support::IAM_ID, &name, &[]);
            let shown = ibmcloud_iam::text::escape(&name).into_owned();
            expected.push((id.clone(), format!("{shown}-{}", &id[7..15])));
        }
        let room = [("IBMCLOUD_IAM_KEY_LIMIT", "100")];
        let report =
            sandbox.run_env(&room, &["api-keys-audit", "-o", "json", "--fail-on", "none"]).json();
        let fixes: Vec<&str> = report
            .as_array()
            .unwrap()
            .iter()
            .filter(|finding| finding["rule"] == "same-name")
            .map(|finding| finding["fix"].as_str().unwrap())
            .collect();
        assert_eq!(fixes.len(), names.len());
        let Some(outcome) = sandbox.shell(shell, &room, &fixes.join("\n"), "") else { continue };
        outcome.ok();
        let keys = sandbox.keys();
        for (id, name) in expected {
            let key = keys.iter().find(|key| key["id"] == *id).unwrap();
            assert_eq!(key["name"], *name, "{}", shell.0);
        }
        assert_nothing_ran(&sandbox, shell.0);
    }
}

/// A box with a key whose id is not of the service's form.
fn with_hostile_id() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.create("first", &["-e", "2027-05-01"]);
    let mut store = sandbox.store_bytes().unwrap();
    let id = serde_json::to_string(HOSTILE).unwrap();
    let body = format!(
        r#""op":"create","id":{id},"at":"{NOW}","tag":"1-{0:032x}","hash":"{0:043}","name":"odd","locked":true}}"#,
        1
    );
    store.extend(next_line(&store.clone(), &body));
    fs::write(sandbox.store(), store).unwrap();
    sandbox
}

#[test]
fn an_id_is_one_word_of_a_command() {
    for shell in SHELLS {
        let sandbox = with_hostile_id();
        let report = sandbox.run(&["api-keys-audit", "-o", "json"]).json();
        let fix = report[0]["fix"].as_str().unwrap();
        let refused = sandbox.run(&["api-key-update", "odd", "--name", "even"]);
        let hint = between(&refused.code(6).stderr, "Unlock it with '", "'.\n").to_owned();
        // What is not of the service's form gets into no command.
        assert_eq!(hint, "ibmcloud-iam api-key-unlock <ID>");
        assert!(!fix.contains(HOSTILE), "{fix}");
        let Some(outcome) = sandbox.shell(shell, &[], fix, "y\ny\n") else { continue };
        assert!(outcome.ok().stdout.contains(HOSTILE), "{}: {outcome:#?}", shell.0);
        assert_nothing_ran(&sandbox, shell.0);
    }
}

#[test]
fn a_path_is_one_word_of_a_command() {
    for shell in SHELLS {
        let sandbox = Sandbox::new();
        for directory in [HOSTILE, "it's here", "-p", "two  spaces\\"] {
            let file = Path::new(directory).join("key.json");
            let file = format!("--file={}", file.display());
            let refused = sandbox.run(&["api-key-create", "k", &file]);
            let hint = between(&refused.code(14).stderr, "Create it with '", "' first.").to_owned();
            let Some(made) = sandbox.shell(shell, &[], &hint, "") else { continue };
            made.ok();
            sandbox.run(&["api-key-create", "k", &file]).ok();
        }
        assert_nothing_ran(&sandbox, shell.0);
    }
}

#[test]
fn a_store_is_mended_wherever_it_is() {
    for shell in SHELLS {
        let sandbox = Sandbox::new();
        let home = sandbox.root().join(HOSTILE);
        fs::create_dir(&home).unwrap();
        let env = [("IBMCLOUD_IAM_HOME", home.to_str().unwrap())];
        sandbox.run_env(&env, &["api-key-create", "k", "-q"]).ok();
        let store = home.join("store/store.jsonl");
        fs::set_permissions(&store, fs::Permissions::from_mode(0o666)).unwrap();
        let refused = sandbox.run_env(&env, &["api-keys"]);
        let hint = between(&refused.code(1).stderr, "run '", "'.\n").to_owned();
        let Some(mended) = sandbox.shell(shell, &env, &hint, "") else { continue };
        mended.ok();
        sandbox.run_env(&env, &["api-keys"]).ok().stderr("");
        fs::write(&store, "damaged\n").unwrap();
        let refused = sandbox.run_env(&env, &["api-keys"]);
        let hint = between(&refused.code(1).stderr, "look at it with '", "'.\n").to_owned();
        let Some(shown) = sandbox.shell(shell, &env, &hint, "") else { continue };
        shown.ok().stdout("damaged\n");
        assert_nothing_ran(&sandbox, shell.0);
    }
}
