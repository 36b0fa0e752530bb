import assert from "node:assert/strict";
import { load, read, STEMS, sourceOf } from "./editor-half.js";

describe("Templates of the dialogs", () => {
  for (const stem of STEMS) {
    const { definition } = load(stem);
    const html = read("nodes", `${stem}.html`);
    const script = sourceOf(stem);
    const prefix = definition.category === "config" ? "node-config-input" : "node-input";
    const ids = [...html.matchAll(/\bid="([^"]+)"/g)].map(([, id]) => id!);

    it(`the template of ${stem} is named after its type`, () => {
      assert.match(html, new RegExp(`<script type="text/html" data-template-name="${stem}">`));
    });

    it(`the dialog of ${stem} has one field for each property and credential`, () => {
      // The script makes the fields of lists and objects.
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

    it(`each label in the dialog of ${stem} belongs to an element`, () => {
      for (const [, id] of html.matchAll(/<label for="([^"]+)"/g)) assert.ok(ids.includes(id!), id);
    });

    it(`the dialog of ${stem} has each element that its script looks for`, () => {
      const wanted = [...script.matchAll(/\$\([`"](#[\w-]+)[`"]\)/g)].map(([, id]) => id!.slice(1));
      for (const id of wanted) assert.ok(ids.includes(id), id);
    });

    it(`the dialog of ${stem} uses only colours of the theme`, () => {
      const style = [...html.matchAll(/<style>([\s\S]*?)<\/style>/g), ...html.matchAll(/style="([^"]*)"/g)];
      for (const [, css] of style) {
        assert.doesNotMatch(
          css!,
          /#[0-9a-f]{3,8}\b\s*[;}]|rgba?\(|hsla?\(|(color|background):\s*[a-z]+\s*[;}]/i,
        );
      }
      assert.doesNotMatch(script, /\.css\(/);
    });

    it(`the template of ${stem} has no texts of its own`, () => {
      const text = html
        .replace(/<style>[\s\S]*?<\/style>|<!--[\s\S]*?-->/g, "")
        .replace(/<[^>]*>/g, "")
        .trim();
      assert.equal(text, "");
      assert.doesNotMatch(html, /\b(placeholder|title)="/);
    });

    it(`K11 the script of ${stem} never shows a text as markup`, () => {
      assert.doesNotMatch(script, /\.html\(|innerHTML|insertAdjacentHTML|\$\(`</);
    });
  }

  it("the scripts ask the runtime at relative addresses, which work under any httpAdminRoot", () => {
    for (const stem of STEMS) {
      for (const [, address] of sourceOf(stem).matchAll(/\$\.(?:getJSON|post)\(\s*[`"]([^`"]+)/g)) {
        assert.match(address!, /^(credentials\/)?(chat-provider|mcp-server)\//);
      }
    }
  });

  it("K14 the scripts send the id of a node to the runtime, and no value of a form", () => {
    for (const stem of STEMS) {
      const calls = [...sourceOf(stem).matchAll(/\$\.(getJSON|post|ajax)\(([^;]*?)\)\s*[.)]/g)];
      for (const [, method, values] of calls) {
        assert.notEqual(method, "ajax");
        assert.doesNotMatch(values!, /,\s*\{|\.val\(/);
      }
    }
  });
});
