//! The search for a credential: places in a fixed order, of which the first that holds one wins.

use std::ffi::OsStr;

use super::candidate::{Candidate, Kind, State};
use super::place::Place;
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
}

impl Search<'_> {
    /// Finds the first credential. Fails where a place before it holds something that cannot be used.
    pub fn first(&self) -> Result<Option<Candidate>> {
        for place in Place::ALL {
            match self.look(place) {
                State::Present(candidate) => return Ok(Some(*candidate)),
                State::Broken(error) => return Err(error),
                State::Absent(_) | State::Elsewhere(_) => {}
            }
        }
        Ok(None)
    }

    /// Looks at one place.
    pub fn look(&self, place: Place) -> State {
        match place {
            Place::Flag => match &self.settings.flags().apikey {
                None => State::absent("not given"),
                Some(from) => present(place, Kind::Flag(from.to_owned())),
            },
            Place::Variable | Place::TerraformVariable => self.variable(place, place.as_str()),
            Place::SdkFile | Place::SdkFileAtHome => sdk::file(self.settings, &self.named, place),
            Place::SdkFileHere => sdk::file_here(self.settings.environment()),
            Place::SdkVariables => sdk::variables(self.settings),
            Place::Login => self.login(),
            Place::CliSession => cli_session::look(self.settings, &self.named),
        }
    }

    fn variable(&self, place: Place, name: &'static str) -> State {
        match self.settings.environment().raw(name).map(OsStr::to_str) {
            None => State::absent("not set"),
            Some(None) => State::Broken(input::unusable(name, "is not valid UTF-8")),
            Some(Some("")) => State::Broken(input::empty(name)),
            Some(Some(value)) => present(place, Kind::Variable(name, value.to_owned())),
        }
    }

    /// Finds the latest login for the endpoint that is named.
    fn login(&self) -> State {
        let mut elsewhere = None;
        for record in self.logins.iter().rev() {
            let urls = match login::urls(record) {
                Ok(urls) => urls,
                Err(error) => return State::Broken(error),
            };
            match self.named.excludes(&urls) {
                Some(why) => elsewhere = elsewhere.or(Some(why)),
                None => {
                    return State::Present(Box::new(Candidate {
                        place: Place::Login,
                        detail: login::keeper(record).to_owned(),
                        urls,
                        kind: Kind::Login(record.clone()),
                    }));
                }
            }
        }
        elsewhere.map_or_else(|| State::absent("nobody is logged in"), State::Elsewhere)
    }
}

fn present(place: Place, kind: Kind) -> State {
    let (detail, urls) = (String::new(), Urls::default());
    State::Present(Box::new(Candidate { place, detail, urls, kind }))
}
