//! The file that `--file` writes: the official CLI's file of 2020 to 2022, followed by two fields of older versions.
//!
//! Each level is indented by a tab, each field has its line, `id` is on line 2, and no newline ends the file. Public
//! scripts read it by line and column.

use serde::Serialize as _;
use serde_json::ser::PrettyFormatter;
use zeroize::Zeroizing;

use crate::model::ApiKey;
use crate::object::object;
use crate::secret::Secret;

/// Returns how many bytes the document of a new key takes at most.
pub fn room_for(name: &str, description: &str) -> usize {
    // A byte takes at most six in JSON. The rest is for ids and times.
    6 * (name.len() + description.len()) + 2_048
}

/// Writes the document.
pub fn document(key: &ApiKey, value: &Secret) -> Zeroizing<Vec<u8>> {
    let file = object()
        .with("id", key.id.as_str())
        .with("crn", key.crn())
        .with("iam_id", &*key.iam_id)
        .with("account_id", &*key.account_id)
        .with("name", &*key.name)
        .with("description", &*key.description)
        .with("apikey", value.expose())
        .with("locked", key.locked)
        .with("entity_tag", key.entity_tag.as_str())
        .with("created_at", key.created_at.to_wire())
        .with("created_by", &*key.created_by)
        .with("modified_at", key.modified_at.to_wire())
        .with("createdAt", key.created_at.to_wire())
        .with("uuid", key.id.as_str());
    // A buffer that grows would leave a copy of the value in memory.
    let mut document = Zeroizing::new(Vec::with_capacity(room_for(&key.name, &key.description)));
    let formatter = PrettyFormatter::with_indent(b"\t");
    let mut serializer = serde_json::Serializer::with_formatter(&mut *document, formatter);
    // Writing to memory cannot fail.
    let _ = file.serialize(&mut serializer);
    document
}
