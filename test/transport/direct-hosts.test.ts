import assert from "node:assert/strict";
import { hostname, networkInterfaces } from "node:os";
import { isPlainName, isThisMachine, NoProxy } from "../../src/transport/direct-hosts.js";

/** NO_PROXY, a URL that it names, and one that it does not. */
const ROWS: readonly (readonly [list: string, direct: readonly string[], proxied: readonly string[]])[] = [
  ["", [], ["http://a.example"]],
  ["*", ["http://a.example", "https://[::1]:8443", "http://10.0.0.1"], []],
  ["a.example", ["http://a.example", "https://a.example:8443"], ["http://b.example", "http://xa.example"]],
  ["a.example", ["http://sub.a.example", "http://a.example."], []],
  [".a.example", ["http://a.example", "http://sub.a.example"], ["http://xa.example"]],
  ["*.a.example", ["http://sub.a.example"], ["http://xa.example"]],
  ["A.Example", ["http://a.EXAMPLE"], []],
  ["bücher.example", ["http://xn--bcher-kva.example", "http://bücher.example"], []],
  ["a.example, b.example", ["http://a.example", "http://b.example"], ["http://c.example"]],
  ["a.example b.example\tc.example", ["http://c.example"], []],
  [",, a.example ,", ["http://a.example"], ["http://b.example"]],
  ["a.example:8080", ["http://a.example:8080", "https://sub.a.example:8080"], ["http://a.example"]],
  ["a.example:80", ["http://a.example"], ["https://a.example"]],
  ["a.example:443", ["https://a.example"], ["http://a.example"]],
  ["https://a.example/", ["http://a.example"], ["http://b.example"]],
  ["127.0.0.1", ["http://127.0.0.1:11434", "http://[::ffff:127.0.0.1]"], ["http://127.0.0.2"]],
  ["127.0.0.1:8080", ["http://127.0.0.1:8080"], ["http://127.0.0.1:8081"]],
  ["::1", ["http://[::1]:8080", "https://[::1]"], ["http://[::2]"]],
  ["localhost,127.0.0.1,::1", ["http://[::1]:8080"], ["http://[::2]"]],
  ["[::1]", ["http://[::1]"], ["http://[::2]"]],
  ["[::1]:8080", ["http://[::1]:8080"], ["http://[::1]:8081"]],
  ["2001:DB8:0:0:0:0:0:1", ["http://[2001:db8::1]"], ["http://[2001:db8::2]"]],
  ["10.0.0.0/8", ["http://10.1.2.3", "http://[::ffff:10.1.2.3]"], ["http://11.1.2.3", "http://a.example"]],
  ["192.168.1.0/24,172.16.0.0/12", ["http://192.168.1.9", "http://172.31.0.1"], ["http://192.168.2.9"]],
  ["fd00::/8", ["http://[fd12::1]"], ["http://[fe80::1]", "http://10.0.0.1"]],
  ["[fd00::]/8", ["http://[fd12::1]"], ["http://[fe80::1]"]],
  ["10.0.0.0/99, a:b:c, [, ::/129, http://", [], ["http://10.0.0.1", "http://a"]],
];

describe("NO_PROXY", () => {
  for (const [list, direct, proxied] of ROWS) {
    it(`“${list}” excepts ${direct.join(" and ") || "nothing"}${proxied.length > 0 ? `, and not ${proxied.join(", ")}` : ""}`, () => {
      const noProxy = new NoProxy(list);
      for (const url of direct) assert.equal(noProxy.has(new URL(url)), true, url);
      for (const url of proxied) assert.equal(noProxy.has(new URL(url)), false, url);
    });
  }
});

describe("This machine", () => {
  const ownAddress = Object.values(networkInterfaces())
    .flatMap((entries) => entries ?? [])
    .find(({ family }) => family === "IPv4")!.address;

  for (const host of [
    "localhost",
    "LOCALHOST",
    "localhost.",
    "ollama.localhost",
    "localhost.localdomain",
    "127.0.0.1",
    "127.1",
    "127.9.9.9",
    "2130706433",
    "0.0.0.0",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "host.docker.internal",
    hostname(),
    `${hostname()}.local`,
    ownAddress,
  ]) {
    it(`is ${host}`, () => assert.equal(isThisMachine(new URL(`http://${host}:8080/v1`)), true));
  }

  for (const host of [
    "localhost.example",
    "notlocalhost",
    "128.0.0.1",
    "1.127.0.1",
    "[::2]",
    "203.0.113.9",
  ]) {
    it(`is not ${host}`, () => assert.equal(isThisMachine(new URL(`http://${host}/v1`)), false));
  }

  it("is likely beside a name without a dot, such as that of a container", () => {
    assert.equal(isPlainName(new URL("http://ollama:11434")), true);
    for (const url of ["http://ollama.example", "http://10.0.0.1", "http://[fd00::1]"])
      assert.equal(isPlainName(new URL(url)), false, url);
  });
});
