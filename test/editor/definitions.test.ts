import assert from "node:assert/strict";
import ts from "typescript";
import { type Definition, load, names, nodeOf, read, STEMS, scriptOf } from "./editor-half.js";

/** What a flow file holds of each node: the agreement with the runtime and with every flow that exists. */
const PROPERTIES: Record<string, Record<string, unknown>> = {
  "chat-provider": {
    name: "",
    provider: "demo",
    baseUrl: "",
    allowInsecure: false,
    tls: "",
    proxy: "",
    connectTimeout: 10,
    headersTimeout: 120,
    firstChunkTimeout: 120,
    idleTimeout: 60,
    progressTimeout: 120,
    totalTimeout: 600,
    maxConcurrent: 8,
    maxQueued: 100,
    maxRecord: 1024,
    tolerant: false,
    headers: "",
    settings: {},
    demoPace: 30,
  },
  "chat-stream": {
    name: "",
    provider: "",
    model: "",
    system: "",
    systemType: "str",
    prompt: "payload",
    promptType: "msg",
    temperature: "",
    maxTokens: "",
    topP: "",
    stop: "",
    seed: "",
    reasoningEffort: "",
    options: "",
    responseFormat: "",
    schema: "",
    schemaName: "answer",
    schemaStrict: true,
    partial: false,
    conversation: "none",
    conversationKey: "topic",
    conversationKeyType: "msg",
    maxTurns: 0,
    whenBusy: "concurrent",
    everyChunk: false,
    mergeReads: false,
  },
  "speech-stream": {
    name: "",
    provider: "",
    model: "",
    voice: "",
    format: "",
    speed: "",
    property: "payload",
    options: "",
  },
  collect: { name: "", parse: "text", schema: "", timeout: 600 },
  "delta-buffer": {
    name: "",
    milliseconds: 50,
    count: "",
    characters: "",
    boundary: "none",
    smooth: false,
    pace: 12,
  },
  retry: {
    name: "",
    attempts: 3,
    delay: 500,
    maxDelay: 20000,
    afterText: "continue",
    continueBy: "auto",
  },
  "tool-call-router": {
    name: "",
    tools: [],
    links: [],
    otherTools: false,
    toolChoice: "",
    parallel: "",
    maxRounds: 8,
    toolTimeout: 60,
    maxResult: 262144,
    outputs: 2,
  },
};

/** The object literal that a script registers a type with, as a reader of its source sees it. */
function literalOf(stem: string): { type: string; keys: Map<string, ts.Expression> } {
  const source = ts.createSourceFile(`${stem}.js`, scriptOf(stem), ts.ScriptTarget.ES2020, true);
  let found: { type: string; keys: Map<string, ts.Expression> } | undefined;
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && node.expression.getText() === "RED.nodes.registerType") {
      const [type, definition] = node.arguments;
      assert.ok(type && ts.isStringLiteral(type) && definition && ts.isObjectLiteralExpression(definition));
      const properties = definition.properties.filter(ts.isPropertyAssignment);
      const keys = new Map(properties.map(({ name, initializer }) => [name.getText(), initializer]));
      found = { type: type.text, keys };
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found!;
}

describe("an editor half", () => {
  for (const stem of STEMS) {
    const { type, definition, leaked } = load(stem);
    const isConfig = definition.category === "config";

    it(`registers ${stem} with the properties that flows hold, and their defaults`, () => {
      assert.equal(type, stem);
      const values = Object.entries(definition.defaults).map(([key, { value }]) => [key, value]);
      // The script runs in a world of its own, with objects of its own.
      assert.deepEqual(structuredClone(Object.fromEntries(values)), PROPERTIES[stem]);
    });

    it(`of ${stem} is a plain script that leaves no globals behind`, () => {
      assert.deepEqual(leaked, []);
      assert.doesNotMatch(scriptOf(stem), /^(import|export)\b/m);
    });

    it(`of ${stem} can be read by the flow library: type and looks are literals in place`, () => {
      const { type: literal, keys } = literalOf(stem);
      assert.equal(literal, stem);
      const wanted = isConfig
        ? ["category", "paletteLabel"]
        : ["category", "color", "icon", "inputs", "outputs", "paletteLabel"];
      for (const key of wanted) {
        const value = keys.get(key);
        assert.ok(value && (ts.isStringLiteral(value) || ts.isNumericLiteral(value)), `${stem} ${key}`);
      }
      const groups = definition.credentials ? ["defaults", "credentials"] : ["defaults"];
      for (const key of groups) {
        const value = keys.get(key);
        assert.ok(value && ts.isObjectLiteralExpression(value), `${stem} ${key}`);
      }
    });

    if (isConfig) continue;

    it(`of ${stem} labels each port, and none that is not there`, () => {
      const node = nodeOf(stem, definition);
      assert.ok(definition.inputLabels?.call(node, 0));
      const labels = Array.from({ length: definition.outputs! }, (_none, at) =>
        definition.outputLabels?.call(node, at),
      );
      assert.ok(labels.every((label) => label && !label.includes(".port.")));
      assert.equal(new Set(labels).size, definition.outputs);
    });

    it(`of ${stem} has an icon of the package: white, 40 by 60`, () => {
      assert.ok(names("icons").includes(definition.icon!));
      const icon = read("icons", definition.icon!);
      assert.match(icon, /viewBox="0 0 40 60"/);
      const paints = [...icon.matchAll(/(?:fill|stroke)="([^"]+)"/g)].map(([, paint]) => paint);
      assert.deepEqual(
        paints.filter((paint) => paint !== "#fff" && paint !== "none"),
        [],
      );
    });
  }

  it("keeps the family together: one category and one colour", () => {
    const family = STEMS.map((stem) => load(stem).definition).filter(({ category }) => category !== "config");
    assert.equal(new Set(family.map(({ category, color }) => `${category} ${color}`)).size, 1);
  });

  it("names chat-stream after its name, else its model, else its type", () => {
    const { definition } = load("chat-stream");
    const label = (properties: object) =>
      definition.label.call(nodeOf("chat-stream", definition, properties));
    assert.equal(label({ name: "poet", model: "demo" }), "poet");
    assert.equal(label({ model: "demo" }), "demo");
    assert.equal(label({}), "chat stream");
  });

  it("never says what a key is: credentials are passwords", () => {
    const { credentials } = load("chat-provider").definition;
    assert.deepEqual(Object.keys(credentials!), ["apiKey", "secretHeaders"]);
    assert.ok(Object.values(credentials!).every(({ type }) => type === "password"));
  });

  it("declares both parameters of each validator, else the editor would take a sentence for true", () => {
    const validators = STEMS.map((stem) => load(stem).definition).flatMap(({ defaults, credentials }) =>
      [...Object.values(defaults), ...Object.values(credentials ?? {})].flatMap((one) => one.validate ?? []),
    );
    assert.ok(validators.length > 15);
    assert.ok(validators.every((validate) => validate.length === 2));
  });
});

describe("a validator", () => {
  const judge = (stem: string, property: string, value: unknown, node: object = {}, fields = {}) => {
    const { definition }: { definition: Definition } = load(stem, fields);
    const found = definition.defaults[property] ?? definition.credentials![property]!;
    return found.validate!.call(nodeOf(stem, definition, node), value, {});
  };
  const accepts = (...asked: Parameters<typeof judge>) => assert.equal(judge(...asked), true, String(asked));
  const refuses = (pattern: RegExp, ...asked: Parameters<typeof judge>) => {
    assert.match(String(judge(...asked)), pattern);
  };

  it("takes the defaults of its own node, and settings that an older flow does not have", () => {
    for (const stem of STEMS) {
      for (const [property, { value, validate }] of Object.entries(load(stem).definition.defaults)) {
        if (validate) accepts(stem, property, value);
        if (validate && property !== "provider") accepts(stem, property, undefined);
      }
    }
  });

  it("wants every timeout above 0 and says which one is not", () => {
    for (const [property, name] of [
      ["connectTimeout", "Connect"],
      ["idleTimeout", "Silence"],
      ["totalTimeout", "Whole stream"],
    ] as const) {
      for (const wrong of ["0", "-1", "", "soon"])
        refuses(new RegExp(`^${name}:`), "chat-provider", property, wrong);
      accepts("chat-provider", property, "0.5");
    }
    for (const wrong of ["0", "", "later"]) refuses(/^Give up after:/, "collect", "timeout", wrong);
    refuses(/^At once:/, "chat-provider", "maxConcurrent", "0");
    refuses(/^At once:/, "chat-provider", "maxConcurrent", "1.5");
    accepts("chat-provider", "maxQueued", "0");
    refuses(/^Largest record:/, "chat-provider", "maxRecord", "0");
    accepts("chat-provider", "demoPace", "0");
    for (const property of ["connectTimeout", "maxConcurrent", "maxQueued", "maxRecord", "demoPace"])
      accepts("chat-provider", property, "$" + "{LIMIT}");
    accepts("collect", "timeout", "$" + "{LIMIT}");
  });

  it("takes a parameter that is empty, a number within its bounds, or an environment variable", () => {
    for (const property of ["temperature", "maxTokens", "topP", "seed", "maxTurns"]) {
      for (const right of ["", " ", "1", "$" + "{LIMIT}", "$(LIMIT)"])
        accepts("chat-stream", property, right);
      refuses(/: a/, "chat-stream", property, "many");
    }
    refuses(/^Temperature: .*0 to 2/, "chat-stream", "temperature", "2.1");
    refuses(/^Top P: .*0 to 1/, "chat-stream", "topP", "-0.1");
    refuses(/^Max tokens: .*1/, "chat-stream", "maxTokens", "0");
    refuses(/^Seed: .*whole/, "chat-stream", "seed", "1.5");
    accepts("chat-stream", "seed", "-7");
  });

  it("wants further fields to be a JSON object", () => {
    for (const right of ["", '{"n": 2}', "$" + "{FIELDS}"]) accepts("chat-stream", "options", right);
    for (const wrong of ["{", "[1]", "null", "3"]) refuses(/^More fields:/, "chat-stream", "options", wrong);
  });

  it("wants a schema where the answer has to fit one, and one that is", () => {
    const fits = { responseFormat: "json_schema" };
    const right = '{"type": "object", "properties": {"a": {"type": "string"}}}';
    for (const schema of [right, JSON.parse(right), "$" + "{SCHEMA}"])
      accepts("chat-stream", "schema", schema, fits);
    for (const wrong of ["", "{", '{"type": "objekt"}', "[]"]) {
      refuses(/^JSON Schema: /, "chat-stream", "schema", wrong, fits);
      for (const responseFormat of ["", "json_object"])
        accepts("chat-stream", "schema", wrong, { responseFormat });
    }
    refuses(
      /there is none/,
      "chat-stream",
      "schema",
      "",
      {},
      { "#node-input-responseFormat": "json_schema" },
    );
    accepts("chat-stream", "schema", "", fits, { "#node-input-responseFormat": "" });
    for (const name of ["answer", "", "a-1_B"]) accepts("chat-stream", "schemaName", name, fits);
    for (const name of ["an answer", "ä", "a".repeat(65)]) {
      refuses(/^Schema name: /, "chat-stream", "schemaName", name, fits);
      accepts("chat-stream", "schemaName", name);
    }
  });

  it("takes no schema in a collect, or one that is; and any where nothing is parsed", () => {
    for (const schema of ["", '{"required": []}', '{"type": "array"}'])
      accepts("collect", "schema", schema, { parse: "json" });
    refuses(/^JSON Schema: /, "collect", "schema", '{"required": "a"}', { parse: "json" });
    accepts("collect", "schema", "{", { parse: "text" });
    accepts("collect", "schema", "{", { parse: "json" }, { "#node-input-parse": "text" });
  });

  it("takes 0 for a rule that is off, but for no pace", () => {
    for (const rule of ["milliseconds", "count", "characters"]) {
      for (const right of ["", "0", "7", "$" + "{LIMIT}"]) accepts("delta-buffer", rule, right);
      refuses(/: .*0 or empty/, "delta-buffer", rule, "-1");
    }
    for (const wrong of ["0", "-1", "fast"]) {
      refuses(/^Pace: .*above 0/, "delta-buffer", "pace", wrong, { smooth: true });
      accepts("delta-buffer", "pace", wrong);
    }
    for (const right of ["", "0.5", "$" + "{PACE}"]) accepts("delta-buffer", "pace", right, { smooth: true });
  });

  it("wants the speed of a voice within its bounds, and its further fields as an object", () => {
    for (const right of ["", "1.5", "$" + "{SPEED}"]) accepts("speech-stream", "speed", right);
    for (const wrong of ["0", "5", "fast"]) refuses(/^Speed:/, "speech-stream", "speed", wrong);
    for (const wrong of ["{", "[1]"]) refuses(/^More fields:/, "speech-stream", "options", wrong);
  });

  it("asks for a base URL where the service has none of its own", () => {
    refuses(/enter the address/, "chat-provider", "baseUrl", "", { provider: "custom" });
    refuses(/enter the address/, "chat-provider", "baseUrl", "", { provider: "openai-compatible" });
    accepts("chat-provider", "baseUrl", "", { provider: "openai" });
    accepts("chat-provider", "baseUrl", "nonsense", { provider: "demo" });
    accepts("chat-provider", "baseUrl", "$" + "{LLM_URL}", { provider: "custom" });
    refuses(/http or https/, "chat-provider", "baseUrl", "ftp://host", { provider: "custom" });
    refuses(/http or https/, "chat-provider", "baseUrl", "host/v1", { provider: "custom" });
  });

  it("K07 refuses a user name or password in the base URL", () => {
    refuses(/no user name/, "chat-provider", "baseUrl", "https://a:b@host/v1", { provider: "custom" });
  });

  it("judges by what stands in the dialog before what stands in the node", () => {
    const fields = { "#node-config-input-provider": "custom" };
    refuses(/enter the address/, "chat-provider", "baseUrl", "", { provider: "openai" }, fields);
  });

  it("wants extra headers to be a JSON object of texts with names that HTTP knows", () => {
    accepts("chat-provider", "headers", '{"X-Title": "My house"}');
    for (const wrong of ["{", "[]", '{"a": 1}', '{"a b": "c"}', '{"": "c"}'])
      refuses(/^Headers:/, "chat-provider", "headers", wrong);
  });

  it("asks for a service where none is chosen", () => {
    refuses(/choose one/, "chat-provider", "provider", "");
    const { provider } = load("chat-stream").definition.defaults;
    assert.equal(provider?.required, true);
    assert.equal(provider?.type, "chat-provider");
  });
});
