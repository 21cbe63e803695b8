# ==== One action, in a process of its own: what its function says, and what it came to (the verbs end in _).

logged() { # STEP: $_log
  _log=$_state/logs/$_id.log
  if [ "$_long" ]; then eval "_log=\$_state/logs/\${_log$1-\$_id}.log"; fi
}

child() { # STEP TRY
  trap : TERM
  exec 3<&-
  _step=$1 _try=$2
  named "$1"
  _id=$_name#$_instance
  logged "$1"
  _event=$_work/$1.$2
  _with=exec _hidden='' _for='' _exits='' _retry=0 _delay=1 _differs='' _known='' _why='' _keys=''
#+ hosts
  _host='' _paths='' _waits=''
#-
  if [ "$_dry" ]; then _log=/dev/null; elif [ "$2" = 1 ]; then : >"$_log"; fi
  "a$_does"
  end e "a defect of this script: a$_does says nothing"
}

end() { # LETTER [REASON]: tell the engine
#+ secrets
  if [ -s "$_log" ]; then hide; fi
  if [ "${2-}" ]; then
    hidden "$2"
    set -- "$1" "$_clean"
  fi
#-
  case ${2-} in
    *[[:cntrl:]]*) set -- "$1" "$(say "$2" | tr -d '\001-\037\177')" ;;
  esac
#+ hosts
  if [ "$_host" ]; then
    case $_dry$1 in
      1*) set -- "$1" "on $_on: ${2-}" ;;
      e*) set -- "$1" "${2-} (on $_on)" ;;
    esac
  fi
#-
  if [ "${2+1}" ] && [ "${#2}" -gt 300 ]; then set -- "$1" 'the reason is in the log'; fi
  case $1 in
    [fe]*) if [ "$_try" -le "$_retry" ]; then
      doubled "$_delay" "$((_try - 1))"
      say "again $_step $_pause $((_try + 1)) $1 ${2-}" >&4
      exit
    fi ;;
  esac
  if [ "${2-}" ]; then say "$1 $_step $2" >&4; else echo "$1 $_step" >&4; fi
  exit
}

doubled() { # SECONDS TIMES: $_pause; shells count in whole numbers, so in thousandths
  case $1 in
    *.*)
      _pause=${1#*.}00
      _pause=${_pause%"${_pause#???}"}
      _pause=$((${1%.*} * 1000 + 1$_pause - 1000))
      ;;
    *) _pause=$(($1 * 1000)) ;;
  esac
  _pause=$((_pause * (1 << ($2 < 30 ? $2 : 30)))) _part=$((_pause % 1000 + 1000))
  _pause=$((_pause / 1000)).${_part#1}
  _pause=${_pause%.000}
}

enter() { # in the process that becomes the command
  umask "$_mask"
  EVDSL_EVENT=$_event EVDSL_RESOURCE=$_resource EVDSL_ACTION=$_action EVDSL_INSTANCE=$_instance
  EVDSL_HOST=localhost EVDSL_RUN=$_number EVDSL_CAUSE="[$_cause]" name=$_resource host=localhost
  export EVDSL_EVENT EVDSL_RESOURCE EVDSL_ACTION EVDSL_INSTANCE EVDSL_HOST EVDSL_RUN EVDSL_CAUSE name host
  exec 3<&- 4>&- 5>&- 6>&-
  trap - TERM
}

run_() { # COMMAND...: $_code is its exit code
#+ hosts
  if [ "$_host" ]; then
    there "$@"
    return
  fi
#-
  if [ "$_for" ]; then
    timed "$@"
  else
    (
      enter
      $_with "$@"
    ) </dev/null >>"$_log" 2>&1
    _code=$?
  fi
  if [ "$_code" -gt 256 ]; then _code=$((_code - 128)); fi # as ksh says it: 256 + the number of a signal
}

timer() { # FILE GROUP [PROCESS]: as long as FILE is there; then TERM to the group, or KILL to the process in place of it
  (
    exec 3<&- 4>&-
    _before=$!
    # shellcheck disable=SC2064 # its text is meant
    trap "$_end_nap" TERM
    if [ ! -f "$1" ]; then exit 0; fi # TERM may have come before the trap
    nap "$_for"
    : >"$_event.late"
    trap '' TERM
    if [ "${3-}" ]; then kill -s KILL "$3"; else kill -s TERM -- "-$2"; fi 2>/dev/null
    # what remains of the group is given 5 s
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25; do
      kill -s 0 -- "-$2" 2>/dev/null || exit 0
      nap 0.2
    done
    kill -s KILL -- "-$2" 2>/dev/null
  ) </dev/null >/dev/null 2>&1 &
  _timer=$!
}

timed() { # COMMAND...: in a session of its own; when its time is over all of that is ended
  (
    enter
    $_with setsid "$@"
  ) </dev/null >>"$_log" 2>&1 &
  _group=$!
  echo "$_group" >"$_event.group"
  timer "$_event.group" "$_group"
  wait_for "$_group"
  if [ -f "$_event.late" ]; then
    wait_for "$_timer"
    rm -f -- "$_event.late" "$_event.group"
    end e "timed out after $_for s"
  fi
  rm -f -- "$_event.group"
  kill -s TERM "$_timer" 2>/dev/null
}

wait_for() { # PROCESS: a signal to us breaks off the wait, not the process
  while :; do
    wait "$1" 2>/dev/null # dash tells of what a signal has ended
    _code=$?
    kill -s 0 "$1" 2>/dev/null || break
  done
}

sh_() { # TEXT: for the shell
  if [ "$_dry" ]; then end c "sh ${1%%"$_newline"*}"; fi
  run_ /bin/sh -c "$1"
  judge
}

exec_() { # PROGRAM ARGUMENT...
  if [ "$_dry" ]; then end c "exec $1"; fi
  case $1 in
    */*) if [ ! -e "$1" ]; then end e "cannot be started: there is no $1"; fi ;;
    *)
      IFS=:
      for _one in $PATH; do
        if [ -f "${_one:-.}/$1" ] && [ -x "${_one:-.}/$1" ]; then break; fi
        _one=''
      done
      IFS=$_blanks
      if [ -z "$_one" ]; then end e "cannot be started: there is no program $1"; fi
      ;;
  esac
  run_ "$@"
  judge
}

judge() { # what the command came to: section 9 of the language, rules 2 to 8
  _said='' _fault='' _gives=''
  heard
  for _one in $_exits; do
    if [ "${_one%=*}" = "$_code" ]; then end "${_one#*=}$_gives" "exit $_code"; fi
  done
  case $_code in
    0) ;;
    126) end "e$_gives" 'exit 126, cannot be executed' ;;
    127) end "e$_gives" 'exit 127, command not found' ;;
    129 | 1[3-8]? | 19[0-2]) end "e$_gives" "exit $_code, killed by signal $((_code - 128))" ;;
    *)
      if [ "$_said" = e ]; then end "e$_gives" "said error, exit $_code"; fi
      end "f$_gives" "${_why:-exit $_code}"
      ;;
  esac
  if [ "$_fault" ]; then end e "$_fault"; fi
  case $_said in
    '') ;;
    [fe])
      word "$_said"
      end "$_said$_gives" "said $_word"
      ;;
    *) end "$_said$_gives" ;;
  esac
  if [ "$_differs" ]; then
    "$_differs" "$_work/$_step.after"
    if cmp -s "$_work/$_step.before" "$_work/$_step.after"; then end "o$_gives"; else end "c$_gives"; fi
  fi
  end "${_known:-c}$_gives" "$_why"
}

heard() { # the event file: $_said is the letter of its last word; lines data.KEY=VALUE are kept where a connect takes KEY
  if [ -h "$_event" ]; then
    _fault='the event file is no plain file'
    return
  fi
  if [ ! -e "$_event" ]; then return; fi
  if [ ! -f "$_event" ]; then
    _fault='the event file is no plain file'
    return
  fi
  if [ "$(($(wc -c <"$_event")))" -gt 1048576 ]; then
    _fault='the event file has more than 1048576 bytes'
    return
  fi
  _tab=$(printf '\t') _return=$(printf '\r')
  while IFS= read -r _line || [ "$_line" ]; do
    _line=${_line%"$_return"}
    case $_line in
      data.*=*)
        _one=${_line#data.}
        _one=${_one%%=*}
        case $_one in
          '' | ' '* | *' ' | "$_tab"* | *"$_tab") _fault="the event file has the line $_line, which is no data.KEY=VALUE" ;;
        esac
        case " $_keys " in
          *" $_one "*) printf '%s\n' "${_line#*=}" >"$_state/run/$_step.$_one" && : >"$_state/run/$_step.gave" && _gives=+ ;;
        esac
        continue
        ;;
      data.*) _fault="the event file has the line $_line, which is no data.KEY=VALUE" ;;
    esac
    while :; do
      case $_line in
        ' '* | "$_tab"*) _line=${_line#?} ;;
        *' ' | *"$_tab") _line=${_line%?} ;;
        *) break ;;
      esac
    done
    case $_line in
      '') ;;
      ok) _said=o ;;
      changed) _said=c ;;
      created) _said=n ;;
      removed) _said=r ;;
      failed) _said=f ;;
      error) _said=e ;;
      data.*) ;;
      *) _fault="the event file says $_line, which is no outcome" ;;
    esac
    if [ "$_fault" ]; then break; fi
  done <"$_event"
  if [ "$_fault" ]; then _said='' _gives=''; fi
}

#+ secrets
hide() { # secrets out of the log; a log too long for a shell to go through is not kept
  if [ "$(($(wc -c <"$_log")))" -gt 262144 ]; then
    echo 'not kept: too long to take secrets out of it' >"$_log"
    return
  fi
  hidden "$(cat "$_log")"
  say "$_clean" >"$_log"
}

hidden() { # TEXT: $_clean is that without secrets
  _clean=$1
  for _one in $_secrets; do
    eval "_one=\$$_one"
    if [ -z "$_one" ]; then continue; fi
    _rest=$_clean _clean=''
    while :; do
      case $_rest in
        *"$_one"*) _clean="$_clean${_rest%%"$_one"*}***" _rest=${_rest#*"$_one"} ;;
        *) break ;;
      esac
    done
    _clean=$_clean$_rest
  done
}
#-

as_() { # USER: a script does not become another one
  case $1 in
    "$(id -un)" | "$(id -u)") ;;
    *) end e "wants to be run as $1; start this script as that user" ;;
  esac
}

in_() { # FOLDER: where the command runs
  cd -- "$1" 2>/dev/null || end e "cannot be started: there is no folder $1"
}

creates_() { # PATH
  if [ "$_try" = 1 ] && [ -e "$1" ]; then end o "$1 exists"; fi
}

unless_() { # TEXT
  if [ "$_try$_dry" != 1 ]; then return; fi
  run_ /bin/sh -c "$1"
  rm -rf -- "$_event"
  if [ "$_code" = 0 ]; then end o "unless ${1%%"$_newline"*} succeeds"; fi
}

onlyif_() { # TEXT
  if [ "$_try$_dry" != 1 ]; then return; fi
  run_ /bin/sh -c "$1"
  rm -rf -- "$_event"
  if [ "$_code" != 0 ]; then end o "onlyif ${1%%"$_newline"*} fails"; fi
}

changes_() { # FUNCTION, which calls digests with the paths: whether their content differs says what the action did
  if [ "$_dry" ]; then return; fi
  _differs=$1
  if [ "$_try" = 1 ]; then "$_differs" "$_work/$_step.before"; fi
}

digests() { # FILE PATH...: what the paths hold
  _into=$1
  shift
  for _one; do
    if [ -d "$_one" ]; then end e "\`changes' names $_one, which is a folder; name the files in it"; fi
    if [ ! -e "$_one" ]; then
      echo missing
    elif [ ! -f "$_one" ]; then
      end e "\`changes' names $_one, which is no plain file"
    elif command -v sha256sum >/dev/null; then
      sha256sum <"$_one" || end e "\`changes' names $_one, which cannot be read"
    else
      cksum <"$_one" || end e "\`changes' names $_one, which cannot be read"
    fi
  done >"$_into" 2>>"$_log"
}
