// Writes grammar/tree-sitter/grammar.js as the JSON that `tree-sitter generate` makes of it before it makes a parser.
"use strict";

const path = require("path");
const file = process.argv[2] || path.join(__dirname, "../../grammar/tree-sitter/grammar.js");

const rule = (value) => {
  if (typeof value === "string") return { type: "STRING", value };
  if (value instanceof RegExp) return { type: "PATTERN", value: value.source };
  if (!value || !value.type) throw new Error(`not a rule: ${value}`);
  return value;
};
const some = (type) => (...members) => ({ type, members: members.map(rule) });
const around = (type) => (content) => ({ type, content: rule(content) });
const ranked = (type) => (value, content) =>
  content === undefined ? { type, value: 0, content: rule(value) } : { type, value, content: rule(content) };
const symbols = (known) =>
  new Proxy({}, {
    get: (_, name) => {
      if (!known.has(name)) throw new Error(`no rule is called ${String(name)}`);
      return { type: "SYMBOL", name };
    },
  });

Object.assign(globalThis, {
  seq: some("SEQ"),
  choice: some("CHOICE"),
  repeat: around("REPEAT"),
  repeat1: around("REPEAT1"),
  optional: (content) => ({ type: "CHOICE", members: [rule(content), { type: "BLANK" }] }),
  field: (name, content) => ({ type: "FIELD", name, content: rule(content) }),
  token: Object.assign(around("TOKEN"), { immediate: around("IMMEDIATE_TOKEN") }),
  prec: Object.assign(ranked("PREC"), { left: ranked("PREC_LEFT"), right: ranked("PREC_RIGHT") }),
  grammar: (written) => {
    const $ = symbols(new Set(Object.keys(written.rules)));
    const rules = Object.fromEntries(Object.entries(written.rules).map(([name, make]) => [name, rule(make($))]));
    return {
      name: written.name,
      word: written.word($).name,
      extras: written.extras($).map(rule),
      supertypes: written.supertypes($).map((s) => s.name),
      rules,
    };
  },
});

process.stdout.write(JSON.stringify(require(path.resolve(file))));
