import assert from "node:assert/strict";
import { PROVIDERS } from "../../src/providers/index.js";
import { LANGUAGES, load, lookUp, nodeOf, wordsOf } from "./editor-half.js";

const SETTINGS = PROVIDERS.flatMap(({ id, settings = [] }) =>
  settings.map((setting) => ({
    ...setting,
    path: `chat-provider.setting.${setting.shared ? "shared" : id}`,
  })),
);

describe("The settings that only one service has", () => {
  for (const language of LANGUAGES) {
    const words = wordsOf("chat-provider", language);

    it(`have a label each, and a word for each value of a choice, in ${language}`, () => {
      assert.ok(SETTINGS.length > 10);
      for (const { path, name, kind, choices = [] } of SETTINGS) {
        assert.ok(lookUp(words, `${path}.${name}`), `${path}.${name}`);
        if (kind !== "choice") continue;
        assert.ok(choices.length > 1, name);
        for (const choice of choices) {
          const key = `${path}.${name}Choice.${choice || "default"}`;
          assert.ok(lookUp(words, key), key);
        }
      }
    });

    it(`have no words in ${language} that belong to none of them`, () => {
      const all = words["chat-provider"] as Record<string, Record<string, Record<string, unknown>>>;
      for (const [owner, said] of Object.entries(all["setting"]!)) {
        const names = SETTINGS.filter(({ path }) => path.endsWith(`.${owner}`)).map(({ name }) => name);
        const known = names.flatMap((name) => [name, `${name}Hint`, `${name}Choice`]);
        assert.deepEqual(
          Object.keys(said).filter((key) => !known.includes(key)),
          [],
          owner,
        );
      }
    });
  }

  it("are of names that stand in a flow as they are, with defaults that they can have", () => {
    for (const { name, kind, value, choices } of SETTINGS) {
      assert.match(name, /^[a-zA-Z]\w*$/);
      if (value === undefined) continue;
      assert.equal(
        typeof value,
        { text: "string", number: "number", choice: "string", tick: "boolean" }[kind],
      );
      if (kind === "choice") assert.ok(choices?.includes(String(value)), name);
    }
  });
});

describe("A chat-provider in the editor", () => {
  const SERVICES = [
    { id: "openai", label: "OpenAI", baseUrl: "https://api.openai.com/v1", keyRequired: true },
    {
      id: "teamwork",
      label: "Teamwork",
      baseUrl: "https://t.example",
      keyRequired: false,
      settings: [
        { name: "splitThinking", kind: "tick", shared: true },
        { name: "deployment", kind: "text", required: true, shared: true },
        { name: "most", kind: "number" },
        { name: "way", kind: "choice", choices: ["", "a"] },
      ],
    },
  ];

  /** Has the editor ask the runtime, which knows the two services and one key. */
  async function loaded() {
    const asked: string[] = [];
    const half = load("chat-provider", {}, (address) => {
      asked.push(address);
      if (address === "chat-provider/providers") return SERVICES;
      if (address === "credentials/chat-provider/withKey")
        return { has_apiKey: true, has_secretHeaders: false };
      if (address === "credentials/chat-provider/withHeader")
        return { has_apiKey: false, has_secretHeaders: true };
      return {};
    });
    const node = (id: string, properties: object) => ({
      ...nodeOf("chat-provider", half.definition, properties),
      id,
      type: "chat-provider",
    });
    return { ...half, asked, node };
  }

  it("is wrong without a key from the start, before any dialog, and its users with it", async () => {
    const { definition, editor, node } = await loaded();
    const user = { id: "stream", type: "chat-stream" };
    const bare = { ...node("bare", { provider: "openai" }), users: [user] };
    const judged = () => definition.defaults["provider"]!.validate!.call(bare, "openai", {});
    assert.equal(judged(), true);
    editor.configs = [bare];
    await editor.settle();
    assert.match(String(judged()), /OpenAI needs an API key/);
    assert.deepEqual(editor.judged, ["bare", "stream"]);
  });

  it("is right with a key, or with a token among its secret headers, or where none is needed", async () => {
    const { definition, editor, node, asked } = await loaded();
    const nodes = [
      node("withKey", { provider: "openai" }),
      node("withHeader", { provider: "openai" }),
      node("open", { provider: "teamwork" }),
    ];
    editor.configs = nodes;
    await editor.settle();
    for (const one of nodes) {
      const { provider } = one as unknown as { provider: string };
      assert.equal(definition.defaults["provider"]!.validate!.call(one, provider, {}), true);
    }
    assert.ok(!asked.includes("credentials/chat-provider/open"));
  });

  it("is judged again when it has been deployed or imported", async () => {
    const { editor, node, asked } = await loaded();
    editor.configs = [node("bare", { provider: "openai" })];
    await editor.settle();
    const before = asked.length;
    editor.tell("nodes:add", { id: "x", type: "inject" });
    await editor.settle();
    assert.equal(asked.length, before);
    editor.tell("deploy");
    await editor.settle();
    assert.equal(asked.length, before + 1);
    // An import brings many at once, and asks once for each provider.
    for (const id of ["bare", "other"]) editor.tell("nodes:add", { id, type: "chat-provider" });
    await editor.settle();
    assert.equal(asked.length, before + 2);
  });

  it("is wrong without a setting that its service needs, or with one that it cannot have, each by its name", async () => {
    const { definition, editor, node } = await loaded();
    await editor.settle();
    const judge = (settings: object) =>
      definition.defaults["settings"]!.validate!.call(
        node("t", { provider: "teamwork", settings }),
        settings,
        {},
      );
    const [missing] = judge({}) as unknown as string[];
    assert.match(missing!, /must not be empty/);
    assert.equal(judge({ deployment: "d", most: "3", way: "", other: 1 }), true);
    assert.equal(judge({ deployment: "$" + "{NAME}", most: "$" + "{MOST}" }), true);
    const wrong = judge({ deployment: "d", most: "many", way: "b" }) as unknown as string[];
    assert.equal(wrong.length, 2);
  });
});
