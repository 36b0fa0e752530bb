import assert from "node:assert/strict";
import fc from "fast-check";
import type { ChatMessage, ToolCall } from "../../../src/core/chat/chunk.js";
import type { RunEffect } from "../../../src/node-red/tool-call-router/run-events.js";
import { anyRunHistory } from "../../support/worlds/run-history.js";
import { type Crash, RunPlayer } from "../../support/worlds/run-player.js";

const anyCrash: fc.Arbitrary<Crash> = fc.record({ step: fc.nat(25), isEarly: fc.boolean() });

/** Plays any history with a crash. `check` gets each step's effects; `end` the player. */
function checkAny(
  check: (player: RunPlayer) => {
    step?: (effects: readonly RunEffect[]) => void;
    end?: (player: RunPlayer) => void;
  },
): void {
  fc.assert(
    fc.property(anyRunHistory, anyCrash, (history, crash) => {
      const player = new RunPlayer(history, undefined, crash);
      const { step, end } = check(player);
      player.play(step);
      end?.(player);
    }),
    { numRuns: 2000 },
  );
}

describe("A kept run of a tool-call-router, wherever its process ends", function () {
  this.timeout(120_000);

  it("makes no call twice, and none before it is stored", () => {
    checkAny(() => {
      const ids = new Set<string>();
      return {
        step: (effects) => {
          for (const effect of effects) {
            if (effect.type !== "call") continue;
            assert.ok(!ids.has(effect.call.id), effect.call.id);
            ids.add(effect.call.id);
          }
        },
        end: ({ isLost, reader }) => {
          if (isLost && !reader.hasEnded) assert.equal(ids.size, 0);
        },
      };
    });
  });

  it("asks for each turn once, and for one of them twice at most", () => {
    checkAny(() => {
      const rounds: number[] = [];
      return {
        step: (effects) => {
          for (const effect of effects)
            if (effect.type === "ask") rounds.push((effect.tag as { round: number }).round);
        },
        end: () => assert.ok(rounds.length - new Set(rounds).size <= 1, String(rounds)),
      };
    });
  });

  it("gives its reader the text of every turn once, after a reset, with one end", () => {
    checkAny(() => ({
      end: ({ isLost, reader, expectedText }) => {
        if (isLost) return;
        assert.ok(reader.hasEnded);
        assert.equal(reader.text, expectedText);
      },
    }));
  });

  it("asks with the results of all calls, in their order, as if nothing had happened", () => {
    checkAny((player) => ({
      step: (effects) => {
        for (const effect of effects) {
          if (effect.type !== "ask") continue;
          const messages = effect.message["messages"] as ChatMessage[];
          assert.deepEqual(messages[0], { role: "user", content: "Hi" });
          const from = messages.findLastIndex(({ role }) => role === "assistant");
          const ids = (messages[from]!["tool_calls"] as ToolCall[]).map(({ id }) => id);
          assert.deepEqual(
            messages.slice(from + 1).map(({ role, tool_call_id: id }) => [role, id]),
            ids.map((id) => ["tool", id]),
          );
          assert.equal((effect.tag as { run: string }).run, player.run.record.key);
        }
      },
    }));
  });

  it("is stored as plain data that becomes the same run again", () => {
    fc.assert(
      fc.property(anyRunHistory, fc.nat(25), (history, step) => {
        const whole = new RunPlayer(history, undefined, { step: -1, isEarly: false }).play();
        const cut = new RunPlayer(history, undefined, { step, isEarly: true });
        let wasCalling = false;
        cut.play((_effects, event, phase) => {
          if (event.type === "resumed") wasCalling = phase === "calling";
        });
        // Where tools were at work, nothing is lost: the run ends as it would have ended.
        if (wasCalling) assert.equal(cut.reader.text, whole.reader.text);
      }),
      { numRuns: 1000 },
    );
  });
});
