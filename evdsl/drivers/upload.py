"""A file is put where it belongs on another host: what placing.py does, done by the shell there.

The content goes along with the question, and is read only where it differs. What the shell needs: POSIX tools; `diff`
to show what differs, `sha256sum` or the like to know beforehand that nothing does.
"""

from __future__ import annotations

from hashlib import sha256
from os import urandom
from typing import BinaryIO

from .difference import LARGEST as SHOWABLE
from .difference import SHOWN
from .driver import Command, Try
from .placing import Wanted, Wrong
from .worker import LARGEST

SCRIPT = r"""
path=$1 shown=$2 mode=$3 owner=$4 group=$5 like=$6 hidden=$7 size=$8 sum=$9
shift 9
new=$1 showable=$2 lines=$3
LC_ALL=C
export LC_ALL
failed() { printf '%s\n' "$1"; exit 11; }
error() { printf '%s\n' "$1"; exit 12; }
digest() { { sha256sum || shasum -a 256 || openssl dgst -sha256 -r; } 2>/dev/null | cut -c 1-64; }
octal() {
    set -- "${1#?}" 0 ''
    for bit in 4 2 1; do
        more=${1#???}
        three=${1%"$more"}
        value=0
        case $three in r??) value=4 ;; esac
        case $three in ?w?) value=$((value + 2)) ;; esac
        case $three in ??[xst]) value=$((value + 1)) ;; esac
        case $three in
        ??[sStT]) set -- "$more" $(($2 + bit)) "$3$value" ;;
        *) set -- "$more" "$2" "$3$value" ;;
        esac
    done
    had=$2$3
}
case $owner in
*[!0-9]*) uid=$(id -u -- "$owner" 2>/dev/null) || failed "there is no user \`$owner\`" ;;
*) uid=$owner ;;
esac
case $group in
*[!0-9]*)
    gid=$( { getent group "$group" || grep "^$group:" /etc/group; } 2>/dev/null | cut -d : -f 3)
    [ -n "$gid" ] || failed "there is no group \`$group\`"
    ;;
*) gid=$group ;;
esac
folder=${path%/*}
[ -n "$folder" ] || folder=/
is_new=
if [ -L "$path" ]; then failed "\`$shown\` is a link; name the file that it leads to"
elif [ -d "$path" ]; then failed "\`$shown\` is a folder; name the file in it"
elif [ -f "$path" ]; then
    [ -r "$path" ] || error "Permission denied: $path"
elif [ -e "$path" ]; then failed "\`$shown\` is no plain file"
elif [ -d "$folder" ]; then is_new=yes
else failed "the folder \`$folder\` does not exist"
fi
is_same=
temporary=$folder/$new
trap 'rm -f -- "$temporary"' EXIT
trap 'exit 143' HUP INT TERM
fetch() {
    said=$( (umask 077; set -C; cat >"$temporary") 2>&1) || error "cannot write beside \`$shown\`: ${said##*: }"
    [ "$(($(wc -c <"$temporary")))" = "$size" ] || error "not all of the content of \`$shown\` has arrived"
}
fetched=
there=
[ -n "$is_new" ] || there=$(digest <"$path")
if [ -n "$is_new" ]; then :
elif [ "${#there}" = 64 ]; then
    [ "$there" != "$sum" ] || is_same=yes
else
    fetch
    fetched=yes
    ! cmp -s -- "$path" "$temporary" || is_same=yes
fi
had=
had_uid=
had_gid=
if [ -z "$is_new" ]; then
    set -f
    set -- $(ls -ldn -- "$path")
    octal "$1"
    had_uid=$3
    had_gid=$4
    set -- $(ls -ld -- "$path")
    had_owner=$3
    had_group=$4
    set +f
fi
notes=
n='
'
if [ -z "$is_new" ]; then
    if [ -n "$mode" ] && [ "$mode" != "$had" ]; then notes="${notes}mode $had -> $mode$n"; fi
    if [ -n "$uid" ] && [ "$uid" != "$had_uid" ]; then notes="${notes}owner $had_owner -> $owner$n"; fi
    if [ -n "$gid" ] && [ "$gid" != "$had_gid" ]; then notes="${notes}group $had_group -> $group$n"; fi
fi
if [ -n "$is_same" ]; then
    [ -n "$notes" ] || exit 0
    target=$path
else
    [ -n "$fetched" ] || fetch
    target=$temporary
    if [ -n "$hidden" ]; then
        if [ -n "$is_new" ]; then printf '%s: new; not shown, it holds a secret\n' "$shown"
        else printf '%s: the content differs; not shown, it holds a secret\n' "$shown"
        fi
    elif [ "$size" -gt "$showable" ]; then
        printf '%s: too large to be shown (%s bytes now)\n' "$shown" "$size"
    elif [ -n "$is_new" ]; then
        diff -u -L /dev/null -L "$shown" /dev/null "$temporary" 2>/dev/null | head -n "$lines"
    elif [ "$(($(wc -c <"$path")))" -le "$showable" ]; then
        diff -u -L "$shown" -L "$shown" "$path" "$temporary" 2>/dev/null | head -n "$lines"
    else
        printf '%s: too large to be shown (%s bytes now)\n' "$shown" "$size"
    fi
    [ -n "$uid" ] || uid=$had_uid
    [ -n "$gid" ] || gid=$had_gid
    if [ -z "$mode" ]; then
        if [ -n "$is_new" ]; then mode=$(printf '%04o' $((0$like & 0777 & ~0$(umask))))
        else mode=0${had#?}
        fi
    fi
fi
set -f
set -- $(ls -ldn -- "$target")
set +f
if [ -n "$uid" ] && [ "$uid" != "$3" ]; then
    said=$(chown -- "$uid" "$target" 2>&1) || error "${said##*: }: owner of \`$shown\`"
fi
if [ -n "$gid" ] && [ "$gid" != "$4" ]; then
    said=$(chgrp -- "$gid" "$target" 2>&1) || error "${said##*: }: group of \`$shown\`"
fi
[ -n "$mode" ] || mode=$had
said=$(chmod -- "$mode" "$target" 2>&1) || error "${said##*: }: mode of \`$shown\`"
if [ -z "$is_same" ]; then
    sync -- "$temporary" 2>/dev/null
    said=$(mv -f -- "$temporary" "$path" 2>&1) || error "${said##*: }: $shown"
fi
printf '%s' "$notes"
[ -z "$is_new" ] || exit 21
exit 20
"""
"""Exit codes as of worker.py."""


def upload(attempt: Try, wanted: Wanted, content: BinaryIO, shown: str) -> Command:
    """The command that does what `place` does. Raises Wrong for a content that is too large."""
    content.seek(0)
    held = content.read(LARGEST + 1)
    if len(held) > LARGEST:
        raise Wrong(f"a file of more than {LARGEST} bytes is not placed on another host")
    path = wanted.path if wanted.path.startswith("/") else f"./{wanted.path}"
    mode = "" if wanted.mode is None else f"{wanted.mode:04o}"
    words = (
        *(path, wanted.shown, mode, wanted.owner, wanted.group, f"{wanted.like & 0o777:o}"),
        *("yes" if wanted.hidden else "", str(len(held)), sha256(held).hexdigest()),
        *(f".evdsl-{urandom(8).hex()}", str(SHOWABLE), str(SHOWN + 2)),
    )
    argv = ("/bin/sh", "-c", SCRIPT, "sh", *words)
    return Command(argv, ".", (attempt,), attempt.environment, held, shown)
