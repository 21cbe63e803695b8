# What the database listens on.
file { "${facts['evdsl_root']}/db.conf":
  content => "port = ${facts['evdsl_port']}\n",
}
