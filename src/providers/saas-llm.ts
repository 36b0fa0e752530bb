import { type ChatRequest, cleanParameters, type WireRequest } from "../core/chat/request.js";
import { removeEchoFields } from "../core/chat/vendor-echo.js";
import { readErrorClues, toExcerpt } from "../core/errors/error-body.js";
import type { Headers } from "../core/errors/retry-hint.js";
import { Failure } from "../core/failure.js";
import { isObject, tryParseJson } from "../core/json/parse.js";
import type { Provider, ProviderSetting } from "./provider.js";
import type { Endpoint } from "./shared/endpoint.js";
import type { JobAccount, JobProtocol } from "./shared/job.js";
import {
  type IgnorableParameters,
  isTextOnly,
  knownOnly,
  OPENAI_ONLY,
  omitNulls,
  requireObject,
} from "./shared/parameters.js";
import { readResponseFailure } from "./shared/response-failure.js";
import { encodePathSegment, joinPathOnce } from "./shared/url.js";
import { buildBearerHeader, buildGetRequest, buildHeaders, buildPostRequest } from "./shared/wire-request.js";

const SETTINGS: readonly ProviderSetting[] = [
  { name: "team", kind: "text", required: true },
  { name: "jobType", kind: "text", value: "chat" },
  // The field was renamed in 2025, and both kinds of servers are about.
  { name: "modelField", kind: "choice", choices: ["model", "model_group", "both"], value: "model" },
];

const LABEL = "SaaS LLM API";

/** Parameters of its schema ("LLM body"). What else it is sent, it passes over without a word. */
const FIELDS: ReadonlySet<string> = new Set([
  "purpose",
  "call_metadata",
  "temperature",
  "max_tokens",
  "top_p",
  "frequency_penalty",
  "presence_penalty",
  "stop",
  "response_format",
  "tool_choice",
]);

/** Others that make no difference with these values. `user` and `metadata` are the job's. */
const HARMLESS: IgnorableParameters = {
  ...OPENAI_ONLY,
  n: (value) => value === 1,
  logprobs: (value) => value === false,
  parallel_tool_calls: (value) => value !== false,
  modalities: isTextOnly,
};

const INSTEAD: Readonly<Record<string, string>> = {
  functions: "Use tools.",
  function_call: "Use tool_choice.",
  n: "Send the request several times.",
};

/** Longest text of an error that the service is told. */
const LONGEST_REASON = 500;

const JOB: JobProtocol = {
  checkRequest: ({ parameters }) => void parametersFrom(parameters),
  buildCreateRequest: (endpoint, { type, user, metadata }) =>
    post(endpoint, "jobs/create", {
      team_id: teamOf(endpoint),
      job_type: type ?? endpoint.settings?.["jobType"] ?? "chat",
      ...omitNulls({ user_id: user, metadata: metadata && requireObject(LABEL, "metadata", metadata) }),
    }),
  readJobId: created,
  buildCompleteRequest: (endpoint, id, status, reason) =>
    post(endpoint, jobPath(id, "complete"), {
      status,
      ...(reason ? { error_message: toExcerpt(reason, LONGEST_REASON) } : {}),
    }),
  readAccount: completed,
};

/** SaaS LLM API (GittieLabs/SaasLiteLLM, `src/saas_api.py`): a team's models behind jobs that are charged in credits. */
export const SAAS_LLM: Provider = {
  id: "saas-llm",
  label: LABEL,
  baseUrl: "http://localhost:8003/api",
  keyRequired: true,
  keyVariable: "SAAS_LLM_VIRTUAL_KEY",
  settings: SETTINGS,
  chat,
  // It has no list of models; the balance tells whether address, key and team fit together.
  models: balanceRequest,
  modelNames: noNames,
  balance: { request: balanceRequest, read: balanceIn },
  failure,
  job: JOB,
};

function chat(request: ChatRequest, endpoint: Endpoint): WireRequest {
  if (request.job === undefined) throw new Failure("configuration", "This service answers in jobs only.");
  const field = endpoint.settings?.["modelField"] ?? "model";
  const body: Record<string, unknown> = {
    ...(field === "model_group" ? {} : { model: request.model }),
    ...(field === "model" ? {} : { model_group: request.model }),
    messages: removeEchoFields(request.messages),
    ...parametersFrom(request.parameters),
  };
  if (request.tools && request.tools.length > 0) body["tools"] = request.tools;
  return post(endpoint, jobPath(request.job, "llm-call-stream"), body, "text/event-stream");
}

/** The path decides about streaming, and usage cannot be asked for. @throws Failure `invalid_request` */
function parametersFrom(given: ChatRequest["parameters"]): Record<string, unknown> {
  const { max_completion_tokens: most, stop, ...parameters } = cleanParameters(given);
  return {
    ...knownOnly(LABEL, parameters, FIELDS, HARMLESS, INSTEAD),
    ...(most === undefined ? {} : { max_tokens: most }),
    ...(stop === undefined ? {} : { stop: Array.isArray(stop) ? stop : [stop] }),
  };
}

function balanceRequest(endpoint: Endpoint): WireRequest {
  const team = encodePathSegment(teamOf(endpoint), "The id of the team");
  return buildGetRequest(endpoint, api(endpoint, `credits/teams/${team}/balance`));
}

/** @throws Failure `bad_response` where it was not the service that answered */
function noNames(body: unknown): string[] {
  if (isObject(body) && "credits_remaining" in body) return [];
  throw new Failure("bad_response", "The answer is not a team's balance. Check the base URL.");
}

function balanceIn(body: unknown): string | undefined {
  const remaining = isObject(body) ? body["credits_remaining"] : undefined;
  return typeof remaining === "number" ? `${remaining} credits` : undefined;
}

function created(body: unknown): string {
  const id = isObject(body) ? body["job_id"] : undefined;
  if (typeof id !== "string" || id === "") {
    throw new Failure(
      "bad_response",
      "The service began a job and did not tell its id. Check the base URL.",
      {
        phase: "headers",
        retryable: false,
      },
    );
  }
  return id;
}

function completed(body: unknown): JobAccount {
  const { status, costs } = isObject(body) ? body : {};
  const { credits_remaining: remaining, credit_applied: applied } = isObject(costs) ? costs : {};
  return {
    // In upper case on the wire, in lower case in its documentation.
    status: typeof status === "string" ? status.toLowerCase() : "unknown",
    creditsRemaining: typeof remaining === "number" ? remaining : null,
    creditApplied: typeof applied === "boolean" ? applied : null,
  };
}

/** That there are too few credits. */
const NO_CREDITS =
  /\b(insufficient|enough|any|no|out of)( \w+)? credits?\b|\bcredits? (\w+ )?(exhausted|insufficient|used up)\b/i;

/** What somebody has called a team or a model. */
const QUOTED = /\B'[^']*'\B|"[^"]*"/g;

/** A team without credits gets the same 403 as one without access: only the words tell them apart. */
function failure(status: number, headers: Headers, body: string, now: number): Failure {
  const said = readResponseFailure(status, headers, body, now);
  if (said.code !== "permission" || !NO_CREDITS.test(said.message.replace(QUOTED, ""))) return said;
  const detail = readErrorClues(tryParseJson(body))?.message ?? toExcerpt(body);
  return new Failure(
    "insufficient_credits",
    `The service answered ${status}: ${detail} — Check the balance of the team.`,
    { ...said.toJSON(), retryable: false },
  );
}

function teamOf(endpoint: Endpoint): string {
  const team = endpoint.settings?.["team"];
  if (typeof team !== "string" || team === "") {
    throw new Failure("configuration", "SaaS LLM API needs the id of your team. Enter it in the provider.");
  }
  return team;
}

function jobPath(id: string, step: string): string {
  return `jobs/${encodePathSegment(id, "The id of the job")}/${step}`;
}

function post(endpoint: Endpoint, path: string, body: unknown, accept = "application/json"): WireRequest {
  return buildPostRequest(
    api(endpoint, path),
    buildHeaders(endpoint, buildBearerHeader(endpoint)),
    body,
    accept,
  );
}

function api({ baseUrl }: Endpoint, path: string): URL {
  return joinPathOnce(baseUrl, "api", path);
}
