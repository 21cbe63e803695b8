// Starts `evdsl lsp` for .events files. All that the editor shows comes from there.
"use strict";

const vscode = require("vscode");
const { LanguageClient, TransportKind } = require("vscode-languageclient/node");

let client;

/** The command that is the server. */
function server() {
  const command = vscode.workspace.getConfiguration("evdsl").get("path") || "evdsl";
  return { command, args: ["lsp"], transport: TransportKind.stdio };
}

/** What of the editor the server is to see. */
function options() {
  return {
    documentSelector: [{ scheme: "file", language: "evdsl" }],
    initializationOptions: { set: vscode.workspace.getConfiguration("evdsl").get("set") || {} },
    synchronize: {
      configurationSection: "evdsl",
      fileEvents: vscode.workspace.createFileSystemWatcher("**/{*.events,actions/**}"),
    },
  };
}

async function start() {
  const made = server();
  const starting = new LanguageClient("evdsl", "evdsl", made, options());
  try {
    await starting.start();
    client = starting;
  } catch (error) {
    const mend = "Install it with pip install 'evdsl[lsp]', or name it in the setting evdsl.path.";
    vscode.window.showErrorMessage(`The language server does not start: ${made.command} lsp. ${mend} (${error})`);
  }
}

async function stop() {
  const running = client;
  client = undefined;
  if (running) {
    await running.dispose();
  }
}

async function restart() {
  await stop();
  await start();
}

async function activate(context) {
  context.subscriptions.push(
    vscode.commands.registerCommand("evdsl.restart", restart),
    vscode.workspace.onDidChangeConfiguration((e) => (e.affectsConfiguration("evdsl.path") ? restart() : undefined)),
  );
  await start();
}

module.exports = { activate, deactivate: stop };
