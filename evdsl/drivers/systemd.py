"""The drivers `systemd.start`, `stop`, `restart`, `reload`, `enable` and `disable`.

Each asks first where there is something to ask: what is as it is to be is `ok`, and left alone. A systemd that does not
answer is `error`; whatever else it does not do is `failed`.
"""

from __future__ import annotations

from collections.abc import Sequence

from .driver import Command, Ended, Try, Unfit, Verdict
from .job import Place
from .worker import verdict

SCRIPT = r"""
verb=$1 unit=$2
LC_ALL=C SYSTEMD_COLORS=0 SYSTEMD_PAGER=
export LC_ALL SYSTEMD_COLORS SYSTEMD_PAGER
command -v systemctl >/dev/null || { echo "there is no systemctl"; exit 12; }
judge() {
    case $said in
    *"been booted with systemd"* | *"o connect to bus"* | *"onnection refused"* | *"onnection timed out"* | *"ransport endpoint"*) exit 12 ;;
    esac
}
ask() {
    said=$(systemctl "$1" -- "$unit" 2>&1)
    code=$?
    state=${said##*
}
    case $code in
    0 | 3 | 4) ;;
    *) [ "$1" = is-enabled ] || { printf '%s\n' "${said:-systemctl ended with exit $code}"; exit 12; } ;;
    esac
}
case $verb in
start)
    ask is-active
    [ "$code" != 0 ] || exit 0
    ;;
stop)
    ask is-active
    case $code:$state in
    4:*) printf 'there is no unit %s\n' "$unit"; exit 11 ;;
    *:inactive | *:failed) exit 0 ;;
    esac
    ;;
enable)
    ask is-enabled
    case $state in enabled | static | alias | indirect | generated | transient) exit 0 ;; esac
    ;;
disable)
    ask is-enabled
    case $state in disabled | static | indirect | generated | transient | masked | masked-runtime) exit 0 ;; esac
    ;;
esac
said=$(systemctl --no-ask-password "$verb" -- "$unit" 2>&1)
code=$?
[ -z "$said" ] || printf '%s\n' "$said"
[ "$code" != 0 ] || exit 20
case $code in 126 | 127) exit 12 ;; esac
[ "$code" -lt 128 ] || exit "$code"
judge
[ -n "$said" ] || printf 'systemctl %s ended with exit %s\n' "$verb" "$code"
exit 11
"""
"""Exit codes as of worker.py; the last line of output is the reason."""


class Systemd:
    """One of the verbs, with a unit."""

    def __init__(self, verb: str) -> None:
        self._verb = verb

    def commands(self, tries: Sequence[Try], place: Place) -> list[Command]:
        return [self._command(attempt) for attempt in tries]

    def read(self, attempt: Try, ended: Ended) -> Verdict:
        return verdict(ended)

    def _command(self, attempt: Try) -> Command:
        arguments = attempt.job.arguments
        if len(arguments) != 1 or not isinstance(arguments[0], str) or not arguments[0].strip():
            raise Unfit(f"`systemd.{self._verb}` takes one text, the unit")
        unit = arguments[0]
        argv = ("/bin/sh", "-c", SCRIPT, "sh", self._verb, unit)
        shown = f"systemctl {self._verb} {unit}"
        return Command(argv, attempt.job.cwd, (attempt,), attempt.environment, shown=shown)


start, stop, restart = Systemd("start"), Systemd("stop"), Systemd("restart")
reload, enable, disable = Systemd("reload"), Systemd("enable"), Systemd("disable")
