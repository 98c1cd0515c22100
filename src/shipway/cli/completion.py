"""`shipway completion`: a script for the shell, which asks `shipway completion words` at every Tab."""

from __future__ import annotations

import argparse

from shipway.cli.options import show

BASH = """\
# Completion of shipway for bash. Put into ~/.bashrc:  source <(shipway completion bash)
_shipway() {
    local word
    COMPREPLY=()
    while IFS= read -r word; do
        COMPREPLY+=("$word")
    done < <(command shipway completion words -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace
    return 0
}
complete -o default -F _shipway shipway
"""
ZSH = """\
#compdef shipway
# Completion of shipway for zsh. Put into ~/.zshrc, after compinit:  source <(shipway completion zsh)
_shipway() {
    local -a found
    found=("${(@f)$(command shipway completion words -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    if [[ -n "$found[1]" ]]; then
        compadd -a found
    else
        _files
    fi
}
compdef _shipway shipway
"""
FISH = """\
# Completion of shipway for fish:  shipway completion fish > ~/.config/fish/completions/shipway.fish
function __shipway_words
    set -l words (commandline -opc) (commandline -ct)
    set -l found (command shipway completion words -- $words[2..-1] 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c shipway -f -a '(__shipway_words)'
"""
SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "shell", choices=(*SCRIPTS, "words"), help="whose script; `words`: what may stand for the last word"
    )
    parser.add_argument("words", nargs="*", help="with `words`, after --: the command line so far")
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text")


def run(arguments: argparse.Namespace) -> int:
    if arguments.shell == "words":
        from pathlib import Path

        from shipway.cli.completing import candidates

        found = candidates(arguments.words, Path.cwd())
        show(arguments, {"words": found}, "\n".join(found))
        return 0
    script = SCRIPTS[arguments.shell]
    show(arguments, {"shell": arguments.shell, "script": script}, script.rstrip("\n"))
    return 0
