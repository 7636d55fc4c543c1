//! What Tab offers in real shells, and that every flag and command has its place in the man pages.

mod at_a_prompt;
mod offered;
mod remembered;
mod service_ids;
mod undisturbed;

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use clap::{Command, CommandFactory as _};
use ibmcloud_iam::cli::Cli;

use crate::support::disk::snapshot;
use crate::support::{Outcome, Sandbox, run, skipped};

const PACKAGE: &str = env!("CARGO_MANIFEST_DIR");

/// Asks bash what it offers for a command line whose last word is being typed.
pub(crate) fn complete_with(sandbox: &Sandbox, env: &[(&str, &str)], words: &[&str]) -> Outcome {
    let script = r#"source "$0/completions/ibmcloud-iam.bash"
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*"
        COMP_POINT=${#COMP_LINE}
        _ibmcloud_iam ibmcloud-iam "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        [[ ${#COMPREPLY[@]} == 0 ]] || printf '%s\n' "${COMPREPLY[@]}""#;
    let mut command = sandbox.bash_command(script);
    command.args([PACKAGE, "ibmcloud-iam"]).args(words);
    for (name, value) in env {
        // Empty, the backend is left to the program.
        match (*name, *value) {
            ("IBMCLOUD_IAM_BACKEND", "") => command.env_remove(name),
            _ => command.env(name, value),
        };
    }
    run(&mut command, b"")
}

/// What bash offers; it must not say anything else.
#[track_caller]
fn complete(sandbox: &Sandbox, words: &[&str]) -> Vec<String> {
    let outcome = complete_with(sandbox, &[], words);
    outcome.ok().stderr("");
    outcome.stdout.lines().map(str::to_owned).collect()
}

/// The commands, and `help`, which is none.
fn visible(tree: &Command) -> Vec<String> {
    let names = tree.get_subcommands().map(Command::get_name);
    names.chain(["help"]).map(str::to_owned).collect()
}

#[test]
fn commands_are_offered() {
    let sandbox = Sandbox::new();
    let commands = visible(&Cli::command());
    for words in [&[""][..], &["iam", ""]] {
        let mut offered = complete(&sandbox, words);
        offered.retain(|word| !word.starts_with('-'));
        assert_eq!(offered, commands, "{words:?}");
    }
    assert_eq!(complete(&sandbox, &["api-key-c"]), ["api-key-create"]);
    assert_eq!(complete(&sandbox, &["iam", "rec"]), ["recover"]);
    assert_eq!(complete(&sandbox, &["ia"]), ["iam"]);
    assert_eq!(complete(&sandbox, &["frob"]), [""; 0]);
}

#[test]
fn flags_and_their_values_are_offered() {
    let sandbox = Sandbox::new();
    let mut tree = Cli::command();
    tree.build();
    for command in tree.get_subcommands() {
        let visible = command.get_arguments().filter(|arg| !arg.is_hide_set());
        let mut flags: Vec<String> =
            visible.filter_map(|arg| arg.get_long()).map(|long| format!("--{long}")).collect();
        flags.sort();
        for iam in [&[][..], &["iam"]] {
            let mut offered = complete(&sandbox, &[iam, &[command.get_name(), "--"]].concat());
            offered.sort();
            assert_eq!(offered, flags, "{}", command.get_name());
        }
    }
    for (words, offered) in [
        (&["api-keys", "--output", ""][..], &["json"][..]),
        (&["api-keys", "-o", ""], &["json"]),
        (&["--backend", ""], &["local", "remote"]),
        (&["api-keys", "--color="], &["--color=auto", "--color=always", "--color=never"]),
        (&["api-keys", "--sort", "created"], &["created_at", "created_by"]),
        (
            &["api-keys", "--state", ""],
            &["active", "disabled", "expired", "phasing-out", "phased-out", "locked"],
        ),
        (&["api-key-create", "x", "--action-if-leaked", ""], &["NONE", "DISABLE", "DELETE"]),
        (&["--error-format", "j"], &["json"]),
        (&["api-key-list", "--wi"], &["--wide"]),
    ] {
        assert_eq!(complete(&sandbox, words), offered, "{words:?}");
    }
    fs::write(sandbox.work("key_file"), "").unwrap();
    assert_eq!(complete(&sandbox, &["api-key-create", "x", "--file", "ke"]), ["key_file"]);
}

/// What is offered for a key, flags aside.
#[track_caller]
fn keys(sandbox: &Sandbox, words: &[&str]) -> Vec<String> {
    let mut offered = complete(sandbox, words);
    offered.retain(|word| !word.starts_with('-'));
    offered
}

#[test]
fn key_names_are_offered_wherever_a_key_is_meant() {
    let sandbox = Sandbox::new();
    for name in ["alpha", "alpine", "beta"] {
        sandbox.create(name, &[]);
    }
    for command in [
        "api-key",
        "api-key-update",
        "api-key-delete",
        "api-key-lock",
        "api-key-unlock",
        "api-key-disable",
    ] {
        assert_eq!(keys(&sandbox, &[command, "al"]), ["alpha", "alpine"], "{command}");
        assert_eq!(keys(&sandbox, &["iam", command, ""]), ["alpha", "alpine", "beta"], "{command}");
    }
    assert_eq!(keys(&sandbox, &["api-key-delete", "alpha", "be"]), ["beta"]);
    assert_eq!(keys(&sandbox, &["api-key-create", "al"]), [""; 0]);
    assert_eq!(keys(&sandbox, &["api-keys", "al"]), [""; 0]);
}

#[test]
fn what_no_name_can_say_is_offered_by_id() {
    let sandbox = Sandbox::new();
    let twins = [sandbox.create("twin", &[]), sandbox.create("twin", &[])];
    let dashed =
        sandbox.run(&["api-key-create", "-o", "json", "--", "--force"]).json()["id"].clone();
    let broken = sandbox.create("two\nlines", &[]);
    let posing = sandbox.create("ApiKey-18f773b0-db53-43f1-ad68-92c667c218fe", &[]);
    let ids = [&*twins[0], &twins[1], dashed.as_str().unwrap(), &broken, &posing];
    assert_eq!(keys(&sandbox, &["api-key", ""]), ids);
    assert_eq!(keys(&sandbox, &["api-key", "ApiKey-"]), ids);
    assert_eq!(keys(&sandbox, &["api-key", "tw"]), [""; 0]);
    let named = sandbox.create("named", &[]);
    assert_eq!(keys(&sandbox, &["api-key", &named[..20]]), [named]);
}

const ODD: [&str; 9] = [
    "two words",
    "it's",
    "say \"hi\"",
    "ci:deploy",
    "a=b",
    "$HOME",
    "50% *off*",
    "back\\slash",
    "naïve 日本 🔑",
];

#[test]
fn an_odd_name_is_one_word_when_bash_has_completed_it() {
    let sandbox = Sandbox::new();
    let ids = ODD.map(|name| sandbox.create(name, &[]));
    for (name, id) in ODD.iter().zip(ids) {
        let start: String = name.chars().take(1).collect();
        let start = if start == "$" { "\\$" } else { &start };
        let offered: Vec<String> = keys(&sandbox, &["api-key", start]);
        let meant: Vec<&String> = offered
            .iter()
            .filter(|word| word.replace('\\', "") == name.replace('\\', ""))
            .collect();
        let [word] = meant[..] else { panic!("{name}: {offered:?}") };
        let shown = sandbox.bash(&format!("ibmcloud-iam api-key --uuid {word}"));
        assert_eq!(shown.ok().stdout, format!("{id}\n"));
        // Completed half way, and again.
        let half: String = word.chars().take(4).collect();
        assert_eq!(keys(&sandbox, &["api-key", &half]), std::slice::from_ref(word), "{half}");
    }
}

#[test]
fn a_rotated_name_is_offered_as_the_command_takes_it() {
    let sandbox = Sandbox::new();
    let old = sandbox.create("alpha", &[]);
    let rotated = sandbox.run(&["api-key-rotate", "alpha", "--force", "-o", "json"]).json();
    let new = rotated["id"].as_str().unwrap();
    for command in ["api-key", "api-key-rotate", "api-key-lock", "api-key-update"] {
        assert_eq!(keys(&sandbox, &[command, "al"]), ["alpha"], "{command}");
    }
    assert_eq!(keys(&sandbox, &["api-key-enable", ""]), ["alpha"]);
    for command in ["api-key-delete", "api-key-disable"] {
        assert_eq!(keys(&sandbox, &[command, ""]), [&*old, new], "{command}");
    }
    sandbox.run(&["api-key-enable", "alpha", "--force"]).ok();
    assert_eq!(keys(&sandbox, &["api-key", ""]), [&*old, new]);
}

#[test]
fn the_program_prints_the_scripts_that_are_checked_in() {
    let sandbox = Sandbox::new();
    for (shell, file) in [("bash", "ibmcloud-iam.bash"), ("fish", "ibmcloud-iam.fish")] {
        let mut command = sandbox.bash_command("ibmcloud-iam");
        let printed = run(command.env("IBMCLOUD_IAM_COMPLETE", shell), b"");
        let script = fs::read_to_string(Path::new(PACKAGE).join("completions").join(file)).unwrap();
        let own = sandbox.root().join("bin").display().to_string() + "/";
        assert_eq!(printed.ok().stdout.replace(&own, "").trim(), script.trim(), "{shell}");
    }
}

#[test]
fn without_the_program_the_prompt_stays_as_it_is() {
    let sandbox = Sandbox::new();
    let outcome = complete_with(&sandbox, &[("PATH", "/usr/bin:/bin")], &["api-key", "x"]);
    outcome.ok().stdout("").stderr("");
}

/// Who presses Tab sits at a terminal, where the command would use the local store with a notice.
#[test]
fn keys_of_the_local_store_are_offered_where_the_command_would_use_it() {
    let sandbox = Sandbox::new();
    sandbox.create("mine", &[]);
    let offered = |env: &[(&str, &str)], words: &[&str]| {
        let env = [&[("IBMCLOUD_IAM_BACKEND", "")][..], env].concat();
        let outcome = complete_with(&sandbox, &env, words);
        outcome.ok().stderr("");
        outcome.stdout.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(offered(&[], &["api-key", "m"]), ["mine"]);
    assert_eq!(offered(&[], &["api-key", "-q", "m"]), [""; 0]);
    assert_eq!(offered(&[("CI", "true")], &["api-key", "m"]), [""; 0]);
    assert_eq!(offered(&[], &["api-key", "-q", "--backend", "local", "m"]), ["mine"]);
}

#[test]
fn a_completion_is_silent_and_makes_nothing_whatever_the_store_is_like() {
    let sandbox = Sandbox::new();
    let before = snapshot(sandbox.root());
    assert_eq!(keys(&sandbox, &["api-key", ""]), [""; 0]);
    let elsewhere = sandbox.root().join("nowhere/at/all");
    let absent = elsewhere.to_str().unwrap();
    for env in [
        &[("IBMCLOUD_IAM_HOME", absent)][..],
        &[("IBMCLOUD_IAM_STORE", absent)],
        &[("IBMCLOUD_IAM_STORE", "")],
        &[("IBMCLOUD_IAM_STORE", "/dev/null")],
        &[("IBMCLOUD_IAM_BACKEND", "remote")],
        &[("IBMCLOUD_IAM_BACKEND", "what")],
        &[("IBMCLOUD_IAM_NOW", "noon")],
    ] {
        let outcome = complete_with(&sandbox, env, &["api-key", "x"]);
        outcome.ok().stdout("").stderr("");
    }
    assert_eq!(snapshot(sandbox.root()), before, "nothing is made");

    sandbox.create("whole", &[]);
    let store = fs::read(sandbox.store()).unwrap();
    for (damage, offered) in [
        ([&store[..], b"garbage\n"].concat(), &[][..]),
        ([&store[..], b"{\"crc\":\"12"].concat(), &["whole"]),
        (b"not a store\n".to_vec(), &[]),
        (Vec::new(), &[]),
    ] {
        fs::write(sandbox.store(), damage).unwrap();
        let before = snapshot(sandbox.root());
        assert_eq!(keys(&sandbox, &["api-key", ""]), offered);
        assert_eq!(snapshot(sandbox.root()), before, "nothing is mended either");
    }
}

/// Runs a shell on a script, or says that it is not installed.
fn shell(sandbox: &Sandbox, name: &str, args: &[&OsStr]) -> Option<Outcome> {
    let mut command = sandbox.program(name);
    if command.arg("--version").output().is_err() {
        skipped(&format!("{name} is not installed"));
        return None;
    }
    Some(run(sandbox.program(name).args(args), b""))
}

#[test]
fn zsh_takes_its_script_and_offers_keys() {
    let sandbox = Sandbox::new();
    sandbox.create("alpha", &[]);
    sandbox.create("two words", &[]);
    let script = Path::new(PACKAGE).join("completions/_ibmcloud-iam");
    let Some(syntax) = shell(&sandbox, "zsh", &[OsStr::new("-n"), script.as_os_str()]) else {
        return;
    };
    syntax.ok().stdout("").stderr("");
    let asked = r"compdef() { :; }; _describe() { shift 2; [[ $1 == -V ]] && shift 2; print -rl -- ${(P)1}; }
        words=(ibmcloud-iam api-key a) CURRENT=3; source $0; _clap_dynamic_completer_ibmcloud_iam";
    let offered =
        shell(&sandbox, "zsh", &[OsStr::new("-fc"), OsStr::new(asked), script.as_os_str()])
            .unwrap();
    assert!(offered.ok().stdout.contains("alpha"), "{offered:#?}");
}

#[test]
fn fish_takes_its_script_and_offers_keys() {
    let sandbox = Sandbox::new();
    sandbox.create("alpha", &[]);
    sandbox.create("two words", &[]);
    let script = Path::new(PACKAGE).join("completions/ibmcloud-iam.fish");
    let Some(syntax) = shell(&sandbox, "fish", &[OsStr::new("-n"), script.as_os_str()]) else {
        return;
    };
    syntax.ok().stdout("").stderr("");
    let asked = format!("source {}; complete -C 'ibmcloud-iam api-key a'", script.display());
    let offered =
        shell(&sandbox, "fish", &[OsStr::new("--no-config"), OsStr::new("-c"), OsStr::new(&asked)])
            .unwrap();
    assert!(offered.ok().stdout.lines().any(|line| line == "alpha"), "{offered:#?}");
}

/// A man page without its font changes and escapes.
fn page(name: &str) -> String {
    let page =
        fs::read_to_string(Path::new(PACKAGE).join("man").join(format!("{name}.1"))).unwrap();
    ["\\fB", "\\fI", "\\fR"]
        .iter()
        .fold(page, |page, font| page.replace(font, ""))
        .replace("\\-", "-")
}

#[test]
fn every_command_and_flag_has_its_place_in_the_man_pages() {
    let mut tree = Cli::command();
    tree.build();
    let overview = page("ibmcloud-iam");
    let about = |command: &Command| command.get_about().unwrap().to_string();
    assert!(
        overview.contains(&format!("\n.SH NAME\nibmcloud-iam - {}\n", about(&tree))),
        "{overview}"
    );
    for command in tree.get_subcommands() {
        let name = format!("ibmcloud-iam-{}", command.get_name());
        assert!(overview.contains(&name), "{name}");
        let page = page(&name);
        assert!(page.contains(&format!("\n.SH NAME\n{name} - {}\n", about(command))), "{page}");
        for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
            let lines: Vec<&str> = page.lines().collect();
            let shown = match (arg.get_short(), arg.get_long()) {
                (_, Some(long)) => format!("--{long}"),
                (Some(short), None) => format!("-{short}"),
                (None, None) => format!("<{}>", arg.get_value_names().unwrap()[0]),
            };
            // An entry of its own, not only a mention in the synopsis.
            let is_entry = |pair: &[&str]| {
                pair[0] == ".TP"
                    && pair[1]
                        .split([' ', ',', '='])
                        .any(|word| word.trim_matches(['[', ']']) == shown)
            };
            let entry = lines.windows(2).any(is_entry)
                || arg.is_positional() && page.contains(&shown[1..shown.len() - 1]);
            assert!(entry, "{name}: {shown}");
        }
    }
    let raw =
        fs::read_to_string(Path::new(PACKAGE).join("man/ibmcloud-iam-api-key-create.1")).unwrap();
    assert!(raw.contains("\nibmcloud\\-iam\\-api\\-key\\-create \\- Create an API key\n"));
}
