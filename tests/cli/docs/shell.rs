//! What stands in `sh` blocks works. Those that need IBM Cloud run against the emulator.

use std::ffi::OsString;

use clap::error::ErrorKind;
use ibmcloud_iam::cli::Cli;

use super::{package, pages};
use crate::support::Sandbox;
use crate::support::emulator::Emulator;

/// What becomes of a block.
enum Fate {
    /// It runs behind one script and before another, which asks what came of it.
    Runs(&'static str, &'static str),
    /// It does not run here, and why.
    Waits(&'static str),
}

use Fate::{Runs, Waits};

/// A key `ci-deploy`, which is in `key.json`.
const HELD: &str = "ibmcloud-iam api-key-create ci-deploy --file key.json --quiet";

/// Programs that take a value on standard input and keep it in a file of their name.
const TAKERS: &str = "
    ibmcloud-iam api-key-create ci-deploy --file key.json --quiet
    for taker in gh glab kubectl vault aws gcloud; do
        printf '#!/bin/sh\\n[ \"$1\" = apply ] && exec cat >/dev/null\\nexec cat >took-%s\\n' $taker >$taker
        chmod +x $taker
    done
    PATH=$PWD:$PATH";

/// What an emulator that was killed has left.
const STALE: &str = "echo 'export IBMCLOUD_API_KEY=stale' >emulator.env";

/// A create that was killed before the answer came.
const KILLED: &str = "
    ibmcloud-iam emulate --in-memory --env-file slow.env --fault create:delay=60s,after,times=1 &
    while [ ! -s slow.env ]; do sleep 0.1; done
    . ./slow.env
    ibmcloud-iam api-key-create ci --file key.json &
    until [ \"$(ibmcloud-iam api-keys --uuid)\" ]; do sleep 0.1; done
    kill -KILL %2
    ! wait %2
    [ ! -e key.json ]";

/// Every `sh` block: its page, how it begins, and its fate.
const BLOCKS: [(&str, &str, Fate); 23] = [
    ("README.md", "cargo run", Waits("'console' runs it")),
    ("README.md", "cargo install", Waits("it installs; the newcomer who packages does it")),
    ("README.md", "unset IBMCLOUD_IAM_BACKEND", Runs("cp \"$KEY_FILE\" apikey.json", "")),
    ("README.md", "ibmcloud-iam login", Waits("it asks; the newcomer with a keyring does it")),
    (
        "README.md",
        "ibmcloud-iam api-key-create ci-deploy",
        Runs("", "ibmcloud-iam api-key-lookup @key.json"),
    ),
    ("README.md", "ibmcloud-iam api-keys-audit", Runs(HELD, "")),
    (
        "README.md",
        "rm -f emulator.env",
        Runs(STALE, "ibmcloud-iam api-key-lookup @ci.json; kill %1; wait"),
    ),
    ("README.md", "cargo test", Waits("this is it")),
    (
        "docs/guide/completion.md",
        "mkdir -p",
        Runs(
            "",
            ". ~/.local/share/bash-completion/completions/ibmcloud-iam; complete -p ibmcloud-iam; [ -s ~/.zfunc/_ibmcloud-iam ]",
        ),
    ),
    (
        "docs/guide/deliver.md",
        "ibmcloud-iam api-key-create",
        Runs("", "ibmcloud-iam api-key-lookup @key.json"),
    ),
    ("docs/guide/deliver.md", "KEY=", Runs("", "[ ${#KEY} = 44 ]")),
    (
        "docs/guide/deliver.md",
        "ibmcloud-iam api-key-rotate",
        Runs(
            TAKERS,
            "value=$(jq -r .apikey key.json); for taker in gh glab kubectl vault aws gcloud; do [ \"$(cat took-$taker)\" = \"$value\" ]; done",
        ),
    ),
    (
        "docs/guide/emulator.md",
        "ibmcloud-iam emulate --in-memory\n",
        Waits("it serves until it is ended; 'emulate' holds its lines"),
    ),
    (
        "docs/guide/emulator.md",
        "rm -f emulator.env",
        Runs(STALE, "grep -q IAM_IDENTITY_URL= iam_identity.env; kill %1; wait"),
    ),
    ("docs/guide/emulator.md", "python3", Waits("it needs IBM's SDK; tests/interop does the same")),
    (
        "docs/guide/emulator.md",
        "ibmcloud-iam emulate --fault",
        Waits("each serves until it is ended"),
    ),
    ("docs/guide/in-place-of-ibmcloud.md", "alias", Runs("", "~/bin/ibmcloud iam api-keys")),
    (
        "docs/guide/login.md",
        "ibmcloud-iam login ",
        Waits("it asks, or needs a keyring; 'credentials' does both"),
    ),
    (
        "docs/guide/login.md",
        "ibmcloud-iam login --profile",
        Waits("a login at IBM Cloud; 'credentials' does it elsewhere"),
    ),
    (
        "docs/guide/platform-keys.md",
        "export CPD_URL",
        Waits("a platform of its own; the next one is the same"),
    ),
    ("docs/guide/platform-keys.md", "ibmcloud-iam platform-api-key-create", Runs("", "")),
    (
        "docs/guide/recover.md",
        "ibmcloud-iam recover",
        Runs(KILLED, "ibmcloud-iam api-key-lookup @key.json; kill %1; wait"),
    ),
    (
        "docs/guide/rotation.md",
        "ibmcloud-iam api-key-rotate",
        Runs(HELD, "ibmcloud-iam api-key-lookup @key.json"),
    ),
];

#[test]
fn every_block_runs_or_says_why_it_does_not() {
    let mut fates = BLOCKS.iter();
    for page in pages() {
        for block in page.blocks().iter().filter(|block| block.language == "sh") {
            let (path, begins, fate) = fates.next().unwrap_or(&("", "", Waits("")));
            assert!(
                page.path == *path && format!("{}\n", block.text).starts_with(begins),
                "{}: this block has no fate, or not in its place\n{}",
                page.path,
                block.text
            );
            match fate {
                Runs(before, behind) => runs(before, block.text, behind),
                Waits(why) => println!("{path}: '{begins}' does not run: {why}"),
            }
        }
    }
    assert!(fates.next().is_none(), "a block is gone");
}

/// Runs a block against an emulator of its own, as a script that ends where a command fails.
fn runs(before: &str, block: &str, behind: &str) {
    let sandbox = Sandbox::new();
    let emulator = Emulator::start(&sandbox, &["--in-memory", "--env-file", "../service.env"], &[]);
    let script = format!("set -eu -o pipefail\n. ../service.env\n{before}\n{block}\n{behind}");
    let mut command = sandbox.bash_in_time(&script);
    command.env_remove("IBMCLOUD_IAM_BACKEND");
    command.env("KEY_FILE", emulator.key_file()).env("PACKAGE", package());
    let outcome = crate::support::run(&mut command, b"");
    assert_eq!(outcome.code, 0, "{script}\n{outcome:#?}");
}

/// Whoever types the README from the top stays in one shell, which is at work on the local store at first.
#[test]
fn the_readme_runs_in_one_shell() {
    let readme = pages().into_iter().find(|page| page.path == "README.md").unwrap();
    let of_readme = || BLOCKS.iter().filter(|(path, ..)| *path == "README.md");
    let blocks = readme.blocks();
    let blocks = blocks.iter().filter(|block| block.language == "sh").zip(of_readme());
    let mut all = String::from("export IBMCLOUD_IAM_BACKEND=local\ncp \"$KEY_FILE\" apikey.json\n");
    for (block, (.., fate)) in blocks {
        if matches!(fate, Runs(..)) {
            all = format!("{all}{}\n", block.text);
        }
    }
    // What was made last is a key of the last emulator, and nothing is in the local store.
    let last = "ibmcloud-iam api-key-lookup @ci.json; [ ! -e ../home/store ]; kill %1; wait";
    runs("", &all, last);
}

#[test]
fn every_command_that_is_shown_is_a_command() {
    let mut parsed = 0;
    for page in pages() {
        for block in
            page.blocks().iter().filter(|block| ["sh", "console"].contains(&block.language))
        {
            for (at, _) in block.text.match_indices("ibmcloud-iam ") {
                let before = block.text[..at].chars().next_back().unwrap_or(' ');
                let line = block.text[at..]
                    .split(['\n', '|', '>', ')', '&', ';', '#', '\''])
                    .next()
                    .unwrap();
                let words = line.split_whitespace().take_while(|word| *word != "2");
                let words: Vec<OsString> = words.map(OsString::from).collect();
                if !" ($".contains(before) && before != '\n'
                    || line.contains(['"', '$'])
                    || words.len() < 2
                {
                    continue;
                }
                let result = Cli::parse(&words, "ibmcloud-iam", |tree| tree);
                let is_help =
                    result.as_ref().is_err_and(|error| error.kind() == ErrorKind::DisplayHelp);
                assert!(result.is_ok() || is_help, "{}: {words:?}", page.path);
                parsed += 1;
            }
        }
    }
    assert!(parsed >= 40, "{parsed}");
}
