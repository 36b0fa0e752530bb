import assert from "node:assert/strict";
import { join } from "node:path";
import { listFiles, readSource } from "../support/source-tree.js";
import {
  LANGUAGES,
  load,
  lookUp,
  names,
  nodeOf,
  PLUGINS,
  pathsOf,
  read,
  STEMS,
  sourceOf,
  wordsOf,
} from "./editor-half.js";

const NODE_SOURCES = [...listFiles("nodes"), ...listFiles("src/node-red")].filter(
  (file) => !file.endsWith(".editor.ts"),
);

/** @returns the keys that a template uses: `data-i18n="a.b"`, `data-i18n="[title]a.b;c.d"` */
function keysOfTemplate(stem: string): string[] {
  return [...read("nodes", `${stem}.html`).matchAll(/data-i18n="([^"]+)"/g)]
    .flatMap(([, keys]) => keys!.split(";"))
    .map((key) => key.replace(/^\[[\w-]+\]/, ""));
}

/** @returns the keys that a script uses; of a key with a computed end, what stands before it */
function keysOfScript(stem: string): string[] {
  const pattern = new RegExp(`["'\`:]((?:${STEMS.join("|")})\\.(?!svg)[A-Za-z.-]+)`, "g");
  return [...sourceOf(stem).matchAll(pattern)].map(([, key]) => key!);
}

/** @returns the keys that the runtime uses; of a key with a computed end, what stands before it */
function keysOfRuntime(): string[] {
  return NODE_SOURCES.flatMap((file) =>
    [...readSource(file).matchAll(/\bred\._\(\s*["'`]([A-Za-z.-]+)/g)].map(([, key]) => key!),
  );
}

/** Whether the catalogue that the first part of a key names has the key, or keys that begin with it. */
function isKnown(key: string): boolean {
  const paths = pathsOf(wordsOf(key.split(".")[0]!, "en-US"));
  return paths.some((path) => (/[.-]$/.test(key) ? path.startsWith(key) : path === key));
}

describe("Catalogues of the nodes", () => {
  for (const stem of STEMS) {
    const known = pathsOf(wordsOf(stem, "en-US"));

    it(`the catalogues have each text that the dialog and the script of ${stem} use`, () => {
      const keys = [...keysOfTemplate(stem), ...keysOfScript(stem)];
      assert.ok(keys.length > 5);
      assert.deepEqual(
        keys.filter((key) => !isKnown(key)),
        [],
      );
    });

    it(`the catalogue of ${stem} has a label for each setting with a shared validator, and a sentence for its mistake`, () => {
      const script = sourceOf(stem);
      const settings = [...script.matchAll(/\bcheck(?:Number|Rule|Object)\("(\w+)"/g)].map(
        ([, name]) => name!,
      );
      const { definition } = load(stem);
      const node = nodeOf(stem, definition, { smooth: true });
      for (const setting of settings) {
        assert.ok(known.includes(`${stem}.label.${setting}`), setting);
        const sentence = String(
          definition.defaults[setting]!.validate!.call(node, "no number, no object", {}),
        );
        assert.match(sentence, /: a/, setting);
        assert.doesNotMatch(sentence, /__|undefined|NaN/, setting);
      }
    });

    it(`the catalogue of ${stem} and its template have each of its tabs`, () => {
      const [, names = ""] = /showTabs\(this, \[([^\]]*)\]/.exec(sourceOf(stem)) ?? [];
      for (const [, name] of names.matchAll(/"(\w+)"/g)) {
        assert.ok(known.includes(`${stem}.tab.${name}`), name);
        assert.ok(read("nodes", `${stem}.html`).includes(`id="${stem}-${name}"`), name);
      }
    });

    for (const language of LANGUAGES) {
      const words = wordsOf(stem, language);

      it(`the ${language} catalogue of ${stem} has the same keys as the English one, with the same blanks`, () => {
        assert.deepEqual(pathsOf(words).sort(), [...known].sort());
        const english = wordsOf(stem, "en-US");
        const blanks = (text: string) => [...text.matchAll(/__\w+?__/g)].map(([blank]) => blank).sort();
        for (const path of known) {
          assert.deepEqual(blanks(lookUp(words, path)!), blanks(lookUp(english, path)!), path);
        }
      });

      it(`K12 the ${language} catalogue of ${stem} has no markup`, () => {
        for (const path of known) {
          const sentence = lookUp(words, path)!;
          assert.notEqual(sentence.trim(), "", path);
          assert.doesNotMatch(sentence, /[<>]|&\w+;|&#/, path);
        }
      });
    }
  }

  it("the catalogues have each text that the runtime uses", () => {
    const keys = keysOfRuntime().filter((key) => STEMS.includes(key.split(".")[0]!));
    assert.ok(keys.length > 0);
    for (const key of keys) assert.ok(isKnown(key), key);
  });

  it("the texts of a status are at most 24 characters long", () => {
    for (const language of LANGUAGES) {
      const words = wordsOf("chat-stream", language);
      for (const state of ["waiting", "streaming", "done", "cancelled"]) {
        const text = lookUp(words, `chat-stream.status.${state}`);
        const shown = text?.replace("__chunks__", "142").replace("__rate__", "48").replace("__count__", "3");
        assert.ok(shown && shown.length <= 24, `${language} ${state}: ${shown}`);
      }
      assert.ok(lookUp(wordsOf("collect", language), "collect.status.collecting")?.includes("__count__"));
    }
  });

  it("each node has a catalogue and a help in each language, each plugin a catalogue, and there are no other files", () => {
    const catalogues = PLUGINS.map((stem) => `${stem}.json`);
    const wanted = [...STEMS.flatMap((stem) => [`${stem}.html`, `${stem}.json`]), ...catalogues].sort();
    for (const language of names("nodes", "locales")) {
      assert.ok(LANGUAGES.includes(language));
      assert.deepEqual(names(join("nodes", "locales", language)).sort(), wanted);
    }
  });
});
