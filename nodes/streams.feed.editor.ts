/// <reference path="editor/red.d.ts" />

/** Asks the runtime what has changed, as long as the tab is seen. */
namespace StreamFeed {
  export type Snapshot = import("../src/node-red/live-view/rows.js").LiveSnapshot;

  /** Why nothing comes: the user may not read, or the runtime does not answer. */
  export type Trouble = "forbidden" | "offline";

  export interface Listener {
    onSnapshot(snapshot: Snapshot): void;
    onTrouble(trouble: Trouble): void;
  }

  const INTERVAL_MS = 500;
  /** After a failure. */
  const RETRY_MS = 5_000;

  /** Follows the streams while an element is on the screen. A tab that is hidden or in the background asks nothing. */
  export function follow(element: HTMLElement, listener: Listener): void {
    let cursor = "";
    let timer: number | undefined;
    let isSeen = false;
    let isAsking = false;

    const plan = (milliseconds: number) => {
      window.clearTimeout(timer);
      timer = undefined;
      if (isSeen && !document.hidden && !isAsking) timer = window.setTimeout(ask, milliseconds);
    };
    const settle = (milliseconds: number) => {
      isAsking = false;
      plan(milliseconds);
    };
    const ask = () => {
      isAsking = true;
      $.getJSON(`chat-streams?cursor=${encodeURIComponent(cursor)}`).then(
        (snapshot: Snapshot) => {
          cursor = snapshot.cursor;
          listener.onSnapshot(snapshot);
          settle(INTERVAL_MS);
        },
        ({ status }: { status: number }) => {
          listener.onTrouble(status === 401 || status === 403 ? "forbidden" : "offline");
          settle(RETRY_MS);
        },
      );
    };

    new IntersectionObserver((entries) => {
      isSeen = entries[entries.length - 1]!.isIntersecting;
      plan(0);
    }).observe(element);
    document.addEventListener("visibilitychange", () => plan(0));
  }
}
