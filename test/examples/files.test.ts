import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { findModelEnd } from "../../src/providers/model-ends.js";
import { EXAMPLES } from "../support/flows/examples.js";
import { ROOT } from "../support/root.js";
import type { FlowNode } from "../support/runtime/node-red-api.js";
import { findPackage } from "../support/runtime/node-red-process.js";
import { readModules } from "./example-run.js";
import { type NodeDefinition, readModuleTypes, readPalette } from "./palette.js";

/** Properties that every node in a flow file may have. */
const COMMON_PROPERTIES = ["id", "type", "z", "name", "x", "y", "l", "wires"];
const TAB_PROPERTIES = ["id", "type", "label", "disabled", "info", "env"];

/** Properties that core writes without declaring them among the defaults of the type. */
const EXTRA_PROPERTIES: Record<string, string[]> = { inject: ["payload", "payloadType"] };

/** Examples of what only one service can do. Their comments say that they need an account. */
const NEEDS_ACCOUNT =
  /^(Your own key, then Ollama|Several documents in one job|Venice with web search and citations|OpenAI with tools|Web search with sources)$/;

/** What examples quote from the dialogs of other packages and programs. */
const OTHER_TEXTS = new Set([
  "a single Buffer object",
  "a binary buffer",
  "return to calling link node",
  "Admin Panel → Settings → Connections",
  "Users",
]);

describe("Files of the examples", () => {
  let basePalette: Map<string, NodeDefinition>;
  before(() => {
    basePalette = readPalette();
  });

  it("use each of the main nodes in some example", () => {
    const used = new Set(EXAMPLES.flatMap(({ nodes }) => nodes).map(({ type }) => type));
    for (const type of ["chat-provider", "chat-stream", "collect", "tool-call-router"])
      assert.ok(used.has(type), type);
  });

  it("use each id once, so that all examples can be imported side by side", () => {
    const ids = EXAMPLES.flatMap(({ nodes }) => nodes).map(({ id }) => id);
    assert.deepEqual(
      ids.filter((id, at) => ids.indexOf(id) !== at),
      [],
    );
    for (const id of ids) assert.match(id, /^[0-9a-f]{16}$/);
  });

  it("name no model that OpenAI is about to end, and neither do README and docs", () => {
    const pages = ["README.md", "docs/providers.md", "docs/library.md"].map((page) =>
      readFileSync(join(ROOT, page), "utf8"),
    );
    const texts = [...pages, ...EXAMPLES.map(({ nodes }) => JSON.stringify(nodes))];
    const names = texts.flatMap((text) => text.match(/\b(?:gpt|o\d|tts|chatgpt|codex)-[\w.-]*\w/g) ?? []);
    assert.ok(names.includes("gpt-6-luna"));
    assert.deepEqual(
      names.filter((name) => findModelEnd("openai", name) !== undefined),
      [],
    );
  });

  it("say that the port may be another one, where an address has a port", () => {
    const infos = EXAMPLES.flatMap(({ path, nodes }) =>
      nodes.map(({ info }) => ({ path, info: String(info ?? "") })),
    );
    const withPort = infos.filter(({ info }) => /:1880|port 1880/.test(info));
    assert.ok(withPort.length > 5);
    assert.deepEqual(
      withPort.filter(({ info }) => !/your own port|uses another port/.test(info)).map(({ path }) => path),
      [],
    );
  });

  it("call the settings of the nodes as the dialogs do", () => {
    const texts = readDialogTexts();
    for (const { path, nodes } of EXAMPLES) {
      const infos = nodes.map(({ info }) => String(info ?? "")).join("\n");
      for (const [, name] of infos.matchAll(/(?<!\*)\*([^*\n`]+)\*(?!\*)/g)) {
        const isExample = EXAMPLES.some(({ title }) => title === name);
        assert.ok(isExample || texts.has(name!) || OTHER_TEXTS.has(name!), `${path}: *${name}*`);
      }
    }
  });

  it("lie in a folder for each question, numbered in the order of reading", () => {
    const folders = new Map<string, string[]>();
    for (const { path } of EXAMPLES) {
      const [folder, name, ...more] = path.split("/");
      assert.ok(name && more.length === 0, `${path} should lie in a folder of examples/.`);
      folders.set(folder!, [...(folders.get(folder!) ?? []), name]);
    }
    for (const names of [[...folders.keys()], ...folders.values()])
      assert.deepEqual(
        names.map((name) => /^\d+(?= \p{Lu})/u.exec(name)?.[0]).sort(),
        names.map((_, at) => String(at + 1)).sort(),
        names.join(),
      );
  });

  for (const example of EXAMPLES) {
    const { title, path, nodes } = example;
    describe(path, () => {
      const placed = nodes.filter(({ x }) => x !== undefined);
      const modules = readModules(example);
      // An example may use the nodes of a module only if it names the module.
      let palette: Map<string, NodeDefinition>;
      before(() => {
        palette = new Map([
          ...basePalette,
          ...Object.keys(modules).flatMap((module) => [...readModuleTypes(module)]),
        ]);
      });

      it("is one tab with a description", () => {
        const tabs = nodes.filter(({ type }) => type === "tab");
        assert.equal(tabs.length, 1);
        assert.ok(tabs[0]!["label"]);
        assert.ok(String(tabs[0]!["info"]).length > 20);
        for (const node of placed) assert.equal(node["z"], tabs[0]!.id);
      });

      it("has a comment that says what to press, and names only buttons that exist", () => {
        const comments = nodes.filter(({ type }) => type === "comment");
        assert.ok(comments.length >= 1);
        assert.match(comments[0]!.name ?? "", /^(Press|Open|Enter|Start|Connect) /);
        assert.match(String(comments[0]!["info"]), /Press|Open/);
        const names = new Set(nodes.map(({ name }) => name));
        for (const [, button] of String(comments[0]!["info"]).matchAll(/[Pp]ress \*\*([^*]+)\*\*/g)) {
          assert.ok(names.has(button!) || title === "Chat page", `There is no button “${button}”.`);
        }
      });

      it("uses only node types of core, of this package or of modules that it names, with declared properties", () => {
        for (const node of nodes) {
          if (node.type === "tab") {
            assert.deepEqual(
              Object.keys(node).filter((key) => !TAB_PROPERTIES.includes(key)),
              [],
            );
            continue;
          }
          const definition = palette.get(node.type);
          assert.ok(
            definition,
            `The type ${node.type} is unknown. Name its module in the global-config node of the file.`,
          );
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

      it("sets every property of the nodes of this package", () => {
        for (const node of nodes.filter(({ type }) => /^(chat-|collect$)/.test(type))) {
          for (const property of Object.keys(palette.get(node.type)!.defaults)) {
            assert.ok(Object.hasOwn(node, property), `${node.name} does not set ${property}.`);
          }
        }
      });

      it("names only modules that it uses, with the versions that are installed here", () => {
        for (const [module, version] of Object.entries(modules)) {
          const types = readModuleTypes(module);
          assert.ok(
            nodes.some(({ type }) => types.has(type)),
            module,
          );
          assert.equal(version, readInstalledVersion(module));
        }
      });

      it("holds the config nodes that it needs, and no others", () => {
        const used = new Set<unknown>();
        for (const node of nodes.filter(({ type }) => type !== "tab")) {
          for (const [property, { type, required }] of Object.entries(palette.get(node.type)!.defaults)) {
            // The lists of a tool-call-router: nodes that answer by link, and servers.
            if (type === "mcp-server[]") for (const id of node[property] as string[]) used.add(id);
            if (!type || type.endsWith("[]") || (!node[property] && required === false)) continue;
            if (node.type.startsWith("websocket ") && property === "client") continue;
            // A template in a group has no page and no base.
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

      it("has wires only between existing outputs and nodes with an input", () => {
        for (const node of placed) {
          const { outputs = 0 } = palette.get(node.type)!;
          const wires = node["wires"] as string[][];
          assert.ok(wires.length <= (Number(node["outputs"] ?? outputs) || outputs), node.name);
          for (const id of wires.flat()) {
            const target = findNode(nodes, id);
            assert.ok(target, `${node.name} is wired to a node that does not exist.`);
            assert.equal(palette.get(target.type)!.inputs, 1, target.name);
          }
          for (const id of (node["scope"] as string[] | null) ?? []) assert.ok(findNode(nodes, id));
        }
      });

      it("uses the demo unless it needs an account, and holds no secrets", () => {
        for (const node of nodes) {
          assert.equal(Object.hasOwn(node, "credentials"), false);
          const needsAccount = NEEDS_ACCOUNT.test(title);
          // A front asks workers, which need no account.
          if (node.type === "chat-provider" && !needsAccount)
            assert.match(String(node["provider"]), /^(demo|remote)$/);
        }
        assert.doesNotMatch(JSON.stringify(nodes), /api_?key|\bsk-|bearer/i);
      });

      it("has named nodes on the grid, apart from each other and from the left edge", () => {
        for (const node of placed) {
          assert.match(
            node.name ?? "",
            /^([\p{Lu}\d]|… \p{Ll})/u,
            `The name of a ${node.type} node should begin with a capital letter or a digit.`,
          );
          const [x, y] = [Number(node["x"]), Number(node["y"])];
          assert.equal(x % 10, 0, node.name);
          assert.equal(y % 20, 0, node.name);
          assert.ok(x >= 140, node.name);
          const near = placed.filter(
            (other) => other !== node && other["y"] === y && Math.abs(Number(other["x"]) - x) < 100,
          );
          assert.deepEqual(near, [], `Another node covers ${node.name}.`);
        }
      });
    });
  }
});

function readInstalledVersion(module: string): string {
  return (JSON.parse(readFileSync(join(findPackage(module), "package.json"), "utf8")) as { version: string })
    .version;
}

function findNode(nodes: readonly FlowNode[], id: unknown): FlowNode | undefined {
  return nodes.find((node) => node.id === id);
}

/** Reads the texts of all dialogs of this package in English. */
function readDialogTexts(): Set<string> {
  const folder = join(ROOT, "nodes/locales/en-US");
  const files = readdirSync(folder).filter((file) => file.endsWith(".json"));
  const listTexts = (value: unknown): string[] =>
    typeof value === "string" ? [value] : Object.values(value as object).flatMap(listTexts);
  return new Set(files.flatMap((file) => listTexts(JSON.parse(readFileSync(join(folder, file), "utf8")))));
}
