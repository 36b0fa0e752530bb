/**
 * The runs of the tool-call-routers in this process that have begun and are not over. Between two turns nothing of a run is in
 * a chat-stream, which has to know all the same that it goes on.
 */
export class RunningRuns {
  /** What is called at the end of each. */
  private readonly runs = new Map<string, Set<() => void>>();

  has(run: string): boolean {
    return this.runs.has(run);
  }

  /** @returns ends the run; a second call does nothing */
  begin(run: string): () => void {
    this.runs.set(run, new Set());
    return () => {
      const listeners = this.runs.get(run) ?? [];
      this.runs.delete(run);
      for (const listener of listeners) listener();
    };
  }

  /** @param listener called once at the end of a run that has begun; must not throw @returns stops listening */
  onEnd(run: string, listener: () => void): () => void {
    const listeners = this.runs.get(run);
    listeners?.add(listener);
    return () => listeners?.delete(listener);
  }
}

/** The one of this process: routers and chat-streams of several flows work together. */
export const runningRuns: RunningRuns = new RunningRuns();
