import assert from "node:assert/strict";
import sinon from "sinon";
import { findRetryTag, findRunTag } from "../../../src/node-red/messages/ask-tags.js";
import { closedStreams, MAX_ORPHAN_WAIT_MS } from "../../../src/node-red/messages/closed-streams.js";
import type { Message } from "../../../src/node-red/red/api.js";
import { CollectWorld, createStreamMessages } from "../../support/worlds/collect-world.js";

function readError(message: Message | undefined): { code: string; message: string; partial: string } {
  return message!.error as ReturnType<typeof readError>;
}

describe("collect", () => {
  let clock: sinon.SinonFakeTimers | undefined;
  afterEach(() => clock?.restore());

  it("collects a sequence of core's split, whose messages all have the count", () => {
    const parts = (index: number) => ({ id: "s", index, count: 3, type: "string", ch: "\n" });
    const messages = ["a", "b", "c"].map((payload, index) => ({ payload, parts: parts(index) }));
    const { finished } = new CollectWorld().take(...messages);
    assert.deepEqual(
      finished.map(({ payload }) => payload),
      ["abc"],
    );
  });

  it("ends a stream by its count if a node on the way removed msg.complete", () => {
    const messages = createStreamMessages(["a", "b"]);
    const { complete, ...last } = messages.pop()!;
    assert.equal(new CollectWorld().take(...messages, last).finished[0]!.payload, "ab");
  });

  it("restores the outer sequence, so that a join behind it works", () => {
    const outer = { id: "outer", index: 3, count: 9 };
    const messages = createStreamMessages(["a"]).map((message) => ({
      ...message,
      parts: { ...message.parts!, parts: outer },
    }));
    assert.deepEqual(new CollectWorld().take(...messages).finished[0]!.parts, outer);
  });

  it("inherits the properties of the last message", () => {
    const messages = createStreamMessages(["a", "b"]).map((message, at) => ({ ...message, topic: `t${at}` }));
    assert.equal(new CollectWorld().take(...messages).finished[0]!.topic, "t2");
  });

  it("removes the tags of retry and tool-call-router from the collected message, but not what the author wrote", () => {
    const tag = { kind: "retry", node: "n", stream: "s", attempt: 2 };
    const run = { kind: "run", node: "n", run: "r", round: 1 };
    const toolCall = { id: "c", run: "r", node: "m" };
    for (const askedBy of [[tag], [tag, tag], [run, tag], [{ ...run, node: "m" }, run]]) {
      const riding = { askedBy, retry: "mine", toolCall };
      const { finished } = new CollectWorld().take(...createStreamMessages(["a"], riding));
      assert.equal(findRetryTag(finished[0]!), undefined);
      assert.equal(findRunTag(finished[0]!), undefined);
      assert.equal(finished[0]!["retry"], "mine");
      assert.deepEqual(finished[0]!["toolCall"], toolCall);
    }
  });

  it("accepts anything in msg.rounds", () => {
    for (const [text, rounds] of [
      ["[1]", "x"],
      ["[1]", [null, {}, { characters: "x" }, { characters: -5 }, { characters: 99 }]],
      ["Hm.[1]", [{ characters: 3 }, {}]],
    ] as const) {
      const { finished } = new CollectWorld({ parse: "json" }).take(
        ...createStreamMessages([text], { rounds }),
      );
      assert.deepEqual(finished[0]?.payload, [1]);
    }
  });

  it("ignores repeated messages, before the end and after it", () => {
    const [first, second, last] = createStreamMessages(["a", "b"]) as [Message, Message, Message];
    const collecting = new CollectWorld().take(first, first, second, first, last, last, second);
    assert.equal(collecting.finished.length, 1);
    assert.equal(collecting.finished[0]!.payload, "ab");
    assert.equal(collecting.unfinished.length, 0);
  });

  it("ignores late messages of a core sequence, and collects the next one of the same id", () => {
    const create = (...texts: string[]) =>
      texts.map((payload, index) => ({ payload, parts: { id: "lines", index, count: texts.length } }));
    const [first, second] = create("a", "b") as [Message, Message];
    const collecting = new CollectWorld().take(first, second, second, ...create("c", "d", "e"), second);
    assert.deepEqual(
      collecting.finished.map(({ payload }) => payload),
      ["ab", "cde"],
    );
    assert.equal(collecting.unfinished.length, 0);
  });

  it("waits for a late message and puts it in its place", () => {
    clock = sinon.useFakeTimers();
    const [first, second, last] = createStreamMessages(["a", "b"]) as [Message, Message, Message];
    const collecting = new CollectWorld().take(first, last);
    clock.tick(4000);
    collecting.take(second);
    assert.equal(collecting.finished[0]!.payload, "ab");
    clock.tick(60_000);
    assert.equal(collecting.errors.length, 0);
    assert.equal(clock.countTimers(), 0);
  });

  it("names the missing messages at the end, and sends the text before the gap only", () => {
    clock = sinon.useFakeTimers();
    const messages = createStreamMessages(["a", "b", "c", "d", "e"]);
    const collecting = new CollectWorld().take(...messages.filter((_, at) => at !== 2 && at !== 4));
    clock.tick(5000);
    const [message] = collecting.unfinished;
    assert.equal(message!.payload, "ab");
    assert.equal(readError(message).code, "bad_response");
    assert.match(readError(message).message, /messages 2, 4 are missing/);
    assert.equal(readError(message).partial, "ab");
    assert.deepEqual(
      collecting.errors.map(({ code }) => code),
      ["bad_response"],
    );
    assert.equal(collecting.finished.length, 0);
    collecting.take(messages[2]!, messages[4]!);
    clock.tick(10_000);
    assert.equal(collecting.unfinished.length, 1);
  });

  it("ends a stream with an error if 10,000 messages wait for the first one", () => {
    const collecting = new CollectWorld();
    for (let index = 1; index < 20_000; index++) collecting.take({ payload: "x", parts: { id: "s", index } });
    assert.equal(collecting.unfinished.length, 1);
    assert.match(readError(collecting.unfinished[0]).message, /messages 0 are missing/);
    assert.equal(collecting.errors.length, 1);
    collecting.close();
  });

  it("sends a stream without an end to output 2 after the timeout of silence", () => {
    clock = sinon.useFakeTimers();
    const messages = createStreamMessages(["a", "b", "c"]);
    const collecting = new CollectWorld({ timeout: "10" });
    for (const message of messages.slice(0, 3)) {
      collecting.take(message);
      clock.tick(9_000);
    }
    assert.equal(collecting.unfinished.length, 0);
    clock.tick(1_100);
    const [message] = collecting.unfinished;
    assert.equal(message!.payload, "abc");
    assert.equal(message!.finishReason, "error");
    assert.equal(readError(message).code, "timeout");
    assert.equal(readError(message).partial, "abc");
    assert.deepEqual(
      collecting.errors.map(({ code }) => code),
      ["timeout"],
    );
    clock.tick(100_000);
    assert.equal(clock.countTimers(), 0);
  });

  it("sends a stream to output 2 soon after a deploy closed the node that it came from", () => {
    clock = sinon.useFakeTimers();
    const [first, second, third] = createStreamMessages(["a", "b", "c"]);
    const collecting = new CollectWorld().take(first!, createStreamMessages(["x"], {}, "other")[0]!);
    clock.tick(100_000);
    closedStreams.announce("stream");
    // A message that was on its way begins the wait anew.
    clock.tick(MAX_ORPHAN_WAIT_MS - 1);
    collecting.take(second!);
    clock.tick(MAX_ORPHAN_WAIT_MS - 1);
    assert.equal(collecting.unfinished.length, 0);
    clock.tick(1);
    const [message, ...more] = collecting.unfinished;
    assert.equal(more.length, 0, "no other stream ends");
    assert.equal(message!.payload, "ab");
    assert.equal(message!.finishReason, "error");
    assert.equal(readError(message).code, "interrupted");
    assert.equal(readError(message).partial, "ab");
    assert.deepEqual(
      collecting.errors.map(({ code }) => code),
      ["interrupted"],
    );
    collecting.take(third!);
    assert.equal(collecting.unfinished.length, 1);
    collecting.close();
    assert.equal(clock.countTimers(), 0);
  });

  it("ends a stream once if its last message comes after the node that it came from was closed", () => {
    clock = sinon.useFakeTimers();
    const messages = createStreamMessages(["a", "b"]);
    const collecting = new CollectWorld().take(messages[0]!);
    for (const id of ["stream", "stream", "unknown"]) closedStreams.announce(id);
    collecting.take(...messages.slice(1));
    clock.tick(10 * MAX_ORPHAN_WAIT_MS);
    assert.equal(collecting.finished.length, 1);
    assert.equal(collecting.unfinished.length + collecting.errors.length, 0);
    assert.equal(clock.countTimers(), 0);
  });

  it("sends nothing of a closed stream once it is closed itself", () => {
    clock = sinon.useFakeTimers();
    const collecting = new CollectWorld().take(createStreamMessages(["a"])[0]!);
    closedStreams.announce("stream");
    collecting.close();
    assert.equal(clock.countTimers(), 0);
    closedStreams.announce("stream");
    clock.tick(10 * MAX_ORPHAN_WAIT_MS);
    assert.equal(collecting.unfinished.length, 0);
  });

  it("ends each stream at its own timeout", () => {
    clock = sinon.useFakeTimers();
    const collecting = new CollectWorld({ timeout: 10 }).take(createStreamMessages(["a"], {}, "one")[0]!);
    clock.tick(4_000);
    collecting.take(createStreamMessages(["b"], {}, "two")[0]!);
    clock.tick(7_000);
    assert.deepEqual(
      collecting.unfinished.map(({ payload }) => payload),
      ["a"],
    );
    clock.tick(6_000);
    assert.equal(collecting.unfinished.length, 2);
  });

  it("ends a silent stream after ten minutes if the timeout is missing or not valid", () => {
    for (const timeout of [undefined, "", 0, -5, "soon"]) {
      clock = sinon.useFakeTimers();
      const collecting = new CollectWorld({ timeout }).take(createStreamMessages(["a"])[0]!);
      clock.tick(599_000);
      assert.equal(collecting.unfinished.length, 0);
      clock.tick(2_000);
      assert.equal(collecting.unfinished.length, 1);
      clock.restore();
    }
  });

  it("ends the oldest stream with limit if more than a thousand are open", () => {
    const collecting = new CollectWorld();
    for (let at = 0; at < 1001; at++) collecting.take(createStreamMessages([`text ${at}`], {}, `s${at}`)[0]!);
    const [message, ...more] = collecting.unfinished;
    assert.equal(more.length, 0);
    assert.equal(message!.payload, "text 0");
    assert.equal(readError(message).code, "limit");
    assert.equal(collecting.errors.length, 1);
    collecting.close();
  });

  it("sends the text of one stream or of all at msg.flush, and ignores their later messages", () => {
    const [first, second, third] = ["one", "two", "three"].map((id) =>
      createStreamMessages(["a", "b"], {}, id),
    );
    const collecting = new CollectWorld().take(first![0]!, second![0]!, third![0]!);
    collecting.take({ flush: true, parts: { id: "two", index: 0 } });
    assert.deepEqual(
      collecting.unfinished.map(({ payload }) => payload),
      ["a"],
    );
    assert.equal(readError(collecting.unfinished[0]).code, "interrupted");
    collecting.take({ flush: "" });
    assert.equal(collecting.unfinished.length, 3);
    collecting.take(...first!.slice(1), ...second!.slice(1), ...third!.slice(1));
    assert.equal(collecting.unfinished.length, 3);
    assert.equal(collecting.finished.length, 0);
    assert.equal(collecting.errors.length, 0);
  });

  it("forgets a stream at msg.reset without an error, and starts it again at index 0", () => {
    const messages = createStreamMessages(["a", "b"]);
    const collecting = new CollectWorld().take(messages[0]!);
    collecting.take({ reset: true, parts: { id: "stream", index: 0 } }, ...messages);
    assert.deepEqual(
      collecting.finished.map(({ payload }) => payload),
      ["ab"],
    );
    collecting.take({ reset: true, parts: { id: "stream", index: 0 } }, ...messages);
    assert.equal(collecting.finished.length, 2);
    assert.equal(collecting.unfinished.length, 0);
  });

  it("forgets all streams at a msg.reset without an id", () => {
    const collecting = new CollectWorld().take(
      createStreamMessages(["a"], {}, "one")[0]!,
      createStreamMessages(["b"], {}, "two")[0]!,
    );
    collecting.take({ reset: true });
    collecting.take(...createStreamMessages(["c"], {}, "three"));
    assert.equal(collecting.unfinished.length, 0);
    assert.equal(collecting.finished.length, 1);
  });

  it("ignores msg.cancel and waits for the last message of the cancelled stream", () => {
    const [first, , last] = createStreamMessages(["a", "b"], { finishReason: "cancelled" }) as [
      Message,
      Message,
      Message,
    ];
    const collecting = new CollectWorld().take(first, { cancel: true });
    assert.equal(collecting.unfinished.length, 0);
    collecting.take({ ...last, parts: { ...last.parts!, index: 1, count: 2 } });
    assert.equal(collecting.unfinished[0]!.payload, "a");
  });

  it("collects the text if a node on the way broke the chunks", () => {
    const broken = [
      7,
      {},
      { choices: {} },
      { choices: [null] },
      { choices: [{ index: -1, delta: {} }] },
    ].concat(
      [
        { content: 5 },
        { tool_calls: {} },
        { tool_calls: [{}] },
        { audio: "x" },
        { reasoning_content: [] },
      ].map((delta) => ({ choices: [{ index: 0, delta }] })) as never[],
    );
    for (const chunk of broken) {
      const [first, ...rest] = createStreamMessages(["a", "b"]);
      const { finished } = new CollectWorld().take({ ...first!, chunk }, ...rest);
      assert.equal(finished[0]!.payload, "ab", JSON.stringify(chunk));
    }
  });

  it("ends a stream with limit if its text grows too long", () => {
    const collecting = new CollectWorld();
    const large = "x".repeat(1_000_000);
    collecting.take(...createStreamMessages([large, large, large, large, large]).slice(0, 5));
    assert.equal(readError(collecting.unfinished[0]).code, "limit");
    assert.deepEqual(
      collecting.errors.map(({ code }) => code),
      ["limit"],
    );
  });

  it("shows the number of open streams in its status, and nothing if there is none", () => {
    clock = sinon.useFakeTimers();
    const messages = createStreamMessages(["a"]);
    const collecting = new CollectWorld().take(messages[0]!);
    clock.tick(1000);
    collecting.take(messages[1]!);
    clock.tick(1000);
    assert.equal(collecting.statuses[0]!.fill, "blue");
    assert.deepEqual(collecting.statuses.at(-1), {});
  });

  it("sends nothing when it is closed, and leaves no timer", () => {
    clock = sinon.useFakeTimers();
    const [first, second, last] = createStreamMessages(["a", "b"]) as [Message, Message, Message];
    const collecting = new CollectWorld().take(first, last, createStreamMessages(["a"], {}, "other")[0]!);
    collecting.close();
    assert.equal(clock.countTimers(), 0);
    collecting.take(second);
    assert.deepEqual([...collecting.finished, ...collecting.unfinished, ...collecting.errors], []);
  });
});
