//! `profiles`: the profiles that there are, and the logins of each.

use crate::error::Result;
use crate::ops::sheet;
use crate::render::profiles::{self as render, Listed};
use crate::settings::{ConfigFile, Directories, Settings};
use crate::ui::Ui;

/// Runs `profiles`.
pub fn run(settings: &Settings, ui: &mut Ui) -> Result<()> {
    let environment = settings.environment();
    let mut listed = Vec::new();
    for profile in Directories::profiles(environment)? {
        let directories = Directories::find(environment, &profile)?;
        let config = directories.config.as_deref().map_or_else(Default::default, |directory| {
            // A profile that cannot be read does not hide the others.
            ConfigFile::read(directory).unwrap_or_else(|error| {
                ui.warn(&error.message);
                ConfigFile::default()
            })
        });
        let store = directories.store.filter(|store| store.is_dir());
        let is_used = profile == *settings.profile();
        listed.push(Listed { profile, is_used, config, store });
    }
    if ui.manner().json {
        ui.data(|out| render::json(out, &listed));
    } else {
        ui.progress("Getting profiles...");
        ui.ok();
        let sheet = sheet(ui, None);
        ui.data(|out| render::table(out, &listed, sheet));
    }
    Ok(())
}
