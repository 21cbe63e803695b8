# ==== What a run leaves for the next one, in the state folder: `debts`, a line RULE, tab, JSON of its causes for each
# rule that matched and whose subscriber did not end in success; `dirty`, the actions whose ok counts as changed. What
# belongs to one run is in `run`: its journal (N + for a start, N LETTER for an end, N - where it was not started any
# more), the debts and dirty that it began with, and what its actions reported.

say() { # TEXT
  printf '%s\n' "$1"
}
if [ "$(command -v print)" = print ]; then
  say() { print -r -- "$1"; } # ksh, for one of which printf is no builtin
fi

restore() { # before anything is decided
  _debts='' _dirty='' _number=0 _tab=$(printf '\t') _cut=''
  if [ "$_dry" ]; then
    inherit "$_state"
    return
  fi
  if [ -f "$_state/number" ]; then read -r _number <"$_state/number"; fi
  _unfinished=''
  if [ -f "$_state/run/journal" ]; then
    read -r _unfinished 2>/dev/null <"$_state/run/ended" || _unfinished=crashed
  fi
  if [ "$_resume" ]; then
    case $_unfinished in
      crashed | 130) ;;
      *) wrong 'there is no interrupted run to go on with' ;;
    esac
    rm -f -- "$_state/run/ended"
    inherit "$_state/run"
    exec 6>>"$_state/run/journal"
    again
    return
  fi
  if [ "$_unfinished" = crashed ]; then recover; fi
  _number=$((_number + 1))
  rm -rf -- "$_state/run" "$_state/logs"
  mkdir -- "$_state/run" "$_state/logs"
  for _one in debts dirty; do
    if [ -s "$_state/$_one" ]; then cp -- "$_state/$_one" "$_state/run/$_one"; fi
  done
  echo "$_number" >"$_state/number"
  exec 6>"$_state/run/journal" || wrong "the state in $_state cannot be written" 3
  inherit "$_state"
}

inherit() { # FOLDER: the debts and the dirty that this run begins with
  if [ -s "$1/debts" ]; then
    _debts=$(cat "$1/debts")
    _known=$_newline
    while IFS= read -r _one; do
      _one=${_one%%"$_tab"*}
      _known=$_known${_one##*:}$_newline
    done <"$1/debts"
    every owes "$_known"
  fi
  if [ -s "$1/dirty" ]; then
    _dirty=$(cat "$1/dirty")
    every stains "$_newline$_dirty$_newline"
  fi
}

every() { # FUNCTION NAMES: call it with each first instance of an action that is one of the names
  _node=0
  while [ "$_node" -lt "$_steps" ]; do
    named "$_node"
    if [ "$_instance" = 0 ]; then
      case $2 in
        *"$_newline$_name$_newline"*) "$1" "$_node" ;;
      esac
    fi
    _node=$((_node + 1))
  done
}

stains() { # STEP: its action is dirty
  eval "_dirty$_does=1"
}

owes() { # STEP: the debts of it whose rule there still is; on failure words only: with the steps whose success voids it
  _mine=''
  while IFS= read -r _one; do
    _text=${_one%%"$_tab"*}
    if [ "${_text##*:}" != "$_name" ]; then continue; fi
    rule "$1" "$_text"
    if [ "$_found" ]; then
      _mine="$_mine${_mine:+$_newline}$_looks$_tab$_emitters_of$_tab$_one"
    else
      say "dropped  a debt whose rule is gone: on $_text"
    fi
  done <<END
$_debts
END
  eval "_old$1=\$_mine"
}

rule() { # STEP TEXT: $_found if its action has this rule; of one on failure words only the steps that it looks at are in
  # $_emitters_of, and in $_looks if it is the first instance that it sets off
  _found='' _looks='' _emitters_of='' _sought=$2
  case $_newline$_dormant$_newline in
    *"$_newline$2$_newline"*) _found=1 ;;
  esac
  _of=$1
  if [ "$_fold" ]; then
    row "$_fold"
    _of=${_row%;*}
    _of=${_of##*;}
  fi
  for _at in $_of; do
    rules "$_at"
    for _rule in $_rules; do
      if [ "$_rule" = : ]; then continue; fi
      written "$_rule"
      if [ "$_written:$_name" != "$_sought" ]; then continue; fi
      _found=1
      case ${_written##*:} in
        *[!fe]*) ;;
        *)
          _emitters_of=$_emitters
          if [ "$_at" = "$1" ]; then _looks=$_emitters; fi
          ;;
      esac
    done
  done
}

written() { # RULE: as it is told apart in debts, EMITTERS:LETTERS, without numbers; $_emitters are the steps
  _emitters=${1%%:*} _written=''
  _letters=${1#*:}
  case $_emitters in *,*) _written='all ' ;; esac
  listed "$_emitters"
  for _look in $_listed; do
    row "${_look%#}"
    # shellcheck disable=SC2086 # words
    set -- ${_row%%;*}
    _written="$_written$1.$2,"
  done
  _written=${_written%,}:${_letters%:*}
}

due() { # STEP: its old debts are causes; one on failure words only is void where an emitter has ended in success
  eval "_mine=\$_old$1"
  _kept=''
  while IFS= read -r _one; do
    _looks=${_one%%"$_tab"*}
    listed "$_looks"
    for _look in $_listed; do
      state "${_look%#}"
      case $_seen in
        [ocnr]) _one='' && break ;;
      esac
    done
    if [ -z "$_one" ]; then continue; fi
    _kept="$_kept${_kept:+$_newline}$_one"
    _off=1 _cause="$_cause${_cause:+, }${_one##*"$_tab"}"
  done <<END
$_mine
END
  eval "_old$1=\$_kept"
}

leave() { # EXIT: write what the next run inherits. First debts, then that this run has ended
  _owing='' _stained='' _open=''
  _node=0
  while [ "$_node" -lt "$_steps" ]; do
    named "$_node"
    state "$_node"
    if [ "$_instance" = 0 ]; then
      if [ "$_fold" ]; then
        folded_now "$_fold"
      else
        _end=$_seen _instances=$_node
      fi
      remains
    fi
    _node=$((_node + 1))
  done
  for _one in $_cut; do
    named "$_one"
    _stained="$_stained$_name$_newline"
  done
  others
  if [ "$_dry" ]; then return; fi
  reported
  printf %s "$_owing" >"$_state/debts.new" && printf %s "$_stained" >"$_state/dirty.new" &&
    mv -f -- "$_state/debts.new" "$_state/debts" && mv -f -- "$_state/dirty.new" "$_state/dirty" &&
    echo "$1" >"$_state/run/ended" || wrong "the state in $_state cannot be written" 3
}

folded_now() { # FOLD: $_end and $_instances, last one first, whether all of them are settled or not
  _kept_name=$_name
  folded "$1"
  _instances=$_in
  _end=$_fold _fold=$1 _name=$_kept_name
  _backwards=''
  for _one in $_instances; do _backwards="$_one $_backwards"; done
  _instances=$_backwards
}

remains() { # of the action in $_name, whose fold is $_end: exit code, dirty, debts
  case $_end in
    f) _failed=1 ;;
    e) _errors=1 ;;
    [cnr]) _changes=1 ;;
  esac
  case $_end in
    [fe]) _stained="$_stained$_name$_newline" ;;
    [ocnr]) ;;
    *) if eval "[ \"\${_dirty$_does-}\" ]"; then _stained="$_stained$_name$_newline"; fi ;;
  esac
  _to_be_paid=1
  for _at in $_instances; do
    state "$_at"
    case $_seen in
      [ocnr]) return ;;
      i) continue ;;
    esac
    because "$_at"
    if [ "$_off" ]; then debts_of "$_at"; fi
  done
}

debts_of() { # STEP: its old debts, and its rules that matched
  if eval "[ \"\${_old$1-}\" ]"; then
    eval "_lines=\$_old$1"
    while IFS= read -r _one; do
      _one=${_one#*"$_tab"}
      if void "${_one%%"$_tab"*}"; then continue; fi
      owe "${_one#*"$_tab"}"
    done <<END
$_lines
END
  fi
  rules "$1"
  for _each in $_rules; do
    if [ "$_each" = : ]; then continue; fi
    _off='' _cause='' _line=${_each##*:} _rule=${_each%:*}
    case $_rule in
      *,*) several ;;
      *)
        _look=${_rule%%:*}
        state "${_look%#}"
        case ${_rule#*:} in
          *"$_seen"*) cause ;;
        esac
        ;;
    esac
    if [ -z "$_off" ]; then continue; fi
    written "$_each"
    case ${_written##*:} in
      *[!fe]*) ;;
      *) if void "$_emitters"; then continue; fi ;;
    esac
    owe "$_written:$_name$_tab$_cause"
  done
}

void() { # STEPS: whether the action of one of them ended in success, all in all
  _void=1
  listed "$1"
  for _look in $_listed; do success "${_look%#}"; done
  return "$_void"
}

success() { # STEP: $_void becomes 0 where its action came to a success
  set -- "$_name" "$_fold" "$_instance" "$_does" "$1"
  if [ "$5" -lt "$_steps" ]; then
    named "$5"
    _of=${_fold:-$5}
  else
    _of=$5
  fi
  if [ "$_of" -ge "$_steps" ]; then
    folded "$_of"
    _seen=$_fold
  else
    state "$_of"
  fi
  _name=$1 _fold=$2 _instance=$3 _does=$4
  case $_seen in
    [ocnr]) _void=0 ;;
  esac
}

owe() { # LINE, once for each rule
  case $_newline$_owing in
    *"$_newline${1%%"$_tab"*}$_tab"*) ;;
    *) _owing="$_owing$1$_newline" _count=$((_count + 1)) ;;
  esac
}

others() { # debts and dirty of actions that this plan does not hold are kept
  if [ -z "$_debts$_dirty" ]; then return; fi
  _names=$_newline _node=0
  while [ "$_node" -lt "$_steps" ]; do
    named "$_node"
    _names=$_names$_name$_newline
    _node=$((_node + 1))
  done
  if [ "$_debts" ]; then
    while IFS= read -r _one; do
      _text=${_one%%"$_tab"*}
      case $_names in
        *"$_newline${_text##*:}$_newline"*) ;;
        *) _owing="$_owing$_one$_newline" ;;
      esac
    done <<END
$_debts
END
  fi
  if [ "$_dirty" ]; then
    while IFS= read -r _one; do
      case $_names in
        *"$_newline$_one$_newline"*) ;;
        *) _stained="$_stained$_one$_newline" ;;
      esac
    done <<END
$_dirty
END
  fi
}

reported() { # the values that this run's actions reported, in the order of their ends, are now those of the last run
  if [ -z "$_gave" ]; then return; fi
  mkdir -p -- "$_state/said"
  for _one in $_gave; do
    named "$_one"
    eval "_keys=\${_keys$_does-}"
    for _key in $_keys; do
      if [ -f "$_state/run/$_one.$_key" ]; then
        cp -- "$_state/run/$_one.$_key" "$_state/said/.new" && mv -f -- "$_state/said/.new" "$_state/said/$_resource.$_key"
      fi
    done
  done
}

replay() { # the journal of an unfinished run: what had ended has ended; $_cut are the steps that were in flight
  _cut=' '
  while read -r _node _letter _id; do
    if [ -z "$_id" ]; then continue; fi
    named "$_node"
    if [ "$_letter" != + ] && [ "$_name#$_instance" != "$_id" ] || [ "$_node" -ge "$_steps" ]; then
      wrong "the run before broke off, and this script has changed since; run the one of then, or remove $_state/run" 3
    fi
    if [ "$_letter" = + ]; then
      case $_cut in
        *" $_node "*) ;;
        *) _cut="$_cut$_node " ;;
      esac
      continue
    fi
    case $_cut in
      *" $_node "*) _cut="${_cut%%" $_node "*} ${_cut#*" $_node "}" ;;
    esac
    if [ -f "$_state/run/$_node.gave" ]; then _gave="$_gave $_node"; fi
    repeat "$_node" "$_letter"
  done <"$_state/run/journal"
}

recover() { # the run before was killed: what it leaves is worked out now
  say 'The run before was broken off; what it owes is taken up.'
  (
    inherit "$_state/run"
    replay
    leave crashed
  ) || exit
}

again() { # go on with the run in the journal
  replay
  _ready=''
  _node=0
  while [ "$_node" -lt "$_nodes" ]; do
    state "$_node"
    if [ "$_seen" = 0 ]; then _ready="$_ready $_node"; fi
    _node=$((_node + 1))
  done
  for _node in $_cut; do
    named "$_node"
    eval "_dirty$_does=1" && _dirty=1
    say "again    $_name, which was cut off"
  done
  _cut=''
}

repeat() { # STEP LETTER: it has ended, as it has then
  if [ "$2" = - ]; then return; fi
  if [ "$_resume" ] && [ "$_trace" ] && [ "$1" -lt "$_steps" ]; then
    word "$2"
    echo "$_name#$_instance $_word" >&5
  fi
  put "$1" "$2"
  row "$1"
  set -- "$1" "$2" "${_row##*;}"
  for _next in $3; do
    state "$_next"
    _left=$((_seen - 1))
    put "$_next" "$_left"
    if [ "$_left$((_next >= _steps))" = 01 ]; then
      folded "$_next"
      repeat "$_next" "$_fold"
    fi
  done
}

finish() { # what is told at the end, and the exit code
  _failed='' _errors='' _changes='' _count=0 _code=0
  if [ "$_level" != 0 ]; then _code=130; fi
  leave "$_code"
  if [ "$_code" = 0 ]; then
    if [ "$_failed" ]; then
      _code=1
    elif [ "$_errors" ]; then
      _code=3
    elif [ "$_count" != 0 ]; then
      _code=4
    elif [ "$_detailed$_changes" = 11 ]; then
      _code=10
    fi
  fi
  if [ -z "$_dry" ]; then
    if [ "$_count" != 0 ]; then say "$_count owed to the next run:"; fi
    printf %s "$_owing" | while IFS= read -r _one; do say "  on ${_one%%"$_tab"*}"; done
  fi
  echo "$_code" >"$_work/exit"
  exit "$_code"
}

list() { # the lines above the actions
  sed -n 's/^#: //p' "$0"
}

limit() { # _in_limitN=1 for what --limit names
  _node=0 _any=''
  while [ "$_node" -lt "$_steps" ]; do
    named "$_node"
    for _wanted in $_limit_to; do
      if fits "$_wanted" "$_name" || [ "$_wanted.run" = "$_name" ]; then eval "_in_limit$_node=1" && _any=1; fi
    done
    _node=$((_node + 1))
  done
  if [ -z "$_any" ]; then
    echo "${0##*/}: --limit names nothing that this plan holds" >&2
    echo 2 >"$_work/exit"
    exit 2
  fi
}

fits() { # PATTERN NAME: * inside of a segment, ** over segments
  case $1 in
    "$2" | '**') return 0 ;;
    '**.'*)
      if fits "${1#'**.'}" "$2"; then return 0; fi
      case $2 in
        *.*) fits "$1" "${2#*.}" ;;
        *) return 1 ;;
      esac
      ;;
    *.*)
      case $2 in
        *.*) ;;
        *) return 1 ;;
      esac
      # shellcheck disable=SC2254 # a pattern
      case ${2%%.*} in
        ${1%%.*}) fits "${1#*.}" "${2#*.}" ;;
        *) return 1 ;;
      esac
      ;;
    *)
      # shellcheck disable=SC2254
      case $2 in
        *.*) return 1 ;;
        $1) return 0 ;;
        *) return 1 ;;
      esac
      ;;
  esac
}
