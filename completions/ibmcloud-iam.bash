
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
        IBMCLOUD_IAM_COMPLETE=bash _CLAP_IFS=$'\013' _CLAP_COMPLETE_INDEX="$at" "ibmcloud-iam" -- "${words[@]}" 2> /dev/null
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
