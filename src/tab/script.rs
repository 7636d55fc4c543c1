//! The completion scripts of shells: those of clap, with corrections.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;

use clap::Command;
use clap_complete::env::EnvCompleter;

use crate::complete::LINE;

/// bash splits words at `:` and `=`, and removes an open quote from the last one. This script passes words as they are
/// typed, and removes from each offer the part that bash does not replace. Nothing in an offer is expanded.
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

/// zsh loads a file of `$fpath` when Tab is first pressed, and expects an answer already then.
const ZSH_END: &str = "\ncompdef _clap_dynamic_completer_ibmcloud_iam ibmcloud-iam";
const ZSH_END_ANYWHERE: &str = "
if [[ $funcstack[1] == _ibmcloud-iam ]]; then
    _clap_dynamic_completer_ibmcloud_iam
else
    compdef _clap_dynamic_completer_ibmcloud_iam ibmcloud-iam
fi";

/// Errors must not be printed at the prompt.
const FISH_END: &str = "(commandline --current-token))\"";
const FISH_END_SILENT: &str = "(commandline --current-token) 2>/dev/null)\"";

/// What stands between words that bash is offered.
const BETWEEN: u8 = 0x0b;

/// A shell with a corrected script.
pub struct Mended<'a>(pub &'a dyn EnvCompleter);

impl EnvCompleter for Mended<'_> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn is(&self, name: &str) -> bool {
        self.0.is(name)
    }

    fn write_registration(
        &self,
        var: &str,
        name: &str,
        bin: &str,
        completer: &str,
        buf: &mut dyn Write,
    ) -> io::Result<()> {
        let mut script = Vec::new();
        if self.is("bash") {
            script.extend(BASH.replace("VARIABLE", var).bytes());
        } else {
            self.0.write_registration(var, name, bin, completer, &mut script)?;
        }
        let script = String::from_utf8_lossy(&script)
            .replace(ZSH_END, ZSH_END_ANYWHERE)
            .replace(FISH_END, FISH_END_SILENT);
        buf.write_all(script.as_bytes())
    }

    fn write_complete(
        &self,
        cmd: &mut Command,
        args: Vec<OsString>,
        current_dir: Option<&Path>,
        buf: &mut dyn Write,
    ) -> io::Result<()> {
        let mut offered = Vec::new();
        self.0.write_complete(cmd, args, current_dir, &mut offered)?;
        if LINE.get().is_none_or(|line| line.types_flag) {
            return buf.write_all(&offered);
        }
        // The script of bash asks for another separator.
        let separator = if offered.contains(&BETWEEN) { BETWEEN } else { b'\n' };
        let words = offered.split(|byte| *byte == separator);
        let words: Vec<_> = words.filter(|word| !word.starts_with(b"-")).collect();
        buf.write_all(&words.join(&separator))
    }
}
