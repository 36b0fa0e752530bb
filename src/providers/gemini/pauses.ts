import type { PauseProtocol } from "../provider.js";

/** Field with what stands for the answer so far: of the candidate, and of the request for the rest. */
const TOKEN = "continuationToken";

/**
 * A long answer may end with the reason `CONTINUATION`, because one request writes only so many tokens. The same request
 * with the token of the answer gets the rest (@google/genai 3.3, `Candidate.continuationToken`).
 */
export const GEMINI_PAUSES: PauseProtocol = {
  continuesCalls: true,
  isPause: (reason) => reason === "CONTINUATION",
  // The same token again would only repeat the last part.
  canContinue: ({ [TOKEN]: token }, { parameters }) =>
    typeof token === "string" && token !== "" && token !== parameters?.[TOKEN],
  buildNextRequest: (request, { [TOKEN]: token }) => ({
    ...request,
    parameters: { ...request.parameters, [TOKEN]: token },
  }),
};
