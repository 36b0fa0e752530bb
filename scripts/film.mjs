// Films a page of Chromium.

/** The shortest time that a frame is shown. */
const MIN_FRAME_MS = 80;

/** How long the last frame is shown. */
const LAST_FRAME_MS = 4_000;

/** What a page shows while time goes by, at most one frame each `MIN_FRAME_MS`. */
export class Film {
  #frames = [];
  #devtools;

  static async start(page) {
    const film = new Film();
    film.#devtools = await page.context().newCDPSession(page);
    film.#devtools.on("Page.screencastFrame", ({ data, metadata, sessionId }) => {
      film.#frames.push({ png: Buffer.from(data, "base64"), atMs: metadata.timestamp * 1000 });
      film.#devtools.send("Page.screencastFrameAck", { sessionId }).catch(() => {});
    });
    await film.#devtools.send("Page.startScreencast", { format: "png" });
    return film;
  }

  /** @returns the frames, each with the time until the next one */
  async stop() {
    await this.#devtools.send("Page.stopScreencast");
    const all = this.#frames;
    const shown = [];
    for (const frame of all)
      if (shown.length === 0 || frame === all.at(-1) || frame.atMs - shown.at(-1).atMs >= MIN_FRAME_MS)
        shown.push(frame);
    return shown.map(({ png, atMs }, at) => ({
      png,
      delayMs: at === shown.length - 1 ? LAST_FRAME_MS : Math.round(shown[at + 1].atMs - atMs),
    }));
  }
}
