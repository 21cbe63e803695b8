systemd_() { # VERB UNIT
  if [ "$_dry" ]; then end c "systemctl $1 $2"; fi
  worked /bin/sh -c "$(systemd_text)" sh "$1" "$2"
}
