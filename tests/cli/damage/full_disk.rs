//! A disk without room: nothing is made that cannot be kept.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::Sandbox;
use crate::support::shim::skipped;

/// A file system of one page or so, gone with the test.
struct TinyDisk<'a>(&'a Path);

impl<'a> TinyDisk<'a> {
    fn mount(at: &'a Path) -> Option<Self> {
        fs::create_dir_all(at).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=64k,mode=700", "tmpfs"]).arg(at);
        mount.output().is_ok_and(|output| output.status.success()).then_some(Self(at))
    }

    /// Leaves no room at all.
    fn fill(&self) {
        let _ = fs::write(self.0.join("ballast"), vec![b'x'; 128 * 1024]);
    }

    fn relieve(&self) {
        fs::remove_file(self.0.join("ballast")).unwrap();
    }
}

impl Drop for TinyDisk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

#[test]
fn a_disk_that_is_really_full() {
    let sandbox = Sandbox::new();
    let [store, work] = ["home/store", "work/disk"].map(|name| sandbox.root().join(name));
    let (Some(store), Some(work)) = (TinyDisk::mount(&store), TinyDisk::mount(&work)) else {
        return skipped("no file system can be mounted here");
    };
    let long = "d".repeat(8_000);
    let create = |file: &str| sandbox.run(&["api-key-create", "K", "-d", &long, "--file", file]);
    // The store fills up on its own: every key that was acknowledged is there, the next one is not made.
    let made = (0..20).take_while(|at| create(&format!("{at}.json")).code == 0).count();
    assert!((2..10).contains(&made), "{made} keys of 8 kB on a disk of 64 kB");
    let refused = create("more.json");
    assert!(refused.code(1).stderr.contains("No space left on device"), "{refused:#?}");
    assert_eq!(sandbox.keys().len(), made);
    store.fill();
    assert_eq!(create("more.json").code, 1);
    assert_eq!(sandbox.run(&["api-key-create", "K", "-d", &long]).code, 1);
    assert_eq!((sandbox.keys().len(), sandbox.open_entries()), (made, 0));
    assert!(!sandbox.work("more.json").exists());
    store.relieve();
    sandbox.run(&["api-key-delete", sandbox.keys()[0]["id"].as_str().unwrap(), "-f"]).ok();
    // Now FILE has no room.
    work.fill();
    let refused = create("disk/key.json");
    assert!(refused.code(14).stderr.contains("No space left on device"), "{refused:#?}");
    assert_eq!((sandbox.keys().len(), sandbox.open_entries()), (made - 1, 0));
    work.relieve();
    assert_eq!(fs::read_dir(sandbox.work("disk")).unwrap().count(), 0);
    sandbox.run(&["api-key-create", "K", "--file", "disk/key.json"]).ok();
}
