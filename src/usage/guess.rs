//! Which command or flag was meant by words that are none. What is far off is not offered.

use std::ffi::OsString;

use clap::{Command, CommandFactory as _};

use crate::cli::Cli;

/// Words for what is done to a thing, behind the name of the command: `{}` stands for the thing.
const VERBS: [(&str, &[&str]); 14] = [
    ("{}s", &["list", "ls"]),
    ("{}", &["show", "get", "describe", "view", "info"]),
    ("{}-create", &["create", "new", "add", "make", "generate"]),
    ("{}-update", &["update", "edit", "change", "rename", "modify", "set"]),
    ("{}-delete", &["delete", "del", "rm", "remove", "destroy", "revoke"]),
    ("{}-rotate", &["rotate", "renew", "roll", "replace", "refresh"]),
    ("{}-lock", &["lock"]),
    ("{}-unlock", &["unlock"]),
    ("{}-disable", &["disable"]),
    ("{}-enable", &["enable"]),
    ("{}s-audit", &["audit", "lint"]),
    ("{}-lookup", &["lookup", "identify"]),
    ("{}s -n", &["find", "search"]),
    ("{}-check", &["check", "verify"]),
];

/// What a command on a thing begins with, and how else people call the thing, in the singular.
const THINGS: [(&str, &[&str]); 7] = [
    ("api-key", &["", "key", "api-key"]),
    (
        "service-api-key",
        &["service-key", "service-api-key", "service-id-key", "service-id-api-key"],
    ),
    ("service-id", &["service", "service-id"]),
    ("service-id-group", &["group", "service-group", "service-id-group"]),
    ("task-credential", &["task", "task-credential"]),
    ("platform-api-key", &["platform", "platform-key", "platform-api-key"]),
    ("classic-api-key", &["classic", "classic-key", "classic-api-key"]),
];

/// What other programs call the remaining commands.
const OTHERS: [(&str, &[&str]); 8] = [
    ("bearer-token", &["token"]),
    ("oauth-tokens", &["tokens"]),
    ("whoami", &["status", "me"]),
    ("login", &["signin", "sign-in"]),
    ("logout", &["signout", "sign-out"]),
    ("recover", &["repair", "resume"]),
    ("emulate", &["serve", "server", "mock"]),
    ("--version", &["version"]),
];

/// Commands that there are not, and what there is in their place.
const INSTEAD: [(&str, &str); 3] = [
    ("task-credential", "task-credentials"),
    ("platform-api-key", "platform-api-key-check"),
    ("classic-api-keys", "classic-api-key"),
];

/// What is meant by asking for a list of platform API keys, which there is not.
pub(super) const PLATFORM_LIST: &str = "platform-api-keys";

/// Flags of other programs, and what they are here.
const FLAGS: [(&str, &[&str]); 7] = [
    ("--output json", &["--json", "-j", "--format"]),
    ("--force", &["--yes", "-y", "--assume-yes", "--no-confirm"]),
    ("--quiet", &["--silent", "-s"]),
    ("--color never", &["--no-color", "--no-colour"]),
    ("--expires-in", &["--expires", "--expiry", "--expire", "--ttl", "--lifetime"]),
    ("--uuid", &["--id", "--ids"]),
    ("--version", &["-v"]),
];

/// The most words of a command that is written apart, as in `service api key create`.
const MOST: usize = 4;

/// A command that was meant.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Meant {
    /// Its name.
    pub(super) name: String,
    /// A flag that belongs behind it, with a space before it; or nothing.
    pub(super) flag: &'static str,
    /// How many words mean it.
    pub(super) words: usize,
}

/// Guesses the command that the first of these words mean.
pub(super) fn command(words: &[OsString]) -> Option<Meant> {
    let tree = Cli::command();
    let plain = |word: &&OsString| !word.as_encoded_bytes().starts_with(b"-");
    let words: Vec<&str> =
        words.iter().take_while(plain).take(MOST).map_while(|word| word.to_str()).collect();
    let by_words = (1..=words.len()).rev().find_map(|count| {
        let text = words[..count].join("-").to_lowercase().replace('_', "-");
        if let Some(known) = tree.find_subcommand(&text) {
            return Some(Meant { name: known.get_name().to_owned(), flag: "", words: count });
        }
        let mut name = by_parts(&text)?;
        // Only the keys of a user are listed without an argument.
        let flag = if name == "api-keys -n" { " -n" } else { "" };
        name.truncate(name.strip_suffix(" -n").unwrap_or(&name).len());
        if let Some((_, instead)) = INSTEAD.iter().find(|(missing, _)| *missing == name) {
            (*instead).clone_into(&mut name);
        }
        let exists = name.starts_with('-') || tree.find_subcommand(&name).is_some();
        (exists || name == PLATFORM_LIST).then_some(Meant { name, flag, words: count })
    });
    by_words.or_else(|| match near(words.first()?, names(&tree).chain(["help"]))[..] {
        [only] => Some(Meant { name: only.to_owned(), flag: "", words: 1 }),
        _ => None,
    })
}

/// Returns the commands that are written almost as a word is.
pub(super) fn similar(word: &str) -> Vec<String> {
    near(word, names(&Cli::command())).into_iter().map(str::to_owned).collect()
}

/// Tells whether a word is done to things.
pub(super) fn is_verb(word: &str) -> bool {
    VERBS.iter().any(|(_, words)| words.contains(&word))
}

/// Returns how many arguments a command takes.
pub(super) fn takes(name: &str) -> usize {
    let mut tree = Cli::command();
    tree.build();
    let Some(command) = tree.find_subcommand(name) else { return 0 };
    let most = command.get_positionals().map(|arg| arg.get_num_args().unwrap_or_default());
    most.fold(0, |sum, range| sum.saturating_add(range.max_values()))
}

/// Returns what a flag of other programs is called in a command.
pub(super) fn flag(typed: &str, command: &Command) -> Option<&'static str> {
    let is_there = |meant: &str| {
        let long = meant.trim_start_matches('-').split(' ').next();
        command.get_arguments().any(|arg| arg.get_long() == long)
    };
    let (meant, _) = FLAGS.iter().find(|(_, words)| words.contains(&typed))?;
    is_there(meant).then_some(*meant)
}

/// Returns those of `known` that are written most as `typed` is, if they are almost the same.
pub(super) fn near<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let typed = typed.to_lowercase();
    let most = match typed.chars().count() {
        0..=2 => 0,
        3..=7 => 1,
        _ => 2,
    };
    let slip = |word: &str| match distance(&typed, word) {
        // One letter may have moved by two places.
        2 if most == 1 && typed.len() > 4 && sorted(&typed) == sorted(word) => 1,
        distance => distance,
    };
    let known: Vec<_> = known.into_iter().map(|word| (slip(word), word)).collect();
    let least = known.iter().map(|(distance, _)| *distance).min();
    let is_near = |distance| distance <= most && Some(distance) == least;
    known.iter().filter(|(distance, _)| is_near(*distance)).map(|(_, word)| *word).collect()
}

fn sorted(word: &str) -> Vec<char> {
    let mut letters: Vec<char> = word.chars().collect();
    letters.sort_unstable();
    letters
}

fn names(tree: &Command) -> impl Iterator<Item = &str> {
    tree.get_subcommands().map(Command::get_name)
}

/// Reads a thing and a verb, in this order or the other, as the name of a command that may not exist.
fn by_parts(text: &str) -> Option<String> {
    let other = OTHERS.iter().find(|(_, words)| words.contains(&text));
    if let Some((name, _)) = other {
        return Some((*name).to_owned());
    }
    let (first, behind) = text.split_once('-').unwrap_or((text, ""));
    let (before, last) = text.rsplit_once('-').unwrap_or(("", text));
    let pattern = |verb: &str| VERBS.iter().find(|(_, words)| words.contains(&verb));
    let alone = if text.ends_with('s') { "list" } else { "show" };
    let named = |verb: &str, named: &str| {
        let (pattern, _) = pattern(verb)?;
        Some(pattern.replace("{}", thing(named)?))
    };
    // A short word by itself is near to too much.
    let misspelt = |verb: &str, thing: &str| {
        let verbs = VERBS.iter().map(|(_, words)| words[0]);
        let is_long = verb.chars().count() > 3 || !thing.is_empty();
        match near(verb, verbs.filter(|_| is_long))[..] {
            [verb] => named(verb, thing),
            _ => None,
        }
    };
    named(last, before)
        .or_else(|| named(first, behind))
        .or_else(|| named(alone, text).filter(|_| !text.is_empty()))
        .or_else(|| misspelt(last, before))
        .or_else(|| misspelt(first, behind))
}

fn thing(named: &str) -> Option<&'static str> {
    let singular = |part: &str| match part.trim_end_matches('s') {
        "apikey" => "api-key".to_owned(),
        "serviceid" => "service-id".to_owned(),
        part => part.to_owned(),
    };
    let named = named.split('-').map(singular).collect::<Vec<_>>().join("-");
    THINGS.iter().find(|(_, words)| words.contains(&&*named)).map(|(thing, _)| *thing)
}

/// Counts the letters that were added, left out or replaced, and neighbours that changed places.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut next = vec![i];
        for j in 1..=b.len() {
            let replaced = row[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = replaced.min(row[j] + 1).min(next[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(before[j - 2] + 1);
            }
            next.push(least);
        }
        before = std::mem::replace(&mut row, next);
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn meant(line: &str) -> Option<(String, usize)> {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        command(&words).map(|meant| (meant.name, meant.words))
    }

    #[test]
    fn verbs_and_things_mean_a_command_in_either_order() {
        for (line, name, words) in [
            ("create", "api-key-create", 1),
            ("create foo", "api-key-create", 1),
            ("create key foo", "api-key-create", 2),
            ("new", "api-key-create", 1),
            ("list", "api-keys", 1),
            ("ls", "api-keys", 1),
            ("list service-ids", "service-ids", 2),
            ("show", "api-key", 1),
            ("delete", "api-key-delete", 1),
            ("rm old", "api-key-delete", 1),
            ("rotate", "api-key-rotate", 1),
            ("lock", "api-key-lock", 1),
            ("unlock", "api-key-unlock", 1),
            ("disable", "api-key-disable", 1),
            ("enable", "api-key-enable", 1),
            ("audit", "api-keys-audit", 1),
            ("find", "api-keys", 1),
            ("lookup", "api-key-lookup", 1),
            ("keys", "api-keys", 1),
            ("key", "api-key", 1),
            ("apikeys", "api-keys", 1),
            ("apikey create foo", "api-key-create", 2),
            ("api-key create foo", "api-key-create", 2),
            ("api key create foo", "api-key-create", 3),
            ("api-keys list", "api-keys", 2),
            ("api-keys audit", "api-keys-audit", 2),
            ("api-key-add foo", "api-key-create", 1),
            ("api_key_create foo", "api-key-create", 1),
            ("API-KEY-CREATE", "api-key-create", 1),
            ("service-id list", "service-ids", 2),
            ("service-id create x", "service-id-create", 2),
            ("service api key create x", "service-api-key-create", 4),
            ("service-keys", "service-api-keys", 1),
            ("service-id-groups list", "service-id-groups", 2),
            ("task-credential rm", "task-credential-delete", 2),
            ("platform-key create", "platform-api-key-create", 2),
            ("classic-api-key rotate", "classic-api-key-rotate", 2),
            ("token", "bearer-token", 1),
            ("version", "--version", 1),
            ("api-key-crate", "api-key-create", 1),
            ("oauth-token", "oauth-tokens", 1),
            ("lgoin", "login", 1),
            ("crate", "api-key-create", 1),
            ("delte x", "api-key-delete", 1),
            ("lsit", "api-keys", 1),
            ("rotaet x", "api-key-rotate", 1),
            ("updte", "api-key-update", 1),
            ("audi", "api-keys-audit", 1),
            ("hlep", "help", 1),
            ("helpp", "help", 1),
            ("whoiam", "whoami", 1),
            ("api-key-lst", "api-keys", 1),
            ("api-key-shwo", "api-key", 1),
            ("service-api-key-lst", "service-api-keys", 1),
            ("platform token", "platform-token", 2),
            ("platform-key", "platform-api-key-check", 1),
            ("platform-api-key-list", PLATFORM_LIST, 1),
            ("platform-keys", PLATFORM_LIST, 1),
            ("classic", "classic-api-key", 1),
            ("classic rotate", "classic-api-key-rotate", 2),
            ("classic-create", "classic-api-key-create", 1),
            ("classic-keys", "classic-api-key", 1),
            ("classic-api-key-refresh", "classic-api-key-rotate", 1),
            ("task create x", "task-credential-create", 2),
            ("task list", "task-credentials", 2),
            ("task-rotate", "task-credential-rotate", 1),
            ("service create foo", "service-id-create", 2),
            ("emulator", "emulate", 1),
        ] {
            assert_eq!(meant(line), Some((name.to_owned(), words)), "{line}");
        }
    }

    #[test]
    fn what_is_far_off_is_not_offered() {
        for line in [
            "target",
            "plugin",
            "resource",
            "frobnicate",
            "access-groups",
            "config",
            "regions",
            "x",
            "",
            "--help",
            "ce",
            "foo create",
            "role",
            "user",
            "app",
            "cos",
            "cis",
            "code",
            "catalog",
            "account",
            "billing",
            "access-group-create",
            "dev",
        ] {
            assert_eq!(meant(line), None, "{line}");
        }
        assert_eq!(near("age", ["name", "description"]), [""; 0]);
        assert_eq!(near("nmae", ["name", "description"]), ["name"]);
    }

    #[test]
    fn a_flag_is_offered_where_a_command_has_it() {
        let mut tree = Cli::command();
        tree.build();
        let of = |typed, name| flag(typed, tree.find_subcommand(name).unwrap());
        assert_eq!(of("--json", "api-keys"), Some("--output json"));
        assert_eq!(of("-y", "api-key-delete"), Some("--force"));
        assert_eq!(of("--ttl", "api-key-create"), Some("--expires-in"));
        assert_eq!(of("--ttl", "api-keys"), None);
        assert_eq!(of("--frobnicate", "api-keys"), None);
    }
}
