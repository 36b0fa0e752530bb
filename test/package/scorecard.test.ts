import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { EXAMPLES } from "../support/flows/examples.js";
import { ROOT } from "../support/root.js";

const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
const TYPES = Object.keys(manifest["node-red"].nodes);

/** The rules of the flow library's scorecard that need no network. Its own command, `node-red-dev validate`, needs it. */
describe("Scorecard of the flow library", () => {
  it("(P-01) finds a licence", () => assert.equal(manifest.license, "Apache-2.0"));
  it("(P-03) finds the repository and the address for bugs", () =>
    assert.ok(manifest.repository?.url && manifest.bugs?.url));
  it("(P-04) finds a scoped name", () => assert.match(manifest.name, /^@[^/]{2,}\/[^/]+$/));
  it("(P-05) finds the keyword node-red", () => assert.ok(manifest.keywords.includes("node-red")));
  it("(P-06) finds a range of Node-RED versions that includes the newest", () => {
    const latest = JSON.parse(readFileSync(join(ROOT, "node_modules/node-red/package.json"), "utf8")).version;
    const [, major, minor] = />=(\d+)\.(\d+)/.exec(manifest["node-red"].version)!;
    const [latestMajor, latestMinor] = latest.split(".").map(Number);
    assert.ok(latestMajor > Number(major) || (latestMajor === Number(major) && latestMinor >= Number(minor)));
  });
  it("(P-07) finds a range of Node.js versions that includes those of the newest Node-RED", () => {
    assert.match(manifest.engines.node, /^>=20\./);
  });
  it("(D-01) finds at most six dependencies", () =>
    assert.ok(Object.keys(manifest.dependencies).length <= 6));
  it("(N-01) reads the type, category, icon, color and ports from each built page", () => {
    for (const type of TYPES) {
      const page = readFileSync(join(ROOT, `dist/nodes/${type}.html`), "utf8");
      const script = /<script type="text\/javascript">([\s\S]*?)<\/script>/.exec(page)?.[1] ?? "";
      assert.match(script, new RegExp(`RED\\.nodes\\.registerType\\(["']${type}["'],\\s*\\{`), type);
      assert.match(script, /\bcategory:\s*["']/, type);
      assert.match(script, /\bdefaults:\s*\{/, type);
      if (["chat-provider", "chat-endpoint", "mcp-server"].includes(type)) continue;
      assert.match(script, /\bicon:\s*["']/, type);
      assert.match(script, /\bcolor:\s*["']/, type);
      assert.match(script, /\binputs:\s*\d/, type);
      assert.match(script, /\boutputs:\s*\d/, type);
    }
  });
  it("(N-02) finds every node type in an example", () => {
    const used = new Set(EXAMPLES.flatMap(({ nodes }) => nodes).map(({ type }) => type));
    assert.deepEqual(
      TYPES.filter((type) => !used.has(type)),
      [],
    );
  });
});
