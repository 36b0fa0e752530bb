import { type ChatRequest, cleanParameters, type WireRequest } from "../core/chat/request.js";
import { removeEchoFields } from "../core/chat/vendor-echo.js";
import { readErrorClues, toExcerpt } from "../core/errors/error-body.js";
import { followedBy } from "../core/errors/phrase.js";
import { Failure } from "../core/failure.js";
import type { Headers } from "../core/headers.js";
import { isObject, tryParseJson } from "../core/json/parse.js";
import { placeReasoning } from "./compatible/past-reasoning.js";
import type { Provider, ProviderMemory, ProviderSetting } from "./provider.js";
import type { Endpoint } from "./shared/endpoint.js";
import type { JobAccount, JobProtocol } from "./shared/job.js";
import {
  COMMON_ADVICE,
  OPENAI_ONLY,
  omitNulls,
  type ParameterRules,
  requireObject,
  SINGLE_TEXT_ANSWER,
  selectParameters,
} from "./shared/parameters.js";
import { describeRefusal, readResponseFailure } from "./shared/response-failure.js";
import { encodePathSegment, joinPathOnce } from "./shared/url.js";
import { buildBearerHeader, buildGetRequest, buildHeaders, buildPostRequest } from "./shared/wire-request.js";

const SETTINGS: readonly ProviderSetting[] = [
  { name: "team", kind: "text", required: true },
  { name: "jobType", kind: "text", value: "chat" },
  // The field was renamed in 2025; servers with either name are in use.
  { name: "modelField", kind: "choice", choices: ["model", "model_group", "both"], value: "model" },
];

const LABEL = "SaaS LLM API";

/** Parameters in the server's schema ("LLM body"). It silently ignores all others. */
const RULES: ParameterRules = {
  service: LABEL,
  supported: new Set([
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
  ]),
  // Two of these, `user` and `metadata`, go into the job instead.
  ignorable: {
    ...OPENAI_ONLY,
    ...SINGLE_TEXT_ANSWER,
    logprobs: (value) => value === false,
    parallel_tool_calls: (value) => value !== false,
  },
  advice: { ...COMMON_ADVICE, function_call: "Use tool_choice." },
};

/** How much of an error message the service records with a failed job. */
const MAX_REASON_CHARS = 500;

const JOB: JobProtocol = {
  checkRequest: (request) => void readParameters(request),
  buildCreateRequest: (endpoint, { type, user, metadata }) =>
    buildPost(endpoint, "jobs/create", {
      team_id: readTeam(endpoint),
      job_type: type ?? endpoint.settings?.["jobType"] ?? "chat",
      ...omitNulls({ user_id: user, metadata: metadata && requireObject(LABEL, "metadata", metadata) }),
    }),
  readJobId,
  buildCompleteRequest: (endpoint, id, status, reason) =>
    buildPost(endpoint, buildJobPath(id, "complete"), {
      status,
      ...(reason ? { error_message: toExcerpt(reason, MAX_REASON_CHARS) } : {}),
    }),
  readAccount,
};

/** SaaS LLM API (GittieLabs/SaasLiteLLM, `src/saas_api.py`): models for a team, billed in credits by job. */
export const SAAS_LLM_PROVIDER: Provider = {
  id: "saas-llm",
  label: LABEL,
  baseUrl: "http://localhost:8003/api",
  keyRequired: true,
  keyVariable: "SAAS_LLM_VIRTUAL_KEY",
  settings: SETTINGS,
  buildChatRequest: buildChatRequest,
  // It has no model list. Its balance shows whether address, key and team fit together.
  buildModelsRequest: buildBalanceRequest,
  readModelNames: readEmptyModelList,
  balance: { request: buildBalanceRequest, read: readCredits },
  readError: readFailure,
  job: JOB,
};

function buildChatRequest(request: ChatRequest, endpoint: Endpoint, memory: ProviderMemory): WireRequest {
  if (request.job === undefined) {
    throw new Failure(
      "configuration",
      `${LABEL} answers only within a job, and this request has none. Set its job.`,
    );
  }
  const field = endpoint.settings?.["modelField"] ?? "model";
  const body: Record<string, unknown> = {
    ...(field === "model_group" ? {} : { model: request.model }),
    ...(field === "model" ? {} : { model_group: request.model }),
    messages: placeReasoning(removeEchoFields(request.messages), { place: memory.reasoningPlace }),
    ...readParameters(request),
  };
  if (request.tools && request.tools.length > 0) body["tools"] = request.tools;
  return buildPost(endpoint, buildJobPath(request.job, "llm-call-stream"), body, "text/event-stream");
}

/** Picks the parameters that the server takes. Streaming is decided by the path. @throws Failure `invalid_request` */
function readParameters(request: ChatRequest): Record<string, unknown> {
  const { max_completion_tokens: maxTokens, stop, ...parameters } = cleanParameters(request);
  return {
    ...selectParameters(RULES, parameters),
    ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }),
    ...(stop === undefined ? {} : { stop: Array.isArray(stop) ? stop : [stop] }),
  };
}

function buildBalanceRequest(endpoint: Endpoint): WireRequest {
  const team = encodePathSegment(readTeam(endpoint), "The id of the team");
  return buildGetRequest(endpoint, buildUrl(endpoint, `credits/teams/${team}/balance`));
}

/** Reads a balance in place of a model list. @throws Failure `bad_response` if another kind of server answered */
function readEmptyModelList(body: unknown): string[] {
  if (isObject(body) && "credits_remaining" in body) return [];
  throw new Failure("bad_response", "The response is not the balance of a team. Check the base URL.");
}

function readCredits(body: unknown): string | undefined {
  const remaining = isObject(body) ? body["credits_remaining"] : undefined;
  return typeof remaining === "number" ? `${remaining} credits` : undefined;
}

function readJobId(body: unknown): string {
  const id = isObject(body) ? body["job_id"] : undefined;
  if (typeof id !== "string" || id === "") {
    throw new Failure(
      "bad_response",
      "The service created a job but its response has no id. Check the base URL.",
      { phase: "headers", retryable: false },
    );
  }
  return id;
}

function readAccount(body: unknown): JobAccount {
  const { status, costs } = isObject(body) ? body : {};
  const { credits_remaining: remaining, credit_applied: applied } = isObject(costs) ? costs : {};
  const usd = isObject(costs) ? costs["total_cost_usd"] : undefined;
  return {
    ...(typeof usd === "number" ? { costUsd: usd } : {}),
    // Responses have it in upper case, the documentation in lower case.
    status: typeof status === "string" ? status.toLowerCase() : "unknown",
    creditsRemaining: typeof remaining === "number" ? remaining : null,
    creditApplied: typeof applied === "boolean" ? applied : null,
  };
}

/** Words of a refusal for a lack of credits. */
const NO_CREDITS = [
  followedBy(/\b(insufficient|enough|any|no|out of) /gi, 40, /^(\w+ )?credits?\b/i),
  followedBy(/\bcredits? /gi, 40, /^(\w+ )?(exhausted|insufficient|used up)\b/i),
];

/** Quoted names of teams and models: they may contain the words above. */
const QUOTED_NAME = /\B'[^']*'\B|"[^"]*"/g;

/** Reads a refusal. A team without credits gets the same status 403 as one without access; only the words differ. */
function readFailure(status: number, headers: Headers, body: string, now: number): Failure {
  const failure = readResponseFailure(status, headers, body, now);
  const words = failure.message.replace(QUOTED_NAME, "");
  if (failure.code !== "permission" || !NO_CREDITS.some((pattern) => pattern.test(words))) return failure;
  const detail = readErrorClues(tryParseJson(body))?.message ?? toExcerpt(body);
  return new Failure(
    "insufficient_credits",
    describeRefusal("insufficient_credits", status, detail, "Check the balance of the team."),
    { ...failure.toJSON(), retryable: false },
  );
}

function readTeam(endpoint: Endpoint): string {
  const team = endpoint.settings?.["team"];
  if (typeof team !== "string" || team === "") {
    throw new Failure("configuration", `${LABEL} needs the id of your team. Enter it in the provider.`);
  }
  return team;
}

function buildJobPath(id: string, operation: string): string {
  return `jobs/${encodePathSegment(id, "The id of the job")}/${operation}`;
}

function buildPost(
  endpoint: Endpoint,
  path: string,
  body: unknown,
  accept = "application/json",
): WireRequest {
  return buildPostRequest(
    buildUrl(endpoint, path),
    buildHeaders(endpoint, buildBearerHeader(endpoint)),
    body,
    accept,
  );
}

function buildUrl({ baseUrl }: Endpoint, path: string): URL {
  return joinPathOnce(baseUrl, "api", path);
}
