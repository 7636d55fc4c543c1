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
        match place {
            CredentialSource::Flag => match &self.settings.flags().apikey {
                None => Contents::absent("not given"),
                Some(from) => present(place, Kind::Flag(from.to_owned())),
            },
            CredentialSource::Variable | CredentialSource::TerraformVariable => {
                self.variable(place, place.as_str())
            }
            CredentialSource::SdkFile | CredentialSource::SdkFileAtHome => {
                sdk::file(self.settings, &self.named, place)
            }
            CredentialSource::SdkFileHere => sdk::file_here(self.settings.environment()),
            CredentialSource::SdkVariables => sdk::variables(self.settings),
            CredentialSource::Login => self.login(),
            CredentialSource::CliSession => cli_session::look(self.settings, &self.named),
        }
    }

    fn variable(&self, place: CredentialSource, name: &'static str) -> Contents {
        match self.settings.environment().raw(name).map(OsStr::to_str) {
            None => Contents::absent("not set"),
            Some(None) => Contents::Broken(input::unusable(name, "is not valid UTF-8")),
            Some(Some("")) => Contents::Broken(input::empty(name)),
            Some(Some(value)) => present(place, Kind::Variable(name, value.to_owned())),
        }
    }

    /// Finds the latest login for the endpoint that is named.
    fn login(&self) -> Contents {
        let mut elsewhere = None;
        for record in self.logins.iter().rev() {
            let urls = match login::urls(record) {
                Ok(urls) => urls,
                Err(error) => return Contents::Broken(error),
            };
            match self.named.excludes(&urls) {
                Some(why) => elsewhere = elsewhere.or(Some(why)),
                None => {
                    return Contents::Present(Box::new(Candidate {
                        place: CredentialSource::Login,
                        detail: login::keeper(record).to_owned(),
                        urls,
                        kind: Kind::Login(record.clone()),
                    }));
                }
            }
        }
        elsewhere.map_or_else(|| Contents::absent("nobody is logged in"), Contents::Elsewhere)
    }
}

fn present(place: CredentialSource, kind: Kind) -> Contents {
    let (detail, urls) = (String::new(), Urls::default());
    Contents::Present(Box::new(Candidate { place, detail, urls, kind }))
}
