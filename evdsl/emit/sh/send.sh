send_() { # FUNCTION PATH SHOWN MODE OWNER GROUP LIKE SIZE DIGEST: a file on a host; the function prints the content
  if [ "$_dry" ]; then end c "$3"; fi
  _content=$1 _size=$8
  case $2 in
    /*) _path=$2 ;;
    *) _path=./$2 ;;
  esac
  worked /bin/sh -c "$(send_text)" sh "$_path" "$3" "$4" "$5" "$6" "$7" '' "$8" "$9" ".evdsl-$(random)" 262144 202
}
