//! Generated files are checked in, and this proves them fresh. `UPDATE_GENERATED=1 cargo test fresh` rewrites them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[test]
fn completions_and_man_pages_are_as_the_command_tree_makes_them() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = ibmcloud_iam::generate::files().unwrap();
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        for directory in ["completions", "man"] {
            let _ = fs::remove_dir_all(package.join(directory));
            fs::create_dir(package.join(directory)).unwrap();
        }
        for (path, content) in &files {
            fs::write(package.join(path), content).unwrap();
        }
    }
    for (path, content) in &files {
        let found = fs::read(package.join(path)).unwrap_or_default();
        assert!(found == *content, "{path} is stale; run 'UPDATE_GENERATED=1 cargo test fresh'");
    }
    let expected: BTreeSet<String> = files.into_iter().map(|(path, _)| path).collect();
    let found: BTreeSet<String> = ["completions", "man"]
        .into_iter()
        .flat_map(|directory| {
            fs::read_dir(package.join(directory)).unwrap().map(move |entry| {
                format!("{directory}/{}", entry.unwrap().file_name().into_string().unwrap())
            })
        })
        .collect();
    assert_eq!(found, expected, "completions/ and man/ hold nothing else");
}
