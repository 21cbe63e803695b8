# ==== Hosts: each takes as many actions at a time as it has room for, and they take no room from those here. _far names
# the host of each function that does something on one, by numbers; _roomH is how many actions host H takes.

far() { # STEP: $_where is the number of its host, empty if it runs here
  named "$1"
  case $_far in
    *" $_does:"*)
      _where=${_far#*" $_does:"}
      _where=${_where%% *}
      ;;
    *) _where='' ;;
  esac
}

line_up() { # STEP TRY: it waits for room on its host; fails if it runs here
  far "$1"
  if [ -z "$_where" ]; then return 1; fi
  eval "_queue$_where=\"\${_queue$_where-} \$1:\$2\""
  case $_asked_for in
    *" $_where "*) ;;
    *) _asked_for="$_asked_for$_where " ;;
  esac
}

depart() { # whatever its host has room for
  for _there in $_asked_for; do
    while eval "[ \"\$_queue$_there\" ] && [ \"\${_busy$_there:-0}\" -lt \"\$_room$_there\" ]"; do
      eval "_line=\$_queue$_there _busy$_there=\$((\${_busy$_there:-0} + 1))"
      _line=${_line# }
      _departs=${_line%% *}
      case $_line in
        *' '*) eval "_queue$_there=\" \${_line#* }\"" ;;
        *) eval "_queue$_there=''" ;;
      esac
      _jobs=$((_jobs + 1))
      if [ "${_departs#*:}" != 1 ]; then _try_again=1; fi
      begun "${_departs%:*}" "${_departs#*:}"
      _try_again=''
    done
    if eval "[ -z \"\$_queue$_there\" ]"; then _asked_for="${_asked_for%%" $_there "*} ${_asked_for#*" $_there "}"; fi
  done
}

returned() { # STEP: its process is over
  far "$1"
  if [ "$_where" ]; then
    eval "_busy$_where=\$((_busy$_where - 1))"
    _jobs=$((_jobs - 1))
  fi
}

stay() { # nothing more is started: what waits for room on a host is over
  for _there in $_asked_for; do
    eval "set -- \$_queue$_there; _queue$_there=''"
    for _departs; do
      _tried=''
      if [ "${_departs#*:}" != 1 ]; then eval "_tried=\$_tried${_departs%:*}"; fi
      if [ "$_tried" ]; then
        ended "${_departs%:*}" "${_tried%% *}" "${_tried#* }"
      else
        ended "${_departs%:*}" s stopped
      fi
    done
  done
  _asked_for=' '
}
