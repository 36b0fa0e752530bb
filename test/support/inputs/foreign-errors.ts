import type { FailureCode } from "../../../src/core/failure.js";

/** Errors in a response with status 200, in the forms of many services and gateways: the record, its code, its words. */
export const FOREIGN_ERRORS: readonly (readonly [record: object, code: FailureCode, words: string])[] = [
  [{ code: 500, msg: "The model cannot be reached", success: false }, "server_error", "cannot be reached"],
  [{ code: "InternalError", message: "Backend died", request_id: "r" }, "server_error", "Backend died"],
  [{ error_code: 336100, error_msg: "internal fault" }, "server_error", "internal fault"],
  [{ errorCode: "E500", errorMessage: "The backend is gone" }, "server_error", "backend is gone"],
  [
    { success: false, errors: [{ code: 7009, message: "No upstream" }], result: null },
    "server_error",
    "No up",
  ],
  [{ errors: [{ message: "GPU fell off", code: "gpu_error" }] }, "server_error", "GPU fell off"],
  [{ errors: "just words" }, "server_error", "just words"],
  [{ choices: null, code: 20015, message: "Cannot reach the model" }, "server_error", "Cannot reach"],
  [{ choices: [], status: 500, title: "Broken", detail: "It broke" }, "server_error", "It broke"],
  [
    { id: "x", choices: [], error_message: "sampler failed", error_code: "sampler" },
    "server_error",
    "sampler",
  ],
  [{ code: 401, msg: "The token is wrong", success: false }, "authentication", "token is wrong"],
  [{ code: "1302", message: "Rate limit reached for requests" }, "rate_limit", "Rate limit"],
  [{ statusCode: 429, message: "Slow down, please" }, "rate_limit", "Slow down"],
  [{ err_code: 17, err_msg: "The prompt exceeds 8000 tokens" }, "context_length", "exceeds"],
  [{ type: "error", msg: "went wrong" }, "server_error", "went wrong"],
  [{ status: "error", reason: "worker crashed" }, "server_error", "worker crashed"],
  [{ event: "error", code: "unavailable", message: "try later" }, "overloaded", "try later"],
  [{ object: "error", msg: "engine dead", code: 500 }, "server_error", "engine dead"],
  [{ error: true, message: "The backend failed" }, "server_error", "The backend failed"],
  [{ Error: { Code: "ServiceUnavailable", Message: "No room left" } }, "overloaded", "No room"],
  [{ ErrorMsg: { Msg: "engine stopped", Code: 500 } }, "server_error", "engine stopped"],
  [{ header: { code: 10110, message: "engine lost", sid: "x" } }, "server_error", "engine lost"],
  [{ base_resp: { status_code: 1000, status_msg: "unknown fault" } }, "server_error", "unknown fault"],
  [{ throttlingException: { message: "Rate exceeded" } }, "rate_limit", "Rate exceeded"],
  [{ message: "Rate exceeded", __type: "ThrottlingException" }, "rate_limit", "Rate exceeded"],
  [{ internalServerException: { message: "It broke inside" } }, "server_error", "It broke inside"],
  [{ message: "Internal server error" }, "server_error", "Internal server error"],
  [{ Message: "An error has occurred." }, "server_error", "An error"],
  [{ ok: false, description: "was stopped" }, "server_error", "was stopped"],
  [{ response: { error: { message: "inner trouble", code: 500 } } }, "server_error", "inner trouble"],
  [{ data: null, code: 50001, message: "unknown" }, "server_error", "unknown"],
  [{ error: { errorMessage: "deep words", errorType: "Timeout" } }, "timeout", "deep words"],
  [{ detail: { error: "deep detail" } }, "server_error", "deep detail"],
  [{ error: '{"message":"quoted words","code":429}' }, "rate_limit", "quoted words"],
];

/** Records that report no error, though they have fields of errors. */
export const NO_ERRORS: readonly object[] = [
  { status: "processing" },
  { status: "queued", message: "Waiting for a free slot" },
  { code: 0, message: "Success", choices: [] },
  { code: 200, msg: "ok", choices: [] },
  { success: true },
  { error: null },
  { errors: [] },
  { error: { code: 0, message: "" } },
  { base_resp: { status_code: 0, status_msg: "success" } },
  { choices: [], usage: { prompt_tokens: 1, completion_tokens: 4, total_tokens: 5 }, status: "ok" },
];

/** What services answer for a path that they do not have. */
export const UNKNOWN_PATHS: readonly unknown[] = [
  { error: "Unexpected endpoint or method. (POST /chat/completions)" },
  { error: "Not Found" },
  { detail: "Not Found" },
  { message: "no Route matched with those values" },
  { error: { message: "Invalid URL (POST /chat/completions)" } },
  { error: { message: "Unknown request URL: POST /x. Please check the URL for typos" } },
  { code: 404, msg: "path does not exist" },
  { error: "Cannot POST /chat/completions" },
  { error: "Method Not Allowed" },
  "404 page not found",
  "Not Found",
];
