//! Where a credential is looked for.

use crate::settings::variables::{API_KEY, SDK_FILE, TERRAFORM_API_KEY};

words! {
    /// The places where a credential is looked for.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum CredentialSource {
        /// `--apikey`.
        Flag = "--apikey",
        /// `IBMCLOUD_API_KEY`.
        Variable = API_KEY,
        /// `IC_API_KEY`.
        TerraformVariable = TERRAFORM_API_KEY,
        /// The file that `IBM_CREDENTIALS_FILE` names.
        SdkFile = SDK_FILE,
        /// `ibm-credentials.env` in the working directory, which is reported and not used.
        SdkFileHere = "./ibm-credentials.env",
        /// `ibm-credentials.env` in the home directory.
        SdkFileAtHome = "~/ibm-credentials.env",
        /// `IAM_IDENTITY_APIKEY` and the other properties of the SDKs.
        SdkVariables = "IAM_IDENTITY_*",
        /// This program's own login.
        Login = "login",
        /// The session of the official CLI.
        CliSession = "ibmcloud session",
    }
}
