import { toFailure } from "../../core/failure.js";
import type { AdminRequest, AdminResponse, NodeRed } from "../red/api.js";
import { DraftTests } from "./draft-tests.js";
import { requireMcpServer } from "./lookup.js";

/**
 * Adds the HTTP routes through which the editor uses an mcp-server: by the id of a deployed node, or as it stands in the
 * editor. A draft may start a program, so its route asks for the permission to deploy, with which one can start any.
 */
export function addMcpServerRoutes(red: NodeRed): void {
  const { httpAdmin } = red;
  if (!httpAdmin) return;
  const requireWrite = red.auth.needsPermission("flows.write");
  const test = async ({ params }: AdminRequest) => requireMcpServer(red, params["id"]).test();
  const drafts = new DraftTests(red);
  const describe = ({ identity, tools }: Awaited<ReturnType<typeof test>>) => ({
    ok: true,
    message: red._("mcp-server.test.ok", { ...identity, count: tools.length }),
    tools: tools.map(({ name }) => name),
  });
  const answer = (response: AdminResponse, work: Promise<object>) => {
    work.then(
      (body) => response.json(body),
      (thrown: unknown) => {
        const { code, message } = toFailure(thrown);
        response.json({ ok: false, code, message });
      },
    );
  };

  httpAdmin.get("/mcp-server/:id/tools", requireWrite, (request, response) =>
    answer(
      response,
      test(request).then(({ tools }) => ({
        tools: tools.map(({ name, description }) => ({ name, description })),
      })),
    ),
  );

  httpAdmin.post("/mcp-server/draft/test", requireWrite, (request, response) =>
    answer(
      response,
      drafts.test(request).then((tested) => ("ok" in tested ? tested : describe(tested))),
    ),
  );

  httpAdmin.post("/mcp-server/:id/test", requireWrite, (request, response) =>
    answer(response, test(request).then(describe)),
  );
}
