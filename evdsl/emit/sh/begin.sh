# ==== How it begins: this shell reads the options and starts the engine, which is this script once more, in a session
# of its own: what ends that session ends all that it has started. Then it waits, and passes on Ctrl-C.

usage() {
  cat <<END
Usage: ${0##*/} [OPTIONS]        ($_program, compiled by evdsl $_version)

  -j N                 actions at a time (default: the number of cores)
  --limit REF          run nothing but this; an action, a resource or a pattern, repeatable
  --dry-run            tell what would be run; nothing is started or written
  --list               list the actions
  --trace FILE         write a line ID OUTCOME for each instance as it is settled
  --resume             go on with a run that was interrupted
  --fail-fast          start nothing more after a failure
  --detailed-exitcode  exit 10 for success with changes
  --yes                do what actions with \`confirm\` ask about
  --state DIR          where debts and logs are kept (default: ${0##*/}.state, beside this script)
  --root DIR           where relative paths begin (default: the folder of this script)
  -q, --quiet          failures and the summary only

Exit: 0 fine, 1 an action failed, 2 wrong usage, 3 an error, 4 debts are left, 130 interrupted.
END
}

wrong() {
  printf '%s: %s\n' "${0##*/}" "$1" >&2
  exit "${2:-2}"
}

options() { # ARGUMENTS...
  _jobs='' _limit_to='' _dry='' _list='' _trace='' _resume='' _fail_fast='' _detailed='' _yes='' _state='' _quiet=''
  case $0 in
    */*) _root=${0%/*}/ ;;
    *) _root=. ;;
  esac
  _root_of=$_root
  while [ $# -gt 0 ]; do
    case $1 in
      --limit | --trace | --state | --root | -j | --jobs)
        [ $# -gt 1 ] || wrong "$1 takes a value; see --help"
        case $1 in
          --limit) _limit_to="$_limit_to $2" ;;
          --trace) _trace=$2 ;;
          --state) _state=$2 ;;
          --root) _root=$2 ;;
          *) _jobs=$2 ;;
        esac
        shift
        ;;
      -j?*) _jobs=${1#-j} ;;
      --dry-run) _dry=1 ;;
      --list) _list=1 ;;
      --resume) _resume=1 ;;
      --fail-fast) _fail_fast=1 ;;
      --detailed-exitcode) _detailed=1 ;;
      --yes) _yes=1 ;;
      -q | --quiet) _quiet=1 ;;
      -h | --help)
        usage
        exit 0
        ;;
      *) wrong "there is no option \`$1'; see --help" ;;
    esac
    shift
  done
  case $_jobs in
    '') _jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null) || _jobs=$(nproc 2>/dev/null) || _jobs=2 ;;
    0* | *[!0-9]* | ??????*) wrong "-j takes a number above 0" ;;
  esac
  case $_limit_to in
    *["<>?[\\"]*) wrong "--limit takes references, with * and ** as patterns" ;;
  esac
  _here=$(CDPATH='' cd -- "${_root_of:-.}" && pwd)
  _root=$(CDPATH='' cd -- "$_root" 2>/dev/null && pwd) || wrong "the folder that paths begin in is missing"
  _state=${_state:-${_here%/}/${0##*/}.state}
  case $_state in
    /*) ;;
    *) _state=$(pwd)/$_state ;;
  esac
  case $_trace in
    '' | /*) ;;
    *) _trace=$(pwd)/$_trace ;;
  esac
}

interrupted() { # passes the word on: 1 start nothing more, 2 ask what runs to end, 3 end it
  _interrupts=$((_interrupts + 1))
  echo "$_interrupts" >"$_work/interrupts"
  echo "stop $_interrupts" 1<>"$_work/fifo"
}

begin() { # ARGUMENTS...
  options "$@"
  _mask=$(umask)
  umask 077
  for _secret in $_secrets; do
    eval "[ \"\${$_secret+1}\" ]" || wrong "the secret in the variable $_secret is missing; set it and export it"
  done
  for _tool in setsid mkfifo rm $_tools; do
    command -v "$_tool" >/dev/null || wrong "the program \`$_tool' is needed and is not there"
  done
  ready
  [ -f "$0" ] || wrong "it is run from a file, not from a pipe"
  if [ -z "$_list$_dry" ]; then
    mkdir -p -- "$_state" "$_state/logs" 2>/dev/null
    [ -d "$_state/logs" ] && [ -w "$_state" ] || wrong "the folder $_state cannot be written; choose another with --state"
    if [ "$_trace" ] && ! : >"$_trace"; then wrong "--trace $_trace cannot be written"; fi
  fi
  _work=${TMPDIR:-/tmp}/evdsl.$$
  rm -rf -- "$_work"
  if ! mkdir -- "$_work" || ! mkfifo "$_work/fifo"; then wrong "no folder can be made in ${TMPDIR:-/tmp}" 3; fi
  trap 'rm -rf -- "$_work"' EXIT
#+ hosts
  if [ -z "$_list$_dry" ]; then
    connect
    trap 'disconnect; rm -rf -- "$_work"' EXIT
  fi
#-
  if [ -z "$_list$_dry" ]; then lock; fi
  _shell=$(readlink "/proc/$$/exe" 2>/dev/null) || _shell=/bin/sh
  case $_shell in
    */busybox*) _shell="$_shell sh" ;;
    */*sh*) ;;
    *) _shell=/bin/sh ;;
  esac
  _interrupts=0
  trap interrupted INT TERM HUP
  # shellcheck disable=SC2086 # busybox and its sh are two words
  EVDSL_ENGINE="$_mask $_work" setsid $_shell "$0" "$@" &
  _engine=$!
  # should this shell be killed, the engine goes on, and is still the one run
  if [ -f "$_work/locked" ]; then echo "$$ $_engine" >"$_state/lock.new" && mv -f -- "$_state/lock.new" "$_state/lock"; fi
  while :; do
    wait "$_engine"
    _code=$?
    kill -0 "$_engine" 2>/dev/null || break
  done
  # mksh says 128+n once for a wait that a signal broke off, also where the engine has ended by then
  if [ -s "$_work/exit" ]; then read -r _code <"$_work/exit"; fi
  if [ -f "$_work/locked" ]; then rm -f -- "$_state/lock"; fi
  exit "$_code"
}

lock() { # one run at a time
  for _ in 1 2; do
    if (set -C && echo "$$" >"$_state/lock") 2>/dev/null; then
      : >"$_work/locked"
      return
    fi
    _holders=$(cat -- "$_state/lock" 2>/dev/null)
    for _holder in $_holders; do
      kill -0 "$_holder" 2>/dev/null || continue
      case $(cat "/proc/$_holder/stat" 2>/dev/null) in
        *') Z '*) ;; # it has ended, and nobody has asked yet
        *) break 2 ;;
      esac
    done
    rm -f -- "$_state/lock"
  done
  wrong "another run (process $_holder) is under way in $_state" 4
}
