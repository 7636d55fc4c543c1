//! What `--file` writes: the official CLI's file of 2020 to 2022, with the two fields of older ones behind it.
//!
//! One tab per level, one field per line, `id` on line 2, no newline at the end (`compat/json.md` §A2).

use serde::Serialize;
use serde_json::ser::{PrettyFormatter, Serializer};
use zeroize::Zeroizing;

use crate::model::ApiKey;
use crate::secret::Secret;

#[derive(Serialize)]
struct KeyFile<'a> {
    id: &'a str,
    crn: &'a str,
    iam_id: &'a str,
    account_id: &'a str,
    name: &'a str,
    description: &'a str,
    apikey: &'a str,
    locked: bool,
    entity_tag: &'a str,
    created_at: &'a str,
    created_by: &'a str,
    modified_at: &'a str,
    #[serde(rename = "createdAt")]
    created_at_camel: &'a str,
    uuid: &'a str,
}

/// Returns how many bytes to keep free for the document of a key that is not made yet.
pub fn room_for(name: &str, description: &str) -> usize {
    // A character takes at most six bytes in JSON; the rest is ids and times, with room to spare.
    6 * (name.len() + description.len()) + 2_048
}

/// Writes the document.
pub fn document(key: &ApiKey, value: &Secret) -> Zeroizing<Vec<u8>> {
    let created_at = key.created_at.to_wire();
    let modified_at = key.modified_at.to_wire();
    let file = KeyFile {
        id: key.id.as_str(),
        crn: &key.crn(),
        iam_id: &key.iam_id,
        account_id: &key.account_id,
        name: &key.name,
        description: &key.description,
        apikey: value.expose(),
        locked: key.locked,
        entity_tag: key.entity_tag.as_str(),
        created_at: created_at.as_str(),
        created_by: &key.created_by,
        modified_at: modified_at.as_str(),
        created_at_camel: created_at.as_str(),
        uuid: key.id.as_str(),
    };
    // All its room at once: a buffer that moved would leave the value behind.
    let mut document = Zeroizing::new(Vec::with_capacity(room_for(&key.name, &key.description)));
    let mut serializer =
        Serializer::with_formatter(&mut *document, PrettyFormatter::with_indent(b"\t"));
    // Writing text into memory cannot fail.
    let _ = file.serialize(&mut serializer);
    document
}
