import { wantsBackground } from "./build-wire.js";
import { ChatRun } from "./chat-run.js";
import type { ChatObserver, ChatSetup, StartedRun } from "./chat-types.js";
import { JobRun } from "./job-run.js";
import { BackgroundRun } from "./kept/background-run.js";

/**
 * Starts a stream, by the run that fits: `BackgroundRun` if the service keeps the answer, `JobRun` if it bills by job, else
 * `ChatRun`. Never throws: failures reach `observer.onEnd()`, after this function has returned.
 */
export function startRun(setup: ChatSetup, observer: ChatObserver): StartedRun {
  const named = fillInModel(setup);
  const { background, job } = setup.provider;
  const isKept = setup.resume !== undefined || wantsBackground(setup.request);
  if (isKept && background?.isOffered(setup.endpoint)) return new BackgroundRun(named, observer);
  return job ? new JobRun(named, job, observer) : new ChatRun(named, observer);
}

/** Fills in the model of a request that names none, if the service has one of its own. */
function fillInModel(setup: ChatSetup): ChatSetup {
  const { provider, endpoint, request } = setup;
  if (request.model) return setup;
  const model = provider.chooseModel?.(endpoint);
  return model ? { ...setup, request: { ...request, model } } : setup;
}
