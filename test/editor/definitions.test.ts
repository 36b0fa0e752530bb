import assert from "node:assert/strict";
import ts from "typescript";
import { type Definition, load, names, nodeOf, read, STEMS, scriptOf } from "./editor-half.js";
import { PROPERTIES } from "./node-properties.js";

/** @returns the object literal that a script registers a type with, as a reader of its source sees it */
function readLiteral(stem: string): { type: string; keys: Map<string, ts.Expression> } {
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

describe("Definitions of the nodes in the editor", () => {
  for (const stem of STEMS) {
    const { type, definition, leaked } = load(stem);
    const isConfig = definition.category === "config";

    it(`${stem} is registered with the properties that flows hold, and their defaults`, () => {
      assert.equal(type, stem);
      const values = Object.entries(definition.defaults).map(([key, { value }]) => [key, value]);
      // The script runs in a context of its own, so its objects have other prototypes.
      assert.deepEqual(structuredClone(Object.fromEntries(values)), PROPERTIES[stem]);
    });

    it(`the script of ${stem} imports nothing and leaves no globals`, () => {
      assert.deepEqual(leaked, []);
      assert.doesNotMatch(scriptOf(stem), /^(import|export)\b/m);
    });

    it(`the type, colour, icon and ports of ${stem} are literals, which the flow library reads`, () => {
      const { type: literal, keys } = readLiteral(stem);
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

    it(`${stem} labels each of its ports`, () => {
      const node = nodeOf(stem, definition);
      if (definition.inputs) assert.ok(definition.inputLabels?.call(node, 0));
      const labels = Array.from({ length: definition.outputs! }, (_none, at) =>
        definition.outputLabels?.call(node, at),
      );
      assert.ok(labels.every((label) => label && !label.includes(".port.")));
      assert.equal(new Set(labels).size, definition.outputs);
    });

    it(`${stem} has a white icon of 40 by 60 in the package`, () => {
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

  it("all nodes but the config nodes have one category and one colour", () => {
    const family = STEMS.map((stem) => load(stem).definition).filter(({ category }) => category !== "config");
    assert.equal(new Set(family.map(({ category, color }) => `${category} ${color}`)).size, 1);
  });

  it("the label of chat-stream is its name, otherwise its model, otherwise its type", () => {
    const { definition } = load("chat-stream");
    const label = (properties: object) =>
      definition.label.call(nodeOf("chat-stream", definition, properties));
    assert.equal(label({ name: "poet", model: "demo" }), "poet");
    assert.equal(label({ model: "demo" }), "demo");
    assert.equal(label({}), "chat stream");
  });

  it("all credentials of chat-provider are passwords", () => {
    const { credentials } = load("chat-provider").definition;
    assert.deepEqual(Object.keys(credentials!), ["apiKey", "secretHeaders"]);
    assert.ok(Object.values(credentials!).every(({ type }) => type === "password"));
  });

  it("each validator declares both parameters: otherwise the editor takes a sentence for true", () => {
    const validators = STEMS.map((stem) => load(stem).definition).flatMap(({ defaults, credentials }) =>
      [...Object.values(defaults), ...Object.values(credentials ?? {})].flatMap((one) => one.validate ?? []),
    );
    assert.ok(validators.length > 15);
    assert.ok(validators.every((validate) => validate.length === 2));
  });
});

describe("Validators in the editor", () => {
  const validate = (stem: string, property: string, value: unknown, node: object = {}, fields = {}) => {
    const { definition }: { definition: Definition } = load(stem, fields);
    const found = definition.defaults[property] ?? definition.credentials![property]!;
    return found.validate!.call(nodeOf(stem, definition, node), value, {});
  };
  const accepts = (...asked: Parameters<typeof validate>) =>
    assert.equal(validate(...asked), true, String(asked));
  const refuses = (pattern: RegExp, ...asked: Parameters<typeof validate>) => {
    assert.match(String(validate(...asked)), pattern);
  };

  it("accepts the defaults of each node, and a flow that leaves settings out", () => {
    for (const stem of STEMS) {
      for (const [property, { value, validate }] of Object.entries(load(stem).definition.defaults)) {
        // Their author has to decide who may ask at an endpoint, and where a server is.
        if (!validate || ["chat-endpoint open", "mcp-server url"].includes(`${stem} ${property}`)) continue;
        accepts(stem, property, value);
        if (property !== "provider") accepts(stem, property, undefined);
      }
    }
  });

  it("refuses a timeout that is not above 0, and a limit that is not a whole number, by its name", () => {
    for (const [property, name] of [
      ["connectTimeout", "Connect"],
      ["idleTimeout", "Idle"],
      ["totalTimeout", "Whole stream"],
    ] as const) {
      for (const wrong of ["0", "-1", "", "soon"])
        refuses(new RegExp(`^${name}:`), "chat-provider", property, wrong);
      accepts("chat-provider", property, "0.5");
    }
    for (const wrong of ["0", "", "later"]) refuses(/^Timeout:/, "collect", "timeout", wrong);
    refuses(/^Parallel streams:/, "chat-provider", "maxConcurrent", "0");
    refuses(/^Parallel streams:/, "chat-provider", "maxConcurrent", "1.5");
    accepts("chat-provider", "maxQueued", "0");
    refuses(/^Max record size:/, "chat-provider", "maxRecord", "0");
    accepts("chat-provider", "demoPace", "0");
    for (const property of ["connectTimeout", "maxConcurrent", "maxQueued", "maxRecord", "demoPace"])
      accepts("chat-provider", property, "$" + "{LIMIT}");
    accepts("collect", "timeout", "$" + "{LIMIT}");
  });

  it("accepts a parameter that is empty, a number within its bounds, or an environment variable", () => {
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

  it("refuses a cassette that is no JSON file below the user directory, if there is to be one", () => {
    for (const record of ["record", "failures", "replay"]) {
      for (const right of ["answers.json", "cassettes/answers.json", "$" + "{CASSETTE}"])
        accepts("chat-provider", "cassette", right, { record });
      for (const wrong of ["", "answers.txt", "/tmp/answers.json", "../answers.json", "a/../../b.json"])
        refuses(/^Cassette: /, "chat-provider", "cassette", wrong, { record });
    }
    accepts("chat-provider", "cassette", "", { record: "off" });
    refuses(/^Cassette: /, "chat-provider", "cassette", "", {}, { "#node-config-input-record": "replay" });
    accepts("chat-provider", "cassette", "", { record: "replay" }, { "#node-config-input-record": "off" });
  });

  it("refuses further fields that are not a JSON object", () => {
    for (const right of ["", '{"n": 2}', "$" + "{FIELDS}"]) accepts("chat-stream", "options", right);
    for (const wrong of ["{", "[1]", "null", "3"]) refuses(/^More fields:/, "chat-stream", "options", wrong);
  });

  it("refuses a schema or a schema name that is missing or wrong, if the answer must fit it", () => {
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
      /enter the schema/,
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

  it("refuses a wrong schema of a collect that parses JSON, and accepts none", () => {
    for (const schema of ["", '{"required": []}', '{"type": "array"}'])
      accepts("collect", "schema", schema, { parse: "json" });
    refuses(/^JSON Schema: /, "collect", "schema", '{"required": "a"}', { parse: "json" });
    accepts("collect", "schema", "{", { parse: "text" });
    refuses(/^JSON Schema: /, "collect", "schema", "{", { parse: "asked" });
    accepts("collect", "schema", "{", { parse: "json" }, { "#node-input-parse": "text" });
  });

  it("accepts 0 for a rule of a delta-buffer, and refuses it for the pace", () => {
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

  it("refuses a speed of a voice outside its bounds, and further fields that are not an object", () => {
    for (const right of ["", "1.5", "$" + "{SPEED}"]) accepts("speech-stream", "speed", right);
    for (const wrong of ["0", "5", "fast"]) refuses(/^Speed:/, "speech-stream", "speed", wrong);
    for (const wrong of ["{", "[1]"]) refuses(/^More fields:/, "speech-stream", "options", wrong);
  });

  it("refuses an endpoint that nobody may ask, a path with other characters, and pages that are no origins", () => {
    refuses(/^Keys:/, "chat-endpoint", "open", false);
    accepts("chat-endpoint", "open", true);
    accepts("chat-endpoint", "open", false, { credentials: { has_keys: true } });
    accepts("chat-endpoint", "open", false, { credentials: { keys: "sk-1" } });
    accepts("chat-endpoint", "open", false, {}, { "#node-config-input-keys": "sk-1" });
    refuses(/^Keys:/, "chat-endpoint", "open", false, {}, { "#node-config-input-keys": "" });
    for (const right of ["/ai", "ai", "/a/b-c_d.e~f", "", "$" + "{AI_PATH}"])
      accepts("chat-endpoint", "path", right);
    for (const wrong of ["/a b", "/ä", "/:id", "/a?b", "/*"])
      refuses(/^Path:/, "chat-endpoint", "path", wrong);
    for (const right of ["", "*", "https://a.example, http://b.example:8080", "app://obsidian.md"])
      accepts("chat-endpoint", "origins", right);
    for (const wrong of ["a.example", "https://a.example/chat"])
      refuses(/^Web pages:/, "chat-endpoint", "origins", wrong);
  });

  it("refuses a chat-in without a name, and one with a name twice", () => {
    for (const right of [["a", "b"], [{ name: "a", model: "m" }], "a"]) accepts("chat-in", "models", right);
    for (const wrong of [[], [{ name: " " }], ""])
      refuses(/enter at least one name/, "chat-in", "models", wrong);
    refuses(/appears twice/, "chat-in", "models", [{ name: "a" }, { name: "a", model: "m" }]);
  });

  it("refuses an empty base URL if the service has none of its own, and one that is not HTTP", () => {
    refuses(/enter the address/, "chat-provider", "baseUrl", "", { provider: "custom" });
    refuses(/enter the address/, "chat-provider", "baseUrl", "", { provider: "openai-compatible" });
    accepts("chat-provider", "baseUrl", "", { provider: "openai" });
    accepts("chat-provider", "baseUrl", "nonsense", { provider: "demo" });
    accepts("chat-provider", "baseUrl", "$" + "{LLM_URL}", { provider: "custom" });
    refuses(/http or https/, "chat-provider", "baseUrl", "ftp://host", { provider: "custom" });
    refuses(/http or https/, "chat-provider", "baseUrl", "host/v1", { provider: "custom" });
  });

  it("K07 refuses a user name or password in the base URL", () => {
    refuses(/must not contain a user name/, "chat-provider", "baseUrl", "https://a:b@host/v1", {
      provider: "custom",
    });
  });

  it("uses the service that is chosen in the open dialog instead of the stored one", () => {
    const fields = { "#node-config-input-provider": "custom" };
    refuses(/enter the address/, "chat-provider", "baseUrl", "", { provider: "openai" }, fields);
  });

  it("refuses further headers that are not a JSON object of texts, or have a name that HTTP forbids", () => {
    accepts("chat-provider", "headers", '{"X-Title": "My house"}');
    for (const wrong of ["{", "[]", '{"a": 1}', '{"a b": "c"}', '{"": "c"}'])
      refuses(/^Headers:/, "chat-provider", "headers", wrong);
  });

  it("refuses a chat-provider without a service, and a chat-stream without a provider", () => {
    refuses(/choose one/, "chat-provider", "provider", "");
    const { provider } = load("chat-stream").definition.defaults;
    assert.equal(provider?.required, true);
    assert.equal(provider?.type, "chat-provider");
  });
});
