# ==== copy and template: a file that is made as a whole, and only if it differs.

place_() { # FUNCTION PATH MODE LETTERS OWNER GROUP LIKE: the function prints the content; - is for what is not wanted
  _made=$_work/$_step.made
  "$1" >"$_made" || end e 'the content cannot be written'
  _path=$2 _mode=$3 _bits=$4 _owner=$5 _group=$6 _like=$7
  case $_path in
    /* | ./* | ../*) ;;
    *) _path=./$_path ;;
  esac
  if [ -h "$_path" ]; then end f "$2 is a link; name the file that it leads to"; fi
  if [ -d "$_path" ]; then end f "$2 is a folder; name the file in it"; fi
  if [ ! -d "${_path%/*}/" ]; then end f "the folder of $2 does not exist"; fi
  case $_owner in
    *[!0-9]*) if [ "$_owner" != - ] && ! id -u -- "$_owner" >/dev/null 2>&1; then end f "there is no user $_owner"; fi ;;
  esac
  if [ ! -e "$_path" ]; then
    if [ -z "$_dry" ]; then replace_file new; fi
    _known=n
  elif [ ! -f "$_path" ]; then
    end f "$2 is no plain file"
  else
    existing
  fi
  if [ "$_dry" ]; then end "$_known" "$2"; fi
  _code=0
  judge
}

existing() { # how the file that is there differs; it is made what it should be
  _known=o
  # shellcheck disable=SC2012,SC2046 # the mode, the owner and the group, which come before the name
  set -- $(ls -ldn -- "$_path")
  case $1 in
    "$_bits" | "$_bits"[.+@]) ;;
    *) if [ "$_mode" != - ]; then _known=c; fi ;;
  esac
  # shellcheck disable=SC2012,SC2046
  set -- "$3" "$4" $(ls -ld -- "$_path")
  case $_owner in
    - | "$1" | "$5") ;;
    *) _known=c ;;
  esac
  case $_group in
    - | "$2" | "$6") ;;
    *) _known=c ;;
  esac
  if ! cmp -s -- "$_made" "$_path"; then
    _known=c
    if [ -z "$_dry" ]; then replace_file; fi
  elif [ "$_known$_dry" = c ]; then
    owned "$_path"
  fi
}

replace_file() { # [new]: beside the old one, whose name it then takes; the rights of the old one are kept
  _beside=${_path%/*}/.evdsl-$$-$_step
  {
    if [ "${1-}" ]; then
      : >"$_beside" && chmod "$(masked "$_like" "$_mask")" "$_beside"
    else
      cp -p -- "$_path" "$_beside" && chmod ug-s,a-t "$_beside"
    fi && cat <"$_made" >"$_beside" && owned "$_beside" && mv -f -- "$_beside" "$_path"
  } 2>>"$_log" || {
    rm -f -- "$_beside"
    end e "$_path cannot be written"
  }
}

masked() { # MODE MASK: the bits of a mode of three digits that a umask leaves
  set -- "$1" "00$2"
  _tail=${2#"${2%???}"}
  for _one in "${1%??} ${_tail%??}" "${1#?} ${_tail#?}" "${1#??} ${_tail#??}"; do
    _last_digit=${_one#* }
    printf %s "$((${_one%"${_one#?}"} & (7 - ${_last_digit%"${_last_digit#?}"})))"
  done
}

owned() { # PATH
  if [ "$_owner" != - ]; then chown -- "$_owner" "$1" 2>>"$_log" || end e "the owner of $_path cannot be set"; fi
  if [ "$_group" != - ]; then chgrp -- "$_group" "$1" 2>>"$_log" || end e "the group of $_path cannot be set"; fi
  if [ "$_mode" != - ]; then chmod -- "$_mode" "$1" 2>>"$_log" || end e "the mode of $_path cannot be set"; fi
}
