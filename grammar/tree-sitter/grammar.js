// The grammar of evdsl for tree-sitter. It follows grammar/evdsl.lark rule by rule; tests/editors holds both to each
// other on every program. A line end is skipped where no statement or member can end: inside `( )`, `[ ]` and maps.

const HOLE = "\\{\\{[ \\t]*[\\w-]+[ \\t]*\\}\\}";
const PIECE = `(\\w+|(\\*\\*?|<\\w+>|${HOLE})\\w*)`;
const SEGMENT = `${PIECE}([-+@]+\\w+|[-+@]*(\\*\\*?|<\\w+>|${HOLE})\\w*)*`;

const sep1 = (rule, sign) => seq(rule, repeat(seq(sign, rule)));
const listed = (rule) => optional(seq(sep1(rule, ","), optional(",")));

module.exports = grammar({
  name: "evdsl",

  word: ($) => $.reference,
  extras: ($) => [/[ \t\n]/, /\\\n/, $.comment],
  supertypes: ($) => [$._statement, $._value],

  rules: {
    source_file: ($) => seq(optional($._statement), repeat(seq($._end, optional($._statement)))),
    _end: () => choice("\n", ";"),

    _statement: ($) =>
      choice(
        $.rule, $.order, $.serial, $.start, $.again, $.connect, $.resource, $.host, $.hosts, $.group, $.for, $.param,
        $.secret, $.defaults, $.import,
      ),

    rule: ($) =>
      seq(
        "on",
        optional("all"),
        field("emitter", $.references),
        field("event", $.events),
        field("subscriber", optional($.references)),
        optional($.condition),
      ),
    order: ($) => seq($.references, choice("after", "needs"), $.references, optional($.condition)),
    serial: ($) => seq("serial", $.references, optional($.condition)),
    start: ($) => seq("start", $.references, optional($.condition)),
    again: ($) => seq("again", $.references, optional($.condition)),
    references: ($) => prec.right(sep1($.reference, ",")),
    events: ($) => prec.right(sep1($.event, "|")),
    event: () =>
      choice(
        "ok", "changed", "created", "removed", "failed", "error", "success", "failure", "done", "skipped",
      ),

    connect: ($) =>
      seq("connect", field("from", $.reference), field("to", $.reference), optional($.links), optional($.condition)),
    links: ($) => seq("{", optional($._link), repeat(seq($._end, optional($._link))), "}"),
    _link: ($) => choice($.handover, $.own_rule, $.no_events),
    handover: ($) => seq($.reference, "->", $.reference),
    own_rule: ($) => seq("on", $.reference, $.events, $.reference),
    no_events: () => seq("no", "events"),

    resource: ($) =>
      seq(
        "resource",
        field("name", $.reference),
        field("host", optional($.host_name)),
        optional($.members),
        optional($.condition),
      ),
    members: ($) => seq("{", optional($._member), repeat(seq($._end, optional($._member))), "}"),
    _member: ($) => choice($.attribute, $.action),
    attribute: ($) => seq(field("name", $.reference), "=", field("value", $._value)),
    action: ($) =>
      seq(field("name", $.reference), ":", field("driver", $.reference), repeat($._value), optional($.options)),
    options: ($) => seq("[", sep1($.option, ","), optional(","), "]"),
    option: ($) => seq(field("name", choice($.option_name, $.reference)), "=", field("value", $._value)),
    option_name: () =>
      choice(
        "timeout", "retry", "delay", "cwd", "env", "sudo", "unless", "onlyif", "creates", "changes", "exits",
        "confirm", "sensitive", "on_cut", "user", "port", "parallel", "key", "jump",
      ),

    host: ($) =>
      seq("host", field("name", $.reference), "=", $._value, optional($.options), optional($.condition)),
    hosts: ($) => seq("hosts", $._value, optional($.condition)),
    group: ($) => seq("group", field("name", $.reference), "=", $._value, optional($.condition)),
    for: ($) =>
      seq("for", field("name", $.reference), "in", $._value, $.body, optional($.condition)),
    body: ($) => seq("{", optional($._statement), repeat(seq($._end, optional($._statement))), "}"),
    param: ($) => seq("param", field("name", $.reference), "=", $._value, optional($.condition)),
    secret: ($) => seq("secret", field("name", $.reference), optional($.condition)),
    defaults: ($) => seq("defaults", $.options, optional($.condition)),
    import: ($) =>
      seq("import", $._value, "as", field("name", $.reference), optional($.arguments), optional($.condition)),
    arguments: ($) => seq("(", listed($.option), ")"),

    condition: ($) => seq("if", $._test),
    _test: ($) =>
      choice($.or, $.and, $.not, $.comparison, $._value, $.parentheses),
    or: ($) => prec.left(1, seq($._test, "or", $._test)),
    and: ($) => prec.left(2, seq($._test, "and", $._test)),
    not: ($) => prec(3, seq("not", $._test)),
    comparison: ($) => prec(4, seq($._value, choice("==", "!=", "in", seq("not", "in")), $._value)),
    parentheses: ($) => seq("(", $._test, ")"),

    _value: ($) =>
      choice($.reference, $.number, $.constant, $.string, $.raw, $.long_string, $.long_raw, $.list, $.map),
    constant: () => choice("true", "false"),
    list: ($) => seq("[", listed($._value), "]"),
    map: ($) => seq("{", listed($.pair), "}"),
    pair: ($) => seq(field("key", choice($.reference, $.number, $.string, $.raw)), "=", field("value", $._value)),

    string: ($) => seq('"', repeat(choice($.escape, $.interpolation, $._text)), token.immediate('"')),
    _text: () => token.immediate(/[^"\\\n{]+|\{/),
    escape: () => token.immediate(/\\[^\n]/),
    interpolation: () => token.immediate(prec(1, /\{\{[ \t]*[\w-]+[ \t]*(\|[ \t]*\w+[ \t]*)?\}\}/)),
    long_string: ($) =>
      seq('"""', repeat(choice($.interpolation, $._long_text)), token.immediate(prec(1, '"""'))),
    _long_text: () => token.immediate(/[^"{]+|"|\{/),
    raw: () => token(/'[^'\n]*'/),
    long_raw: () => token(prec(1, /'''([^']|'[^']|''[^'])*'''/)),

    number: () => token(prec(1, /-?[0-9]+(\.[0-9]+)?(ms|s|m|h)?/)),
    host_name: () => token(new RegExp(`@([\\w.+@-]|${HOLE})+`)),
    reference: () => new RegExp(`${SEGMENT}(\\.${SEGMENT})*(#[0-9]+)?`),
    comment: () => token(prec(-1, /#[^\n]*/)),
  },
});
