import assert from "node:assert/strict";
import type { FailureCode } from "../../../src/core/failure.js";
import type { Fixture } from "../inputs/fixtures.js";
import { buildFinishChunk, buildTextChunk, DONE_RECORD, formatEventStream } from "../inputs/openai-chunks.js";
import { type PlayedStream, play } from "../inputs/replay.js";

/** The words of a short answer. */
export const FOUR_WORDS = ["One", " two", " three", " four"];

/** A chunk for each of the four words. */
export const WORD_CHUNKS = FOUR_WORDS.map((word) => buildTextChunk(word));

/** Creates a fixture without an expected result, for `play`. */
export function createFixture(body: Buffer, more: Partial<Fixture> = {}): Fixture {
  return { name: "", body, expect: { texts: [] }, ...more };
}

/** Plays an event stream with these records. */
export function playRecords(...records: unknown[]): PlayedStream {
  return play(createFixture(formatEventStream(...records)));
}

/** Collects the text of each message. */
export function collectTexts({ messages }: PlayedStream): string[] {
  return messages.map(({ text }) => text);
}

/** Collects the text of each choice. */
export function collectContents({ result }: PlayedStream): (string | null)[] {
  return result.completion.choices.map(({ message }) => message.content);
}

/** Plays the four words with other records inserted, once at each place. @param check gets the words before it */
export function playAtEachPlace(
  inserted: readonly unknown[],
  check: (played: PlayedStream, before: string) => void,
  more?: Partial<Fixture>,
): void {
  for (let place = 0; place <= WORD_CHUNKS.length; place++) {
    const records = [
      ...WORD_CHUNKS.slice(0, place),
      ...inserted,
      ...WORD_CHUNKS.slice(place),
      buildFinishChunk(),
      DONE_RECORD,
    ];
    check(play(createFixture(formatEventStream(...records), more)), FOUR_WORDS.slice(0, place).join(""));
  }
}

/** Creates a check that a stream failed with this code and partial text. */
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
