//! The search for a credential: places in a fixed order, of which the first that holds one wins.

use std::ffi::OsStr;

use super::candidate::{Candidate, Contents, Kind};
use super::source::CredentialSource;
use super::{cli_session, input, login, sdk};
use crate::error::Result;
use crate::settings::service::{Named, Urls};
use crate::settings::{LoginRecord, Settings};

/// A search with the settings of this command.
#[derive(Debug)]
pub struct Search<'a> {
    settings: &'a Settings,
    logins: &'a [LoginRecord],
    /// The URLs that the credential must fit.
    named: Named,
}

impl<'a> Search<'a> {
    /// Prepares a search; no place is looked at yet.
    pub fn new(settings: &'a Settings) -> Result<Self> {
        let named = settings.named()?;
        Ok(Self { settings, logins: &settings.config_file()?.logins, named })
    }

    /// Finds the first credential. Fails where a place before it holds something that cannot be used.
    pub fn first(&self) -> Result<Option<Candidate>> {
        for place in CredentialSource::ALL {
            match self.look(place) {
                Contents::Present(candidate) => return Ok(Some(*candidate)),
                Contents::Broken(error) => return Err(error),
                Contents::Absent(_) | Contents::Elsewhere(_) => {}
            }
        }
        Ok(None)
    }

    /// Looks at one place.
    pub fn look(&self, place: CredentialSource) -> Contents {
        let found = match place {
            CredentialSource::Flag => Ok(match &self.settings.flags().apikey {
                None => Contents::absent("not given"),
                Some(from) => present(place, Kind::Flag(from.to_owned())),
            }),
            CredentialSource::Variable | CredentialSource::TerraformVariable => {
                self.variable(place, place.as_str())
            }
            CredentialSource::SdkFile | CredentialSource::SdkFileAtHome => {
                sdk::file(self.settings, &self.named, place)
            }
            CredentialSource::SdkFileHere => Ok(sdk::file_here(self.settings.environment())),
            CredentialSource::SdkVariables => sdk::variables(self.settings),
            CredentialSource::Login => self.login(),
            CredentialSource::CliSession => cli_session::look(self.settings, &self.named),
        };
        found.unwrap_or_else(Contents::Broken)
    }

    fn variable(&self, place: CredentialSource, name: &'static str) -> Result<Contents> {
        match self.settings.environment().raw(name).map(OsStr::to_str) {
            None => Ok(Contents::absent("not set")),
            Some(None) => Err(input::unusable(name, "is not valid UTF-8")),
            Some(Some("")) => Err(input::empty(name)),
            Some(Some(value)) => Ok(present(place, Kind::Variable(name, value.to_owned()))),
        }
    }

    /// Finds the latest login for the endpoint that is named.
    fn login(&self) -> Result<Contents> {
        let mut elsewhere = None;
        let logins = self.logins.iter().rev();
        for record in logins.filter(|record| record.platform.is_none()) {
            let urls = login::urls(record)?;
            let Some(why) = self.named.excludes(&urls) else {
                return Ok(Contents::Present(Box::new(Candidate {
                    place: CredentialSource::Login,
                    detail: login::keeper(record).to_owned(),
                    urls,
                    kind: Kind::Login(record.clone()),
                })));
            };
            elsewhere.get_or_insert(why);
        }
        Ok(elsewhere.map_or_else(|| Contents::absent("nobody is logged in"), Contents::Elsewhere))
    }
}

fn present(place: CredentialSource, kind: Kind) -> Contents {
    let (detail, urls) = (String::new(), Urls::default());
    Contents::Present(Box::new(Candidate { place, detail, urls, kind }))
}
