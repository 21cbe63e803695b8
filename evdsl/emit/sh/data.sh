# ==== Values that one resource hands to another (connect). $_v is a value as text, $_q as words of the shell, $_j as JSON.

said_() { # RESOURCE KEY STEP...: what one of these steps reported in this run, the first that did; else the last run's
  _from=$1 _key=$2
  shift 2
  for _one; do
    if [ -f "$_state/run/$_one.$_key" ]; then
      IFS= read -r _v <"$_state/run/$_one.$_key"
      forms "$_v"
      return 0
    fi
  done
  if [ -f "$_state/said/$_from.$_key" ]; then
    IFS= read -r _v <"$_state/said/$_from.$_key"
    forms "$_v"
    return 0
  fi
  return 1
}

forms() { # TEXT
  _v=$1
  escaped "$1"
  _q="'$_quoted'" # always: beside other text `if` or `a=b` would be more than a word
  json "$1"
}

json() { # TEXT: $_j
  _j='"' _rest=$1
  while :; do
    case $_rest in
      *[\"\\[:cntrl:]]*) ;;
      *) break ;;
    esac
    _one=${_rest%%[\"\\[:cntrl:]]*}
    _j=$_j$_one _rest=${_rest#"$_one"}
    _one=${_rest%"${_rest#?}"} _rest=${_rest#?}
    case $_one in
      \" | \\) _j=$_j\\$_one ;;
      "$_tab") _j=$_j'\t' ;;
      *)
        _one=$(printf %d "'$_one")
        case $_one in
          8) _j=$_j'\b' ;;
          12) _j=$_j'\f' ;;
          13) _j=$_j'\r' ;;
          ? | [12]? | 3[01]) _j=$_j$(printf '\\u%04x' "$_one") ;;
          *) _j=$_j$(printf %b "\\0$(printf %o "$_one")") ;;
        esac
        ;;
    esac
  done
  _j=$_j$_rest'"'
}

missing_() { # TEXT: a value that nothing has given
  end e "$1"
}

sink_() { # NAME JSON...: changed if a value is new or differs from the last run's
  _new='' _which=''
  _old=$_newline
  if [ -f "$_state/said/$_resource" ]; then _old=$_newline$(cat "$_state/said/$_resource")$_newline; fi
  while [ $# -gt 1 ]; do
    case $_old in
      *"$_newline$1 $2$_newline"*) ;;
      *) _which="$_which, $1" ;;
    esac
    _new="$_new$1 $2$_newline"
    shift 2
  done
  if [ -z "$_dry" ]; then
    mkdir -p -- "$_state/said" && printf %s "$_new" >"$_state/said/$_resource.new$_step" &&
      mv -f -- "$_state/said/$_resource.new$_step" "$_state/said/$_resource" || end e 'the state cannot be written'
  fi
  if [ "$_which" ]; then end c "${_which#, } changed"; fi
  end o
}

keep_() { # NUMBER: the value, for the texts of an action
  escaped "$_v"
  eval "_d$1=\$_v _q$1=\$_q _e$1=\$_quoted"
}

listed_() { # NAME: one more item of a list
  eval "$1=\"\$$1\${$1:+, }\$_j\" ${1}q=\"\$${1}q\${${1}q:+ }\$_q\""
}

list_() { # NAME: the list is the value
  eval "_j=\"[\$$1]\" _q=\$${1}q"
  _v=$_j
}

list_of_one_() {
  _j="[$_j]"
  _v=$_j
}
