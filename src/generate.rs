//! The files that are made from the command tree and checked in: completions and man pages.

use clap::{Command, CommandFactory as _};
use clap_complete::env::{EnvCompleter, Fish, Powershell, Zsh};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use crate::cli::Cli;
use crate::complete::VARIABLE;
use crate::config::VARIABLES;
use crate::error::EXIT_CODES;

/// Writes every generated file: its path below the package, and its content.
pub fn files() -> std::io::Result<Vec<(String, Vec<u8>)>> {
    let mut files = completions()?;
    files.push((page_path("ibmcloud-iam"), page(Cli::command(), "ibmcloud-iam")?));
    // Built, so that a command's page has the flags of every command too.
    let mut tree = Cli::command();
    tree.build();
    for command in tree.get_subcommands() {
        let name = format!("ibmcloud-iam-{}", command.get_name());
        files.push((page_path(&name), page(command.clone(), &name)?));
    }
    Ok(files)
}

/// bash splits words at `:` and `=`, and takes an open quote off the last; the program is given words as they are typed,
/// and what bash keeps of the last one is taken off what is offered. Nothing that is offered is expanded.
const BASH: &str = r#"
_ibmcloud_iam() {
    local line="${COMP_LINE:0:COMP_POINT}" words=("${COMP_WORDS[0]}") at=0 i
    line="${line#*"${COMP_WORDS[0]}"}"
    for ((i = 1; i <= COMP_CWORD; i++)); do
        if [[ $line == [[:space:]]* ]]; then
            line="${line#"${line%%[![:space:]]*}"}"
            at=$((at + 1)) words[at]=""
        fi
        if ((i < COMP_CWORD)); then
            words[at]+="${COMP_WORDS[i]}"
            line="${line#"${COMP_WORDS[i]}"}"
        else
            words[at]+="$line"
        fi
    done
    local kept="${words[at]%"$2"}"
    local offered
    COMPREPLY=()
    offered="$(
        VARIABLE=bash _CLAP_IFS=$'\013' _CLAP_COMPLETE_INDEX="$at" "ibmcloud-iam" -- "${words[@]}" 2> /dev/null
    )" || return 0
    if [[ -z $offered ]]; then
        return 0
    fi
    IFS=$'\013' read -r -d "" -a COMPREPLY <<< "$offered" || :
    COMPREPLY=("${COMPREPLY[@]%$'\n'}")
    COMPREPLY=("${COMPREPLY[@]#"$kept"}")
    if [[ ${COMPREPLY-} != *[=/:] ]]; then
        compopt +o nospace 2> /dev/null || :
    fi
}
if [[ "${BASH_VERSINFO[0]}" -eq 4 && "${BASH_VERSINFO[1]}" -ge 4 || "${BASH_VERSINFO[0]}" -gt 4 ]]; then
    complete -o nospace -o bashdefault -o nosort -F _ibmcloud_iam ibmcloud-iam
else
    complete -o nospace -o bashdefault -F _ibmcloud_iam ibmcloud-iam
fi
"#;

/// zsh loads a file of `$fpath` when Tab is first pressed, and wants an answer from it then, not only from the next time.
const ZSH_END: &str = "\ncompdef _clap_dynamic_completer_ibmcloud_iam ibmcloud-iam";
const ZSH_END_ANYWHERE: &str = "
if [[ $funcstack[1] == _ibmcloud-iam ]]; then
    _clap_dynamic_completer_ibmcloud_iam
else
    compdef _clap_dynamic_completer_ibmcloud_iam ibmcloud-iam
fi";

/// What goes wrong on Tab is nothing to tell at the prompt.
const FISH_END: &str = "(commandline --current-token))\"";
const FISH_END_SILENT: &str = "(commandline --current-token) 2>/dev/null)\"";

fn completions() -> std::io::Result<Vec<(String, Vec<u8>)>> {
    let shells: [(&str, &dyn EnvCompleter); 3] =
        [("_ibmcloud-iam", &Zsh), ("ibmcloud-iam.fish", &Fish), ("_ibmcloud-iam.ps1", &Powershell)];
    let script = |(file, shell): (&str, &dyn EnvCompleter)| {
        let mut script = Vec::new();
        shell.write_registration(
            VARIABLE,
            "ibmcloud-iam",
            "ibmcloud-iam",
            "ibmcloud-iam",
            &mut script,
        )?;
        let script = String::from_utf8_lossy(&script)
            .replace(ZSH_END, ZSH_END_ANYWHERE)
            .replace(FISH_END, FISH_END_SILENT);
        Ok((format!("completions/{file}"), script.into_bytes()))
    };
    let bash = BASH.replace("VARIABLE", VARIABLE).into_bytes();
    let bash = ("completions/ibmcloud-iam.bash".to_owned(), bash);
    shells.into_iter().map(script).chain([Ok(bash)]).collect()
}

fn page_path(name: &str) -> String {
    format!("man/{name}.1")
}

fn page(command: Command, name: &str) -> std::io::Result<Vec<u8>> {
    let extra = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let is_root = command.has_subcommands();
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

/// Turns the text behind a command's help into sections: a heading is a line in capitals with a colon.
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
