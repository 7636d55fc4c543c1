//! A session bus with a Secret Service on it: the keyring of a desktop.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{Sandbox, run, skipped};

/// A bus without services that start by themselves.
const BUS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:dir=/tmp</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;

/// How long the helpers may take to start.
const PATIENCE: Duration = Duration::from_secs(20);

/// A session bus of the test's own.
pub(crate) struct Bus {
    daemon: Child,
    address: String,
}

/// A Secret Service on it.
pub(crate) struct Provider(pub(crate) Child);

impl Drop for Bus {
    fn drop(&mut self) {
        end(&mut self.daemon);
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        end(&mut self.0);
    }
}

fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

/// Starts a bus; `None` where this machine cannot, which is said.
pub(crate) fn bus(sandbox: &Sandbox) -> Option<Bus> {
    let has = |tool: &str| sandbox.bash(&format!("command -v {tool}")).code == 0;
    if let Some(missing) =
        ["dbus-daemon", "dbus-send", "gnome-keyring-daemon"].iter().find(|tool| !has(tool))
    {
        skipped(&format!("{missing} is not installed"));
        return None;
    }
    let config = sandbox.root().join("bus.conf");
    fs::write(&config, BUS).unwrap();
    let mut daemon = sandbox
        .program("dbus-daemon")
        .arg(format!("--config-file={}", config.display()))
        .args(["--nofork", "--print-address=1"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut address = String::new();
    BufReader::new(daemon.stdout.take().unwrap()).read_line(&mut address).unwrap();
    Some(Bus { daemon, address: address.trim().to_owned() })
}

impl Bus {
    /// A command on this bus.
    pub(crate) fn on(&self, mut command: Command) -> Command {
        command.env("DBUS_SESSION_BUS_ADDRESS", &self.address);
        command
    }

    /// Starts a Secret Service over the keyrings below `home`, unlocked or locked.
    pub(crate) fn provider(&self, sandbox: &Sandbox, home: &Path, is_unlocked: bool) -> Provider {
        use std::os::unix::fs::DirBuilderExt as _;
        let runtime = home.join("run");
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&runtime).unwrap();
        let mut command = self.on(sandbox.program("gnome-keyring-daemon"));
        command.args(["--foreground", "--components=secrets"]);
        if is_unlocked {
            command.arg("--unlock");
        }
        command.env("HOME", home).env("XDG_RUNTIME_DIR", &runtime);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut daemon = command.spawn().unwrap();
        daemon.stdin.take().unwrap().write_all(b"test-password").unwrap();
        let provider = Provider(daemon);
        let start = Instant::now();
        let has_owner = || {
            let mut ask = self.on(sandbox.program("dbus-send"));
            ask.args(["--session", "--print-reply=literal", "--dest=org.freedesktop.DBus", "/"]);
            ask.args(["org.freedesktop.DBus.NameHasOwner", "string:org.freedesktop.secrets"]);
            run(&mut ask, b"").stdout.contains("true")
        };
        while !has_owner() {
            assert!(start.elapsed() < PATIENCE, "the Secret Service does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        provider
    }
}
