//! What a listing needs to know of each thing in it.

use crate::model::{ApiKeyDetails, ServiceIdDetails, Timestamp};

/// Something that can be listed, filtered and sorted.
pub(super) trait Listed {
    fn id(&self) -> &str;
    fn name(&self) -> &str;
    fn description(&self) -> &str;
    fn created_at(&self) -> Timestamp;
    fn modified_at(&self) -> Timestamp;
    /// The IAM id of the creator; empty if it is not kept.
    fn created_by(&self) -> &str;
}

impl Listed for ApiKeyDetails {
    fn id(&self) -> &str {
        self.key.id.as_str()
    }

    fn name(&self) -> &str {
        &self.key.name
    }

    fn description(&self) -> &str {
        &self.key.description
    }

    fn created_at(&self) -> Timestamp {
        self.key.created_at
    }

    fn modified_at(&self) -> Timestamp {
        self.key.modified_at
    }

    fn created_by(&self) -> &str {
        &self.key.created_by
    }
}

impl Listed for ServiceIdDetails {
    fn id(&self) -> &str {
        self.service_id.id.as_str()
    }

    fn name(&self) -> &str {
        &self.service_id.name
    }

    fn description(&self) -> &str {
        &self.service_id.description
    }

    fn created_at(&self) -> Timestamp {
        self.service_id.created_at
    }

    fn modified_at(&self) -> Timestamp {
        self.service_id.modified_at
    }

    fn created_by(&self) -> &'static str {
        ""
    }
}
