"""A command on another host: what is said to the shell there, and what it says.

The words that ssh is given are always the same, so that no login shell can read anything into them; all else, arguments
and secrets among it, goes by standard input. The shell there speaks on its standard error, which the command never gets:
that it is about to begin, how it ended, what stands in its event file. So a word of ssh is told from one of the command,
and output stays as it is.

The connection is the lease of a command: when its standard input ends there, all of its group is ended.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from .driver import Unfit
from .event_file import LARGEST, Said, parse_event_file

COMMAND = "exec /bin/sh -c 'IFS= read -r e && eval \"$e\"'"
"""What ssh is given: no login shell sees more in it than a program and two words."""
GRACE = 4
"""Seconds between TERM and KILL, on a host that has lost us."""

NAME = re.compile(r"[A-Za-z_]\w*\Z", re.ASCII)
TAKEN = frozenset(("PPID", "UID", "EUID", "BASHOPTS", "BASH_VERSINFO", "SHELLOPTS"))
"""Variables that a shell does not let anyone set."""

SCRIPT = r"""
exec 3>&2 4<&0
_ev_say() { printf '\n%s %s\n' "$_ev_token" "$*" >&3; }
_ev_out() { _ev_say out "$*"; rm -rf -- "$_ev_dir"; exit 0; }
kill -s 0 -- "-$$" 2>/dev/null || { _ev_say out "the host gives no process group of its own"; exit 0; }
trap '' HUP INT TERM PIPE
_ev_said=$(mkdir -m "$_ev_mode" -- "$_ev_dir" 2>&1) || { _ev_say out "$_ev_said"; exit 0; }
_ev_said=$(mkfifo -m 600 -- "$_ev_dir/in" "$_ev_dir/out" 2>&1) || _ev_out "$_ev_said"
if [ -n "$_ev_waits" ]; then
    _ev_said=$( (umask 0; printf '%s\n' "$_ev_waits" >"$_ev_dir/event") 2>&1) || _ev_out "$_ev_said"
fi
_ev_digest() {
    if [ -d "$1" ]; then _ev_say "$_ev_when" folder; _ev_bad=1
    elif [ -f "$1" ]; then
        if _ev_sum=$( { sha256sum || shasum -a 256 || openssl dgst -sha256 -r || cksum; } 2>/dev/null <"$1"); then
            _ev_say "$_ev_when" "sum $_ev_sum"
        else _ev_say "$_ev_when" closed; _ev_bad=1
        fi
    elif [ -e "$1" ]; then _ev_say "$_ev_when" odd; _ev_bad=1
    else _ev_say "$_ev_when" none
    fi
}
(cd -- "$_ev_cwd") 2>/dev/null || _ev_out "the folder $_ev_cwd cannot be entered"
if [ -n "$_ev_changes" ]; then
    (cd -- "$_ev_cwd" && _ev_when=before && _ev_bad=0 && eval "$_ev_changes" && exit "$_ev_bad") || _ev_out changes
fi
cat <"$_ev_dir/out" 2>/dev/null 3>&- 4<&- &
_ev_cat=$!
(
    exec >/dev/null 2>&1 3>&-
    [ "$_ev_size" = 0 ] || head -c "$_ev_size" <&4 >"$_ev_dir/in"
    while IFS= read -r _ev_line <&4; do :; done
    : >"$_ev_dir/gone"
    kill -s TERM 0
    kill -s CONT 0
    sleep "$_ev_grace"
    rm -rf -- "$_ev_dir"
    kill -s KILL 0
) &
_ev_watch=$!
(
    trap - HUP INT TERM PIPE
    if [ "$_ev_size" = 0 ]; then exec </dev/null; else exec <"$_ev_dir/in"; fi
    exec >"$_ev_dir/out" 2>&1 4<&-
    cd -- "$_ev_cwd" || exit
    eval "$_ev_set" || exit
    _ev_say begin
    [ ! -e "$_ev_dir/gone" ] || exit 143
    exec 3>&-
    exec "$@"
)
_ev_exit=$?
if [ -e "$_ev_dir/gone" ] || [ ! -d "$_ev_dir" ]; then
    sleep 0.3 2>/dev/null || sleep 1
    _ev_say end "$_ev_exit"
    rm -rf -- "$_ev_dir"
    kill -s KILL 0
fi
kill -s KILL "$_ev_watch"
( sleep 0.2 || sleep 1; kill -s KILL "$_ev_cat" ) >/dev/null 2>&1 3>&- 4<&- &
_ev_timer=$!
wait "$_ev_cat"
kill -s KILL "$_ev_timer"
[ -z "$_ev_changes" ] || (cd -- "$_ev_cwd" && _ev_when=after && eval "$_ev_changes")
if [ -L "$_ev_dir/event" ]; then _ev_say odd
elif [ -f "$_ev_dir/event" ]; then
    _ev_say event
    head -c "$_ev_most" <"$_ev_dir/event" >&3
elif [ -e "$_ev_dir/event" ]; then _ev_say odd
fi
rm -rf -- "$_ev_dir"
_ev_say end "$_ev_exit"
exit 0
"""


class Asked(NamedTuple):
    """What is to be run on a host. `folder` is one of its own there, which does not exist yet, `token` a word that
    nobody there can know. `env` holds no EVDSL_EVENT. `waits`: what stands in the event file beforehand, which then
    everybody can write to."""

    argv: Sequence[str]
    cwd: str
    env: Mapping[str, str]
    stdin: bytes
    changes: Sequence[str]
    folder: str
    token: str
    waits: str = ""


class Reply(NamedTuple):
    """What was heard. `begun`: the command was about to start; `exit` is its exit code, None if that was not told.

    `message`: what ssh said of why not, or, if it is `out`, the shell there. `said`, `before` and `after` are what its event file and the
    files of `changes` hold: for each a word such as `sum` and a digest.
    """

    begun: bool
    exit: int | None
    message: str
    out: bool = False
    event: bytes | None = None
    odd: bool = False
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()

    @property
    def said(self) -> Said:
        """What the event file says."""
        if self.odd:
            return Said(fault="the event file is no plain file")
        return parse_event_file(self.event) if self.event is not None else Said()


def request(asked: Asked) -> bytes:
    """What the shell on the host reads. Raises Unfit for what cannot be said to it."""
    exports = {**asked.env, "EVDSL_EVENT": f"{asked.folder}/event"}
    values = {
        "token": asked.token,
        "dir": asked.folder,
        "mode": "711" if asked.waits else "700",
        "waits": asked.waits.rstrip("\n"),
        "cwd": asked.cwd or ".",
        "size": str(len(asked.stdin)),
        "most": str(LARGEST + 1),
        "grace": str(GRACE),
        "changes": ";".join(f"_ev_digest {_plain(_path(path))}" for path in asked.changes),
        "set": "".join(f"export {_variable(name)}={_plain(value)};" for name, value in exports.items()),
    }
    names = " ".join(f"_ev_{name}" for name in values)
    words = [
        r"n=$(printf '\nx');n=${n%x}",
        f"unset {names} e",
        *(f"_ev_{name}={_word(value)}" for name, value in values.items()),
        "set -- " + " ".join(_word(word) for word in asked.argv),
        f"_ev_do={_word(SCRIPT)};unset n;eval \"$_ev_do\"",
    ]  # fmt: skip
    line = ";".join(words)
    if "\0" in line:
        raise Unfit("a NUL byte cannot be handed to a command")
    return line.encode("utf-8", "surrogateescape") + b"\n" + asked.stdin


def reply(said: bytes, token: str) -> Reply:
    """What was heard of the shell on the host and of ssh, in the order in which it came."""
    noise, *pieces = said.split(b"\n" + token.encode() + b" ")
    begun, code, event, odd, out, message = False, None, None, False, False, _last(noise)
    found: dict[bytes, list[str]] = {b"before": [], b"after": []}
    for number, piece in enumerate(pieces):
        head, _, rest = piece.partition(b"\n")
        word, _, more = head.partition(b" ")
        if word == b"begin":
            begun = True
        elif word == b"end" and more.isdigit():
            code = int(more)
            code = code - 128 if code > 256 else code  # as ksh reports signals
        elif word == b"event" and number + 1 < len(pieces):
            event = rest
        elif word == b"odd":
            odd = True
        elif word == b"out":
            out = True
            message = (more + b"\n" + rest).decode("utf-8", "backslashreplace").strip()
        elif word in found:
            found[word].append(more.decode("utf-8", "backslashreplace"))
        if number + 1 == len(pieces) and word in (b"begin", b"before", b"after"):
            message = _last(rest) or message
    return Reply(begun, code, message, out, event, odd, tuple(found[b"before"]), tuple(found[b"after"]))


def _last(noise: bytes) -> str:
    """The last lines that say something, as one."""
    lines = [line.strip() for line in noise.decode("utf-8", "backslashreplace").splitlines()]
    return "; ".join([line for line in lines if line.strip("@ ")][-3:])


def _variable(name: str) -> str:
    if not NAME.match(name) or name in TAKEN:
        raise Unfit(f"`{name}` cannot be the name of a variable on another host")
    return name


def _path(path: str) -> str:
    return path if path.startswith("/") else f"./{path}"


def _plain(text: str) -> str:
    """A text as one word of the shell."""
    return "'" + text.replace("'", "'\\''") + "'"


def _word(text: str) -> str:
    """A text as one word of the shell, on one line: a line end in it is "$n"."""
    return _plain(text).replace("\n", "'\"$n\"'")
