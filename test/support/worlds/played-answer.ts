import assert from "node:assert/strict";
import type { FailureCode } from "../../../src/core/failure.js";
import { DONE, type Fixture, finish, sse, text } from "../inputs/fixtures.js";
import { type Played, play } from "../inputs/replay.js";

/** The words of a short answer, and the chunks that bring them. */
export const WORDS = ["One", " two", " three", " four"];
export const TEXTS = WORDS.map((word) => text(word));

/** A body that is played for what it does, not for what it is expected to become. */
export function anyFixture(body: Buffer, more: Partial<Fixture> = {}): Fixture {
  return { name: "", body, expect: { texts: [] }, ...more };
}

/** Plays records. */
export function playing(...records: unknown[]): Played {
  return play(anyFixture(sse(...records)));
}

export function textsOf({ told }: Played): string[] {
  return told.map((message) => message.text);
}

/** The text of each choice. */
export function contentOf({ result }: Played): (string | null)[] {
  return result.completion.choices.map(({ message }) => message.content);
}

/** Plays the four words with something else in the place before the k-th, for all k. */
export function atEachPlace(
  intruders: readonly unknown[],
  check: (played: Played, before: string) => void,
  more?: Partial<Fixture>,
): void {
  for (let place = 0; place <= TEXTS.length; place++) {
    const records = [...TEXTS.slice(0, place), ...intruders, ...TEXTS.slice(place), finish(), DONE];
    check(play(anyFixture(sse(...records), more)), WORDS.slice(0, place).join(""));
  }
}

/** Checks that a stream failed, with the text that came before. */
export function failsWith(
  code: FailureCode,
  partial: string = "",
): (played: Played, before?: string) => void {
  return ({ result }, before = partial) => {
    assert.equal(result.failure?.code, code, result.failure?.message);
    assert.equal(result.failure.partial, before);
    assert.equal(result.finishReason, "error");
  };
}
