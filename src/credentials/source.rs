//! Where a credential is looked for.

use crate::settings::variables::{API_KEY, SDK_FILE, TERRAFORM_API_KEY};

/// The places where a credential is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialSource {
    /// `--apikey`.
    Flag,
    /// `IBMCLOUD_API_KEY`.
    Variable,
    /// `IC_API_KEY`.
    TerraformVariable,
    /// The file that `IBM_CREDENTIALS_FILE` names.
    SdkFile,
    /// `ibm-credentials.env` in the working directory, which is reported and not used.
    SdkFileHere,
    /// `ibm-credentials.env` in the home directory.
    SdkFileAtHome,
    /// `IAM_IDENTITY_APIKEY` and the other properties of the SDKs.
    SdkVariables,
    /// This program's own login.
    Login,
    /// The session of the official CLI.
    CliSession,
}

impl CredentialSource {
    /// All places in the order of the search, each with its name.
    pub const ALL: [(Self, &'static str); 9] = [
        (Self::Flag, "--apikey"),
        (Self::Variable, API_KEY),
        (Self::TerraformVariable, TERRAFORM_API_KEY),
        (Self::SdkFile, SDK_FILE),
        (Self::SdkFileHere, "./ibm-credentials.env"),
        (Self::SdkFileAtHome, "~/ibm-credentials.env"),
        (Self::SdkVariables, "IAM_IDENTITY_*"),
        (Self::Login, "login"),
        (Self::CliSession, "ibmcloud session"),
    ];

    /// Returns the name of the place.
    pub fn as_str(self) -> &'static str {
        Self::ALL.into_iter().find(|&(place, _)| place == self).map_or("", |(_, name)| name)
    }
}
