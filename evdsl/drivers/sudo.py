"""The option `sudo`: a command runs as another user, without anyone being asked for a password.

`sudo` clears the environment, and an argument could be read by everybody, so what the command is to know goes by
standard input: a small shell reads it, and becomes the command. For that `sudo` must let us run /bin/sh as that user.
The event file is made beforehand, for the other user could not; what stands in it tells whether `sudo` let us.
"""

from __future__ import annotations

import os
import re

from .driver import Command, Ended, Unfit
from .job import Job, Place, Remote

WAITS = b"evdsl: sudo has not begun\n"
"""What stands in the event file until sudo has let us."""
_NAME = re.compile(r"[A-Za-z_]\w*\Z", re.ASCII)
# Values stand on one line, in single quotes, a line end in them as "$n".
ENTER = """n='
'
IFS= read -r e && eval "$e" && unset n e && true > "$EVDSL_EVENT" && exec "$@"
exit 126"""
UNLESS_US = 'u=$1; shift; [ "$(id -un)" = "$u" ] || exec sudo -n -u "$u" -- "$@"; exec "$@"'


def user_of(job: Job) -> str:
    """The user that a job is to run as by way of sudo, empty where that is the user of evdsl itself."""
    return user_at(job.options.get("sudo"), job.place)


def user_at(value: object, place: Place) -> str:
    """As `user_of`, of a value of the option."""
    if not value:
        return ""
    name = "root" if value is True else str(value)
    if isinstance(place, Remote):
        return name  # who we are there is found out there
    return "" if _is_us(name) else name


def _is_us(name: str) -> bool:
    if name == "root":
        return os.geteuid() == 0
    import pwd  # imported late: only wanted for other users

    try:
        return pwd.getpwnam(name).pw_uid == os.geteuid()
    except KeyError:
        return False


def before(user: str) -> tuple[str, ...]:
    """What stands before a command that is to run as this user."""
    return ("sudo", "-n", "-u", user, "--")


def before_there(user: str) -> tuple[str, ...]:
    """What stands before a command that is to run as this user on another host: no sudo where we have come as that one."""
    return ("/bin/sh", "-c", UNLESS_US, "sh", user)


def as_user(command: Command, user: str) -> Command:
    """The command, run as this user. Makes the event files of its tries; raises OSError."""
    for number, attempt in enumerate(command.tries):
        file = os.open(
            attempt.event_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666
        )
        try:
            os.fchmod(file, 0o666)
            os.write(file, b"" if number else WAITS)
        finally:
            os.close(file)
    return entered(command, user)


def entered(command: Command, user: str, ahead: tuple[str, ...] = ()) -> Command:
    """The command, run as this user; its event file holds WAITS. `ahead` stands before it in place of sudo itself."""
    stdin = "".join(f"export {_word(name, value)};" for name, value in command.env.items()) + "\n"
    argv = (*(ahead or before(user)), "/bin/sh", "-c", ENTER, "sh", *command.argv)
    given = os.fsencode(stdin) + command.stdin
    return Command(argv, command.cwd, command.tries, {}, given, command.shown)


def _word(name: str, value: str) -> str:
    if not _NAME.match(name):
        raise Unfit(f"`{name}` cannot be the name of a variable under `sudo`")
    quoted = value.replace("'", "'\\''").replace("\n", "'\"$n\"'")
    return f"{name}='{quoted}'"


def heard(command: Command, ended: Ended, user: str) -> Ended:
    """What came of a command that was run by `as_user`: a refusal by sudo is a problem, and no verdict of it."""
    path = command.tries[0].event_file
    try:
        with open(path, "rb", opener=_plain) as file:
            waits = file.read(len(WAITS) + 1) == WAITS
    except OSError:
        waits = False
    if not waits:
        return ended
    os.truncate(path, 0)
    return refusal(ended, user, path)


def refusal(ended: Ended, user: str, path: str) -> Ended:
    """What came of a command of which the event file still holds WAITS."""
    if ended.exit is None:
        return ended
    if ended.exit == 126:
        return ended._replace(exit=None, problem=f"`{user}` cannot write to the event file {path}")
    lines = [line.removeprefix("sudo: ") for line in ended.output.text.splitlines() if line.strip()]
    said = "; ".join(lines[-3:]) or f"exit {ended.exit}"
    return ended._replace(exit=None, problem=f"sudo refused: {said}")


def _plain(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
