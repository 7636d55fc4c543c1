//! Pending copies, and how they become FILE.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::pending::read_pending;
use super::{Destination, Left, Pending, Seen, Whereabouts, is_left_over, pending_path};
use crate::secret::Secret;

fn begun(directory: &Path, room: usize) -> (Pending, Secret, PathBuf) {
    let value = Secret::new("the value".into());
    let file = directory.join("key");
    let pending = pending_path(&file, "0");
    let destination = Destination::check(&file, false).unwrap();
    (destination.begin(pending, Some(&value), Value::Null, room).unwrap(), value, file)
}

fn value_in(path: &Path) -> Option<String> {
    read_pending(&fs::read(path).unwrap()).map(|value| value.expose().to_owned())
}

#[test]
fn the_value_can_be_read_at_every_byte_of_the_final_write() {
    let directory = tempfile::tempdir().unwrap();
    let (pending, value, file) = begun(directory.path(), 512);
    let document = br#"{"id": "ApiKey-1", "apikey": "the value"}"#;
    let before = fs::read(pending.path()).unwrap();
    for written in 0..=document.len() {
        let mut torn = before.clone();
        torn[..written].copy_from_slice(&document[..written]);
        assert_eq!(read_pending(&torn).unwrap().expose(), "the value", "{written} bytes written");
    }
    pending.finish(document, &value).unwrap();
    assert_eq!(fs::read(&file).unwrap(), document);
    assert_eq!(value_in(&file).as_deref(), Some("the value"));
}

#[test]
fn the_value_can_be_read_at_every_byte_of_a_second_attempt() {
    let directory = tempfile::tempdir().unwrap();
    let (pending, value, file) = begun(directory.path(), 512);
    let document = br#"{"id": "ApiKey-1",
        "apikey": "the value"}"#;
    let path = pending.path().to_owned();
    let begun = fs::read(&path).unwrap();
    let held = Left::open(path.clone(), None).unwrap_err();
    assert_eq!(held.kind(), std::io::ErrorKind::TimedOut, "who makes it holds it");
    drop(pending);
    let left = Left::open(path.clone(), None).unwrap().unwrap();
    let mut resumed = left.resume(Destination::check(&file, false).unwrap());
    resumed.write_value(Some(&value), begun.len() + 100).unwrap();
    let line = fs::read(&path).unwrap().split_off(begun.len());
    for before in [&begun[..], document] {
        for written in 0..=line.len() {
            let torn = [before, &line[..written]].concat();
            assert_eq!(
                read_pending(&torn).unwrap().expose(),
                "the value",
                "{written} bytes written"
            );
        }
    }
}

#[test]
fn a_document_larger_than_the_room_still_fits() {
    let directory = tempfile::tempdir().unwrap();
    let (pending, value, file) = begun(directory.path(), 16);
    let document = format!("{{\"apikey\": \"the value\", \"name\": \"{}\"}}", "n".repeat(5_000));
    pending.finish(document.as_bytes(), &value).unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), document);
}

#[test]
fn a_file_that_appears_meanwhile_is_not_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let (pending, value, file) = begun(directory.path(), 512);
    fs::write(&file, "another key").unwrap();
    let copy = pending.path().to_owned();
    assert!(pending.finish(b"{\"apikey\": \"the value\"}", &value).is_err());
    assert_eq!(fs::read_to_string(&file).unwrap(), "another key");
    assert_eq!(value_in(&copy).as_deref(), Some("the value"));
}

#[test]
fn a_file_that_changes_at_the_last_instant_goes_back() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("key");
    fs::write(&file, "").unwrap();
    let (pending, value, _) = begun(directory.path(), 512);
    let then = Seen::at(&file).unwrap();
    let copy = pending.path().to_owned();
    // Behind the last look and before the exchange.
    fs::write(&file, "another key").unwrap();
    assert!(pending.exchange(&then).is_err());
    assert_eq!(fs::read_to_string(&file).unwrap(), "another key");
    assert_eq!(value_in(&copy).as_deref(), Some(value.expose()));
    pending.exchange(&Seen::at(&file).unwrap()).unwrap();
    assert_eq!(value_in(&file).as_deref(), Some(value.expose()));
    assert_eq!(fs::read_to_string(&copy).unwrap(), "another key");
}

#[test]
fn a_copy_that_is_taken_at_the_last_instant_does_not_become_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("key");
    fs::write(&file, "").unwrap();
    let (pending, ..) = begun(directory.path(), 512);
    let then = Seen::at(&file).unwrap();
    // Behind the last look and before the exchange.
    fs::rename(pending.path(), directory.path().join("taken")).unwrap();
    fs::write(pending.path(), "another key").unwrap();
    let error = pending.exchange(&then).unwrap_err();
    assert_eq!(error.whereabouts, Whereabouts::Taken);
    assert_eq!(Seen::at(&file), Some(then), "FILE is what it was");
    assert_eq!(fs::read_to_string(pending.path()).unwrap(), "another key");
}

#[test]
fn only_what_is_left_over_is_taken_for_it() {
    let directory = tempfile::tempdir().unwrap();
    let [file, pending] = ["key", "pending"].map(|name| directory.path().join(name));
    fs::write(&file, "new").unwrap();
    assert!(is_left_over(&pending, &file, None));
    fs::hard_link(&file, &pending).unwrap();
    assert!(is_left_over(&pending, &file, None));
    fs::remove_file(&pending).unwrap();
    fs::write(&pending, "old").unwrap();
    assert!(!is_left_over(&pending, &file, None));
    assert!(is_left_over(&pending, &file, Seen::at(&pending).as_ref()));
}
