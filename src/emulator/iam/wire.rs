//! The JSON of keys.

use serde::Serialize;

use crate::model::{
    Absent, ApiKey, ApiKeyDetails, activity_document, history_document, key_document,
};
use crate::object::{Fields, Object};

/// A key as the service writes it. `value` is there on creation only.
pub(super) fn key<'a>(key: &'a ApiKey, value: Option<&'a str>) -> Object<impl Fields> {
    key_document(key, Absent::LeftOut).with_some("apikey", value).with("leaked", key.leaked)
}

/// A key with its history and its activity, if they are known.
pub(super) fn details(details: &ApiKeyDetails) -> impl Serialize {
    key(&details.key, None)
        .with_some("history", history_document(details))
        .with_some("activity", activity_document(details, Absent::LeftOut))
}
