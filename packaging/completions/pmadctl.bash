# shellcheck shell=bash
# Completion of pmadctl for bash. Verbs and options are what `pmadctl --help` and `pmadctl VERB --help`
# say at that moment, so they are those of the program that is there.

# The verbs, one a line.
_pmadctl_verbs() {
    "$1" --help 2>/dev/null | sed -n '/^Verbs:$/,/^$/s/^  \([a-z][a-z-]*\) .*/\1/p'
}

# _pmadctl_options PROGRAM [VERB]: the long options, with a `=` behind those that take a value.
_pmadctl_options() {
    "$@" --help 2>/dev/null | sed -n 's/^  *\(-., \)\{0,1\}\(--[a-z-]*=\{0,1\}\).*/\2/p'
}

# _pmadctl_arguments PROGRAM VERB: what the verb takes, in capitals, as its usage has it.
_pmadctl_arguments() {
    "$@" --help 2>/dev/null | sed -n '/^Usage:/,/^[^ U]/s/^.*\[OPTION\.\.\.\]//p'
}

# Sets `verb`, and the number of words behind it in `behind`; `socket` is what to reach the daemon by.
_pmadctl_parse() {
    local at word

    verb='' behind=0 socket=()
    for ((at = 1; at < COMP_CWORD; at++)); do
        word=${COMP_WORDS[at]}
        case $word in
        -s | --socket) socket=("--socket=${COMP_WORDS[at + 1]}") ;;
        esac
        case $word in
        -s | -t | --socket | --timeout)
            ((at++))
            [[ ${COMP_WORDS[at]} == = ]] && ((at++))
            ;;
        -*) ;;
        =) ((at++)) ;;
        *)
            if [[ -z $verb ]]; then verb=$word; else ((behind++)); fi
            ;;
        esac
    done
}

# What may stand in this place of a verb's arguments.
_pmadctl_argument() {
    local program=$1 word=$2 takes

    takes=$(_pmadctl_arguments "$program" "$verb")
    if [[ $takes == *FUNCTION* ]] && ((behind == 0)); then
        mapfile -t COMPREPLY < <(compgen -W "$("$program" status "${socket[@]}" --timeout=1s \
            2>/dev/null | cut -f 1)" -- "$word")
    elif [[ $takes == *COMMAND* ]]; then
        mapfile -t COMPREPLY < <(compgen -c -- "$word")
    elif [[ $takes == *FILE* ]]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    fi
}

_pmadctl() {
    local program=${COMP_WORDS[0]} word=${COMP_WORDS[COMP_CWORD]}
    local before=${COMP_WORDS[COMP_CWORD - 1]} verb behind socket

    COMPREPLY=()
    [[ $word == = ]] && word=''
    [[ $before == = ]] && before=${COMP_WORDS[COMP_CWORD - 2]}
    _pmadctl_parse
    case $before in
    -s | --socket | -f | --file | --config)
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        return
        ;;
    -p | --priority)
        mapfile -t COMPREPLY < <(compgen -W 'high normal low' -- "$word")
        return
        ;;
    esac
    if [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_pmadctl_options "$program" ${verb:+"$verb"})" \
            -- "$word")
        [[ ${COMPREPLY[*]} == *= ]] && compopt -o nospace 2>/dev/null
    elif [[ -z $verb ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_pmadctl_verbs "$program")" -- "$word")
    else
        _pmadctl_argument "$program" "$word"
    fi
    return 0
}

complete -F _pmadctl pmadctl
