//! Makes completions and man pages from the command tree. The files are checked in, and the program prints them too.

use std::path::Path;

use clap::{Command, CommandFactory as _};
use clap_complete::env::{Bash, EnvCompleter, Fish, Powershell, Zsh};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use crate::cli::{Cli, CompletedShell, ManArgs};
use crate::error::{EXIT_CODES, Error, Result};
use crate::object::object;
use crate::private_file;
use crate::render::json;
use crate::settings::variables::VARIABLES;
use crate::tab::{Mended, VARIABLE};
use crate::ui::Ui;

/// Returns every generated file: its path below the package, and its content.
pub fn files() -> std::io::Result<Vec<(String, Vec<u8>)>> {
    let mut files = completions()?;
    files.extend(pages()?.into_iter().map(|(name, page)| (format!("man/{name}"), page)));
    Ok(files)
}

/// Returns every man page: its file name, and its content.
fn pages() -> std::io::Result<Vec<(String, Vec<u8>)>> {
    let mut pages = vec![(file_name("ibmcloud-iam"), page(Cli::command(), "ibmcloud-iam")?)];
    // Once built, a command has the flags of every command too.
    let mut tree = Cli::command();
    tree.build();
    pages_below(&tree, "ibmcloud-iam", &mut pages)?;
    Ok(pages)
}

/// Adds the pages of the commands below a command.
fn pages_below(
    command: &Command,
    name: &str,
    files: &mut Vec<(String, Vec<u8>)>,
) -> std::io::Result<()> {
    for command in command.get_subcommands() {
        let name = format!("{name}-{}", command.get_name());
        files.push((file_name(&name), page(command.clone(), &name)?));
        pages_below(command, &name, files)?;
    }
    Ok(())
}

fn completions() -> std::io::Result<Vec<(String, Vec<u8>)>> {
    let shells = [
        ("ibmcloud-iam.bash", CompletedShell::Bash),
        ("_ibmcloud-iam", CompletedShell::Zsh),
        ("ibmcloud-iam.fish", CompletedShell::Fish),
        ("_ibmcloud-iam.ps1", CompletedShell::Powershell),
    ];
    let script = |(file, shell)| Ok((format!("completions/{file}"), script_of(shell)?));
    shells.into_iter().map(script).collect()
}

fn script_of(shell: CompletedShell) -> std::io::Result<Vec<u8>> {
    let completer: &dyn EnvCompleter = match shell {
        CompletedShell::Bash => &Bash,
        CompletedShell::Zsh => &Zsh,
        CompletedShell::Fish => &Fish,
        CompletedShell::Powershell => &Powershell,
    };
    let name = env!("CARGO_PKG_NAME");
    let mut script = Vec::new();
    Mended(completer).write_registration(VARIABLE, name, name, name, &mut script)?;
    Ok(script)
}

/// Runs `completion`.
pub fn print_completion(shell: CompletedShell, ui: &mut Ui) -> Result<()> {
    let script = script_of(shell).map_err(|error| Error::failure(error.to_string()))?;
    if ui.manner().json {
        let script = object().with("script", String::from_utf8_lossy(&script));
        ui.data(|out| json::document(out, &script));
    } else {
        ui.data(|out| out.write_all(&script));
    }
    Ok(())
}

/// Runs `man`.
pub fn write_pages(args: &ManArgs, ui: &mut Ui) -> Result<()> {
    let ManArgs { directory, dry_run } = args;
    let pages = pages().map_err(|error| Error::failure(error.to_string()))?;
    let shown = directory.display();
    ui.progress(&format!("Writing man pages to {shown}..."));
    if !dry_run.dry_run {
        let failed = |path: &Path, error: &std::io::Error| {
            let told = format!("{} cannot be written: {error}.", path.display());
            Error::failure(told).hint("Name a directory of yours, such as ~/.local/share/man/man1.")
        };
        private_file::create_public_dir(directory).map_err(|error| failed(directory, &error))?;
        for (name, page) in &pages {
            let path = directory.join(name);
            private_file::publish(&path, page).map_err(|error| failed(&path, &error))?;
        }
    }
    ui.ok();
    let outcome = if dry_run.dry_run { "would be written" } else { "written" };
    if ui.manner().json {
        let files: Vec<&String> = pages.iter().map(|(name, _)| name).collect();
        let written = object()
            .with("directory", directory.to_string_lossy())
            .with("files", files)
            .with("outcome", outcome);
        ui.data(|out| json::document(out, &written));
    } else {
        let verb = if dry_run.dry_run { "would be" } else { "were" };
        ui.result(&format!("{} man pages {verb} written to {shown}", pages.len()));
    }
    Ok(())
}

fn file_name(name: &str) -> String {
    format!("{name}.1")
}

fn page(command: Command, name: &str) -> std::io::Result<Vec<u8>> {
    let extra = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let is_root = command.get_name() == name;
    let typed = command.get_display_name().unwrap_or(name).to_owned();
    let mut command = command.bin_name(&typed).display_name(name.to_owned());
    let usage = command.render_usage().to_string();
    let synopsis = usage.trim_start_matches("Usage: ").trim_start_matches(&*typed).to_owned();
    // A header has the title at both ends: with the program's name in it the longest does not fit into 80 columns.
    // There is no date, which would change from build to build; an empty one is left out, and the source takes its place.
    let title = name.strip_prefix("ibmcloud-iam-").unwrap_or(name);
    let man = Man::new(command)
        .title(title.to_uppercase())
        .date(" ")
        .source(concat!("ibmcloud-iam ", env!("CARGO_PKG_VERSION")))
        .manual("ibmcloud-iam");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    let mut usage = Roff::default();
    usage.control("SH", ["SYNOPSIS"]).text([bold(typed), roman(synopsis)]);
    usage.to_writer(&mut page)?;
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
    let (mut begun, mut gap, mut is_codes) = (false, false, false);
    for line in text.lines() {
        if is_heading(line) {
            page.control("SH", [line.trim_end_matches(':')]);
            (begun, is_codes) = (true, line == "EXIT CODES:");
        } else if let Some(example) = line.strip_prefix("   ") {
            // A line that stands further to the right goes on with the one before it, and so does each exit code.
            if !example.starts_with(' ') && !is_codes {
                page.control("PP", []);
            }
            page.text([roman(example.trim_start())]);
        } else if !line.is_empty() {
            if !begun {
                page.control("SH", ["NOTES"]);
                begun = true;
            } else if gap {
                page.control("PP", []);
            }
            page.text([roman(line)]);
        }
        gap = line.is_empty();
    }
}
