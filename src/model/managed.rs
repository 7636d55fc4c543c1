//! Keys and service IDs that another program manages, as their names tell. The patterns are published: by Secrets Manager, the
//! Vault plug-in for IBM Cloud, the Kubernetes service, and users of service credentials and of watsonx. One is ours.

/// How the name of a key begins that this program makes for a task credential of watsonx.
pub const IN_TASK_CREDENTIAL: &str = "watsonx-task-credential";

/// Who manages keys or service IDs of a name that begins so, and what breaks when they are changed elsewhere.
const BY_PREFIX: [(&str, &str); 6] = [
    (
        "Secrets-Manager-IAM-Secret-",
        "Secrets Manager manages it: changed elsewhere, the secret that hands it out breaks.",
    ),
    (
        "vault-generated-",
        "The Vault plug-in manages it: changed elsewhere, whoever holds its lease loses access.",
    ),
    (
        "auto-generated-apikey-",
        "It belongs to a service credential: without it, the applications that hold that credential lose access.",
    ),
    (
        "cpd-apikey-",
        "The user API key page of watsonx made it: without it, the jobs of its owner stop.",
    ),
    (
        IN_TASK_CREDENTIAL,
        "A task credential of watsonx may hold it: then the jobs of its owner stop without it. 'task-credential-rotate' replaces it.",
    ),
    ("cluster-", "A cluster may use it, and cannot pull images without it."),
];

/// Tells who else manages a key or service ID of this name, and what breaks when it is changed; `None` for an ordinary name.
pub fn managed(name: &str) -> Option<&'static str> {
    if name == "containers-kubernetes-key" {
        return Some(
            "Clusters of the Kubernetes service use it; without it they cannot be managed.",
        );
    }
    BY_PREFIX.iter().find(|(prefix, _)| name.starts_with(prefix)).map(|(_, words)| *words)
}
