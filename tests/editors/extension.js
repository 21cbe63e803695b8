// Starts and ends the packed extension, with as much of VS Code around it as that takes:
// `node extension.js dist/extension.js FOLDER COMMAND`. Its own client starts COMMAND, the setting evdsl.path, as the server.
// Writes what it has shown to the user and what it has registered.
"use strict";

const Module = require("module");
const [, , file, folder, command] = process.argv;

/** Something that can be called, constructed, awaited and asked for anything, and is an instance of it. */
function anything(name) {
  const made = class {
    constructor(...given) {
      this.given = given;
    }
    dispose() {}
  };
  return new Proxy(made, {
    get: (target, key) => {
      if (key in target) return target[key];
      if (typeof key === "symbol" || key === "then") return undefined;
      return (target[key] = anything(`${name}.${String(key)}`));
    },
    apply: () => ({ dispose() {} }),
  });
}

const settings = { path: command, set: { env: "prod" } };
const shown = [];
const registered = [];
const event = () => ({ dispose() {} });
const listening = new Proxy({}, { get: () => event });
const uri = (path) => ({ scheme: "file", path, fsPath: path, toString: () => `file://${path}`, with: () => uri(path) });
const vscode = anything("vscode");
Object.assign(vscode, {
  Uri: { file: uri, parse: (text) => uri(text.replace(/^file:\/\//, "")) },
  EventEmitter: class { constructor() { this.event = event; } fire() {} dispose() {} },
  Disposable: class { static from() { return { dispose() {} }; } dispose() {} },
  version: "1.106.0",
  env: { language: "en", appName: "a test" },
  workspace: new Proxy(
    {
      getConfiguration: () => ({ get: (key, other) => settings[key] ?? other, inspect: () => undefined, ...settings }),
      createFileSystemWatcher: (glob) => (registered.push(glob), { onDidCreate: event, onDidChange: event, onDidDelete: event, dispose() {} }),
      workspaceFolders: [{ uri: uri(folder), name: "test", index: 0 }],
      textDocuments: [],
      notebookDocuments: [],
      getWorkspaceFolder: () => undefined,
    },
    { get: (target, key) => (key in target ? target[key] : event) },
  ),
  window: new Proxy(
    {
      showErrorMessage: async (text) => void shown.push(text),
      createOutputChannel: () => ({ append() {}, appendLine() {}, info() {}, error() {}, debug() {}, trace() {}, warn() {}, show() {}, dispose() {}, onDidChangeLogLevel: event }),
      visibleTextEditors: [],
      tabGroups: { ...{ all: [] }, onDidChangeTabs: event, onDidChangeTabGroups: event },
    },
    { get: (target, key) => (key in target ? target[key] : event) },
  ),
  languages: new Proxy(
    { createDiagnosticCollection: () => ({ set() {}, delete() {}, clear() {}, dispose() {} }), match: () => 0 },
    { get: (target, key) => (key in target ? target[key] : event) },
  ),
  commands: { registerCommand: (name) => (registered.push(name), { dispose() {} }), executeCommand: async () => undefined },
});
const load = Module._load;
Module._load = function (name, ...rest) {
  return name === "vscode" ? vscode : load.call(this, name, ...rest);
};

(async () => {
  const extension = require(file);
  const context = { subscriptions: [] };
  await extension.activate(context);
  await extension.deactivate();
  process.stdout.write(JSON.stringify({ shown, registered }) + "\n", () => process.exit(0));
})();
