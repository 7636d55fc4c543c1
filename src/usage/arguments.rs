//! Brings the arguments into the form in which they are parsed.

use std::ffi::OsString;

use clap::CommandFactory as _;

use super::guess;
use crate::cli::Cli;
use crate::topics::{self, TOPICS, Topic};

/// Removes a leading word `iam`, so that `ibmcloud iam api-keys` means `ibmcloud-iam api-keys`.
pub fn without_iam(mut args: Vec<OsString>) -> Vec<OsString> {
    let is_iam = |arg: &OsString| arg == "iam";
    if args.get(1).is_some_and(is_iam) {
        args.remove(1);
    } else if args.iter().any(is_iam) {
        // Only flags may come before it; some take the next word as their value.
        let taking = flags_with_a_value();
        let mut at = 1;
        while let Some(text) = args.get(at).and_then(|arg| arg.to_str()) {
            match text {
                "iam" => {
                    args.remove(at);
                    break;
                }
                flag if taking.iter().any(|known| known == flag) => at += 2,
                flag if flag.starts_with('-') && flag != "--" => at += 1,
                _ => break,
            }
        }
    }
    args
}

/// Turns `help COMMAND` into `COMMAND --help`. COMMAND may be guessed, as in `help api-key create`.
pub fn with_help_as_flag(mut args: Vec<OsString>) -> Vec<OsString> {
    if args.get(1).is_none_or(|arg| arg != "help") {
        return args;
    }
    args.remove(1);
    let mut args = without_iam(args);
    let is_command = |word: &OsString| {
        word.to_str().is_some_and(|word| Cli::command().find_subcommand(word).is_some())
    };
    if matches!(&args[1..], [word] if word == "topics" || word == "topic") {
        args.truncate(1);
    }
    let takes_more = args.get(1).is_some_and(|word| word == "sl");
    if !takes_more && (args.len() > 2 || !args.get(1).is_some_and(is_command)) {
        let meant = guess::command(&args[1.min(args.len())..]);
        if let Some(meant) =
            meant.filter(|meant| !meant.name.starts_with('-') && meant.name != "help")
        {
            args.splice(1..=meant.words, [meant.name.into()]);
        }
    }
    args.push("--help".into());
    args
}

/// Finds the topic that `help TOPIC` asks for. It may be guessed, unless it is a command.
pub fn topic_asked_for(args: &[OsString]) -> Option<&'static Topic> {
    topics::asked_for(args).or_else(|| match args {
        [_, help, word] if help == "help" => word
            .to_str()
            .filter(|word| Cli::command().find_subcommand(word).is_none())
            .and_then(topic),
        _ => None,
    })
}

/// Finds the topic that a word means: its name or its beginning, with slips.
pub(super) fn topic(word: &str) -> Option<&'static Topic> {
    let word = word.to_lowercase().replace('_', "-");
    let begins = |topic: &&Topic| word.len() > 2 && topic.name.starts_with(&word);
    let near = || match guess::near(&word, TOPICS.iter().map(|topic| topic.name))[..] {
        [only] => topics::find(only),
        _ => None,
    };
    let begun = || TOPICS.iter().find(begins).filter(|_| !guess::is_verb(&word));
    topics::find(&word).or_else(begun).or_else(near)
}

/// Turns `service-id-update … --version TAG` into `--if-version TAG`: there the official CLI means the version of the service
/// ID, and not that of the program.
pub fn with_version_as_tag(mut args: Vec<OsString>) -> Vec<OsString> {
    if !args.iter().any(|arg| arg == "service-id-update") {
        return args;
    }
    for at in 1..args.len() {
        let is_tag = |next: &OsString| !next.as_encoded_bytes().starts_with(b"-");
        let tag = args[at].to_str().and_then(|text| text.strip_prefix("--version="));
        if let Some(tag) = tag {
            args[at] = format!("--if-version={tag}").into();
        } else if args[at] == "--version" && args.get(at + 1).is_some_and(is_tag) {
            args[at] = "--if-version".into();
        }
    }
    args
}

fn flags_with_a_value() -> Vec<String> {
    let tree = Cli::command();
    let taking = tree.get_arguments().filter(|arg| arg.get_action().takes_values());
    taking
        .flat_map(|arg| {
            let long = arg.get_long().map(|long| format!("--{long}"));
            long.into_iter().chain(arg.get_short().map(|short| format!("-{short}")))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn iam_is_dropped_where_a_command_would_stand() {
        for (given, left) in [
            ("p iam api-keys", "p api-keys"),
            ("p -q iam api-keys", "p -q api-keys"),
            ("p --output json iam api-keys", "p --output json api-keys"),
            ("p --output=json iam api-keys", "p --output=json api-keys"),
            ("p api-key iam", "p api-key iam"),
            ("p iam api-key iam", "p api-key iam"),
            ("p iam", "p"),
        ] {
            assert_eq!(without_iam(words(given)), words(left), "{given}");
        }
    }

    #[test]
    fn help_is_asked_for_as_a_command_too() {
        for (given, left) in [
            ("p help", "p --help"),
            ("p help iam", "p --help"),
            ("p help api-key-create", "p api-key-create --help"),
            ("p help iam api-key-create", "p api-key-create --help"),
            ("p help api-key create", "p api-key-create --help"),
            ("p help iam create", "p api-key-create --help"),
            ("p help sl user apikey", "p sl user apikey --help"),
            ("p help frobnicate", "p frobnicate --help"),
            ("p help version", "p version --help"),
            ("p api-key help", "p api-key help"),
            ("p help topics", "p --help"),
            ("p help hlep", "p hlep --help"),
        ] {
            assert_eq!(with_help_as_flag(words(given)), words(left), "{given}");
        }
    }

    #[test]
    fn a_topic_is_guessed_unless_it_is_a_command_or_a_verb() {
        for (word, name) in [
            ("env", Some("environment")),
            ("exit-code", Some("exit-codes")),
            ("exitcodes", Some("exit-codes")),
            ("EXIT-CODES", Some("exit-codes")),
            ("audits", Some("audit")),
            ("Files", Some("files")),
            ("recover", Some("recover")),
            ("emulate", None),
            ("del", None),
            ("re", None),
            ("frobnicate", None),
        ] {
            let topic = topic_asked_for(&words(&format!("p help {word}")));
            assert_eq!(topic.map(|topic| topic.name), name, "{word}");
        }
    }
}
