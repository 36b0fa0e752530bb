import assert from "node:assert/strict";
import { mergeTools, readTools } from "../../../src/core/tools/definitions.js";
import { readToolName } from "../../../src/core/tools/name.js";

describe("List of tools", () => {
  it("reads tools with schemas as objects or JSON text, marks strict ones, and numbers the outputs in their order", () => {
    const schema = { type: "object", properties: { a: { type: "number" } } };
    const tools = readTools([
      { name: " one ", description: "First", parameters: JSON.stringify(schema), strict: true },
      { name: "two", link: "n" },
      { name: "three", parameters: schema, link: "" },
    ]);
    assert.deepEqual(
      [...tools.values()].map(({ output, link }) => [output, link]),
      [
        [0, undefined],
        [undefined, "n"],
        [1, undefined],
      ],
    );
    assert.deepEqual(tools.get("one")!.definition, {
      type: "function",
      function: { name: "one", description: "First", parameters: schema, strict: true },
    });
    assert.deepEqual(tools.get("two")!.definition, {
      type: "function",
      function: { name: "two", parameters: { type: "object", properties: {} } },
    });
    assert.equal(readTools(undefined).size, 0);
    const [strict] = readTools([{ name: "none", strict: true }]).values();
    assert.deepEqual(strict!.definition["function"], {
      name: "none",
      parameters: { type: "object", properties: {}, additionalProperties: false },
      strict: true,
    });
  });

  it("appends the node's tools to the request's, and keeps tools that are no functions", () => {
    const tools = readTools([{ name: "one" }]);
    const own = tools.get("one")!.definition;
    const search = { type: "web_search" };
    assert.deepEqual(mergeTools([search, own], tools), { tools: [search, own], replaced: [] });
    assert.deepEqual(mergeTools([{ function: { name: "one" } }], tools).replaced, ["one"]);
    assert.deepEqual(mergeTools([{ type: "function", name: "one" }], tools).replaced, ["one"]);
    assert.equal(readToolName(search), undefined);
  });
});
