import assert from "node:assert/strict";
import {
  buildEmptyResult,
  type ChatProgress,
  type ChatResult,
  NO_PROGRESS,
} from "../../../src/client/chat-types.js";
import { Failure } from "../../../src/core/failure.js";
import type { LiveSource } from "../../../src/node-red/live-view/live-source.js";
import { type EndRow, LiveStreams } from "../../../src/node-red/live-view/live-streams.js";
import {
  type LiveSnapshot,
  MAX_ENDED_ROWS,
  MAX_RUNNING_ROWS,
  type StreamRow,
} from "../../../src/node-red/live-view/rows.js";
import { FakeClock } from "../../support/worlds/fake-clock.js";

/** A stream that a test moves by hand. */
class PlayedStream implements LiveSource {
  readonly node = "ask";
  readonly attempt = 1;
  readonly round = 1;
  model = "demo";
  progress: ChatProgress | undefined;
  /** How often the price was looked up. */
  lookups = 0;
  stops = 0;

  constructor(
    readonly stream = "s1",
    readonly name = "Ask",
    private readonly provider = { id: "p1", name: "Mine" },
  ) {}

  findProvider = () => this.provider;
  readModel = () => this.model;
  readProgress = () => this.progress;
  measureRequest = () => 400;
  estimateCost = (input: number, output: number) => {
    this.lookups++;
    return { usd: (input + output) / 1e6, source: "prices" as const };
  };
  stop = () => {
    this.stops++;
  };

  advance(progress: Partial<ChatProgress>): void {
    this.progress = { ...NO_PROGRESS, ...this.progress, ...progress };
  }
}

const MINUTE_MS = 60_000;

describe("The streams of the live view", () => {
  let clock: FakeClock;
  let live: LiveStreams;
  let cursor: string;

  beforeEach(() => {
    clock = new FakeClock();
    live = new LiveStreams(clock);
    cursor = "";
  });

  /** Asks for what has changed, as the editor does. */
  function look(): LiveSnapshot {
    const snapshot = live.takeSnapshot(cursor);
    cursor = snapshot.cursor;
    return snapshot;
  }

  function begin(stream = new PlayedStream()): { stream: PlayedStream; end: EndRow } {
    return { stream, end: live.begin(stream) };
  }

  const createResult = (changes: Partial<ChatResult> = {}): ChatResult => ({
    ...buildEmptyResult("complete"),
    ...changes,
  });

  const createCounted = (input: number, output: number, usd: number | null): ChatResult => {
    const empty = buildEmptyResult("complete");
    return createResult({
      stats: { ...empty.stats, chunks: 5, firstTokenMs: 80, durationMs: 240 },
      closing: { ...empty.closing, usage: { prompt_tokens: input, completion_tokens: output } },
      cost: usd === null ? null : { usd, source: "service" },
    });
  };

  it("shows a stream from waiting to its end, with what is estimated until the service has counted", async () => {
    const { stream, end } = begin();
    const [waiting] = look().streams as [StreamRow];
    assert.equal(waiting.state, "waiting");
    assert.deepEqual(waiting.facts, {
      stream: "s1",
      node: "ask",
      name: "Ask",
      provider: "Mine",
      model: "demo",
      attempt: 1,
      round: 1,
      startedAt: 1_000,
    });
    stream.advance({});
    assert.equal(look().streams[0]!.state, "asking");
    stream.advance({ chunks: 3, firstTokenMs: 120, contentSize: 40, toolCalls: 1 });
    assert.deepEqual(look().streams, [
      {
        id: 1,
        state: "streaming",
        chunks: 3,
        firstTokenMs: 120,
        durationMs: null,
        rate: null,
        tokens: { input: 100, output: 10, isEstimate: true },
        cost: { usd: 0.00011, isEstimate: true },
        toolCalls: 1,
      },
    ]);
    await clock.advance(2_000);
    end(createCounted(90, 12, 0.002));
    const { streams, running } = look();
    assert.equal(running, 0);
    assert.deepEqual(streams, [
      {
        id: 1,
        state: "complete",
        chunks: 5,
        firstTokenMs: 80,
        durationMs: 2_000,
        rate: 25,
        tokens: { input: 90, output: 12, isEstimate: false },
        cost: { usd: 0.002, isEstimate: false },
        toolCalls: 1,
      },
    ]);
  });

  it("sends a row again only if it has changed, and its names only once", () => {
    const { stream } = begin();
    begin(new PlayedStream("s2"));
    assert.equal(look().streams.length, 2);
    assert.deepEqual(look().streams, []);
    stream.advance({ chunks: 1 });
    const { streams } = look();
    assert.deepEqual(
      streams.map(({ id, facts }) => ({ id, facts })),
      [{ id: 1, facts: undefined }],
    );
    stream.model = "other";
    assert.equal(look().streams[0]!.facts?.model, "other");
  });

  it("gives each of two readers what that one has not seen", () => {
    const { stream } = begin();
    const first = live.takeSnapshot(undefined);
    stream.advance({ chunks: 1 });
    const second = live.takeSnapshot(first.cursor);
    stream.advance({ chunks: 2 });
    assert.equal(live.takeSnapshot(second.cursor).streams[0]!.chunks, 2);
    // The slower one has missed a snapshot, but no change.
    assert.equal(live.takeSnapshot(first.cursor).streams[0]!.chunks, 2);
  });

  it("shows how a stream failed by its code and status, without the sentence", () => {
    const { end } = begin();
    const failure = new Failure("rate_limit", "The service says: secret question", { status: 429 });
    end(createResult({ outcome: "failed", failure }));
    const snapshot = look();
    assert.deepEqual(snapshot.streams[0]!.error, { code: "rate_limit", status: 429 });
    assert.doesNotMatch(JSON.stringify(snapshot), /secret question/);
  });

  it("ends the row of a closed node as cancelled, with what had come", () => {
    const { stream, end } = begin();
    stream.advance({ chunks: 2, contentSize: 8 });
    end(undefined);
    const { state, chunks, tokens } = look().streams[0]!;
    assert.deepEqual([state, chunks, tokens], ["cancelled", 2, { input: 100, output: 2, isEstimate: true }]);
  });

  it("ends a row once, and adds it up once", () => {
    const { end } = begin();
    end(createCounted(1, 1, 1));
    end(buildEmptyResult("failed", new Failure("timeout", "Too late.")));
    const { streams, totals } = look();
    assert.deepEqual([streams[0]!.state, totals![0]!.streams, totals![0]!.failed], ["complete", 1, 0]);
  });

  it("estimates no cost while nobody watches, and seldom while somebody does", () => {
    const unseen = begin();
    unseen.stream.advance({ chunks: 1, contentSize: 400 });
    unseen.end(createCounted(1, 1, null));
    assert.equal(unseen.stream.lookups, 0);
    const { stream } = begin(new PlayedStream("s2"));
    for (let chunks = 1; chunks <= 1000; chunks++) {
      stream.advance({ chunks, contentSize: chunks * 4 });
      look();
    }
    assert.ok(stream.lookups > 10 && stream.lookups < 100, String(stream.lookups));
  });

  it("stops a running stream by the number of its row, and says if there is none", () => {
    const { stream, end } = begin();
    assert.equal(live.stop(1), true);
    assert.equal(live.stop(2), false);
    assert.equal(live.stop(Number.NaN), false);
    end(undefined);
    assert.equal(live.stop(1), false);
    assert.equal(stream.stops, 1);
  });

  it("shows the oldest of many running streams, counts all, and moves up the next if one ends", () => {
    const ends = Array.from(
      { length: MAX_RUNNING_ROWS + 50 },
      (_, at) => begin(new PlayedStream(`s${at}`)).end,
    );
    const { streams, running } = look();
    assert.deepEqual([streams.length, running], [MAX_RUNNING_ROWS, MAX_RUNNING_ROWS + 50]);
    assert.equal(streams.at(-1)!.id, MAX_RUNNING_ROWS);
    ends[0]!(undefined);
    const next = look().streams;
    assert.deepEqual(
      next.map(({ id }) => id),
      [1, MAX_RUNNING_ROWS + 1],
    );
    assert.ok(next[1]!.facts);
  });

  it("remembers the latest ended streams, and tells a reader who has forgotten ones to begin again", () => {
    const stays = begin(new PlayedStream("stays"));
    const lost = begin(new PlayedStream("lost"));
    look();
    lost.end(undefined);
    for (let count = 0; count < MAX_ENDED_ROWS; count++) begin(new PlayedStream(`s${count}`)).end(undefined);
    const { isWhole, streams } = look();
    assert.equal(isWhole, true);
    assert.equal(streams.length, MAX_ENDED_ROWS + 1);
    assert.ok(streams.every(({ facts }) => facts && facts.stream !== "lost"));
    assert.equal(streams.at(-1)!.facts!.stream, stays.stream.stream);
    assert.equal(look().isWhole, false);
  });

  it("gives everything to a reader of another process, and for a cursor that is none", () => {
    begin();
    look();
    for (const odd of [
      undefined,
      "",
      "x",
      ["a"],
      { a: 1 },
      `${cursor}9.9`,
      "other.1",
      new LiveStreams(clock).takeSnapshot("").cursor,
    ]) {
      const { isWhole, streams } = live.takeSnapshot(odd);
      assert.deepEqual([isWhole, streams.length], [true, 1], String(odd));
    }
  });

  it("makes names printable and short, whatever a flow has set them to", () => {
    const stream = new PlayedStream("s1", `\u001b[31m${"x".repeat(500)}`);
    stream.model = { not: "a text" } as unknown as string;
    begin(stream);
    const { name, model } = look().streams[0]!.facts!;
    assert.ok(name.length <= 80 && !name.includes("\u001b"));
    assert.equal(model, "");
  });

  it("adds up the last hour of each provider, minute by minute, the busiest first", async () => {
    const other = { id: "p2", name: "Other" };
    begin().end(createCounted(10, 5, 0.5));
    await clock.advance(30 * MINUTE_MS);
    begin().end(createCounted(1, 1, null));
    begin(new PlayedStream("s3", "", other)).end(
      createResult({ outcome: "failed", failure: new Failure("timeout", "Late.") }),
    );
    const [mine, theirs] = look().totals!;
    assert.deepEqual(
      { ...mine, minutes: undefined, failures: undefined },
      {
        provider: "p1",
        name: "Mine",
        streams: 2,
        failed: 0,
        inputTokens: 11,
        outputTokens: 6,
        usd: 0.5,
        unpriced: 1,
        minutes: undefined,
        failures: undefined,
      },
    );
    assert.deepEqual([mine!.minutes.length, mine!.minutes.at(-31), mine!.minutes.at(-1)], [60, 1, 1]);
    // A request that failed before any content was billed by nobody.
    assert.deepEqual(
      [theirs!.name, theirs!.failed, theirs!.unpriced, theirs!.failures.at(-1)],
      ["Other", 1, 0, 1],
    );
    await clock.advance(31 * MINUTE_MS);
    assert.deepEqual(
      look().totals!.map(({ streams }) => streams),
      [1, 1],
    );
    await clock.advance(60 * MINUTE_MS);
    assert.deepEqual(look().totals, []);
  });

  it("adds up no estimate: a stream whose tokens and cost nobody has told counts as one without a price", () => {
    const { stream, end } = begin();
    stream.advance({ chunks: 2, contentSize: 80 });
    look();
    end(undefined);
    const { streams, totals } = look();
    assert.ok(streams[0]!.cost!.isEstimate && streams[0]!.cost!.usd > 0);
    const { usd, inputTokens, outputTokens, unpriced } = totals![0]!;
    assert.deepEqual(
      { usd, inputTokens, outputTokens, unpriced },
      { usd: 0, inputTokens: 0, outputTokens: 0, unpriced: 1 },
    );
  });

  it("measures the rate from the first chunk on, without the wait for a turn", async () => {
    const { end } = begin();
    await clock.advance(60_000);
    end(createCounted(1, 1, 1));
    const { durationMs, rate } = look().streams[0]!;
    assert.deepEqual([durationMs, rate], [60_000, 25]);
  });

  it("names the model that answered if the request names none", () => {
    const { stream, end } = begin();
    stream.model = "";
    look();
    const result = createResult();
    end({ ...result, closing: { ...result.closing, model: "the-only-one" } });
    assert.equal(look().streams[0]!.facts!.model, "the-only-one");
  });

  it("sends the sums only if they have changed, or the minute has", async () => {
    assert.ok(look().totals);
    const { end } = begin();
    assert.equal(look().totals, undefined);
    end(createCounted(1, 1, 1));
    assert.equal(look().totals!.length, 1);
    assert.equal(look().totals, undefined);
    await clock.advance(MINUTE_MS);
    assert.equal(look().totals!.length, 1);
  });
});
