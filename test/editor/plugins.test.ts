import assert from "node:assert/strict";
import { RETRYABLE_CODES } from "../../src/core/failure.js";
import { LANGUAGES, lookUp, PLUGINS, pathsOf, read, scriptOf, sourceOf, wordsOf } from "./editor-half.js";

/** @returns the keys that a plugin's script looks up; of a key with a computed end, what stands before it */
function keysOfScript(stem: string): string[] {
  const calls = [...sourceOf(stem).matchAll(/\btranslate\(\s*["`]([\w.-]*)/g)];
  return calls.map(([, key]) => `${stem}.${key}`);
}

/** The blanks of a text. */
const blanksOf = (text: string) => [...text.matchAll(/__\w+?__/g)].map(([blank]) => blank).sort();

describe("Plugins of the editor", () => {
  for (const stem of PLUGINS) {
    const known = pathsOf(wordsOf(stem, "en-US"));
    const script = sourceOf(stem);
    const html = read("nodes", `${stem}.html`);

    it(`the catalogue of ${stem} has each text that its script uses`, () => {
      const keys = keysOfScript(stem);
      assert.ok(keys.length > 10);
      for (const key of keys) {
        const isKnown = known.some((path) => (key.endsWith(".") ? path.startsWith(key) : path === key));
        assert.ok(isKnown, key);
      }
    });

    for (const language of LANGUAGES)
      it(`K12 the ${language} catalogue of ${stem} has the same keys and blanks as the English one, and no markup`, () => {
        const words = wordsOf(stem, language);
        assert.deepEqual(pathsOf(words).sort(), [...known].sort());
        for (const path of known) {
          const text = lookUp(words, path)!;
          assert.deepEqual(blanksOf(text), blanksOf(lookUp(wordsOf(stem, "en-US"), path)!), path);
          assert.doesNotMatch(text, /[<>]|&\w+;|&#/, path);
          assert.notEqual(text.trim(), "", path);
        }
      });

    it(`${stem} uses only colours of the theme`, () => {
      assert.doesNotMatch(
        html,
        /#[0-9a-f]{3,8}\b\s*[;}]|rgba?\(|hsla?\(|(color|background|fill):\s*(?!none|inherit)[a-z]+\s*[;}]/i,
      );
      assert.doesNotMatch(script, /\.css\(/);
    });

    it(`K11 the script of ${stem} never shows a text as markup`, () => {
      assert.doesNotMatch(script, /\.html\(|innerHTML|insertAdjacentHTML|\$\(`</);
      // A notice is markup, so it has no text from elsewhere.
      for (const [, notice] of script.matchAll(/RED\.notify\(([^;]*);/g))
        assert.match(notice!, /^translate\("\w+"\), "error"\)$/);
    });

    it(`the script of ${stem} imports nothing, and asks the runtime at relative addresses`, () => {
      assert.doesNotMatch(scriptOf(stem), /^(import|export)\b/m);
      const addresses = [...script.matchAll(/\$\.(?:getJSON|post)\(\s*[`"]([^`"]+)/g)].map(([, one]) => one!);
      assert.ok(addresses.length > 0);
      for (const address of addresses) assert.match(address, /^chat-streams[/?]/);
    });
  }

  it("the tab Streams has a sentence for each code of a failure", () => {
    const codes = [...read("docs", "troubleshooting.md").matchAll(/^\| `(\w+)` \|/gm)].map(
      ([, code]) => code!,
    );
    assert.ok([...RETRYABLE_CODES].every((code) => codes.includes(code)));
    for (const code of codes) assert.ok(lookUp(wordsOf("streams", "en-US"), `streams.error.${code}`), code);
  });
});
