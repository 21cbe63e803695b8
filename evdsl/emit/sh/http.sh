# ==== http.get and http.post, by curl.

http_() { # METHOD URL STATUSES [follow]: headers are the lines of $_headers; $_holds is a function that looks at the body
  if [ "$_dry" ]; then end c "$1 $2"; fi
  _body=$_work/$_step.body _method=$1 _url=$2 _statuses=$3
  printf %s "$_headers" >"$_work/$_step.headers"
  case $_method${4-}$_url in
    GETfollowhttps*) set -- --location --max-redirs 10 --proto-redir '=https' ;;
    GETfollow*) set -- --location --max-redirs 10 --proto-redir '=http,https' ;;
    GET*) set -- ;;
    *) set -- -X POST --data-binary "@$_work/$_step.sent" ;;
  esac
  set -- "$@" -sS --globoff --proto '=http,https' --max-time "${_for:-30}" -o "$_body" -H "@$_work/$_step.headers" \
    -A "evdsl/$_version" -w '%{http_code}'
  _status=$(curl "$@" -- "$_url" 2>>"$_log") || end e "no answer, curl says $?"
  echo "$_method: $_status" >>"$_log"
  if [ -z "$_hidden" ]; then head -c 65536 <"$_body" >>"$_log"; fi
  _code=0 _known=o
  if [ "$_method" = POST ]; then _known=c; fi
  case " $_statuses " in
    '  ') case $_status in
      2??) ;;
      *) _code=1 _why="status $_status" ;;
    esac ;;
    *" $_status "*) ;;
    *) _code=1 _why="status $_status, expected $_statuses" ;;
  esac
  if [ "$_code" = 0 ] && [ "$_holds" ] && ! "$_holds" "$(cat "$_body"; echo .)"; then
    _code=1 _why='the answer does not hold what is expected'
  fi
  judge
}
