# Completion of pmadctl for fish. Verbs and options are what `pmadctl --help` and `pmadctl VERB --help`
# say at that moment, so they are those of the program that is there.

# The words so far that are no options nor their values: the program, the verb, its arguments.
function __pmadctl_words
    set -l skip 0
    for word in (commandline -opc)
        if test $skip = 1
            set skip 0
            continue
        end
        switch $word
            case -s --socket -t --timeout
                set skip 1
            case '-*'
            case '*'
                echo $word
        end
    end
end

function __pmadctl_verbs
    pmadctl --help 2>/dev/null | sed -n '/^Verbs:$/,/^$/s/^  \([a-z][a-z-]*\)  *\(.*\)/\1\t\2/p'
end

function __pmadctl_options
    set -l words (__pmadctl_words)
    pmadctl $words[2] --help 2>/dev/null |
        sed -n 's/^  *\(-., \)\{0,1\}\(--[a-z-]*=\{0,1\}\)[^ ]* *\(.*\)/\2\t\3/p'
end

# True if the place is for an argument of that kind, in the capitals of the verb's usage.
function __pmadctl_takes
    set -l words (__pmadctl_words)
    test (count $words) -gt 1; or return 1
    pmadctl $words[2] --help 2>/dev/null |
        sed -n '/^Usage:/,/^[^ U]/s/^.*\[OPTION\.\.\.\]//p' | grep -q $argv[1]
    or return 1
    test $argv[1] != FUNCTION; or test (count $words) -eq 2
end

# True behind one of these options.
function __pmadctl_behind
    contains -- (commandline -opc)[-1] $argv
end

complete -c pmadctl -f
complete -c pmadctl -n 'test (count (__pmadctl_words)) -eq 1' -a '(__pmadctl_verbs)'
complete -c pmadctl -n 'string match -q -- "-*" (commandline -ct)' -a '(__pmadctl_options)'
complete -c pmadctl -n '__pmadctl_takes FUNCTION' \
    -a '(pmadctl status --timeout=1s 2>/dev/null | cut -f 1)'
complete -c pmadctl -n '__pmadctl_takes FILE; and not __pmadctl_takes FUNCTION' -F
complete -c pmadctl -n '__pmadctl_takes COMMAND; and not __pmadctl_takes FUNCTION' \
    -a '(__fish_complete_command)'
complete -c pmadctl -n '__pmadctl_behind -s --socket -f --file' -F
complete -c pmadctl -n '__pmadctl_behind -p --priority' -a 'high normal low'
