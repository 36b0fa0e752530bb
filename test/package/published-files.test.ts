import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EXAMPLES } from "../support/flows/examples.js";
import { ROOT } from "../support/root.js";
import {
  type NodeRedProcess,
  startNodeRed,
  VERSIONS,
  type Version,
} from "../support/runtime/node-red-process.js";
import { packInto, type Tarball } from "../support/runtime/tarball.js";

const NAME = "@deltaflow/node-red-chat-stream";
const TYPES = [
  ...["chat-endpoint", "chat-in", "chat-out", "chat-provider", "chat-stream", "collect", "delta-buffer"],
  ...["budget", "mcp-server", "retry", "speech-stream", "tool-call-router"],
];

const PLUGINS = ["streams"];

/** A set of nodes, as the admin API of Node-RED lists it. */
interface NodeSet {
  module: string;
  types: string[];
  err?: string;
}

describe("Published package", function () {
  this.timeout(180_000);
  let folder: string;
  let tarball: Tarball;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "chat-stream-package-"));
    tarball = packInto(folder);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("K20 contains the files that a user needs and no others", () => {
    for (const type of [...TYPES, ...PLUGINS]) {
      for (const ending of ["js", "html"])
        assert.ok(tarball.files.includes(`dist/nodes/${type}.${ending}`), type);
      assert.ok(tarball.files.includes(`dist/nodes/locales/en-US/${type}.json`), type);
    }
    for (const file of ["README.md", "LICENSE", "CHANGELOG.md", "package.json", "dist/src/index.d.ts"]) {
      assert.ok(tarball.files.includes(file), file);
    }
    const unexpected = tarball.files.filter(
      (file) =>
        !/^(dist\/(src|nodes)\/|examples\/[^/]+\/[^/]+\.json$|README\.md$|LICENSE$|CHANGELOG\.md$|package\.json$)/.test(
          file,
        ),
    );
    assert.deepEqual(unexpected, []);
    assert.deepEqual(
      tarball.files.filter((file) => /\.editor\.|\.test\.|\.env|flows[^/]*\.json/.test(file)),
      [],
    );
  });

  it("K20 depends only on packages that run on Node.js 20.18 and have no install scripts", () => {
    const { dependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    assert.ok(Object.keys(dependencies).length <= 3);
    for (const name of Object.keys(dependencies)) {
      const dependency = JSON.parse(readFileSync(join(ROOT, "node_modules", name, "package.json"), "utf8"));
      const [, major, minor = "0"] = /(\d+)(?:\.(\d+))?/.exec(dependency.engines?.node ?? "0")!;
      assert.ok(
        Number(major) < 20 || (Number(major) === 20 && Number(minor) <= 18),
        `${name} needs Node.js ${major}.${minor}`,
      );
      assert.equal(dependency.scripts?.install ?? dependency.scripts?.postinstall, undefined, name);
    }
  });

  it("exports ./core as a library with types", () => {
    const user = mkdtempSync(join(folder, "library-"));
    writeFileSync(join(user, "package.json"), "{}");
    execFileSync("npm", ["install", "--no-audit", "--no-fund", tarball.path], { cwd: user, stdio: "ignore" });
    writeFileSync(
      join(user, "use.mts"),
      `import { chatStream, PROVIDERS, startDemoServer, StreamConsumedError, type Completion } from "${NAME}/core";
const server = await startDemoServer({ pace: 0 });
await using stream = chatStream({ provider: "custom", baseUrl: server.baseUrl, apiKey: server.apiKey,
  model: "demo", messages: [{ role: "user", content: "count to 3" }] });
let text = "";
for await (const delta of stream.collectWithDeltas()) text += delta;
const whole: Completion | null = stream.finalResponse;
let refused: unknown;
try { stream.textDeltas(); } catch (error) { refused = error; }
await server.close();
export const providers = PROVIDERS;
export const memory = {} satisfies Parameters<typeof chatStream>[0]["memory"];
console.log(JSON.stringify({ same: whole?.choices[0]?.message.content === text, text, refused: refused instanceof StreamConsumedError }));
`,
    );
    const [, sample] = /```ts\n(.*?)```/s.exec(readFileSync(join(ROOT, "README.md"), "utf8"))!;
    writeFileSync(join(user, "readme.mts"), sample!);
    writeFileSync(
      join(user, "tsconfig.json"),
      JSON.stringify({
        compilerOptions: {
          target: "ES2022",
          lib: ["ES2023", "ESNext.Disposable"],
          module: "node16",
          strict: true,
          exactOptionalPropertyTypes: true,
          declaration: true,
          types: ["node"],
          typeRoots: [join(ROOT, "node_modules/@types")],
        },
        files: ["use.mts", "readme.mts"],
      }),
    );
    execFileSync(process.execPath, [join(ROOT, "node_modules/typescript/bin/tsc"), "-p", user], {
      stdio: "inherit",
    });
    const printed = execFileSync(VERSIONS["5"].node, [join(user, "use.mjs")], { encoding: "utf8" });
    const { same, text, refused } = JSON.parse(printed);
    assert.deepEqual({ same, refused }, { same: true, refused: true });
    assert.match(text, /1.*2.*3/s);
  });

  for (const version of Object.keys(VERSIONS) as Version[]) {
    describe(`in ${VERSIONS[version].label}`, () => {
      let red: NodeRedProcess;

      before(async () => {
        red = await startNodeRed({ version, userDir: mkdtempSync(join(folder, `user-${version}-`)) });
      });
      after(() => red.stop());

      it("installs from an upload in the palette manager and registers its node types at once", async () => {
        const form = new FormData();
        form.append("tarball", new Blob([readFileSync(tarball.path)]), "package.tgz");
        const response = await fetch(`${red.url}/nodes`, { method: "POST", body: form });
        assert.equal(response.status, 200, `${await response.clone().text()}\n${red.getOutput()}`);
        const sets = (await fetchJson<NodeSet[]>(`${red.url}/nodes`)).filter(({ module }) => module === NAME);
        assert.deepEqual(sets.flatMap(({ types }) => types).sort(), [...TYPES].sort());
        for (const set of sets) assert.equal(set.err, undefined, JSON.stringify(set));
        const plugins = await fetchJson<{ id: string; err?: string }[]>(`${red.url}/plugins`);
        const own = plugins.filter(({ id }) => id.startsWith(`${NAME}/`));
        assert.deepEqual(
          own.map(({ id, err }) => ({ id, err })),
          PLUGINS.map((stem) => ({ id: `${NAME}/${stem}`, err: undefined })),
        );
      });

      it("serves the icons, the labels and the help of its nodes", async () => {
        const icons = (await fetchJson<Record<string, string[]>>(`${red.url}/icons`))[NAME]!;
        for (const icon of readdirSync(join(ROOT, "icons"))) assert.ok(icons.includes(icon), icon);
        for (const type of [...TYPES, ...PLUGINS]) {
          const catalogue = await fetchJson<Record<string, object>>(
            `${red.url}/locales/${NAME}/${type}?lng=en-US`,
          );
          assert.ok(Object.keys(catalogue[type] ?? {}).length > 0, type);
        }
        const page = await (await fetch(`${red.url}/nodes`, { headers: { accept: "text/html" } })).text();
        for (const type of TYPES) {
          assert.ok(page.includes(`data-template-name="${type}"`), type);
          assert.ok(page.includes(`data-help-name="${type}"`), type);
        }
      });

      it("serves the tab Streams of the sidebar, and what it shows", async () => {
        const page = await (await fetch(`${red.url}/plugins`, { headers: { accept: "text/html" } })).text();
        assert.ok(page.includes(`[red-plugin:${NAME}/streams]`));
        assert.ok(page.includes("RED.sidebar.addTab"));
        const { running, streams } = await fetchJson<{ running: number; streams: object[] }>(
          `${red.url}/chat-streams`,
        );
        assert.deepEqual({ running, streams }, { running: 0, streams: [] });
      });

      it("offers its examples in the menu Import > Examples", async () => {
        const menu = `${red.url}/library/examples/flows/${NAME}`;
        assert.ok(EXAMPLES.length > 0);
        for (const { path } of EXAMPLES) {
          const [folder, name] = path.split("/").map(encodeURIComponent);
          const offered = JSON.stringify(await fetchJson<unknown>(`${menu}/${folder}`));
          assert.ok(offered.includes(decodeURIComponent(name!)), path);
          const flow = await fetchJson<unknown>(`${menu}/${folder}/${name}`);
          assert.ok(Array.isArray(flow) && flow.length > 0, path);
        }
      });
    });
  }
});

async function fetchJson<T>(url: string): Promise<T> {
  return (await fetch(url, { headers: { accept: "application/json" } })).json() as Promise<T>;
}
