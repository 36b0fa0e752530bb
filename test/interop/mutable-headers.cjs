/**
 * Gives the responses of `fetch` headers that can be changed. The gateway is made for a runtime in which they can, and
 * changes those of a stream; in Node.js it would answer 500.
 */
const { fetch: fetchUnchanged, Response } = globalThis;

globalThis.fetch = async (...request) => {
  const { body, status, statusText, headers } = await fetchUnchanged(...request);
  return new Response(body, { status, statusText, headers });
};
