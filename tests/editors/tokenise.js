// Reads {path: text} as JSON on stdin, writes {path: [[begin, end, [scope, ...]], ...]} on stdout: the tokens of
// grammar/evdsl.tmLanguage.json as VS Code would make them. Offsets count code points of the whole text.
"use strict";

const fs = require("fs");
const path = require("path");
const oniguruma = require("vscode-oniguruma");
const textmate = require("vscode-textmate");

const GRAMMAR = path.join(__dirname, "../../grammar/evdsl.tmLanguage.json");

async function main() {
  const wasm = fs.readFileSync(require.resolve("vscode-oniguruma/release/onig.wasm"));
  await oniguruma.loadWASM(wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.byteLength));
  const registry = new textmate.Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
      createOnigString: (text) => new oniguruma.OnigString(text),
    }),
    loadGrammar: async (scope) =>
      scope === "source.evdsl" ? textmate.parseRawGrammar(fs.readFileSync(GRAMMAR, "utf-8"), GRAMMAR) : null,
  });
  const grammar = await registry.loadGrammar("source.evdsl");
  const made = {};
  for (const [name, text] of Object.entries(JSON.parse(fs.readFileSync(0, "utf-8")))) {
    made[name] = tokens(grammar, text);
  }
  process.stdout.write(JSON.stringify(made));
}

function tokens(grammar, text) {
  const found = [];
  let stack = textmate.INITIAL;
  let offset = 0;
  for (const line of text.split("\n")) {
    const result = grammar.tokenizeLine(line, stack);
    stack = result.ruleStack;
    const points = (index) => Array.from(line.slice(0, index)).length;
    for (const token of result.tokens) {
      const end = Math.min(token.endIndex, line.length);
      if (end > token.startIndex) {
        found.push([offset + points(token.startIndex), offset + points(end), token.scopes]);
      }
    }
    offset += Array.from(line).length + 1;
  }
  return found;
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
