import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, posix } from "node:path";
import { createContext, runInContext } from "node:vm";
import { buildEditorScript, listEditorSources } from "../../scripts/editor-script.cjs";
import { ROOT } from "../support/root.js";
import { listFiles, readCode } from "../support/source-tree.js";
import { STEMS, scriptOf } from "./editor-half.js";

const FILES = listFiles("nodes", /\.editor\.ts$/);
/** The file that declares each namespace. */
const NAMESPACES = new Map(
  FILES.flatMap((file) =>
    [...readCode(file).matchAll(/^namespace (\w+)/gm)].map(([, name]) => [name!, file]),
  ),
);

/** @returns the editor scripts that a script names */
function readReferences(file: string): string[] {
  const text = readFileSync(join(ROOT, file), "utf8");
  return [...text.matchAll(/^\/\/\/ <reference path="(.+\.editor\.ts)"/gm)].map(([, path]) =>
    posix.join(posix.dirname(file), path!),
  );
}

/** @returns the editor scripts whose namespaces a script uses */
function findUses(file: string): string[] {
  const names = [...readCode(file).matchAll(/\b([A-Z]\w+)\b/g)].map(([, name]) => name!);
  const files = [...new Set(names)].flatMap((name) => NAMESPACES.get(name) ?? []);
  return files.filter((other) => other !== file);
}

describe("Scripts of the editor pages", () => {
  for (const file of FILES) {
    it(`${file} names the scripts that it uses, and no others`, () => {
      assert.deepEqual(readReferences(file).sort(), findUses(file).sort());
    });
  }

  it("a page has each script once, after the scripts that it uses", () => {
    for (const stem of STEMS) {
      const sources = listEditorSources(join(ROOT, "nodes", `${stem}.editor.ts`)).map((path) =>
        path.slice(ROOT.length + 1).replaceAll("\\", "/"),
      );
      assert.equal(sources.at(-1), `nodes/${stem}.editor.ts`);
      assert.equal(new Set(sources).size, sources.length);
      for (const [at, file] of sources.entries()) {
        for (const other of findUses(file)) assert.ok(sources.indexOf(other) < at, `${file} uses ${other}`);
      }
    }
  });

  it("the pages of all nodes work in one browser page and leave no globals", () => {
    const registered: string[] = [];
    const RED = {
      _: (key: string) => key,
      nodes: { registerType: (type: string) => registered.push(type) },
      events: { on: () => {} },
    };
    const $ = { getJSON: () => Promise.reject(new Error("no runtime")) };
    const context = createContext({ RED, $, URL, setTimeout });
    for (const stem of [...STEMS, ...STEMS]) runInContext(scriptOf(stem), context);
    assert.deepEqual(registered, [...STEMS, ...STEMS]);
    assert.deepEqual(Object.keys(context).sort(), ["$", "RED", "URL", "setTimeout"]);
  });

  it("a script that several others use runs once, before them", () => {
    const folder = mkdtempSync(join(tmpdir(), "chat-stream-scripts-"));
    const write = (name: string, used: string[], code: string) => {
      const lines = used.map((other) => `/// <reference path="${other}.editor.ts" />`);
      writeFileSync(join(folder, `${name}.editor.ts`), [...lines, code].join("\n"));
    };
    write("base", [], "namespace Base { log('base'); export const text: string = 'hello'; }");
    write("left", ["base"], "namespace Left { log('left'); export const text = Base.text; }");
    write("right", ["base"], "namespace Right { log('right'); export const text = Base.text; }");
    write("page", ["left", "right"], "(() => { log(Left.text + Right.text); })();");
    const page = join(folder, "page.editor.ts");
    const logged: string[] = [];
    runInContext(buildEditorScript(page), createContext({ log: (text: string) => logged.push(text) }));
    const order = listEditorSources(page).map((path) => basename(path, ".editor.ts"));
    rmSync(folder, { recursive: true });
    assert.deepEqual(logged, ["base", "left", "right", "hellohello"]);
    assert.deepEqual(order, ["base", "left", "right", "page"]);
  });
});
