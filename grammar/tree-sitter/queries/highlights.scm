(comment) @comment
((comment) @comment.documentation (#match? @comment.documentation "^##"))

["on" "all" "after" "needs" "serial" "start" "again" "connect" "resource" "host" "hosts" "group" "for" "in" "param"
 "secret" "defaults" "import" "as" "no" "events"] @keyword
"if" @keyword.conditional
["and" "or" "not"] @keyword.operator

(event) @constant.builtin
(reference) @variable
(resource name: (reference) @type)
(host name: (reference) @type)
(group name: (reference) @type)
(for name: (reference) @variable.parameter)
(param name: (reference) @variable.parameter)
(secret name: (reference) @variable.parameter)
(import name: (reference) @module)
(host_name) @tag
(action name: (reference) @function driver: (reference) @function.builtin)
(attribute name: (reference) @property)
(option_name) @property.builtin
(option name: (reference) @property)
(pair key: (_) @property)
((option name: (option_name) @_n value: (map (pair value: (reference) @constant.builtin))) (#eq? @_n "exits"))

[(string) (raw) (long_string) (long_raw)] @string
(escape) @string.escape
(interpolation) @string.special
(number) @number
(constant) @boolean

["=" "==" "!=" "->" "|"] @operator
["," ":" ";"] @punctuation.delimiter
["{" "}" "[" "]" "(" ")"] @punctuation.bracket
