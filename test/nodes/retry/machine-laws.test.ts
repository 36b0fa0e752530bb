import assert from "node:assert/strict";
import fc from "fast-check";
import type { FailureData } from "../../../src/core/failure.js";
import { readFailure, readRestarts } from "../../../src/node-red/messages/stream-message.js";
import type { Message } from "../../../src/node-red/red/api.js";
import type { RetryEffect, RetryEvent } from "../../../src/node-red/retry/events.js";
import { anyDamagedHistory, anyRetryHistory } from "../../support/worlds/retry-history.js";
import { RetryPlayer } from "../../support/worlds/retry-player.js";

type Phase = RetryPlayer["stream"]["state"]["phase"];

/** Checks one step: what happened in which phase, and what the machine wanted. */
type CheckStep = (effects: readonly RetryEffect[], event: RetryEvent, phase: Phase) => void;

/** Plays any history. `watch` gets the player, and returns what checks each step and the end. */
function checkAny(
  watch: (player: RetryPlayer) => { step?: CheckStep; end?: () => void },
  anyHistory = anyRetryHistory,
): void {
  fc.assert(
    fc.property(anyHistory, (history) => {
      const player = new RetryPlayer(history);
      const { step, end } = watch(player);
      player.play(step);
      end?.();
    }),
    { numRuns: 1000 },
  );
}

function select<T extends RetryEffect["type"]>(
  effects: readonly RetryEffect[],
  type: T,
): (RetryEffect & { type: T })[] {
  return effects.filter((effect): effect is RetryEffect & { type: T } => effect.type === type);
}

/** Whether an event brings the last message of a request's stream. */
function isLast(event: RetryEvent): event is RetryEvent & { type: "message" } {
  return event.type === "message" && event.message["complete"] === true;
}

/** Empties a message, as a reader may do with what it got. */
function ruin(message: Message): void {
  for (const part of [message.parts, message.chunk, message])
    for (const key of Object.keys((part ?? {}) as object)) delete (part as Message)[key];
}

describe("Machine of a retry node, whatever happens in whatever state", function () {
  this.timeout(120_000);

  for (const [title, anyHistory] of [
    ["", anyRetryHistory],
    [", even if a flow has damaged messages", anyDamagedHistory],
  ] as const) {
    it(`gives its reader one stream without gaps, with one end, after which it does nothing${title}`, () => {
      checkAny(({ stream, reader }) => {
        let ends = 0;
        return {
          step: (effects) => {
            if (ends > 0) assert.deepEqual(effects, []);
            ends += select(effects, "end").length;
            assert.equal(ends, reader.hasEnded ? 1 : 0, "the end comes with the last message");
            if (ends > 0) assert.equal(effects.at(-1)?.type ?? "end", "end");
          },
          end: () => {
            assert.equal(ends, 1);
            assert.equal(stream.state.phase, "ended");
          },
        };
      }, anyHistory);
    });
  }

  it("lets no damaged message end a stream", () => {
    checkAny(
      () => ({
        step: (effects) => {
          for (const { failure } of select(effects, "report"))
            assert.equal(failure.code, "timeout", failure.stack);
        },
      }),
      anyDamagedHistory,
    );
  });

  it("is done with each last message that came, once, when another request leaves or the stream ends", () => {
    checkAny(() => {
      let held = 0;
      return {
        step: (effects, event, phase) => {
          if (isLast(event) && phase === "passing") held++;
          assert.ok(held <= 1);
          const isOver = select(effects, "ask").length + select(effects, "end").length > 0;
          assert.equal(select(effects, "done").length, isOver ? 1 : 0);
          if (isOver) held = 0;
        },
        end: () => assert.equal(held, 0),
      };
    });
  });

  it("says once of each request, at once, whether it is answered or has failed, unless it is cancelled before", () => {
    checkAny(() => {
      let isOpen = true;
      return {
        step: (effects, event, phase) => {
          const settled = select(effects, "settle").map(({ failure }) => failure?.code);
          const isNews = phase === "passing" && ["message", "restarted"].includes(event.type);
          if (!isOpen || !(isNews || (event.type === "lost" && phase !== "waiting")))
            assert.deepEqual(settled, []);
          else if (isLast(event)) assert.deepEqual(settled, [readFailure(event.message)?.code]);
          else assert.deepEqual(settled, [event.type === "lost" ? "timeout" : undefined]);
          if (settled.length + select(effects, "end").length > 0) isOpen = false;
          if (select(effects, "ask").length > 0) isOpen = true;
        },
      };
    });
  });

  it("asks only when the wait is over and the route lets it, and waits before each request", () => {
    checkAny(() => {
      let mayAsk = false;
      let isDue = false;
      return {
        step: (effects, { type }) => {
          if (type === "admitted") mayAsk = isDue;
          for (const effect of effects) {
            if (effect.type === "wait") isDue = mayAsk = false;
            if (effect.type === "enterQueue") {
              assert.equal(type, "due");
              assert.equal(isDue, false);
              isDue = true;
            }
            if (effect.type === "ask") {
              assert.ok(mayAsk || (type === "due" && effect.route === "fallback"));
              isDue = mayAsk = false;
            }
          }
        },
      };
    });
  });

  it("never waits for less than nothing, nor longer than the service's hint and the backoff allow", () => {
    checkAny(({ settings }) => ({
      step: (effects) => {
        for (const { milliseconds } of select(effects, "wait"))
          assert.ok(milliseconds >= 0 && milliseconds <= 2 * settings.maxDelay, `${milliseconds} ms`);
      },
    }));
  });

  it("asks each output at most as often as set, and twice more if a service refuses to continue", () => {
    checkAny(({ settings }) => {
      const asked = { again: 1, fallback: 0 };
      let refused = 0;
      return {
        step: (effects, event, phase) => {
          if (isLast(event) && phase === "passing") {
            const { retryable, partial } = (event.message.error ?? {}) as Partial<FailureData>;
            refused = retryable === false && partial === "" ? refused + 1 : 0;
          }
          for (const { route } of select(effects, "ask")) {
            if (route === "again") assert.equal(asked.fallback, 0, "nothing goes back from the fallback");
            assert.ok(
              ++asked[route] <= settings.attempts + Math.min(refused, 2),
              `${asked[route]} by ${route}`,
            );
          }
        },
      };
    });
  });

  it("names in a request's tag exactly what the reader has", () => {
    checkAny(({ reader, stream }) => ({
      step: (effects) => {
        for (const { tag, message, route } of select(effects, "ask")) {
          const { id, attempts, recovery } = stream.record;
          assert.deepEqual([tag.stream, tag.route, tag.attempt], [id, route, attempts]);
          assert.equal(tag.messagesSent, recovery === "restart" ? undefined : reader.count);
          assert.equal(tag.continues !== undefined, recovery === "prefill" || recovery === "quote");
          assert.deepEqual((message["askedBy"] as unknown[]).at(-1), tag);
          assert.equal(message.payload, "");
        }
      },
    }));
  });

  it("lets a service continue exactly the text that the reader has of the turn", () => {
    checkAny(({ reader }) => ({
      step: (effects) => {
        for (const { tag, message } of select(effects, "ask")) {
          if (!tag.continues) continue;
          const answer = (message["messages"] as { content: string }[]).at(-tag.continues.added)!;
          const text = answer.content + tag.continues.echo;
          assert.ok(text.trim() !== "" && reader.text.endsWith(text), JSON.stringify([text, reader.text]));
        }
      },
    }));
  });

  it("repeats a request as it was only if the reader has nothing of its turn", () => {
    checkAny(({ reader, stream, isTextKnown }) => ({
      step: (effects) => {
        if (select(effects, "ask").length === 0 || stream.record.recovery !== "repeat") return;
        if (isTextKnown) assert.equal(reader.text, stream.record.finishedTurnsText);
      },
    }));
  });

  it("says in an error exactly the text that the reader has", () => {
    checkAny((player) => ({
      step: (effects) => {
        for (const { message } of select(effects, "send")) {
          const { error, finishReason, complete } = message;
          if (complete) assert.equal(finishReason === "error", error !== undefined);
          if (error && player.isTextKnown) assert.equal((error as FailureData).partial, player.reader.text);
        }
        for (const { failure, message } of select(effects, "report")) {
          assert.equal((message.error as FailureData).partial, failure.partial);
        }
      },
    }));
  });

  it("takes text back from its reader only once something new has come", () => {
    checkAny(() => ({
      step: (effects, { type }) => {
        const resets = select(effects, "send").filter(({ message }) => message["reset"] === true);
        if (resets.length > 0) assert.ok(["message", "restarted"].includes(type));
        for (const { message } of resets) assert.ok(readRestarts(message) > 0);
      },
    }));
  });

  it("sends and asks nothing but plain data", () => {
    checkAny(() => ({
      step: (effects) => {
        for (const effect of effects) {
          if (effect.type !== "send" && effect.type !== "ask") continue;
          assert.deepEqual(JSON.parse(JSON.stringify(effect)), effect);
        }
      },
    }));
  });

  it("does the same again if the same happens, and whatever the reader does with its messages", () => {
    fc.assert(
      fc.property(anyRetryHistory, (history) => {
        const { log } = new RetryPlayer(history).play();
        assert.deepEqual(new RetryPlayer(history).play().log, log);
        assert.deepEqual(new RetryPlayer(history, ruin).play().log, log);
      }),
      { numRuns: 1000 },
    );
  });
});
