import assert from "node:assert/strict";
import fc from "fast-check";
import OpenAI from "openai";
import { RESPONSES } from "../../fixtures/responses.js";
import { RESPONSES_CALLS } from "../../fixtures/responses-calls.js";
import { RESPONSES_ENDS } from "../../fixtures/responses-ends.js";
import { RESPONSES_HOSTED } from "../../fixtures/responses-hosted.js";
import { RESPONSES_MESSAGES } from "../../fixtures/responses-messages.js";
import { RESPONSES_QUIRKS } from "../../fixtures/responses-quirks.js";
import { RESPONSES_REASONING } from "../../fixtures/responses-reasoning.js";
import { anyAnswer, buildResponsesEvents } from "../../support/inputs/any-dialect.js";
import { anyPieceLengths } from "../../support/inputs/cutting.js";
import type { Fixture } from "../../support/inputs/fixtures.js";
import { play } from "../../support/inputs/replay.js";
import { formatEvents } from "../../support/services/responses-records.js";

const FIXTURES = [
  ...[...RESPONSES, ...RESPONSES_CALLS, ...RESPONSES_MESSAGES, ...RESPONSES_REASONING],
  ...[...RESPONSES_HOSTED, ...RESPONSES_QUIRKS, ...RESPONSES_ENDS],
];

/** What the client says of streams that it does not take: OpenAI sends none of them, its imitations do. */
const TOO_STRICT =
  /^missing output at index|item_id|^Duplicate response output index|^Unhandled response stream event|unfinished output items|^When snapshot hasn't been set|without sending any events|response identity changed/;

interface Reading {
  text: string;
  reasoning: string;
  calls: { id: string; name: string; input: string }[];
}

/**
 * Reads a stream with OpenAI's own client. It believes the last event, which some gateways leave empty. Then what it has
 * added up until then counts.
 * @throws if the client does not take the stream
 */
async function readWithClient(body: Buffer): Promise<Reading> {
  const response = () =>
    new Response(new Uint8Array(body), { headers: { "content-type": "text/event-stream" } });
  const client = new OpenAI({ apiKey: "k", maxRetries: 0, fetch: () => Promise.resolve(response()) });
  const stream = client.responses.stream({ model: "m", input: "hi" });
  const added = new Map<string, string>();
  stream.on("response.output_text.delta", ({ output_index: item, content_index: part, snapshot }) =>
    added.set(`${item} ${part}`, snapshot),
  );
  const { output } = await stream.finalResponse();
  const text = output
    .flatMap((item) => (item.type === "message" ? item.content : []))
    .map((part) => (part.type === "output_text" ? part.text : ""))
    .join("");
  return {
    text: text || [...added.values()].join(""),
    reasoning: output
      .flatMap((item) => (item.type === "reasoning" ? item.summary.map(({ text }) => text) : []))
      .join("\n\n"),
    calls: output.flatMap((item) =>
      item.type === "function_call" ? [{ id: item.call_id, name: item.name, input: item.arguments }] : [],
    ),
  };
}

/** Reads a stream with our reader. */
function readWithReader(fixture: Fixture): Reading {
  const { result } = play(fixture, [fixture.body]);
  const { message } = result.completion.choices[0]!;
  return {
    text: message.content ?? "",
    reasoning: message.reasoning_content ?? "",
    calls: (message.tool_calls ?? []).flatMap(({ id, function: called }) =>
      called ? [{ id, name: called.name, input: called.arguments }] : [],
    ),
  };
}

function sortById(calls: Reading["calls"]): Reading["calls"] {
  return [...calls].sort((one, other) => one.id.localeCompare(other.id));
}

describe("A Responses stream read by OpenAI's own client", () => {
  it("is the same answer as the one read here, for any answer", async () => {
    await fc.assert(
      fc.asyncProperty(anyAnswer, anyPieceLengths, async (answer, lengths) => {
        const body = formatEvents(buildResponsesEvents(answer, lengths));
        const fixture: Fixture = { name: "any answer", body, expect: { texts: [] } };
        assert.deepEqual(readWithReader(fixture), await readWithClient(body));
      }),
      { numRuns: 100 },
    );
  });

  it("is the same answer as the one read here, for every scripted stream that the client takes", async () => {
    let compared = 0;
    for (const fixture of FIXTURES) {
      const opinion = await readWithClient(fixture.body).catch((error: Error) => error);
      if (opinion instanceof Error) {
        // Either the client is too strict, or the service reported an error, which is one here, too.
        const { failure } = fixture.expect;
        assert.ok(failure || TOO_STRICT.test(opinion.message), `${fixture.name}: ${opinion.message}`);
        continue;
      }
      compared++;
      const { text, calls } = readWithReader(fixture);
      assert.equal(text, opinion.text, fixture.name);
      // Here, calls stand in the order in which they began to arrive. Without a last event, the client has none.
      if (opinion.calls.length > 0) assert.deepEqual(sortById(calls), sortById(opinion.calls), fixture.name);
    }
    assert.ok(compared > FIXTURES.length / 2, `${compared} of ${FIXTURES.length} streams were compared`);
  });
});
