//! The street door: the real world in, an exit code out.

use std::process::ExitCode;
use std::sync::Arc;

use ibmcloud_iam::context::Environment;
use rustix::process::{Resource, Rlimit, setrlimit};

fn main() -> ExitCode {
    // A core dump would hold the value of a key; where the limit cannot be set there is none to fear.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    // Nor may another process of the same user look into this one, but for what is traced from its start.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    // A limit on the size of files is to fail a write, as a full disk does, and not to end the program.
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default());
    ibmcloud_iam::complete::answer_shell();
    ExitCode::from(ibmcloud_iam::run(std::env::args_os().collect(), Environment::of_process()))
}
