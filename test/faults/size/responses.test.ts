import assert from "node:assert/strict";
import { guardEachTest } from "../../support/runtime/guards.js";
import { startChaosServer } from "../../support/services/chaos-server.js";
import {
  buildCallEvents,
  buildEvent,
  buildMessageEvents,
  buildStream,
  buildTextDelta,
  formatEvents,
  START,
  type WireEvent,
} from "../../support/services/responses-records.js";
import { ask, assertStreamComplete, assertStreamFailed } from "../../support/worlds/started-stream.js";

const SSE = { "content-type": "text/event-stream" };
const MIB = 1024 * 1024;
const PICTURE = "A".repeat(2 * MIB);

const image = (more: object) => ({
  id: "ig_1",
  type: "image_generation_call",
  output_format: "png",
  ...more,
});

/** A picture that is drawn in two previews, each of which replaces the one before. */
const DRAWN = buildStream([
  buildEvent("output_item.added", { output_index: 0, item: image({ status: "in_progress" }) }),
  ...[0, 1].map((partial_image_index) =>
    buildEvent("image_generation_call.partial_image", {
      item_id: "ig_1",
      output_index: 0,
      partial_image_index,
      partial_image_b64: PICTURE,
    }),
  ),
  buildEvent("output_item.done", {
    output_index: 0,
    item: image({ status: "completed", result: PICTURE }),
  }),
  ...buildMessageEvents(["Done."], 1),
]);

/** Opens an item, and then repeats an event until the client leaves. */
const repeatForEver = (opening: readonly WireEvent[], event: WireEvent) =>
  startChaosServer(async (peer) => {
    await peer.sendStreamHead();
    await peer.sendBody(formatEvents([...START, ...opening]));
    const many = formatEvents(Array<WireEvent>(50).fill(event));
    while (await peer.sendBody(many));
  });

describe("Answer in the form of Responses without measure", () => {
  guardEachTest();

  it("S01: names the setting for a picture that is larger than a record may be, and takes it once if that is raised", async () => {
    await using server = await startChaosServer((peer) => peer.respond(200, SSE, formatEvents(DRAWN)));
    const { message } = assertStreamFailed(await ask(server, { api: "responses" }), "limit", {
      phase: "streaming",
      retryable: false,
    });
    assert.match(message, /“limits\.record”/);
    const answer = await ask(server, { api: "responses", limits: { record: 8 * MIB } });
    assertStreamComplete(answer, "Done.");
    const { images } = answer.result.completion.choices[0]!.message;
    assert.deepEqual(images, [{ type: "image_url", image_url: { url: `data:image/png;base64,${PICTURE}` } }]);
    const shown = answer.chunks.filter((chunk) => JSON.stringify(chunk).includes(PICTURE));
    assert.equal(shown.length, 3, "each preview has a chunk, and the picture has one");
    assert.ok(JSON.stringify(answer.result.completion).length < 3 * MIB, "the previews are not kept");
  });

  it("S03: ends white space without end at the limit of the answer", async () => {
    const [opened, part] = buildMessageEvents([]);
    const limits = { completion: 50_000 };
    await using server = await repeatForEver([opened!, part!], buildTextDelta("\n".repeat(50), 0));
    const { result } = await ask(server, { api: "responses", limits });
    assert.deepEqual([result.failure?.code, result.failure?.retryable], ["limit", false]);
    assert.match(result.failure!.partial, /^\n{40000,}$/);
  });

  it("S09: ends white space without end in the arguments of a call at their limit", async () => {
    const [opened, delta] = buildCallEvents("call_1", "f", [" ".repeat(50)]);
    const limits = { toolArguments: 50_000 };
    await using server = await repeatForEver([opened!], delta!);
    const { result } = await ask(server, { api: "responses", limits });
    assert.deepEqual([result.failure?.code, result.failure?.retryable], ["limit", false]);
  });
});
