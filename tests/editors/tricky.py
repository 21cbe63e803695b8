"""Texts in which a word is easily taken for what it is not."""

from __future__ import annotations

TRICKY = {
    "keywords as names": "on on.run changed all.run\nconnect ok failed\non ok ok ok\non.run after after.run\nstart start.x\n"
    "resource on {\n  start: sh on\n  on: sh 'x'\n  if = if\n  host = \"x\"\n}\nfor in in in { start a }\n",
    "events": "on a.run changed|failed b\non a, b changed | ok c, d\non all a,b created b if ok\non a.ok ok ok.b\n",
    "several lines": "on a.run, \\\n  b.run \\\n  changed \\\n  c.run \\\n  if x\nb.run \\\n  after a.run\n",
    "comments": "on a ok b#1 # ok\n# on a ok b\nresource a { # on\n  run: sh 'x' # }\n  ## doc\n} # if\non a ok b # x \\\nstart a\n",
    "strings": "resource a {\n  run: sh \"on \\\" {{x}} # no\" 'if \\'\n  x = \"\"\"\non a ok b # no\n\"\"\"\n  y = '''\n} '''\n}\n"
    "on a ok b if \"x # y\" in ['in', \"}\"]\n",
    "conditions": "on a ok b if (x # c\n and not y) or z not in [1, 2] and \"a\" == b\nresource a {} if x\n"
    "for h in web { on a.{{h}} ok b; c after d } if not x\ngroup g = [a, b] if x and y\n",
    "bodies on a line": "for h in [1] { for k in x { on a ok b; start c }; resource d { run: sh 'x'; stop: sh 'y' } }\n"
    "connect a b { port -> db; on run changed|ok restart; no events } if x\nconnect a b {\n  host -> on\n  no events # x\n}\n",
    "names": "on rmq.{{n}}.run changed rmq.<n>.x\non **.* failure x-y@z+w.run\nresource a.{{n}} @h{{n}} { x{{n}}: sh 'x' }\n",
    "declarations": "import \"x\" as acme (email = \"on\") if y\nhost h = \"1.2.3.4\" [user = \"x\", port = 22] if x in [y]\n"
    "hosts \"inventory.yml\"\nparam env = [1, 2s, -3.5, true]\nsecret token\ndefaults [timeout = 5m, env = {A = 'x'}]\n"
    "serial a.<h>.x, b\nagain a\n",
    "options on several lines": "resource a {\n  run: sh 'x' [ # why\n    timeout = 5m, # on\n    exits = {0 = ok, 2 = changed},\n  ]\n"
    "  x = [\n    on, # c\n    if,\n  ]\n}\non a ok b\n",
}  # fmt: skip
