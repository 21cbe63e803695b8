escaped() { # TEXT: $_quoted is for between single quotes
  _rest=$1 _quoted=''
  while :; do
    case $_rest in
      *"'"*) _quoted="$_quoted${_rest%%"'"*}'\\''" _rest=${_rest#*"'"} ;;
      *) break ;;
    esac
  done
  _quoted=$_quoted$_rest
}
