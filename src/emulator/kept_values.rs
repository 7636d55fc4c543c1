//! The values that are shown again: of keys of service IDs that were made with `store_value`, and of classic API keys. They are
//! kept until the emulator ends, and only in memory: no store holds a value.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::model::ApiKeyId;
use crate::secret::Secret;

#[derive(Debug, Default)]
pub(super) struct KeptValues(Mutex<HashMap<ApiKeyId, Secret>>);

impl KeptValues {
    pub(super) fn keep(&self, id: ApiKeyId, value: Secret) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id, value);
    }

    pub(super) fn forget(&self, id: &ApiKeyId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    /// Calls `show` with the value of a key, if it is kept.
    pub(super) fn with<T>(&self, id: &ApiKeyId, show: impl FnOnce(Option<&Secret>) -> T) -> T {
        show(self.0.lock().unwrap_or_else(PoisonError::into_inner).get(id))
    }
}
