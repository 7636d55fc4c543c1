//! A pseudo-terminal with the program at its other end.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags, open};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Termios, Winsize, tcgetattr, tcsetwinsize};

const PATIENCE: Duration = Duration::from_secs(20);

/// A running program whose standard streams are one terminal.
pub(crate) struct Terminal {
    master: File,
    child: Child,
    chunks: Receiver<Vec<u8>>,
    seen: Vec<u8>,
    before: Termios,
}

/// What a terminal showed in the end.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) code: i32,
    /// Every byte, line ends as the program wrote them.
    pub(crate) text: String,
    /// Whether the terminal's settings are as they were before.
    pub(crate) restored: bool,
}

impl Shown {
    /// Asserts the exit code, and that the terminal is as it was: settings, and a visible cursor.
    #[track_caller]
    pub(crate) fn code(&self, code: i32) -> &Self {
        assert_eq!(self.code, code, "{self:#?}");
        assert!(self.restored, "{self:#?}");
        assert!(self.text.rfind("\x1b[?25l") <= self.text.rfind("\x1b[?25h"), "{self:#?}");
        self
    }
}

impl Terminal {
    /// Starts a command on a terminal of `columns` × 24.
    pub(crate) fn start(command: &mut Command, columns: u16) -> Self {
        let master =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let winsize = Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&master, winsize).unwrap();
        let path = ptsname(&master, Vec::new()).unwrap();
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let slave: OwnedFd = open(path.as_c_str(), flags, Mode::empty()).unwrap();
        let before = tcgetattr(&master).unwrap();
        command.stdin(slave.try_clone().unwrap()).stdout(slave.try_clone().unwrap()).stderr(slave);
        let child = command.spawn().unwrap();
        // The command would keep its copies of the slave open, and the master would never end.
        command.stdin(std::process::Stdio::null());
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let master = File::from(master);
        let mut reader = master.try_clone().unwrap();
        let (sender, chunks) = channel();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..read].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { master, child, chunks, seen: Vec::new(), before }
    }

    /// Waits until the terminal shows a text.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, text: &str) {
        self.wait_for_times(text, 1);
    }

    /// Waits until the terminal has shown a text so many times.
    #[track_caller]
    pub(crate) fn wait_for_times(&mut self, text: &str, times: usize) {
        let deadline = Instant::now() + PATIENCE;
        while String::from_utf8_lossy(&self.seen).matches(text).count() < times {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.chunks.recv_timeout(left) {
                Ok(chunk) => self.seen.extend(chunk),
                Err(error) => {
                    panic!("{error}, no {text:?} in {:?}", String::from_utf8_lossy(&self.seen))
                }
            }
        }
    }

    /// What the terminal has shown so far.
    pub(crate) fn shown(&self) -> String {
        String::from_utf8_lossy(&self.seen).into_owned()
    }

    /// Waits until the program has changed the terminal's settings: it is reading keys.
    #[track_caller]
    pub(crate) fn wait_for_reading(&self) {
        let deadline = Instant::now() + PATIENCE;
        while same(&self.before, &tcgetattr(&self.master).unwrap()) {
            assert!(Instant::now() < deadline, "the program never began to read keys");
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Types.
    pub(crate) fn send(&mut self, keys: &[u8]) {
        self.master.write_all(keys).unwrap();
    }

    /// Sends a signal to the program alone.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for the end of the program.
    #[track_caller]
    pub(crate) fn end(mut self) -> Shown {
        use std::os::unix::process::ExitStatusExt as _;
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if Instant::now() > deadline {
                let _ = self.child.kill();
                panic!("still running after {:?}", String::from_utf8_lossy(&self.seen));
            }
            thread::sleep(Duration::from_millis(2));
        };
        self.seen.extend(self.chunks.iter().flatten());
        Shown {
            code: status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0)),
            text: String::from_utf8_lossy(&self.seen).replace("\r\n", "\n"),
            restored: same(&self.before, &tcgetattr(&self.master).unwrap()),
        }
    }
}

fn same(a: &Termios, b: &Termios) -> bool {
    a.local_modes == b.local_modes
        && a.input_modes == b.input_modes
        && a.output_modes == b.output_modes
}
