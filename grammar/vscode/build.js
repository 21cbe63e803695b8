// Makes dist/: the client with all that it needs in one file, and the grammar, which lies one folder up.
"use strict";

const fs = require("fs");
const path = require("path");
const esbuild = require("esbuild");

const dist = path.join(__dirname, "dist");
fs.rmSync(dist, { recursive: true, force: true });
fs.mkdirSync(dist);
fs.copyFileSync(path.join(__dirname, "../evdsl.tmLanguage.json"), path.join(dist, "evdsl.tmLanguage.json"));
fs.copyFileSync(path.join(__dirname, "../../LICENSE"), path.join(__dirname, "LICENSE"));
esbuild.buildSync({
  entryPoints: [path.join(__dirname, "extension.js")],
  outfile: path.join(dist, "extension.js"),
  bundle: true,
  platform: "node",
  target: "node20",
  external: ["vscode"],
  minify: true,
  legalComments: "eof",
});
