import assert from "node:assert/strict";
import fc from "fast-check";
import type { AssistantMessage, Chunk } from "../../../src/core/chat/chunk.js";
import { mergeChunks } from "../../../src/core/chat/merge.js";
import type { Message } from "../../../src/node-red/red/api.js";
import { cutText } from "../../support/inputs/cutting.js";
import { joinPayloads } from "../../support/runtime/inbox.js";
import { createDeltaChunk, createModel, RouterWorld } from "../../support/worlds/router-world.js";

const FREE = { name: "free", parameters: { type: "object" } };

/** Arguments that name a prototype are refused, which another test covers. */
const anyArguments = fc
  .dictionary(fc.constantFrom("x", "y", "é"), fc.jsonValue({ maxDepth: 2 }))
  .filter((args) => !/__proto__|constructor/.test(JSON.stringify(args)));

const anyCalls = fc.array(
  fc.record({
    id: fc.constantFrom("a", "b", "c"),
    args: anyArguments,
    cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 5 }),
  }),
  { minLength: 1, maxLength: 4 },
);

/** Chunks of a turn: text and pieces of calls, interleaved in any way that keeps the order within each. */
const anyTurn = fc
  .tuple(anyCalls, fc.array(fc.string(), { maxLength: 4 }), fc.infiniteStream(fc.nat(20)))
  .map(([calls, texts, chance]) => {
    const heads = calls.map(({ id }, index) =>
      createDeltaChunk({ tool_calls: [{ index, id, type: "function", function: { name: "free" } }] }),
    );
    const queues = [
      texts.map((content) => createDeltaChunk({ content })),
      ...calls.map(({ args, cuts }, index) =>
        cutText(JSON.stringify(args), cuts).map((piece) =>
          createDeltaChunk({ tool_calls: [{ index, function: { arguments: piece } }] }),
        ),
      ),
    ];
    const chunks = heads;
    for (let left = queues.filter((queue) => queue.length > 0); left.length > 0; ) {
      chunks.push(left[chance.next().value % left.length]!.shift()!);
      left = queues.filter((queue) => queue.length > 0);
    }
    return { calls, text: texts.join(""), chunks };
  });

/** A world whose tools answer only when the test tells them to. */
function createWorld(chunks: readonly Chunk[]): RouterWorld {
  const world = new RouterWorld(createModel({ chunks }, { texts: ["Done."] }), { tools: [FREE] });
  world.onCall = () => {};
  return world;
}

/** Merges neighbours, as a delta-buffer does. */
function mergeNeighbours(chunks: readonly Chunk[], joints: readonly boolean[]): Chunk[] {
  const result: Chunk[] = [];
  for (const [at, chunk] of structuredClone(chunks).entries()) {
    if (at > 0 && joints[at % joints.length]) mergeChunks(result.at(-1)!, chunk);
    else result.push(chunk);
  }
  return result;
}

function permute<T>(list: readonly T[], keys: readonly number[]): T[] {
  return list
    .map((entry, at) => [entry, keys[at % keys.length]!, at] as const)
    .sort((one, other) => one[1] - other[1] || one[2] - other[2])
    .map(([entry]) => entry);
}

function removeTag({ askedBy: _, ...request }: Message): Message {
  return request;
}

describe("Every stream with tool calls", () => {
  it("makes the calls that the model made, however they were cut, interleaved and merged", () => {
    fc.assert(
      fc.property(anyTurn, fc.array(fc.boolean(), { minLength: 1 }), ({ calls, text, chunks }, joints) => {
        for (const stream of [chunks, mergeNeighbours(chunks, joints)]) {
          const world = createWorld(stream);
          world.input({ payload: "Go" });
          assert.deepEqual(
            world.calls.map(({ message }) => message.payload),
            calls.map(({ args }) => JSON.parse(JSON.stringify(args))),
          );
          for (const nth of calls.keys()) world.answer(nth, "ok");
          assert.equal(joinPayloads(world.out), `${text}Done.`);
          const rounds = world.ends[0]!["rounds"] as { characters: number }[];
          assert.equal(rounds[0]!.characters, text.length);
          const echo = world.getConversation(1)[1] as unknown as AssistantMessage;
          assert.deepEqual(
            echo.tool_calls!.map((call) => [call.id, call.function!.arguments]),
            calls.map(({ id, args }) => [id, JSON.stringify(args)]),
          );
          assert.ok(!JSON.stringify(world.out.map(({ chunk }) => chunk ?? null)).includes('"tool_calls":['));
        }
      }),
    );
  });

  it("asks for the same next turn in whatever order the answers arrive, each once or more", () => {
    fc.assert(
      fc.property(
        anyTurn,
        fc.array(fc.nat(100), { minLength: 4, maxLength: 4 }),
        ({ calls, chunks }, keys) => {
          const nextRequests = [
            calls.map((_, nth) => nth),
            permute(
              calls.map((_, nth) => nth),
              keys,
            ),
          ].map((order) => {
            const world = createWorld(chunks);
            world.input({ payload: "Go" });
            for (const nth of [...order.slice(0, 1), ...order]) world.answer(nth, { nth });
            assert.equal(world.requests.length, 2);
            return removeTag(world.requests[1]!);
          });
          assert.deepEqual(nextRequests[0], nextRequests[1]);
        },
      ),
    );
  });

  it("gives two parallel runs the same result as each run alone, however they are interleaved", () => {
    fc.assert(
      fc.property(anyTurn, anyTurn, fc.infiniteStream(fc.boolean()), (one, other, chance) => {
        const both = [one, other];
        const world = new RouterWorld(
          (request) =>
            (request["messages"] as unknown[] | undefined)
              ? { texts: ["Done."] }
              : { chunks: both[Number(request.payload)]!.chunks },
          { tools: [FREE] },
        );
        const held: Message[][] = [[], []];
        world.onStream = (message) => held[Number(message["topic"])]!.push(message);
        world.onCall = () => {};
        for (const nth of [0, 1]) world.input({ payload: `${nth}`, topic: nth });
        const flow = () => {
          for (let left = held.filter((queue) => queue.length > 0); left.length > 0; ) {
            world.input(left[chance.next().value ? 0 : left.length - 1]!.shift()!);
            left = held.filter((queue) => queue.length > 0);
          }
        };
        flow();
        for (const nth of permute([...world.calls.keys()], [3, 1, 2])) world.answer(nth, "ok");
        flow();
        for (const [topic, { text, calls }] of both.entries()) {
          const mine = ({ message }: { message: Message }) => message["topic"] === topic;
          assert.equal(joinPayloads(world.out.filter((message) => mine({ message }))), `${text}Done.`);
          assert.deepEqual(
            world.calls.filter(mine).map(({ message }) => message.payload),
            calls.map(({ args }) => JSON.parse(JSON.stringify(args))),
          );
        }
        assert.equal(world.ends.length, 2);
        assert.equal(world.clock.timerCount, 0);
      }),
    );
  });
});
