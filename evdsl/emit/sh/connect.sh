# ==== The way to other hosts: the OpenSSH client of this machine. Actions on a host share a connection.

random() { # 32 digits that nobody can guess
  od -An -v -tx1 -N16 /dev/urandom | tr -d ' \n'
}

connect() { # before anything starts: what ssh is told, and a folder for sockets, whose names have to be short and plain
  _sockets=$_work/s
  case $_work in
    *[!A-Za-z0-9_./-]* | ?????????????????????????????????????????*) _sockets=/tmp/evdsl-$(random) ;;
  esac
  echo "$_sockets" >"$_work/sockets"
  mkdir -- "$_sockets" && configure || wrong "no folder can be made in ${TMPDIR:-/tmp}" 3
}

disconnect() { # at the end: what is still on its way to a host, then the connections
  for _one in "$_work"/*.ssh; do
    if [ -f "$_one" ] && read -r _group <"$_one"; then kill -s KILL -- "-$_group" 2>/dev/null; fi
  done
  read -r _sockets <"$_work/sockets"
  for _one in "$_sockets"/*; do
    if [ -S "$_one" ]; then ssh -F none -o "ControlPath=$_one" -O exit -- none </dev/null >/dev/null 2>&1 & fi
  done
  wait
  rm -rf -- "$_sockets"
}
