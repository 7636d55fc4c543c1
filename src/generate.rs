//! Makes completions and man pages from the command tree. The files are checked in.

use clap::{Command, CommandFactory as _};
use clap_complete::env::{Bash, EnvCompleter, Fish, Powershell, Zsh};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use crate::cli::Cli;
use crate::error::EXIT_CODES;
use crate::settings::variables::VARIABLES;
use crate::tab::{Mended, VARIABLE};

/// Returns every generated file: its path below the package, and its content.
pub fn files() -> std::io::Result<Vec<(String, Vec<u8>)>> {
    let mut files = completions()?;
    files.push((page_path("ibmcloud-iam"), page(Cli::command(), "ibmcloud-iam")?));
    // Once built, a command has the flags of every command too.
    let mut tree = Cli::command();
    tree.build();
    pages_below(&tree, "ibmcloud-iam", &mut files)?;
    Ok(files)
}

/// Adds the pages of the commands below a command.
fn pages_below(
    command: &Command,
    name: &str,
    files: &mut Vec<(String, Vec<u8>)>,
) -> std::io::Result<()> {
    for command in command.get_subcommands() {
        let name = format!("{name}-{}", command.get_name());
        files.push((page_path(&name), page(command.clone(), &name)?));
        pages_below(command, &name, files)?;
    }
    Ok(())
}

fn completions() -> std::io::Result<Vec<(String, Vec<u8>)>> {
    let shells: [(&str, &dyn EnvCompleter); 4] = [
        ("ibmcloud-iam.bash", &Bash),
        ("_ibmcloud-iam", &Zsh),
        ("ibmcloud-iam.fish", &Fish),
        ("_ibmcloud-iam.ps1", &Powershell),
    ];
    let name = env!("CARGO_PKG_NAME");
    let script = |(file, shell): (&str, &dyn EnvCompleter)| {
        let mut script = Vec::new();
        Mended(shell).write_registration(VARIABLE, name, name, name, &mut script)?;
        Ok((format!("completions/{file}"), script))
    };
    shells.into_iter().map(script).collect()
}

fn page_path(name: &str) -> String {
    format!("man/{name}.1")
}

fn page(command: Command, name: &str) -> std::io::Result<Vec<u8>> {
    let extra = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let is_root = command.get_name() == name;
    let command = command.bin_name(name.to_owned()).display_name(name.to_owned());
    let man = Man::new(command)
        .title(name.to_uppercase())
        .source(concat!("ibmcloud-iam ", env!("CARGO_PKG_VERSION")));
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    let mut more = Roff::default();
    if is_root {
        man.render_subcommands_section(&mut page)?;
        more.control("SH", ["EXIT STATUS"]);
        for (code, meaning) in EXIT_CODES {
            more.control("TP", []).text([bold(code.to_string())]).text([roman(meaning)]);
        }
        more.control("SH", ["ENVIRONMENT"]);
        for (variable, meaning) in VARIABLES {
            more.control("TP", []).text([bold(variable)]).text([roman(meaning)]);
        }
    }
    sections(&extra, &mut more);
    if !is_root {
        more.control("SH", ["SEE ALSO"])
            .text([bold("ibmcloud-iam"), roman("(1) for exit codes and variables")]);
    }
    more.to_writer(&mut page)?;
    Ok(page)
}

/// Turns the text at the end of a command's help into sections. A heading is a line in capitals with a colon.
fn sections(text: &str, page: &mut Roff) {
    let is_heading =
        |line: &str| line.ends_with(':') && !line.starts_with(' ') && line.to_uppercase() == line;
    let mut begun = false;
    for line in text.lines() {
        if is_heading(line) {
            page.control("SH", [line.trim_end_matches(':')]);
            begun = true;
        } else if let Some(example) = line.strip_prefix("   ") {
            page.control("PP", []).text([roman(example)]);
        } else if !line.is_empty() {
            if !begun {
                page.control("SH", ["NOTES"]);
                begun = true;
            }
            page.text([roman(line)]);
        }
    }
}
