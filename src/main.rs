//! The program: takes arguments and environment of the process, and returns an exit code.

use std::process::ExitCode;
use std::sync::Arc;

use ibmcloud_iam::environment::Environment;
use rustix::process::{Resource, Rlimit, setrlimit};

fn main() -> ExitCode {
    // A core dump would contain the values of keys.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    // Other processes of the same user must not read the memory of this one.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    // At a limit on the size of files a write is to fail, as on a full disk; the default is to end the program.
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default());
    let environment = Environment::of_process();
    ibmcloud_iam::tab::answer_shell(&environment);
    ExitCode::from(ibmcloud_iam::run(std::env::args_os().collect(), environment))
}
