import { createServer, type Server } from "node:https";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { dnsAnswers, httpsGet } from "../../../automation/failover/probe.ts";
import { makeAuthority, makeCertificate } from "../../../automation/site/certificates.ts";

let server: Server;
let url: string;
let ca: string;
let otherCa: string;
beforeAll(async () => {
  const authority = await makeAuthority("test");
  const leaf = await makeCertificate(authority, {
    commonName: "x",
    use: "server",
    dns: ["localhost"],
    ip: ["127.0.0.1"],
  });
  ca = authority.certificate;
  otherCa = (await makeAuthority("other")).certificate;
  server = createServer({ key: leaf.key, cert: leaf.certificate }, (request, response) => {
    if (request.url === "/silent") return;
    response.writeHead(request.url === "/moved" ? 301 : 503, { location: "/" }).end("body");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `https://localhost:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

test("an answer counts with its status and is not followed", async () => {
  expect(await httpsGet(url, { ca, timeoutMs: 2000 })).toEqual({ status: 503, body: "body" });
  expect(await httpsGet(`${url}/moved`, { ca, timeoutMs: 2000 })).toEqual({ status: 301, body: "body" });
});

test("a certificate of another authority, silence and a closed port are no answer", async () => {
  expect(await httpsGet(url, { ca: otherCa, timeoutMs: 2000 })).toBeNull();
  expect(await httpsGet(`${url}/silent`, { ca, timeoutMs: 200 })).toBeNull();
  expect(await httpsGet("https://localhost:1", { ca, timeoutMs: 2000 })).toBeNull();
});

test("a connection that is taken and never answered is given up long before the answer's own time", async () => {
  const mute = createTcpServer(() => {});
  await new Promise<void>((resolve) => mute.listen(0, "127.0.0.1", resolve));
  const { port } = mute.address() as AddressInfo;
  // Behind the test's own limit: without an earlier end the test fails.
  expect(await httpsGet(`https://localhost:${port}`, { ca, timeoutMs: 120_000 })).toBeNull();
  mute.close();
});

test("a name server that isn't there gives no answer in time", async () => {
  expect(await dnsAnswers({ server: "127.0.0.1", port: 1, name: "shop.lab.test", timeoutMs: 300 })).toBe(
    false,
  );
});
