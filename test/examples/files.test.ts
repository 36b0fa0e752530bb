import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { FlowNode } from "../support/runtime/node-red-runtime.js";
import { EXAMPLES, readModules } from "./example-run.js";
import { type NodeDefinition, readModuleTypes, readPalette } from "./palette.js";

/** What every node in a flow file has beside its type's own properties. */
const COMMON_PROPERTIES = ["id", "type", "z", "name", "x", "y", "wires"];
const TAB_PROPERTIES = ["id", "type", "label", "disabled", "info", "env"];

/** Properties that core writes although the page does not declare them, or declares in another place. */
const EXTRA_PROPERTIES: Record<string, string[]> = { inject: ["payload", "payloadType"] };

/** Those that show what only one service has; their comments say so. */
const NEEDS_ACCOUNT = /(Several documents in one job|Venice with web search and citations)$/;

describe("The files of the examples", () => {
  let basePalette: Map<string, NodeDefinition>;
  before(() => {
    basePalette = readPalette();
  });

  it("show every node of the package at work", () => {
    const used = new Set(EXAMPLES.flatMap(({ nodes }) => nodes).map(({ type }) => type));
    for (const type of ["chat-provider", "chat-stream", "collect", "tool-call-router"])
      assert.ok(used.has(type), type);
  });

  it("use no id twice, so that all of them can be imported side by side", () => {
    const ids = EXAMPLES.flatMap(({ nodes }) => nodes).map(({ id }) => id);
    assert.deepEqual(
      ids.filter((id, at) => ids.indexOf(id) !== at),
      [],
    );
    for (const id of ids) assert.match(id, /^[0-9a-f]{16}$/);
  });

  for (const { title, nodes } of EXAMPLES) {
    describe(title, () => {
      const placed = nodes.filter(({ x }) => x !== undefined);
      const modules = readModules({ title, nodes });
      // What a module brings is known to those that name it, and to no other.
      let palette: Map<string, NodeDefinition>;
      before(() => {
        palette = new Map([
          ...basePalette,
          ...Object.keys(modules).flatMap((module) => [...readModuleTypes(module)]),
        ]);
      });

      it("is one tab that says what it is about", () => {
        const tabs = nodes.filter(({ type }) => type === "tab");
        assert.equal(tabs.length, 1);
        assert.ok(tabs[0]!["label"]);
        assert.ok(String(tabs[0]!["info"]).length > 20);
        for (const node of placed) assert.equal(node["z"], tabs[0]!.id);
      });

      it("has a comment that says what to press and what to see", () => {
        const comments = nodes.filter(({ type }) => type === "comment");
        assert.ok(comments.length >= 1);
        assert.ok(comments[0]!.name);
        assert.match(String(comments[0]!["info"]), /Press|Open/);
        // The buttons that it speaks of are there.
        const names = new Set(nodes.map(({ name }) => name));
        for (const [, button] of String(comments[0]!["info"]).matchAll(/[Pp]ress \*\*([^*]+)\*\*/g)) {
          assert.ok(names.has(button!) || title.endsWith("Chat page"), `There is no ${button}.`);
        }
      });

      it("uses core's nodes, ours and those of the modules that it names, with properties that they know", () => {
        for (const node of nodes) {
          if (node.type === "tab") {
            assert.deepEqual(
              Object.keys(node).filter((key) => !TAB_PROPERTIES.includes(key)),
              [],
            );
            continue;
          }
          const definition = palette.get(node.type);
          assert.ok(definition, `${node.type} is not known: the file should name its module.`);
          const known = [
            ...COMMON_PROPERTIES,
            ...Object.keys(definition.defaults),
            ...(EXTRA_PROPERTIES[node.type] ?? []),
          ];
          assert.deepEqual(
            Object.keys(node).filter((key) => !known.includes(key)),
            [],
            node.name,
          );
        }
      });

      it("leaves no property of our nodes to chance", () => {
        for (const node of nodes.filter(({ type }) => /^(chat-|collect$)/.test(type))) {
          for (const property of Object.keys(palette.get(node.type)!.defaults)) {
            assert.ok(Object.hasOwn(node, property), `${node.name} has no ${property}.`);
          }
        }
      });

      it("names no module that it does not use, each with the version that it was tried with", () => {
        for (const [module, version] of Object.entries(modules)) {
          const types = readModuleTypes(module);
          assert.ok(
            nodes.some(({ type }) => types.has(type)),
            module,
          );
          assert.equal(version, readInstalledVersion(module));
        }
      });

      it("brings the configuration nodes that it needs, and uses those that it brings", () => {
        const used = new Set<unknown>();
        for (const node of nodes.filter(({ type }) => type !== "tab")) {
          for (const [property, { type, required }] of Object.entries(palette.get(node.type)!.defaults)) {
            if (!type || type.endsWith("[]") || (!node[property] && required === false)) continue;
            if (node.type.startsWith("websocket ") && property === "client") continue;
            // In a group, it has neither of the others.
            if (node.type === "ui-template" && property !== "group") continue;
            assert.equal(findNode(nodes, node[property])?.type, type, `${node.name}.${property}`);
            used.add(node[property]);
          }
        }
        const config = nodes.filter(
          ({ type, z }) => !["tab", "global-config"].includes(type) && z === undefined,
        );
        assert.deepEqual(
          config.filter(({ id }) => !used.has(id)),
          [],
        );
      });

      it("wires nodes that are there, from outputs that are there", () => {
        for (const node of placed) {
          const { outputs = 0 } = palette.get(node.type)!;
          const wires = node["wires"] as string[][];
          assert.ok(wires.length <= (Number(node["outputs"] ?? outputs) || outputs), node.name);
          for (const id of wires.flat()) {
            const target = findNode(nodes, id);
            assert.ok(target, `${node.name} is wired to nothing.`);
            assert.equal(palette.get(target.type)!.inputs, 1, target.name);
          }
          for (const id of (node["scope"] as string[] | null) ?? []) assert.ok(findNode(nodes, id));
        }
      });

      it("asks the demo and holds no secrets", () => {
        for (const node of nodes) {
          assert.equal(Object.hasOwn(node, "credentials"), false);
          const needsAccount = NEEDS_ACCOUNT.test(title);
          if (node.type === "chat-provider" && !needsAccount) assert.equal(node["provider"], "demo");
        }
        assert.doesNotMatch(JSON.stringify(nodes), /api_?key|\bsk-|bearer/i);
      });

      it("is tidy: named nodes on the grid, where the sidebar does not cover them", () => {
        for (const node of placed) {
          assert.match(node.name ?? "", /^([\p{Lu}\d]|… \p{Ll})/u, `A ${node.type} has no proper name.`);
          const [x, y] = [Number(node["x"]), Number(node["y"])];
          assert.equal(x % 10, 0, node.name);
          assert.equal(y % 20, 0, node.name);
          assert.ok(x > 0 && x < 1000, node.name);
          const near = placed.filter(
            (other) => other !== node && other["y"] === y && Math.abs(Number(other["x"]) - x) < 100,
          );
          assert.deepEqual(near, [], `Something lies over ${node.name}.`);
        }
      });
    });
  }
});

function readInstalledVersion(module: string): string {
  const file = join(dirname(dirname(__dirname)), "node_modules", module, "package.json");
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}

function findNode(nodes: readonly FlowNode[], id: unknown): FlowNode | undefined {
  return nodes.find((node) => node.id === id);
}
