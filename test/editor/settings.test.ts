import assert from "node:assert/strict";
import { PROVIDERS } from "../../src/providers/index.js";
import { LANGUAGES, load, lookUp, nodeOf, wordsOf } from "./editor-half.js";

const SETTINGS = PROVIDERS.flatMap(({ id, settings = [] }) =>
  settings.map((setting) => ({
    ...setting,
    path: `chat-provider.setting.${setting.shared ? "shared" : id}`,
  })),
);

describe("Settings that only some services have", () => {
  for (const language of LANGUAGES) {
    const words = wordsOf("chat-provider", language);

    it(`a setting of a service has a label, and its choices have labels, in ${language}`, () => {
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

    it(`the ${language} catalogue has texts only for settings that a service has`, () => {
      const all = words["chat-provider"] as Record<string, Record<string, Record<string, unknown>>>;
      for (const [owner, texts] of Object.entries(all["setting"]!)) {
        const names = SETTINGS.filter(({ path }) => path.endsWith(`.${owner}`)).map(({ name }) => name);
        const known = names.flatMap((name) => [name, `${name}Hint`, `${name}Choice`]);
        assert.deepEqual(
          Object.keys(texts).filter((key) => !known.includes(key)),
          [],
          owner,
        );
      }
    });
  }

  it("a setting of a service has a name that can be a property, and a default that it allows", () => {
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

describe("Keys and settings of a chat-provider in the editor", () => {
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

  /** Loads chat-provider in an editor whose runtime has the two services and two providers with a key or a header. */
  async function loadProvider() {
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

  it("marks a provider without a key, and the nodes that use it, before a dialog is opened", async () => {
    const { definition, editor, node } = await loadProvider();
    const user = { id: "stream", type: "chat-stream" };
    const bare = { ...node("bare", { provider: "openai" }), users: [user] };
    const validate = () => definition.defaults["provider"]!.validate!.call(bare, "openai", {});
    assert.equal(validate(), true);
    editor.configs = [bare];
    await editor.settle();
    assert.match(String(validate()), /OpenAI needs an API key/);
    assert.deepEqual(editor.validated, ["bare", "stream"]);
  });

  it("accepts a provider with a key, with a secret header, or whose service needs no key", async () => {
    const { definition, editor, node, asked } = await loadProvider();
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

  it("asks for the keys of providers again after a deploy and an import, once for each provider", async () => {
    const { editor, node, asked } = await loadProvider();
    editor.configs = [node("bare", { provider: "openai" })];
    await editor.settle();
    const before = asked.length;
    editor.emit("nodes:add", { id: "x", type: "inject" });
    await editor.settle();
    assert.equal(asked.length, before);
    editor.emit("deploy");
    await editor.settle();
    assert.equal(asked.length, before + 1);
    // An import adds many nodes at once.
    for (const id of ["bare", "other"]) editor.emit("nodes:add", { id, type: "chat-provider" });
    await editor.settle();
    assert.equal(asked.length, before + 2);
  });

  it("names each setting of the service that is missing or has a wrong value", async () => {
    const { definition, editor, node } = await loadProvider();
    await editor.settle();
    const validate = (settings: object) =>
      definition.defaults["settings"]!.validate!.call(
        node("t", { provider: "teamwork", settings }),
        settings,
        {},
      );
    const [missing] = validate({}) as unknown as string[];
    assert.match(missing!, /must not be empty/);
    assert.equal(validate({ deployment: "d", most: "3", way: "", other: 1 }), true);
    assert.equal(validate({ deployment: "$" + "{NAME}", most: "$" + "{MOST}" }), true);
    const wrong = validate({ deployment: "d", most: "many", way: "b" }) as unknown as string[];
    assert.equal(wrong.length, 2);
  });
});
