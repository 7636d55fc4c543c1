//! What the official CLI or a platform has, and this program has not: a sentence, and what to do instead.

use super::guess::PLATFORM_LIST;
use crate::environment::Program;
use crate::error::Error;

/// Flags of `ibmcloud login` for everything but an API key.
const OTHER_LOGINS: [&str; 9] = [
    "--sso",
    "-u",
    "-p",
    "--passcode",
    "--cr-token",
    "--vpc-cri",
    "--iam-token",
    "--refresh-token",
    "--token",
];

/// Tells of a command that there is not, or whose thing has no public interface. `meant` is what was guessed.
pub(super) fn command(word: &str, meant: Option<&str>, program: &Program) -> Option<Error> {
    let shown = &program.shown;
    if word == "target" {
        let told = "'target' is not covered. There is nothing to target: a key belongs to its account, and to no region, resource group, organization or space.";
        return Some(error(
            told,
            format!(
                "Leave the line out. '{shown} whoami' shows the account; for another one, log in with a key of that account: '{shown} login --apikey @FILE'."
            ),
        ));
    }
    if word.starts_with("instance-api-key") || word.starts_with("instance-key") {
        let told = "API keys of service instances have no public interface; they are made in the web console of their platform.";
        return Some(error(told, format!("Run '{shown} --help' for the list of commands.")));
    }
    if meant == Some(PLATFORM_LIST) {
        let told = "A list of platform API keys has no public interface: each user has one.";
        return Some(error(
            told,
            format!(
                "Run '{shown} platform-api-key-check' to see whether one works, and whose it is."
            ),
        ));
    }
    None
}

/// Tells of a flag of `ibmcloud login`. `is_value` is whether only its value is refused.
pub(super) fn login_flag(flag: &str, is_value: bool, program: &Program) -> Option<Error> {
    let shown = &program.shown;
    let (told, hint) = match flag.split(' ').next().unwrap_or(flag) {
        "-o" | "--output" if is_value => organization(),
        "-s" => organization(),
        "--skip-ssl-validation" => (
            "'--skip-ssl-validation' is not covered: certificates are always checked.",
            "Leave it out, or name the authority to trust with '--ca-file FILE'.".to_owned(),
        ),
        "--no-account" => (
            "'--no-account' is not covered: an API key belongs to one account.",
            "Leave it out.".to_owned(),
        ),
        flag if OTHER_LOGINS.contains(&flag) && !is_value => (
            "'login' takes an API key only, and no password, passcode or token.",
            format!(
                "Make an API key in the IBM Cloud console (Manage > Access (IAM) > API keys), then say '{shown} login --apikey @FILE'."
            ),
        ),
        _ => return None,
    };
    Some(error(told, hint))
}

fn error(told: &str, hint: impl Into<String>) -> Error {
    Error::usage(format!("Incorrect Usage: {told}")).hint(hint)
}

fn organization() -> (&'static str, String) {
    (
        "Organizations and spaces ('-o', '-s') are Cloud Foundry's, and no API key needs them.",
        "Leave them out; '--output json' prints JSON.".to_owned(),
    )
}
