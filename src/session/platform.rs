//! Opening the keys of the platform.

use super::choice::InUse;
use crate::error::{Error, Result};
use crate::settings::Settings;
use crate::systems::Keys;
use crate::ui::Ui;

/// Chooses where the keys are, and opens them there.
pub(super) fn open(_settings: &Settings, _ui: &mut Ui) -> Result<(Box<dyn Keys>, InUse)> {
    Err(Error::failure("These keys cannot be reached yet."))
}
