//! The lines of the local store, for what no command writes: damage, and the keys of other users.

use std::fmt::Write as _;
use std::fs;

use super::{NOW, Sandbox};

/// Where the part of a line begins that its checksum covers.
pub(crate) const BODY_AT: usize = r#"{"crc":"00000000","#.len();

/// The checksum of zlib and PNG, bit by bit: `crc` is that of what came before.
fn crc32(crc: u32, bytes: impl Iterator<Item = u8>) -> u32 {
    let step = |crc: u32, _: u32| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.fold(!crc, |crc, byte| (0..8).fold(crc ^ u32::from(byte), step))
}

/// The checksum of lines that were written.
fn covered(before: &[u8]) -> u32 {
    let lines = before.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    crc32(0, lines.flat_map(|line| &line[BODY_AT..]).copied())
}

/// Writes the line that follows others; its checksum covers theirs. `body` is what stands behind it.
pub(crate) fn next_line(before: &[u8], body: &str) -> Vec<u8> {
    format!("{{\"crc\":\"{:08x}\",{body}\n", crc32(covered(before), body.bytes())).into_bytes()
}

impl Sandbox {
    /// Puts a key of somebody else into the local store, in which something was written before, and returns its id;
    /// `more` are further fields of its record with their values as JSON.
    pub(crate) fn create_of(&self, iam_id: &str, name: &str, more: &[(&str, &str)]) -> String {
        let mut store = self.store_bytes().unwrap();
        let number = str::from_utf8(&store).unwrap().lines().count();
        // What tells ids apart stands in front, as in those that are made by chance.
        let id = format!("ApiKey-{number:08x}-0000-4000-8000-000000000000");
        let name = serde_json::to_string(name).unwrap();
        let mut body = format!(
            r#""op":"create","id":"{id}","iam_id":"{iam_id}","at":"{NOW}","tag":"1-{number:032x}","hash":"{number:043}","name":{name}"#
        );
        for (field, value) in more {
            let _ = write!(body, ",\"{field}\":{value}");
        }
        body.push('}');
        let line = next_line(&store, &body);
        store.extend(line);
        fs::write(self.store(), store).unwrap();
        id
    }

    /// Puts many lines into the local store, in which something was written before.
    pub(crate) fn write_lines(&self, bodies: impl Iterator<Item = String>) {
        let mut store = self.store_bytes().unwrap();
        let mut crc = covered(&store);
        for body in bodies {
            crc = crc32(crc, body.bytes());
            store.extend(format!("{{\"crc\":\"{crc:08x}\",{body}\n").bytes());
        }
        fs::write(self.store(), store).unwrap();
    }
}
