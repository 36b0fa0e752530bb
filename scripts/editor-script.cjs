// Makes the script of a node's page in the editor.
const { readFileSync } = require("node:fs");
const { dirname, relative, resolve } = require("node:path");
const ts = require("typescript");

/**
 * Lists an editor script and the scripts that it needs, each after those that it needs itself. A script names them in
 * lines like `/// <reference path="editor/dialog.editor.ts" />`, by which the compiler finds them, too.
 */
function listEditorSources(file, found = new Set()) {
  const { referencedFiles } = ts.preProcessFile(readFileSync(file, "utf8"));
  for (const { fileName } of referencedFiles) {
    const path = resolve(dirname(file), fileName);
    if (!path.endsWith(".d.ts") && !found.has(path)) listEditorSources(path, found);
  }
  return [...found.add(file)];
}

/**
 * Transpiles an editor script and the scripts that it needs, and puts them into one function. So the page leaves no
 * globals, and needs no other page.
 */
function buildEditorScript(file) {
  const scripts = listEditorSources(file).map((source) => {
    const { outputText } = ts.transpileModule(readFileSync(source, "utf8"), {
      fileName: relative(dirname(file), source),
      compilerOptions: { target: ts.ScriptTarget.ES2020, module: ts.ModuleKind.ES2020, removeComments: true },
    });
    return outputText.trim();
  });
  return `(() => {\n${scripts.join("\n")}\n})();`;
}

module.exports = { listEditorSources, buildEditorScript };
