//! The directories of this program.

use std::collections::BTreeSet;
use std::fs::DirEntry;
use std::path::{Path, PathBuf};

use super::profile::Profile;
use super::variables::{HOME, STORE, USER_HOME};
use crate::environment::Environment;
use crate::error::{Error, Result};

/// The directory of the profiles other than the default one.
const PROFILES: &str = "profiles";

/// The directories of this program. A user without a home directory has only those that a variable names.
#[derive(Debug, Clone)]
pub struct Directories {
    /// The profile's `config.json`, and the API key of a login that is kept in a file.
    pub config: Option<PathBuf>,
    /// The local store.
    pub store: Option<PathBuf>,
    /// The journal of commands that are not finished.
    pub journal: Option<PathBuf>,
    /// The access tokens that later commands use again.
    pub tokens: Option<PathBuf>,
    /// The names of keys at the service, for Tab.
    pub names: Option<PathBuf>,
}

impl Directories {
    /// Finds the directories; it creates none. Each profile has its own configuration and local store. All profiles share
    /// the journal, so that `recover` misses nothing, and the tokens, whose file names tell them apart.
    pub fn find(environment: &Environment, profile: &Profile) -> Result<Self> {
        let own = |directory: PathBuf| match profile.named() {
            Some(name) => directory.join(PROFILES).join(name),
            None => directory,
        };
        let [config, data, state] = of_all_profiles(environment)?;
        let store = environment.directory(STORE)?.or_else(|| Some(own(data?).join("store")));
        let [journal, tokens, names] =
            ["journal", "tokens", "names"].map(|name| Some(state.as_ref()?.join(name)));
        Ok(Self { config: config.map(own), store, journal, tokens, names })
    }

    /// Lists the profiles that have a configuration or a local store, in the order of their names behind the default one.
    pub fn profiles(environment: &Environment) -> Result<Vec<Profile>> {
        let [config, data, _] = of_all_profiles(environment)?;
        let below = |directory: PathBuf| std::fs::read_dir(directory.join(PROFILES)).ok();
        let entries = [config, data].into_iter().flatten().filter_map(below).flatten().flatten();
        let is_directory = |entry: &DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
        let names = entries.filter(is_directory).filter_map(|entry| {
            entry.file_name().into_string().ok().filter(|name| Profile::parse(name).is_ok())
        });
        let names: BTreeSet<String> = names.collect();
        let others = names.iter().filter_map(|name| Profile::parse(name).ok());
        let others = others.filter(|profile| profile.named().is_some());
        Ok([Profile::default()].into_iter().chain(others).collect())
    }
}

/// Finds the directories of configuration, data and state, below which each profile has its own.
fn of_all_profiles(environment: &Environment) -> Result<[Option<PathBuf>; 3]> {
    if let Some(ours) = environment.directory(HOME)? {
        return Ok([(); 3].map(|()| Some(ours.clone())));
    }
    // An empty HOME is an error; `dirs` would ignore it.
    home(environment)?;
    // Only Linux has a directory for state.
    let state = dirs::state_dir().or_else(dirs::data_local_dir);
    Ok([dirs::config_dir(), dirs::data_dir(), state]
        .map(|directory| Some(directory.filter(|path| can_exist(path))?.join("ibmcloud-iam"))))
}

/// Finds the home directory: HOME, else the one in the user database. A user may have none; some set HOME to `/dev/null`.
pub fn home(environment: &Environment) -> Result<Option<PathBuf>> {
    Ok(environment.path(USER_HOME)?.or_else(dirs::home_dir).filter(|home| can_exist(home)))
}

fn can_exist(directory: &Path) -> bool {
    !directory.starts_with("/dev/null")
}

/// Returns a directory that is needed to keep `what` in. Fails where the user has no home directory.
pub fn needed<'a>(directory: Option<&'a Path>, what: &str) -> Result<&'a Path> {
    directory.ok_or_else(|| {
        Error::failure(format!("There is no home directory to keep {what} in."))
            .hint(format!("Set {HOME} to a directory for this program's files, or {USER_HOME}."))
    })
}
