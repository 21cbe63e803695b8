worked() { # COMMAND...: it looks before it acts. 0: nothing was to be done, 20: changed, 21: created, 11: failed, 12: error
  run_ "$@"
  case $_code in
    0) _known=o ;;
    20) _code=0 _known=c ;;
    21) _code=0 _known=n ;;
    11) _code=1 _why=$(tail -n 1 "$_log") ;;
    12) end e "$(tail -n 1 "$_log")" ;;
  esac
  judge
}
