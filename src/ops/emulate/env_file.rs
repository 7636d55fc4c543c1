//! The file for shells with what IBM's SDKs and this program need to reach the emulator. It ends with the emulator.

use std::io;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::emulator::{Emulator, Server};
use crate::error::{Error, ErrorKind, Result};
use crate::private_file;
use crate::systems::classic::{API_KEY_USER, PATH as CLASSIC_PATH};
use crate::systems::task_credentials::region::PLACE;
use crate::text::shell_word;

/// The first line, by which a file that a killed emulator left is known.
const HEAD: &str = "# Written by 'ibmcloud-iam emulate', which removes it at its end.\n";
const MOST: u64 = 64 * 1024;

/// The file, removed when this is dropped.
#[derive(Debug)]
pub(super) struct EnvFile {
    path: PathBuf,
    text: Zeroizing<String>,
}

/// Refuses a FILE that is no file of the user, or that holds what an emulator did not write.
pub(super) fn check(path: &Path) -> Result<()> {
    let read = private_file::read_own(path, MOST);
    let found = read.map_err(|error| refused(path, &error.to_string()).remedied(&error))?;
    if found.is_some_and(|bytes| !bytes.is_empty() && !bytes.starts_with(HEAD.as_bytes())) {
        return Err(refused(path, "it holds something that 'emulate' did not write"));
    }
    Ok(())
}

impl EnvFile {
    pub(super) fn write(path: &Path, server: &Server, emulator: &Emulator) -> Result<Self> {
        let cannot = |error: &io::Error| refused(path, &error.to_string()).remedied(error);
        let text = text(server, emulator).map_err(|error| cannot(&error))?;
        check(path)?;
        private_file::replace(path, text.as_bytes()).map_err(|error| cannot(&error))?;
        Ok(Self { path: path.to_owned(), text })
    }
}

impl Drop for EnvFile {
    fn drop(&mut self) {
        // It may be that of a later emulator by now.
        let found = private_file::read_own(&self.path, MOST);
        if found.is_ok_and(|found| found.is_some_and(|bytes| *bytes == self.text.as_bytes())) {
            let _ = private_file::remove(&self.path);
        }
    }
}

fn text(server: &Server, emulator: &Emulator) -> io::Result<Zeroizing<String>> {
    let value = private_file::value_in(emulator.key_file())?;
    let value = value.ok_or_else(|| io::Error::other("the bootstrap API key is gone"))?;
    let (endpoint, identity) = (server.endpoint(), emulator.identity());
    let (account, iam_id) = (&*identity.account_id, &*identity.iam_id);
    let (user, password) = emulator.platform_login();
    let authorize = format!("{endpoint}/icp4d-api");
    let ca = server.ca_file().map(std::path::absolute).transpose()?;
    let ca = ca.as_ref().map(|file| file.to_string_lossy());
    let regions = format!("{endpoint}/regions/{PLACE}");
    // A text that grows leaves a copy of the value behind.
    let mut text = Zeroizing::new(String::with_capacity(16 * 1024));
    text.push_str(HEAD);
    for (name, value) in [
        // A shell that was at work on the local store turns to the emulator.
        ("IBMCLOUD_IAM_BACKEND", Some("remote")),
        ("IBMCLOUD_IAM_API_ENDPOINT", Some(&*endpoint)),
        ("IBMCLOUD_API_KEY", Some(value.expose())),
        ("IAM_IDENTITY_URL", Some(&endpoint)),
        ("IAM_IDENTITY_AUTH_URL", Some(&endpoint)),
        ("IAM_IDENTITY_AUTH_TYPE", Some("iam")),
        ("IAM_IDENTITY_APIKEY", Some(value.expose())),
        ("IAM_IDENTITY_ACCOUNT_ID", Some(account)),
        ("IAM_IDENTITY_IAM_ID", Some(iam_id)),
        // IBM's suite for Go runs nothing without these two.
        ("IAM_IDENTITY_IAM_ID_MEMBER", Some(iam_id)),
        ("IAM_IDENTITY_IAM_ID_FOR_PREFERENCES", Some(iam_id)),
        ("IAM_IDENTITY_ENTERPRISE_ACCOUNT_ID", Some(account)),
        ("IAM_IDENTITY_ENTERPRISE_SUBACCOUNT_ID", Some(account)),
        ("SL_ENDPOINT_URL", Some(&*format!("{endpoint}{CLASSIC_PATH}"))),
        ("SL_USERNAME", Some(API_KEY_USER)),
        ("SL_API_KEY", Some(value.expose())),
        ("CPD_URL", Some(&endpoint)),
        ("CPD_USERNAME", Some(user)),
        ("CPD_PASSWORD", Some(password.expose())),
        // With these two IBM's SDKs find the login of a service that is called 'cpd'.
        ("CPD_AUTH_TYPE", Some("cp4d")),
        ("CPD_AUTH_URL", Some(&authorize)),
        ("WATSONX_API_URL", Some(&regions)),
        ("SSL_CERT_FILE", ca.as_deref()),
        ("REQUESTS_CA_BUNDLE", ca.as_deref()),
    ] {
        if let Some(value) = value {
            for part in ["export ", name, "=", &shell_word(value), "\n"] {
                text.push_str(part);
            }
        }
    }
    Ok(text)
}

fn refused(path: &Path, why: &str) -> Error {
    let words = format!("The environment cannot be written to {}: {why}.", path.display());
    Error::new(ErrorKind::Destination, words).hint("Name another file with '--env-file FILE'.")
}
