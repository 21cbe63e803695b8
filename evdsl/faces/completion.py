"""`evdsl completion SHELL`: scripts for bash, zsh and fish, made from the parser of the command line.

Why our own and not shtab 1.13, which does the same from argparse, and well: everybody would install it for a verb that
is used once; its script for bash does not complete `--format=d` and leaves functions without a prefix in the user's
shell; and it wants its marks on every argument of the parser. What we need of it is this one file.
"""

from __future__ import annotations

import argparse
from typing import NamedTuple

EVENTS, PATH, FREE = "events", "path", "free"
"""What a value can be: a .events file, any file, or something that no shell can know; else a list of words."""

_PATHS = ("FILE", "OUT", "PATH")
"""What options call a value that is a file."""


class Option(NamedTuple):
    """`takes`: None for a switch, else what its value is, called `value`. `many`: it may stand more than once."""

    names: tuple[str, ...]
    about: str
    takes: str | tuple[str, ...] | None
    value: str
    many: bool


class Verb(NamedTuple):
    """A command. `takes` is what stands behind it and its options: None for nothing."""

    name: str
    about: str
    options: list[Option]
    takes: str | tuple[str, ...] | None


def main(args: argparse.Namespace) -> int:
    """Print the script for a shell."""
    from .cli import parser

    print(script(args.shell, parser()), end="")
    return 0


def script(shell: str, parser: argparse.ArgumentParser) -> str:
    """The completion script for `bash`, `zsh` or `fish`. An argument called FILE is completed to .events files."""
    top = _verb("", "", parser)
    verbs: list[Verb] = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            about = {choice.dest: choice.help or "" for choice in action._choices_actions}
            verbs = [_verb(name, about.get(name, ""), own) for name, own in action.choices.items()]
    write = {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell]
    return f"{'#compdef evdsl' if shell == 'zsh' else '# evdsl for ' + shell}\n{_HOW[shell]}\n" + write(
        top, verbs
    )


_HOW = {
    "bash": "# evdsl completion bash > ~/.local/share/bash-completion/completions/evdsl",
    "zsh": "# evdsl completion zsh > a folder of $fpath, as _evdsl",
    "fish": "# evdsl completion fish > ~/.config/fish/completions/evdsl.fish",
}


def _verb(name: str, about: str, parser: argparse.ArgumentParser) -> Verb:
    options: list[Option] = []
    takes: str | tuple[str, ...] | None = None
    for action in parser._actions:
        if action.help == argparse.SUPPRESS or isinstance(action, argparse._SubParsersAction):
            continue
        if action.option_strings:
            value = str(action.metavar or action.dest.upper())
            told = (action.help or "") % {**vars(action), "prog": parser.prog}
            many = isinstance(action, argparse._AppendAction)
            kind = None if action.nargs == 0 else _kind(action, PATH)
            options.append(Option(tuple(action.option_strings), told, kind, value, many))
        else:
            takes = _kind(action, EVENTS)
    return Verb(name, about, options, takes)


def _kind(action: argparse.Action, file: str) -> str | tuple[str, ...]:
    if action.choices is not None:
        return tuple(str(choice) for choice in action.choices)
    return file if action.metavar in _PATHS else FREE


def _single(text: str) -> str:
    """A text in single quotes, for bash and zsh."""
    return "'" + text.replace("'", "'\\''") + "'"


# ---- bash


def _bash(top: Verb, verbs: list[Verb]) -> str:
    names = " ".join(v.name for v in verbs)
    # 3.2, which macOS has, knows neither compopt nor mapfile
    lines = f"""
_evdsl() {{
    local IFS=$' \\t\\n' cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}} lead= verb= kind= words= word i
    if [[ $cur == = ]]; then
        cur=
    elif [[ $prev == = ]]; then
        prev=${{COMP_WORDS[COMP_CWORD-2]}}
    elif [[ $cur == --*=* ]]; then
        prev=${{cur%%=*}} lead=$prev= cur=${{cur#*=}}
    fi
    for ((i = 1; i < COMP_CWORD; i++)); do
        case " {names} " in *" ${{COMP_WORDS[i]}} "*) verb=${{COMP_WORDS[i]}}; break ;; esac
    done
    case $verb:$prev in""".splitlines()
    for verb in (top, *verbs):
        for option in verb.options:
            if option.takes is not None:
                pattern = "|".join(f"{verb.name}:{name}" for name in option.names)
                lines.append(f"        {pattern}) {_bash_kind(option.takes)} ;;")
    lines += ["        *) case $cur in", "            -*) kind=words; case $verb in"]
    for verb in (*verbs, top):
        known = " ".join(name for option in verb.options for name in option.names)
        lines.append(f"                {verb.name or '*'}) words={_single(known)} ;;")
    lines += ["                esac ;;", "            *) case $verb in"]
    for verb in verbs:
        if verb.takes is not None:
            lines.append(f"                {verb.name}) {_bash_kind(verb.takes)} ;;")
    lines.append(f"                '') kind=words words={_single(names)} ;;")
    return (
        "\n".join(lines)
        + """
                esac ;;
        esac ;;
    esac
    COMPREPLY=()
    case $kind in path|events) compopt -o filenames 2>/dev/null ;; esac
    while IFS= read -r word; do
        COMPREPLY+=("$lead$word")
    done < <(case $kind in
        words) compgen -W "$words" -- "$cur" ;;
        path) compgen -f -- "$cur" ;;
        events) compgen -f -X '!*.events' -- "$cur"; compgen -d -- "$cur" ;;
    esac)
}
complete -F _evdsl evdsl
"""
    )


def _bash_kind(takes: str | tuple[str, ...]) -> str:
    return f"kind={takes}" if isinstance(takes, str) else f"kind=words words={_single(' '.join(takes))}"


# ---- zsh


def _zsh(top: Verb, verbs: list[Verb]) -> str:
    told = "\n".join(f"        {_single(f'{v.name}:{v.about}')}" for v in verbs)
    general = " \\\n".join(f"        {spec}" for option in top.options for spec in _zsh_option(option))
    cases = []
    for verb in verbs:
        specs = [spec for option in verb.options for spec in _zsh_option(option)]
        if verb.takes is not None:
            specs.append(_single(f"*:{'file' if verb.takes == EVENTS else 'word'}:{_zsh_kind(verb.takes)}"))
        cases.append(
            f"            {verb.name}) _arguments -s \\\n"
            + " \\\n".join(f"                {s}" for s in specs)
        )
        cases.append("                ;;")
    return f"""
_evdsl() {{
    local context state state_descr line
    typeset -A opt_args
    local -a verbs
    verbs=(
{told}
    )
    _arguments -C \\
{general} \\
        '1:command:->verb' '*::argument:->rest'
    case $state in
        verb) _describe -t commands command verbs ;;
        rest) case $words[1] in
{chr(10).join(cases)}
        esac ;;
    esac
}}
if [ "$funcstack[1]" = _evdsl ]; then _evdsl "$@"; else compdef _evdsl evdsl; fi
"""


def _zsh_option(option: Option) -> list[str]:
    """A specification of `_arguments` for each name; one of them shuts out the others."""
    about = "".join("\\" + c if c in "[]\\:" else c for c in option.about)
    shut = "" if option.many or len(option.names) == 1 else f"({' '.join(option.names)})"
    found = []
    for name in option.names:
        if option.takes is None:
            join, value = "", ""
        else:
            join = "=" if name.startswith("--") else "+"
            value = f":{option.value}:{_zsh_kind(option.takes)}"
        found.append(_single(f"{'*' if option.many else shut}{name}{join}[{about}]{value}"))
    return found


def _zsh_kind(takes: str | tuple[str, ...]) -> str:
    if isinstance(takes, tuple):
        return f"({' '.join(takes)})"
    return {EVENTS: '_files -g "*.events"', PATH: "_files", FREE: " "}[takes]


# ---- fish


def _fish(top: Verb, verbs: list[Verb]) -> str:
    lines = ["complete -c evdsl -f"]
    lines += [f"complete -c evdsl {_fish_option(option)}" for option in top.options]
    for verb in verbs:
        about = _fish_quoted(verb.about)
        lines.append(f"complete -c evdsl -n __fish_use_subcommand -a {verb.name} -d {about}")
    for verb in verbs:
        begin = f"complete -c evdsl -n '__fish_seen_subcommand_from {verb.name}'"
        lines += [f"{begin} {_fish_option(option)}" for option in verb.options]
        if verb.takes == EVENTS:
            lines.append(f"{begin} -k -a '(__fish_complete_suffix .events)'")
        elif verb.takes == PATH:
            lines.append(f"{begin} -F")
        elif isinstance(verb.takes, tuple):
            lines.append(f"{begin} -a {_fish_quoted(' '.join(verb.takes))}")
    return "\n".join([*lines, ""])


def _fish_option(option: Option) -> str:
    parts = [f"-l {n[2:]}" if n.startswith("--") else f"-s {n[1:]}" for n in option.names]
    if isinstance(option.takes, tuple):
        parts.append(f"-x -a {_fish_quoted(' '.join(option.takes))}")
    elif option.takes == PATH:
        parts.append("-r -F")
    elif option.takes is not None:
        parts.append("-x")
    return " ".join([*parts, f"-d {_fish_quoted(option.about)}"] if option.about else parts)


def _fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
