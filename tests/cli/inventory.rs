//! The licences and the SBOM of what is in the program.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::{run, skipped};

/// Writes both into a directory, or says why not.
fn write(folder: &Path) -> bool {
    if Command::new("python3")
        .args(["-c", "import tomllib"])
        .status()
        .is_ok_and(|status| status.success())
    {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/inventory.py");
        let mut command = Command::new("python3");
        command.args(["-B", script]).arg(folder).env("SOURCE_DATE_EPOCH", "1700000000");
        run(command.env("CARGO_NET_OFFLINE", "true"), b"").is(0, "", "");
        return true;
    }
    skipped("python3 is not installed, or before 3.11");
    false
}

#[test]
fn what_is_in_the_program_is_listed_with_its_licence_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    if !write(folder.path()) {
        return;
    }
    let sbom = fs::read(folder.path().join("sbom.cdx.json")).unwrap();
    let document: Value = serde_json::from_slice(&sbom).unwrap();
    assert_eq!(document["metadata"]["timestamp"], "2023-11-14T22:13:20Z");
    let itself = &document["metadata"]["component"];
    assert_eq!(itself["purl"], concat!("pkg:cargo/ibmcloud-iam@", env!("CARGO_PKG_VERSION")));
    let components = document["components"].as_array().unwrap();
    let names: Vec<&str> = components.iter().map(|one| one["name"].as_str().unwrap()).collect();
    for linked in ["clap", "keyring", "ring", "rustls", "zeroize"] {
        assert!(names.contains(&linked), "{linked}");
    }
    // The tests need them, and Windows.
    for absent in ["boon", "tempfile", "windows-sys"] {
        assert!(!names.contains(&absent), "{absent}");
    }
    let notices = fs::read_to_string(folder.path().join("THIRD-PARTY.txt")).unwrap();
    for component in components {
        let text = |field: &str| component[field].as_str().unwrap();
        let licence = component["licenses"][0]["expression"].as_str().unwrap();
        assert!(!licence.contains('/'), "{licence}");
        assert_eq!(component["hashes"][0]["content"].as_str().unwrap().len(), 64, "{component}");
        let line = format!("\n{} {}: {licence} https://", text("name"), text("version"));
        assert!(notices.contains(&line), "{line}");
        let mentions = notices.matches(&format!("{} {}", text("name"), text("version"))).count();
        assert!(mentions >= 2, "{line} has no text");
    }
    for reference in document["dependencies"].as_array().unwrap() {
        for needed in reference["dependsOn"].as_array().unwrap() {
            assert!(components.iter().any(|one| one["bom-ref"] == *needed), "{needed}");
        }
    }

    let again = tempfile::tempdir().unwrap();
    write(again.path());
    for file in ["sbom.cdx.json", "THIRD-PARTY.txt"] {
        let [one, other] =
            [&folder, &again].map(|folder| fs::read(folder.path().join(file)).unwrap());
        assert!(one == other, "{file} is the same each time");
    }
}
