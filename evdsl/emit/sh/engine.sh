# ==== The engine. Every step has a number N and
#   a row NAMES;RULES;NEEDS;AFTER of the table, eight of them in each of _x0, _x1 and so on. NAMES: its resource, its action,
#         its instance, the number of the function that does it, and the fold that it is part of, if any. RULES: what
#         sets it off, STEPS:LETTERS:LINE for each rule (@FILE behind the line where it is not the first file; of
#         several steps with a comma each has to match; # behind a step: that instance), and a : if it starts by itself.
#         NEEDS: the steps that it needs. AFTER: those that wait for it.
#   a state, eight of them in each of _g0, _g1 and so on: how many steps it waits for; then a letter. o ok, c changed, n created, r removed, f failed,
#         e error, i idle (nothing set it off), s skipped, v skipped because what it needs did not succeed
# A fold, what all instances of an action come to, has a number too, and its instances in the place of NEEDS. There are
# few variables, as some shells look through all of them each time that they start a program.
# Numbers and letters are the only things that are ever built into a text for eval.

word() { # LETTER
  case $1 in
    o) _word=ok ;;
    c) _word=changed ;;
    n) _word=created ;;
    r) _word=removed ;;
    f) _word=failed ;;
    e) _word=error ;;
    i) _word=idle ;;
    *) _word=skipped ;;
  esac
}

row() { # NODE: $_row
  IFS=$_newline _place=$(($1 % 8 + 1))
  eval "set -- \$_x$(($1 / 8)); _row=\$$_place"
  IFS=$_blanks
}

state() { # NODE: $_seen
  _place=$(($1 % 8 + 1))
  eval "set -- \$_g$(($1 / 8)); _seen=\$$_place"
}

put() { # NODE STATE
  _place=$(($1 % 8)) _group=$(($1 / 8)) _new=$2
  eval "set -- \$_g$_group"
  case $_place in
    0) _new="$_new $2 $3 $4 $5 $6 $7 $8" ;;
    1) _new="$1 $_new $3 $4 $5 $6 $7 $8" ;;
    2) _new="$1 $2 $_new $4 $5 $6 $7 $8" ;;
    3) _new="$1 $2 $3 $_new $5 $6 $7 $8" ;;
    4) _new="$1 $2 $3 $4 $_new $6 $7 $8" ;;
    5) _new="$1 $2 $3 $4 $5 $_new $7 $8" ;;
    6) _new="$1 $2 $3 $4 $5 $6 $_new $8" ;;
    7) _new="$1 $2 $3 $4 $5 $6 $7 $_new" ;;
  esac
  eval "_g$_group=\$_new"
}

named() { # STEP: its names; a fold and a step of one have no number
  row "$1"
  # shellcheck disable=SC2086 # words
  set -- ${_row%%;*}
  _resource=$1 _action=$2 _instance=$3 _does=$4 _fold=${5-}
  _name=$1.$2
}

push() { # STEP: onto the list of those that can be decided; the link is kept in _sN, which has no other use by now
  if [ "$_first" ]; then put "$_last" "$1"; else _first=$1; fi
  _last=$1
}

settle() { # STEP LETTER: what waits for it waits for one less
  put "$1" "$2"
  row "$1"
  for _next in ${_row##*;}; do
    state "$_next"
    put "$_next" "$((_seen - 1))"
    if [ "$_seen" = 1 ]; then push "$_next"; fi
  done
}

rules() { # STEP: $_rules are what sets it off
  row "$1"
  _rules=${_row#*;}
  _rules=${_rules%%;*}
}

because() { # STEP: $_off is not empty if anything sets it off, $_cause is that as JSON, $_starts if it starts by itself
  _off='' _cause='' _starts=''
  if [ "$_debts" ]; then eval "[ -z \"\${_old$1-}\" ]" || due "$1"; fi
  rules "$1"
  for _rule in $_rules; do
    _line=${_rule##*:} _rule=${_rule%:*}
    case $_rule in
      '') _starts=1 ;;
      *,*) several ;;
      *)
        _look=${_rule%%:*}
        state "${_look%#}"
        case ${_rule#*:} in
          *"$_seen"*) cause ;;
        esac
        ;;
    esac
  done
}

several() { # a rule on several steps: every one of them has to match
  _letters=${_rule#*:} _hits=''
  listed "${_rule%%:*}"
  for _look in $_listed; do
    state "${_look%#}"
    case $_letters in
      *"$_seen"*) _hits="$_hits $_look" ;;
      *) _hits='' && break ;;
    esac
  done
  for _look in $_hits; do
    state "${_look%#}"
    cause
  done
}

listed() { # A,B,C: $_listed is A B C
  IFS=,
  # shellcheck disable=SC2086 # words
  set -- $1
  IFS=$_blanks
  _listed=$*
}

cause() { # it was $_look that said $_seen, by the rule in $_line
  _off=1 _file=0
  case $_line in
    *@*) _file=${_line#*@} ;;
  esac
  row "${_look%#}"
  eval "_file=\$_file$_file"
  # shellcheck disable=SC2086 # words
  set -- ${_row%%;*}
  case $_look in
    *#) _from=$1.$2#$3 ;;
    *) _from=$1.$2 ;;
  esac
  word "$_seen"
  _one="{\"from\": \"$_from\", \"event\": \"$_word\", \"file\": $_file, \"line\": ${_line%@*}}"
  case $_cause in
    *"$_one"*) ;;
    '') _cause=$_one ;;
    *) _cause="$_cause, $_one" ;;
  esac
}

decide() { # all that can be decided, and what can be decided by that
  while [ "$_first" ]; do
    _step=$_first
    if [ "$_step" = "$_last" ]; then _first=''; else state "$_step" && _first=$_seen; fi
    if [ "$_step" -ge "$_steps" ]; then
      folded "$_step"
      settle "$_step" "$_fold"
      continue
    fi
    because "$_step"
    if [ -z "$_off$_starts" ]; then
      ended "$_step" i
      continue
    fi
    _veto=''
    row "$_step"
    _needs=${_row%;*}
    _needs=${_needs##*;}
    for _need in $_needs; do
      state "$_need"
      case $_seen in
        [fev]) _veto=$_need && break ;;
      esac
    done
    if [ "$_veto" ]; then
      named "$_veto"
      word "$_seen"
      if [ "$_seen" = v ]; then _word='was vetoed'; else _word="ended $_word"; fi
      ended "$_step" v "needs $_name, which $_word"
    elif [ "$_limit_to" ] && eval "[ -z \"\${_in_limit$_step-}\" ]"; then
      ended "$_step" s 'outside of --limit'
    elif [ "$_stopped" ]; then
      ended "$_step" s stopped
    else
      waiting "$_step"
    fi
  done
}

folded() { # FOLD: $_fold is what its instances come to
  row "$1"
  _in=${_row%;*}
  _in=${_in##*;}
  _fold=i _bar=s _final='' _ran='' _same=1 _calm=1
  for _member in $_in; do
    state "$_member"
    _said=$_seen
    case $_said in
      v) _fold=s _bar=v ;;
      s) _fold=s ;;
      [ocnrfe])
        if [ "$_ran" ] && [ "$_said" != "$_final" ]; then _same=''; fi
        _ran=1 _final=$_said
        case $_said in
          o | n) ;;
          *) _calm='' ;;
        esac
        ;;
    esac
  done
  if [ -z "$_ran" ]; then
    if [ "$_fold" = s ]; then _fold=$_bar; fi
  elif [ "$_same" ]; then
    _fold=$_final
  else
    case $_final in
      [fe]) _fold=$_final ;;
      *) if [ "$_calm" ]; then _fold=n; else _fold=c; fi ;;
    esac
  fi
}

waiting() { # STEP: it is set off and waits for a free place
#+ hosts
  if line_up "$1" 1; then return; fi
#-
  if [ "$_front" ]; then put "$_back" "$1"; else _front=$1; fi
  _back=$1
}

ended() { # STEP LETTER [REASON]
  if [ "$_dirty" ] && [ "$2" = o ]; then
    named "$1"
    if eval "[ \"\${_dirty$_does-}\" ]"; then set -- "$1" c "${3-}"; fi
  fi
  tell "$1" "$2" "${3-}"
  settle "$1" "$2"
  case $_fail_fast$2 in
    1[fe]) halt ;;
  esac
}

tell() { # STEP LETTER REASON: to the journal, the trace and the terminal
  named "$1"
  word "$2"
  _id=$_name#$_instance
  if [ -z "$_dry" ]; then
    if [ "$3" = stopped ]; then echo "$1 - $_id" >&6; else echo "$1 $2 $_id" >&6; fi
  fi
  if [ "$_trace" ]; then echo "$_id $_word" >&5; fi
  case $2 in
    i) return ;;
    [fe]) ;;
    *) if [ "$_quiet" ]; then return; fi ;;
  esac
  if [ "$_fold" ]; then _name=$_id; fi
  case $_dry$2 in
    1[!sv]) say "would run  $_name  $3" ;;
    f | e)
      say "$_word   $_name  $3"
      logged "$1"
      if [ -s "$_log" ]; then say "         see $_log"; fi
      ;;
    *) say "$_word  $_name  $3" ;;
  esac
}

launch() { # the first that waits for a place
  _step=$_front
  if [ "$_step" = "$_back" ]; then _front=''; else state "$_step" && _front=$_seen; fi
  begun "$_step" 1
}

begun() { # STEP TRY
  because "$1"
  if [ -z "$_dry$_try_again" ]; then echo "$1 + $1" >&6; fi
  exec 4>"$_work/fifo"
  child "$1" "$2" &
  put "$1" "p$!"
  exec 4>&-
  _running=$((_running + 1))
}

engine() { # until nothing more can happen
  exec 4<>"$_work/fifo" 3<"$_work/fifo" 4>&-
#+ hosts
  _asked_for=' '
#-
  _first='' _front='' _running=0 _pausing=0 _stopped='' _level=0 _gave='' _try_again=''
  restore
  for _step in $_ready; do push "$_step"; done
  if [ -s "$_work/interrupts" ]; then halt; fi
  while :; do
    decide
    while [ "$_front" ] && [ "$_running" -lt "$_jobs" ]; do launch; done
#+ hosts
    depart
#-
    if [ "$_first" ]; then continue; fi
    if [ "$_running$_pausing" = 00 ]; then break; fi
    _about='' _step=''
    if ! read -r _about _step _rest <&3 && [ -z "$_about" ]; then
      if [ "$_signalled" ]; then _signalled=''; else lost; fi
      continue
    fi
    case $_about in
      stop) interrupt "$_step" ;;
      again) pause ;;
      go) resumed ;;
      *) done_ ;;
    esac
  done
}

reaped() { # STEP: its process has said what there was to say
  state "$1"
  wait "${_seen#p}"
  put "$1" -
  _running=$((_running - 1))
#+ hosts
  returned "$1"
#-
}

done_() { # $_about is LETTER, with + if it reported values; $_rest the reason
  reaped "$_step"
  case $_about in
    ?+) _gave="$_gave $_step" ;;
  esac
  ended "$_step" "${_about%+}" "$_rest"
}

lost() { # no process is there any more that could say anything: those that have not were killed
  _step=0
  while [ "$_step" -lt "$_steps" ]; do
    state "$_step"
    case $_seen in
      p*)
        reaped "$_step"
        ended "$_step" e 'its process was killed'
        ;;
    esac
    _step=$((_step + 1))
  done
}

pause() { # $_rest: the pause in seconds, the number of the next try, what this one came to
  reaped "$_step"
  _last_try=${_rest#* * }
  if [ "$_stopped" ]; then
    ended "$_step" "${_last_try%% *}" "${_last_try#* }"
    return
  fi
  eval "_again$_step=\$_rest"
  named "$_step"
  set -- "$_rest"
  say "again   $_name  in ${1%% *} s: ${_last_try#* }"
  exec 4>"$_work/fifo"
  (
    exec 3<&-
    _before=$!
    # shellcheck disable=SC2064 # its text is meant
    trap "$_end_nap" TERM
    if [ -f "$_work/over" ]; then exit 0; fi
    nap "${1%% *}"
    echo "go $_step" >&4
  ) &
  _naps="$_naps $!"
  exec 4>&-
  _pausing=$((_pausing + 1))
}

resumed() { # the pause of a step is over
  eval "_rest=\${_again$_step-}"
  if [ -z "$_rest" ]; then return; fi
  eval "_again$_step=''"
  _pausing=$((_pausing - 1))
  _rest=${_rest#* }
#+ hosts
  eval "_tried$_step=\${_rest#* }"
  if line_up "$_step" "${_rest%% *}"; then return; fi
#-
  _try_again=1
  begun "$_step" "${_rest%% *}"
  _try_again=''
}

# What ends a nap. The sleep must not outlive it: KILL, as TERM could come before the sleep is one, and get lost.
_end_nap='[ "$!" = "$_before" ] || kill -s KILL "$!" 2>/dev/null; exit 0'

nap() { # SECONDS; not every sleep knows fractions
  sleep "$1" 2>/dev/null &
  wait "$!" && return
  sleep "$((${1%%.*} + 1))" &
  wait "$!"
}

halt() { # start nothing more; what waits for a place or for another try is over
  if [ "$_stopped" ]; then return; fi
  _stopped=1
#+ hosts
  stay
#-
  while [ "$_front" ]; do
    _one=$_front
    if [ "$_one" = "$_back" ]; then _front=''; else state "$_one" && _front=$_seen; fi
    ended "$_one" s stopped
  done
  if [ "$_pausing" != 0 ]; then
    _one=0
    while [ "$_one" -lt "$_steps" ]; do
      eval "_rest=\${_again$_one-}"
      if [ "$_rest" ]; then
        eval "_again$_one=''"
        _rest=${_rest#* * }
        _pausing=$((_pausing - 1))
        ended "$_one" "${_rest%% *}" "${_rest#* }"
      fi
      _one=$((_one + 1))
    done
  fi
}

interrupt() { # LEVEL
  _level=$1
  case $1 in
    1)
      echo 'Interrupted: nothing more is started. Once more to end what runs.' >&2
      halt
      ;;
    2)
      echo 'Interrupted: what runs is asked to end.' >&2
      signal TERM
      (
        exec 3<&- 4>&-
        _before=$!
        # shellcheck disable=SC2064 # its text is meant
        trap "$_end_nap" TERM
        if [ -f "$_work/over" ]; then exit 0; fi
        nap 5
        echo "stop 3" 1<>"$_work/fifo"
      ) &
      _naps="$_naps $!"
      ;;
    *)
      echo 130 >"$_work/exit"
      leave 130
      signal KILL
      ;;
  esac
}

signal() { # NAME: to all that this session has started, and to what has a session of its own because of its timeout
  set +f
  for _one in "$_work"/*.group; do
    if [ -f "$_one" ] && read -r _group <"$_one"; then kill -s "$1" -- "-$_group" 2>/dev/null; fi
  done
  set -f
  trap '' TERM
  kill -s "$1" 0
  trap '_signalled=1' TERM
}

main() {
  set -f
  trap '_signalled=1' TERM
  _signalled=''
  _blanks=$IFS _newline='
' _naps=''
  _mask=${EVDSL_ENGINE%% *} _work=${EVDSL_ENGINE#* }
  unset EVDSL_ENGINE
  options "$@"
  umask 077
  if [ "$_list" ]; then
    list
    exit 0
  fi
  cd -- "$_root" || wrong "the folder $_root is not to be had" 3
  if [ "$_trace" ]; then exec 5>"$_trace"; fi
  if [ "$_limit_to" ]; then limit; fi
  engine
  : >"$_work/over"
  # shellcheck disable=SC2086 # a list of numbers
  if [ "$_naps" ]; then kill -s TERM $_naps 2>/dev/null; fi
  finish
}
