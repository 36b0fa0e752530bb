import { toFailure } from "../../core/failure.js";
import type { AdminRequest, AdminResponse, NodeRed } from "../red/api.js";
import { requireMcpServer } from "./lookup.js";

/**
 * Adds the HTTP routes through which the editor uses a deployed mcp-server. They check a permission and take the id of a
 * deployed node only, so nobody can start a program or send a token by them.
 */
export function addMcpServerRoutes(red: NodeRed): void {
  const { httpAdmin } = red;
  if (!httpAdmin) return;
  const requireWrite = red.auth.needsPermission("flows.write");
  const test = async ({ params }: AdminRequest) => requireMcpServer(red, params["id"]).test();
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

  httpAdmin.post("/mcp-server/:id/test", requireWrite, (request, response) =>
    answer(
      response,
      test(request).then(({ identity, tools }) => ({
        ok: true,
        message: red._("mcp-server.test.ok", { ...identity, count: tools.length }),
        tools: tools.map(({ name }) => name),
      })),
    ),
  );
}
