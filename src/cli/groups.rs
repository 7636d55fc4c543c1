//! The groups in which the help lists the commands: clap has none for commands.

/// The groups, each with its heading and its commands.
pub const GROUPS: [(&str, &[&str]); 8] = [
    (
        "API KEYS",
        &[
            "api-keys",
            "api-key",
            "api-key-create",
            "api-key-update",
            "api-key-delete",
            "api-key-lock",
            "api-key-unlock",
            "api-key-disable",
            "api-key-enable",
            "api-key-rotate",
            "api-keys-audit",
            "api-key-lookup",
            "recover",
        ],
    ),
    ("LOGIN", &["login", "logout", "whoami", "profiles", "bearer-token", "oauth-tokens"]),
    (
        "API KEYS OF SERVICE IDS",
        &[
            "service-api-keys",
            "service-api-key",
            "service-api-key-create",
            "service-api-key-update",
            "service-api-key-delete",
            "service-api-key-lock",
            "service-api-key-unlock",
            "service-api-key-disable",
            "service-api-key-enable",
            "service-api-key-rotate",
        ],
    ),
    (
        "SERVICE IDS",
        &[
            "service-ids",
            "service-id",
            "service-id-create",
            "service-id-update",
            "service-id-delete",
            "service-id-lock",
            "service-id-unlock",
            "service-id-groups",
            "service-id-group-create",
            "service-id-group-update",
            "service-id-group-delete",
        ],
    ),
    (
        "TASK CREDENTIALS (watsonx)",
        &[
            "task-credentials",
            "task-credential-create",
            "task-credential-rotate",
            "task-credential-delete",
        ],
    ),
    (
        "PLATFORM API KEYS (Cloud Pak for Data)",
        &[
            "platform-api-key-create",
            "platform-api-key-rotate",
            "platform-api-key-check",
            "platform-api-key-delete",
            "platform-token",
        ],
    ),
    (
        "CLASSIC INFRASTRUCTURE",
        &[
            "classic-api-key",
            "classic-api-key-create",
            "classic-api-key-delete",
            "classic-api-key-rotate",
            "sl",
        ],
    ),
    ("TOOLS", &["emulate", "completion", "man"]),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn every_visible_command_stands_in_exactly_one_group() {
        let mut times: BTreeMap<&str, usize> = BTreeMap::new();
        for name in GROUPS.iter().flat_map(|(_, names)| *names) {
            *times.entry(name).or_default() += 1;
        }
        let tree = Cli::command();
        let visible = tree.get_subcommands().filter(|command| !command.is_hide_set());
        let expected: BTreeMap<&str, usize> =
            visible.map(|command| (command.get_name(), 1)).collect();
        assert_eq!(times, expected);
    }
}
