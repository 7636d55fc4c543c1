//! The last listing of keys, in order: the pages of a long one are cut from it as long as nothing changes. To read the whole
//! store for each page would take minutes for 100,000 keys.

use std::sync::{Arc, Mutex, PoisonError};

use super::response::Refusal;
use crate::model::ApiKeyDetails;

/// A listing, and what tells it from every other.
type Kept = (String, Arc<Vec<ApiKeyDetails>>);

#[derive(Debug, Default)]
pub(super) struct LastListing(Mutex<Option<Kept>>);

impl LastListing {
    /// Returns the listing that `what` tells from every other. It is read if it was not the last one.
    pub(super) fn of(
        &self,
        what: String,
        read: impl FnOnce() -> Result<Vec<ApiKeyDetails>, Refusal>,
    ) -> Result<Arc<Vec<ApiKeyDetails>>, Refusal> {
        let kept = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, keys)) = &*kept()
            && *known == what
        {
            return Ok(Arc::clone(keys));
        }
        let keys = Arc::new(read()?);
        *kept() = Some((what, Arc::clone(&keys)));
        Ok(keys)
    }
}
