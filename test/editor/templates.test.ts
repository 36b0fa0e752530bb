import assert from "node:assert/strict";
import { load, read, STEMS, sourceOf } from "./editor-half.js";

describe("a dialog", () => {
  for (const stem of STEMS) {
    const { definition } = load(stem);
    const html = read("nodes", `${stem}.html`);
    const script = sourceOf(stem);
    const prefix = definition.category === "config" ? "node-config-input" : "node-input";
    const ids = [...html.matchAll(/\bid="([^"]+)"/g)].map(([, id]) => id!);

    it(`of ${stem} is found by its type`, () => {
      assert.match(html, new RegExp(`<script type="text/html" data-template-name="${stem}">`));
    });

    it(`of ${stem} has a field for each property and credential, once`, () => {
      // Lists and objects have fields that the script makes.
      const wanted = [
        ...Object.keys(definition.defaults).filter(
          (key) => typeof definition.defaults[key]!.value !== "object",
        ),
        ...Object.keys(definition.credentials ?? {}),
      ];
      for (const property of wanted) {
        assert.equal(ids.filter((id) => id === `${prefix}-${property}`).length, 1, property);
      }
      const fields = ids.filter((id) => id.startsWith(`${prefix}-`));
      assert.equal(fields.length, wanted.length);
      assert.equal(new Set(ids).size, ids.length);
    });

    it(`of ${stem} has a label for something in each of its labels`, () => {
      for (const [, id] of html.matchAll(/<label for="([^"]+)"/g)) assert.ok(ids.includes(id!), id);
    });

    it(`of ${stem} is asked only for elements that it has`, () => {
      const made = [...script.matchAll(/\$\([`"](#[\w-]+)[`"]\)/g)].map(([, id]) => id!.slice(1));
      for (const id of made) assert.ok(ids.includes(id), id);
    });

    it(`of ${stem} takes its colours from the theme`, () => {
      const style = [...html.matchAll(/<style>([\s\S]*?)<\/style>/g), ...html.matchAll(/style="([^"]*)"/g)];
      for (const [, css] of style) {
        assert.doesNotMatch(
          css!,
          /#[0-9a-f]{3,8}\b\s*[;}]|rgba?\(|hsla?\(|(color|background):\s*[a-z]+\s*[;}]/i,
        );
      }
      assert.doesNotMatch(script, /\.css\(/);
    });

    it(`of ${stem} has its words in the catalogues`, () => {
      const text = html
        .replace(/<style>[\s\S]*?<\/style>|<!--[\s\S]*?-->/g, "")
        .replace(/<[^>]*>/g, "")
        .trim();
      assert.equal(text, "");
      assert.doesNotMatch(html, /\b(placeholder|title)="/);
    });

    it(`K11 of ${stem} shows what services say as text, never as markup`, () => {
      assert.doesNotMatch(script, /\.html\(|innerHTML|insertAdjacentHTML|\$\(`</);
    });
  }

  it("asks the runtime by relative addresses, so that it works under any httpAdminRoot", () => {
    for (const stem of STEMS) {
      for (const [, address] of sourceOf(stem).matchAll(/\$\.(?:getJSON|post)\(\s*[`"]([^`"]+)/g)) {
        assert.match(address!, /^(credentials\/)?chat-provider\//);
      }
    }
  });

  it("K14 sends no value of the form to the runtime, only the node's id", () => {
    for (const stem of STEMS) {
      const calls = [...sourceOf(stem).matchAll(/\$\.(getJSON|post|ajax)\(([^;]*?)\)\s*[.)]/g)];
      for (const [, method, given] of calls) {
        assert.notEqual(method, "ajax");
        assert.doesNotMatch(given!, /,\s*\{|\.val\(/);
      }
    }
  });
});
