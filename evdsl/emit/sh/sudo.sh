as_there() { # a command as another user of a host: sudo clears the environment, so that goes by standard input, as a line
  _rest=$_exports _entered=''
  while :; do
    case $_rest in
      *"$_newline"*) _entered="$_entered${_rest%%"$_newline"*}'\"\$n\"'" _rest=${_rest#*"$_newline"} ;;
      *) break ;;
    esac
  done
  _entered=$_entered$_rest
  _bytes=$((_size + $(say "$_entered" | wc -c)))
  _exports='' _waits='evdsl: sudo has not begun' _bits=711
  give EVDSL_EVENT "$_there/event"
}

denied() { # sudo has not let us
  if [ "$_code" = 126 ]; then end e "$_user cannot write to the event file $_there/event"; fi
  _message=$(tail -n 3 "$_log" | sed 's/^sudo: //; $!s/$/;/' | tr '\n' ' ')
  end e "sudo refused: ${_message:-exit $_code}"
}
