import assert from "node:assert/strict";
import { respond } from "../../../src/demo/model/responder.js";
import { readDemoRequest } from "../../../src/demo/server/chat/request.js";
import { user } from "../client.js";

function tool(
  name: string,
  description: string,
  properties: object = {},
  required = Object.keys(properties),
): object {
  return {
    type: "function",
    function: { name, description, parameters: { type: "object", properties, required } },
  };
}

const text = { type: "string" };
const TOOLS = [
  tool(
    "get_weather",
    "The current weather in a city",
    { city: text, unit: { type: "string", enum: ["celsius", "fahrenheit"] } },
    ["city"],
  ),
  tool("get_time", "The time in a place", { location: text }),
  tool("calculator", "Evaluates an arithmetic expression", { expression: text }),
  tool(
    "set_lamp",
    "Switches a lamp",
    {
      room: { type: "string", enum: ["kitchen", "bedroom"] },
      on: { type: "boolean" },
      brightness: { type: "integer", minimum: 0, maximum: 100 },
    },
    ["room", "on"],
  ),
  tool("searchWeb", "Searches the web", { query: text }),
  tool("roll_dice", "Rolls dice", { sides: { type: "integer" }, count: { type: "integer" } }),
  tool("book_flight", "Books a flight", {
    origin: text,
    destination: text,
    date: { type: "string", format: "date" },
  }),
  { type: "function", function: { name: "list_rooms", description: "Lists the rooms of the house" } },
];

function answer(messages: object[], fields: object = {}) {
  return respond(readDemoRequest({ model: "demo", messages, tools: TOOLS, ...fields }).prompt);
}

function calls(question: string, fields: object = {}): [string, unknown][] {
  return answer([user(question)], fields).toolCalls.map((call) => [call.name, JSON.parse(call.arguments)]);
}

describe("The demo model's tool calls", () => {
  const cases: [string, [string, unknown][]][] = [
    ["What is the weather in Paris?", [["get_weather", { city: "Paris" }]]],
    [
      "What is the weather in Paris and London?",
      [
        ["get_weather", { city: "Paris" }],
        ["get_weather", { city: "London" }],
      ],
    ],
    [
      "weather in oslo and new york in fahrenheit",
      [
        ["get_weather", { city: "Oslo", unit: "fahrenheit" }],
        ["get_weather", { city: "New York", unit: "fahrenheit" }],
      ],
    ],
    [
      "What is the weather in Paris and what time is it in Tokyo?",
      [
        ["get_weather", { city: "Paris" }],
        ["get_time", { location: "Tokyo" }],
      ],
    ],
    [
      "How warm is it in Rome? And in Madrid?",
      [
        ["get_weather", { city: "Rome" }],
        ["get_weather", { city: "Madrid" }],
      ],
    ],
    ["What's 12 * 7?", [["calculator", { expression: "12 * 7" }]]],
    ["Turn off the lamp in the kitchen", [["set_lamp", { room: "kitchen", on: false }]]],
    [
      "Turn on the bedroom light with a brightness of 140",
      [["set_lamp", { room: "bedroom", on: true, brightness: 100 }]],
    ],
    ["Search the web for cats", [["searchWeb", { query: "cats" }]]],
    ["Roll 2 dice with 6 sides", [["roll_dice", { sides: 6, count: 2 }]]],
    [
      "Book a flight from Paris to New York on 2025-03-04",
      [["book_flight", { origin: "Paris", destination: "New York", date: "2025-03-04" }]],
    ],
    ["Which rooms are there in the house?", [["list_rooms", {}]]],
  ];
  for (const [question, expected] of cases) {
    it(`answer ${JSON.stringify(question)}`, () => assert.deepEqual(calls(question), expected));
  }

  it("are left out if no tool fits the question", () => {
    for (const question of ["Hello", "Tell me a story about a fox", "What is streaming?", ""]) {
      assert.deepEqual(calls(question), []);
      assert.ok(answer([user(question)]).content);
    }
  });

  it("obey tool_choice", () => {
    assert.deepEqual(calls("What is the weather in Paris?", { tool_choice: "none" }), []);
    assert.equal(calls("hello", { tool_choice: "required" }).length, 1);
    assert.deepEqual(
      calls("Weather in Paris?", { tool_choice: { type: "function", function: { name: "get_time" } } }),
      [["get_time", { location: "Paris" }]],
    );
  });

  it("come one after the other if parallel calls are off", () => {
    const messages: object[] = [user("What is the weather in Paris and London?")];
    const cities: unknown[] = [];
    for (;;) {
      const [call, ...more] = answer(messages, { parallel_tool_calls: false }).toolCalls;
      assert.deepEqual(more, []);
      if (!call) break;
      cities.push(JSON.parse(call.arguments));
      const id = `call_${cities.length}`;
      messages.push(
        { role: "assistant", tool_calls: [{ id, type: "function", function: call }] },
        { role: "tool", tool_call_id: id, content: "fine" },
      );
    }
    assert.deepEqual(cities, [{ city: "Paris" }, { city: "London" }]);
  });

  it("never end if the question asks for that, so that a limit of rounds can be tried", () => {
    const messages: object[] = [user("Check the weather in Paris over and over")];
    for (let round = 0; round < 5; round++) {
      const [call] = answer(messages).toolCalls;
      assert.ok(call);
      const id = `call_${round}`;
      messages.push(
        { role: "assistant", tool_calls: [{ id, type: "function", function: call }] },
        { role: "tool", tool_call_id: id, content: "fine" },
      );
    }
  });
});

describe("The demo model, given tool results", () => {
  function answerTo(...results: string[]): string {
    const cities = ["Paris", "London", "Rome"];
    const made = results.map((_, at) => ({
      id: `call_${at}`,
      type: "function",
      function: { name: "get_weather", arguments: JSON.stringify({ city: cities[at] }) },
    }));
    return answer([
      user("What is the weather there?"),
      { role: "assistant", content: null, tool_calls: made },
      ...results.map((content, at) => ({ role: "tool", tool_call_id: `call_${at}`, content })),
    ]).content;
  }

  it("says what one tool found", () => {
    assert.equal(answerTo("18 degrees and sunny"), "I used get_weather. Paris: 18 degrees and sunny.");
  });

  it("lists JSON results, each after the place that was asked for", () => {
    const text = answerTo('{"temperature":18,"wind":{"speed":3}}', '["rain","fog"]');
    assert.match(text, /- Paris: temperature: 18, wind speed: 3\./);
    assert.match(text, /- London: rain, fog\./);
  });

  it("reads a measurement as a person would", () => {
    assert.equal(answerTo('{"celsius":16,"sky":"fog"}'), "I used get_weather. Paris: 16 °C, fog.");
    assert.match(answerTo('{"fahrenheit":61,"wind_speed":3}'), /Paris: 61 °F, wind speed: 3\.$/);
  });

  it("says that a tool failed, and why", () => {
    assert.match(answerTo('{"error":"no such city"}'), /did not work for Paris: no such city\./);
    assert.match(answerTo('{"error":{"message":"timed out"}}'), /timed out/);
    assert.match(answerTo("Error: unknown tool"), /did not work for Paris: unknown tool\./);
    assert.match(answerTo(""), /returned nothing/);
  });

  it("shortens a very long result", () => {
    assert.ok(answerTo("word ".repeat(10_000)).length < 1_500);
  });
});
