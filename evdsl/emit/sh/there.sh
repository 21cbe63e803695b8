# ==== An action on a host. The words that ssh is given are always the same. All else goes by standard input to a shell
# there: the command and its arguments, what it sees and reads. That input stays open as long as the command is wanted;
# when it ends, all of the command's group is ended there. The shell speaks on its standard error, which the command
# never gets, in lines that begin with a word that nobody else can know: that it begins, how it ended, its event file.

at_() { # HOST FOLDER FUNCTION [USER]: where it runs; the function gives what the command sees
  eval "_host=\$_host$1 _address=\$_address$1 _on=\$_on$1 _via=\$_via$1"
  _way=h$1 _folder=${2:-.} _with=$3 _user=${4-} _content='' _size=0 _digests='' _paths='' _unfit=''
}

give() { # NAME VALUE
  escaped "$2"
  _exports="${_exports}export $1='$_quoted';"
}

request() { # COMMAND...: $_first, $_request and, for sudo, $_entered are what the shell there reads
  _exports=''
  give EVDSL_RESOURCE "$_resource"
  give EVDSL_ACTION "$_action"
  give EVDSL_INSTANCE "$_instance"
  give EVDSL_HOST "$_host"
  give EVDSL_RUN "$_number"
  give EVDSL_CAUSE "[$_cause]"
  give name "$_resource"
  give host "$_address"
  "$_with"
  give EVDSL_EVENT "$_there/event"
  _bytes=$_size _waits='' _entered='' _bits=700
  if [ "$_user" ]; then
    as_there "$@"
    set -- /bin/sh -c "$(unless_us_text)" sh "$_user" /bin/sh -c "$(enter_text)" sh "$@"
  fi
  _command=''
  for _one; do
    escaped "$_one"
    _command="$_command '$_quoted'"
  done
  escaped "$_exports"
  _exports=$_quoted
  escaped "$_folder"
  _where=$_quoted
  escaped "$_digests"
  _first="n=\$(printf '\\nx');n=\${n%x};unset _ev_token _ev_dir _ev_mode _ev_waits _ev_cwd _ev_size _ev_most"
  _first="$_first _ev_grace _ev_changes _ev_set e;_ev_do=;while IFS= read -r _ev_line&&[ \"\$_ev_line\" != $_token ];"
  _first="${_first}do _ev_do=\"\$_ev_do\$_ev_line\$n\";done;eval \"\$_ev_do\""
  _request="unset n _ev_line
_ev_token=$_token _ev_dir=$_there _ev_mode=$_bits _ev_waits='$_waits'
_ev_cwd='$_where' _ev_size=$_bytes _ev_most=1048577 _ev_grace=4
_ev_changes='$_quoted'
_ev_set='$_exports'
set --$_command"
}

spoken() { # what the shell there reads, until nobody wants the command any more
  say "$_first"
  say "$_request"
  there_text
  echo "$_token"
  if [ "$_entered" ]; then say "$_entered"; fi
  if [ "$_content" ]; then "$_content"; fi
  _level=0
  if [ -s "$_work/interrupts" ]; then read -r _level <"$_work/interrupts"; fi
  if [ "$_level" -gt 1 ]; then exit; fi
  exec sleep 2147483647
}

there() { # COMMAND...: $_code is what it ended with on the host; where that is not told the action is over
  _token=$(random) _there=/tmp/evdsl-$(random) _said=$_event.said
  read -r _sockets <"$_work/sockets"
  request "$@"
  rm -f -- "$_event.in"
  mkfifo "$_event.in" || end e 'no FIFO can be made here'
  exec 9<>"$_event.in" 8<"$_event.in" 7>"$_event.in" 9>&-
  (
    exec 3<&- 4>&- 5>&- 6>&- 7>&-
    trap - TERM
    "$_way" -o ControlMaster=auto -o ControlPersist=60 -o "ControlPath=$_sockets/%C"
  ) <&8 8<&- >>"$_log" 2>"$_said" &
  _group=$!
  echo "$_group" >"$_event.ssh"
  (
    exec 3<&- 4>&- 5>&- 6>&- 8<&-
    trap - TERM
    spoken
  ) >&7 7>&- 2>/dev/null &
  _speaker=$!
  exec 7>&- 8<&-
  _timer=''
  if [ "$_for" ]; then
    # what remains there has 4 s from its TERM on, and then ssh 1 s
    timer "$_event.ssh" "$_group" "$_speaker"
  fi
  wait_for "$_group"
  _ended=$_code
  rm -f -- "$_event.in" "$_event.ssh"
  kill -s KILL "$_speaker" 2>/dev/null
  wait_for "$_speaker"
  if [ -f "$_event.late" ]; then
    wait_for "$_timer"
    rm -f -- "$_event.late"
    end e "timed out after $_for s"
  fi
  if [ "$_timer" ]; then kill -s TERM "$_timer" 2>/dev/null; fi
  listen
  if [ -z "$_exit" ]; then
    if [ "$_unfit" ]; then end e "$_unfit"; fi
    if [ "$_message" ]; then say "$_message" >>"$_log"; fi
    if [ "$_out" ]; then end e "cannot be started: $_message"; fi
    if [ "$_begins" ]; then end e "the connection was lost${_message:+: $_message}"; fi
    end e "${_message:-no connection: ssh ended with exit $_ended}$_via"
  fi
  if [ -z "$_begins" ]; then end e "cannot be started: $_message"; fi
  _code=$_exit
  # what they held before the first try counts
  if [ "$_paths" ] && [ ! -f "$_work/$_step.before" ]; then mv -f -- "$_work/$_step.asked" "$_work/$_step.before"; fi
  if [ "$_waits" ] && [ -f "$_event" ] && [ "$(head -c 100 <"$_event")" = "$_waits" ]; then denied; fi
}

listen() { # $_begins: the command was about to start, $_exit: how it ended, $_message: what was said beside that
  _begins='' _exit='' _out='' _message='' _heard='' _m3='' _m2='' _m1='' _asked=0 _told=0 _others=0
  _return=$(printf '\r')
  rm -rf -- "$_event"
  if [ "$_paths" ]; then : >"$_work/$_step.asked" && : >"$_work/$_step.after"; fi
  while IFS= read -r _line || [ "$_line" ]; do
    if [ "$_heard" != event ]; then _others=$((_others + ${#_line} + 1)); fi
    case $_line in
      "$_token "*)
        if [ "$_heard" = event ]; then
          _others=$((_others + ${#_line} + 1))
          if [ "$_held" ]; then printf %s "$_held" >>"$_event"; fi
        fi
        if [ -z "$_heard" ]; then noise; fi
        _line=${_line#"$_token "} _m3='' _m2='' _m1=''
        _heard=${_line%% *} _line=${_line#* }
        case $_heard in
          begin) _begins=1 ;;
          out) _out=1 _m1=$_line ;;
          before) digest "$_asked" asked && _asked=$((_asked + 1)) ;;
          after) digest "$_told" after && _told=$((_told + 1)) ;;
          event) : >"$_event" && _held='' && _within='' ;;
          odd) mkdir -- "$_event" ;;
          end) case $_line in
            *[!0-9]* | '') ;;
            *) _exit=$_line ;;
          esac ;;
        esac
        ;;
      *) case $_heard in
        event)
          if [ "$_within" ]; then say "$_held" >>"$_event"; fi
          _held=$_line _within=1
          ;;
        *) case ${_line%"$_return"} in
          *[!@\ ]*) _m3=$_m2 _m2=$_m1 _m1=${_line%"$_return"} ;;
        esac ;;
      esac ;;
    esac
  done <"$_said"
  # a shell drops bytes that are 0, but they count
  if [ "$(($(wc -c <"$_said") - _others))" -gt 1048577 ]; then head -c 1048577 /dev/zero >"$_event"; fi
  case $_heard in
    '' | out | begin | before | after) noise ;;
  esac
}

noise() { # the last lines that say something are the message
  if [ "$_m1" ]; then _message="${_m3:+$_m3; }${_m2:+$_m2; }$_m1"; fi
}

changed_() { # FUNCTION, which calls another with the paths: whether their content differs says what the action did
  if [ "$_dry" ]; then return; fi
  _paths=$1 _differs=compared
  "$1" asks
}

asks() { # PATH...
  for _one; do
    case $_one in
      /*) ;;
      *) _one=./$_one ;;
    esac
    escaped "$_one"
    _digests="${_digests}_ev_digest '$_quoted';"
  done
}

digest() { # NUMBER FILE: $_line is what was told of that path
  case $_line in
    folder) "$_paths" unfit "$1" 'is a folder; name the files in it' ;;
    odd) "$_paths" unfit "$1" 'is no plain file' ;;
    closed) "$_paths" unfit "$1" 'cannot be read' ;;
  esac
  say "$_line" >>"$_work/$_step.$2"
}

unfit() { # NUMBER TEXT PATH...
  _unfit=$2 _nth=$1
  shift "$((_nth + 2))"
  _unfit="\`changes' names $1, which $_unfit"
}

compared() { # what was told of the paths is in files by now
  if [ "$_unfit" ]; then end e "$_unfit"; fi
}

created_() { # PATH
  if [ "$_try$_dry" != 1 ]; then return; fi
  run_ /bin/sh -c 'test -e "$1"' sh "$1"
  rm -rf -- "$_event"
  if [ "$_code" = 0 ]; then end o "$1 exists"; fi
}

command_() { # PROGRAM ARGUMENT...
  if [ "$_dry" ]; then end c "exec $1"; fi
  run_ "$@"
  judge
}
