import assert from "node:assert/strict";
import type { FailureCode } from "../../../src/core/failure.js";
import type { Fixture } from "../inputs/fixtures.js";
import { buildFinishChunk, buildTextChunk, DONE_RECORD, formatEventStream } from "../inputs/openai-chunks.js";
import { type PlayedStream, play } from "../inputs/replay.js";

/** The words of a short answer, and the chunks that bring them. */
export const FOUR_WORDS = ["One", " two", " three", " four"];
export const WORD_CHUNKS = FOUR_WORDS.map((word) => buildTextChunk(word));

/** A body that is played for what it does, not for what it is expected to become. */
export function createFixture(body: Buffer, more: Partial<Fixture> = {}): Fixture {
  return { name: "", body, expect: { texts: [] }, ...more };
}

/** Plays records. */
export function playRecords(...records: unknown[]): PlayedStream {
  return play(createFixture(formatEventStream(...records)));
}

export function collectTexts({ messages: told }: PlayedStream): string[] {
  return told.map((message) => message.text);
}

/** The text of each choice. */
export function collectContents({ result }: PlayedStream): (string | null)[] {
  return result.completion.choices.map(({ message }) => message.content);
}

/** Plays the four words with something else in the place before the k-th, for all k. */
export function playAtEachPlace(
  intruders: readonly unknown[],
  check: (played: PlayedStream, before: string) => void,
  more?: Partial<Fixture>,
): void {
  for (let place = 0; place <= WORD_CHUNKS.length; place++) {
    const records = [
      ...WORD_CHUNKS.slice(0, place),
      ...intruders,
      ...WORD_CHUNKS.slice(place),
      buildFinishChunk(),
      DONE_RECORD,
    ];
    check(play(createFixture(formatEventStream(...records), more)), FOUR_WORDS.slice(0, place).join(""));
  }
}

/** Checks that a stream failed, with the text that came before. */
export function expectFailure(
  code: FailureCode,
  partial: string = "",
): (played: PlayedStream, before?: string) => void {
  return ({ result }, before = partial) => {
    assert.equal(result.failure?.code, code, result.failure?.message);
    assert.equal(result.failure.partial, before);
    assert.equal(result.finishReason, "error");
  };
}
