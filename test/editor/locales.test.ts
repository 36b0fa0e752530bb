import assert from "node:assert/strict";
import { join } from "node:path";
import { LANGUAGES, lookUp, names, pathsOf, read, STEMS, sourceOf, wordsOf } from "./editor-half.js";

/** The keys that a template asks for: `data-i18n="a.b"`, `data-i18n="[title]a.b;c.d"`. */
function keysOfTemplate(stem: string): string[] {
  return [...read("nodes", `${stem}.html`).matchAll(/data-i18n="([^"]+)"/g)]
    .flatMap(([, keys]) => keys!.split(";"))
    .map((key) => key.replace(/^\[[\w-]+\]/, ""));
}

/** The keys that a script asks for. Where a part is computed, what stands before it. */
function keysOfScript(stem: string): string[] {
  const script = sourceOf(stem);
  return [
    ...script.matchAll(/["'`:]((?:chat-stream|chat-provider|collect|tool-call-router)\.(?!svg)[A-Za-z.-]+)/g),
  ].map(([, key]) => key!);
}

/** The keys that the runtime asks for, each in the catalogue that its first part names. */
function keysOfRuntime(): string[] {
  const folders = [["nodes"], ["src", "node-red"]];
  const sources = folders.flatMap((folder) =>
    names(...folder)
      .filter((file) => file.endsWith(".ts") && !file.endsWith(".editor.ts"))
      .map((file) => read(...folder, file)),
  );
  return sources.flatMap((source) =>
    [...source.matchAll(/\bred\._\(\s*["'`]([A-Za-z.-]+)/g)].map(([, key]) => key!),
  );
}

describe("the catalogues", () => {
  for (const stem of STEMS) {
    const known = pathsOf(wordsOf(stem, "en-US"));

    it(`of ${stem} have every word that its dialog and its script ask for`, () => {
      const asked = [...keysOfTemplate(stem), ...keysOfScript(stem)];
      assert.ok(asked.length > 5);
      const unknown = asked.filter(
        (key) =>
          !known.some((path) =>
            key.endsWith(".") || key.endsWith("-") ? path.startsWith(key) : path === key,
          ),
      );
      assert.deepEqual(unknown, []);
    });

    it(`of ${stem} name every setting that a validator may complain of`, () => {
      const script = sourceOf(stem);
      const settings = [...script.matchAll(/(?:atLeast|optionalNumber)\("(\w+)"/g)].map(([, name]) => name!);
      for (const setting of settings) assert.ok(known.includes(`${stem}.label.${setting}`), setting);
    });

    for (const language of LANGUAGES) {
      const words = wordsOf(stem, language);

      it(`of ${stem} say the same things in ${language}, with the same blanks`, () => {
        assert.deepEqual(pathsOf(words).sort(), [...known].sort());
        const english = wordsOf(stem, "en-US");
        const blanks = (text: string) => [...text.matchAll(/__\w+?__/g)].map(([blank]) => blank).sort();
        for (const path of known) {
          assert.deepEqual(blanks(lookUp(words, path)!), blanks(lookUp(english, path)!), path);
        }
      });

      it(`K12 of ${stem} hold no markup in ${language}`, () => {
        for (const path of known) {
          const sentence = lookUp(words, path)!;
          assert.notEqual(sentence.trim(), "", path);
          assert.doesNotMatch(sentence, /[<>]|&\w+;|&#/, path);
        }
      });
    }
  }

  it("have every word that the runtime asks for, under the set that it belongs to", () => {
    const asked = keysOfRuntime().filter((key) => STEMS.includes(key.split(".")[0]!));
    assert.ok(asked.length > 0);
    for (const key of asked) {
      const stem = key.split(".")[0]!;
      const known = pathsOf(wordsOf(stem, "en-US"));
      assert.ok(
        known.some((path) => (key.endsWith(".") ? path.startsWith(key) : path === key)),
        key,
      );
    }
  });

  it("have the states of chat-stream and collect, short enough for a status", () => {
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

  it("have a file of words and a file of help for each node in each language, and nothing else", () => {
    const wanted = STEMS.flatMap((stem) => [`${stem}.html`, `${stem}.json`]).sort();
    for (const language of names("nodes", "locales")) {
      assert.ok(LANGUAGES.includes(language));
      assert.deepEqual(names(join("nodes", "locales", language)).sort(), wanted);
    }
  });
});
