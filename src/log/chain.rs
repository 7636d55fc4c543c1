//! The checksums of the lines of a log. Each covers all lines up to its own, so that a line which is lost, moved or
//! repeated is noticed.

use serde::Serialize;

const CRC_PREFIX: &[u8] = b"{\"crc\":\"";
const BODY_AT: usize = CRC_PREFIX.len() + 8 + 2;

/// The checksum of the lines so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Chain(u32);

/// A line whose checksum is right.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Verified<'a> {
    /// The line without its newline: a JSON object.
    pub(crate) whole: &'a [u8],
    /// The part after the checksum.
    pub(crate) body: &'a [u8],
}

impl Chain {
    fn take(&mut self, body: &[u8]) -> u32 {
        let mut hasher = crc32fast::Hasher::new_with_initial(self.0);
        hasher.update(body);
        self.0 = hasher.finalize();
        self.0
    }

    /// Checks the next line. Fails with what is wrong with it.
    pub(crate) fn verify<'a>(&mut self, line: &'a [u8]) -> Result<Verified<'a>, &'static str> {
        let (prefix, body) = line.split_at_checked(BODY_AT).ok_or("it is too short")?;
        let crc = prefix
            .strip_prefix(CRC_PREFIX)
            .and_then(|rest| rest.strip_suffix(b"\","))
            .and_then(from_hex);
        match crc {
            None => Err("it does not begin with a checksum"),
            Some(crc) if crc != self.take(body) => Err(
                "its checksum does not match: it, or a line before it, was changed, lost or moved",
            ),
            Some(_) => Ok(Verified { whole: line, body }),
        }
    }

    /// Returns a document, which must be a JSON object, as the next line.
    pub(crate) fn line(&mut self, document: &impl Serialize) -> serde_json::Result<Vec<u8>> {
        let mut json = serde_json::to_vec(document)?;
        let body = json.split_off(1);
        let mut line = Vec::with_capacity(body.len() + BODY_AT + 1);
        line.extend_from_slice(CRC_PREFIX);
        line.extend_from_slice(format!("{:08x}\",", self.take(&body)).as_bytes());
        line.extend_from_slice(&body);
        line.push(b'\n');
        Ok(line)
    }
}

/// Tells whether the bytes after the last newline can be what an interrupted write leaves: the beginning of a line, or
/// zeros after a power cut.
pub(super) fn is_cut_off(tail: &[u8]) -> bool {
    tail.iter().zip(CRC_PREFIX).all(|(found, expected)| found == expected)
        || tail.iter().all(|&byte| byte == 0)
}

fn from_hex(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0_u32, |n, &digit| match digit {
        b'0'..=b'9' => Some(n << 4 | u32::from(digit - b'0')),
        b'a'..=b'f' => Some(n << 4 | u32::from(digit - b'a' + 10)),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flipped_bit_is_noticed() {
        let line = Chain::default().line(&serde_json::json!({"op": "create", "n": 1})).unwrap();
        let line = line.trim_ascii_end();
        assert!(Chain::default().verify(line).is_ok());
        for at in 0..line.len() * 8 {
            let mut flipped = line.to_vec();
            flipped[at / 8] ^= 1 << (at % 8);
            assert!(Chain::default().verify(&flipped).is_err(), "bit {at}");
        }
    }
}
