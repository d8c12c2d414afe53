import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { addStock, type LedgerAccess, ordersOf, unitsLeft } from "../../../automation/drill/order-ledger.ts";
import { exitCodes } from "../../../automation/errors.ts";
import { makeAuthority, makeCertificate } from "../../../automation/site/certificates.ts";

/** The ledger as components/host/files/ledger/ledger.php answers, in what the drill asks of it. */
let server: Server;
let access: LedgerAccess;
let ids: string[];
let refusals: number;
let asked: string[];

beforeAll(async () => {
  const authority = await makeAuthority("shop");
  const names = { commonName: "localhost", use: "server" as const, dns: ["localhost"], ip: [] };
  const own = await makeCertificate(authority, names);
  server = createServer({ cert: own.certificate, key: own.key }, (request, response) => {
    const url = new URL(request.url ?? "", "https://localhost");
    asked.push(`${request.method} ${url.pathname} ${request.headers["x-evenkeel-ledger-key"]}`);
    if (refusals > 0) {
      refusals -= 1;
      response.writeHead(503).end("later");
      return;
    }
    const given = (name: string) => url.searchParams.get(name) as string;
    if (url.pathname.endsWith("/stock")) {
      response.writeHead(request.method === "POST" ? 201 : 200).end('{"item":"tea","units":7}');
      return;
    }
    const found = ids
      .filter((id) => id >= given("from") && id <= given("to"))
      .slice(0, Number(given("limit")));
    response.end(JSON.stringify({ orders: found.map((id) => ({ id, item: "tea" })) }));
  });
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
  const { port } = server.address() as AddressInfo;
  access = { url: `https://localhost:${port}`, ca: authority.certificate, key: "the key" };
});
afterAll(() => new Promise((resolve) => server.close(resolve)));
beforeEach(() => {
  ids = [];
  refusals = 0;
  asked = [];
});

const twice = { attempts: 2, pauseMs: 10 };
const numbered = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, n) => `${prefix}-1-${String(n).padStart(6, "0")}`);

test("all orders of a drill are found, in as many pages as they take, and no other one's", async () => {
  ids = [
    ...numbered("d0r1", 3),
    ...numbered("d1r1", 20_001),
    "d1r1-pinned-000001",
    ...numbered("d1r10", 3),
  ].sort();
  const found = await ordersOf(access, "d1r1");
  expect(found?.size).toBe(20_002);
  expect([...(found ?? [])].every((id) => id.startsWith("d1r1-"))).toBe(true);
  expect(asked).toHaveLength(3);
  expect(await ordersOf(access, "d2r1")).toEqual(new Set());
});

test("a site that refuses for a moment is asked again, and one that goes on is unknown, not empty", async () => {
  refusals = 1;
  expect(await unitsLeft(access, "tea", twice)).toBe(7);
  refusals = 2;
  expect(await unitsLeft(access, "tea", twice)).toBeNull();
  refusals = 2;
  expect(await ordersOf(access, "d1r1", twice)).toBeNull();
});

test("an item that the site does not take is a refusal (exit 12), with the key in no word of it", async () => {
  await addStock(access, "tea", 9);
  expect(asked).toEqual(["POST /evenkeel-ledger/stock the key"]);
  refusals = 1;
  const error = await addStock(access, "tea", 9).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ exitCode: exitCodes.refused });
  expect(JSON.stringify(error)).not.toContain("the key");
});
