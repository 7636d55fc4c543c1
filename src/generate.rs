//! The files that are made from the command tree and checked in: completions and man pages.

use clap::{Command, CommandFactory as _};
use clap_complete::env::{Bash, EnvCompleter, Fish, Powershell, Zsh};
use clap_mangen::Man;

use crate::cli::Cli;
use crate::complete::VARIABLE;

/// Writes every generated file: its path below the package, and its content.
pub fn files() -> std::io::Result<Vec<(String, Vec<u8>)>> {
    let mut files = completions()?;
    let tree = Cli::command();
    files.push((page_path("ibmcloud-iam"), page(tree.clone(), "ibmcloud-iam")?));
    for command in tree.get_subcommands() {
        let name = format!("ibmcloud-iam-{}", command.get_name());
        files.push((page_path(&name), page(with_globals(command.clone(), &tree), &name)?));
    }
    Ok(files)
}

fn completions() -> std::io::Result<Vec<(String, Vec<u8>)>> {
    let shells: [(&str, &dyn EnvCompleter); 4] = [
        ("ibmcloud-iam.bash", &Bash),
        ("_ibmcloud-iam", &Zsh),
        ("ibmcloud-iam.fish", &Fish),
        ("_ibmcloud-iam.ps1", &Powershell),
    ];
    let script = |(file, shell): (&str, &dyn EnvCompleter)| {
        let mut script = Vec::new();
        shell.write_registration(VARIABLE, "ibmcloud-iam", "ibmcloud-iam", "ibmcloud-iam", &mut script)?;
        Ok((format!("completions/{file}"), script))
    };
    shells.into_iter().map(script).collect()
}

fn page_path(name: &str) -> String {
    format!("man/{name}.1")
}

/// A command's page has the flags of every command too.
fn with_globals(command: Command, tree: &Command) -> Command {
    tree.get_arguments().filter(|arg| arg.is_global_set()).fold(command, |command, arg| command.arg(arg.clone()))
}

fn page(command: Command, name: &str) -> std::io::Result<Vec<u8>> {
    let command = command.bin_name(name.to_owned()).display_name(name.to_owned());
    let mut page = Vec::new();
    Man::new(command).title(name.to_uppercase()).render(&mut page)?;
    Ok(page)
}
