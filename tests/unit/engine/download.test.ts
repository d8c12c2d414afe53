import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { download, whyUnreachable } from "../../../automation/engine/download.ts";
import { scratchFolder } from "./scratch.ts";

const scratch = scratchFolder();
const body = "an archive";
const sha256 = createHash("sha256").update(body).digest("hex");
let server: Server;
let base: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url === "/silent") return;
    response.statusCode = request.url === "/archive" ? 200 : 404;
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const fetchTo = (path: string, name: string, change: object = {}) =>
  download({ url: base + path, file: join(scratch, name), sha256, timeoutMs: 5_000, ...change });

describe("downloads", () => {
  test("a file with the pinned checksum is stored", async () => {
    expect(await fetchTo("/archive", "good")).toBeNull();
    expect(readFileSync(join(scratch, "good"), "utf8")).toBe(body);
  });

  test("a file with another checksum is refused, naming both, and not kept", async () => {
    const why = await fetchTo("/archive", "bad", { sha256: "0".repeat(64) });
    expect(why).toContain(sha256);
    expect(why).toContain("0".repeat(64));
    expect(existsSync(join(scratch, "bad"))).toBe(false);
  });

  test("an error page is not a file, and silence ends at the deadline", async () => {
    expect(await fetchTo("/missing", "missing")).toBe("HTTP 404");
    expect(existsSync(join(scratch, "missing"))).toBe(false);
    const startedAt = performance.now();
    expect(await fetchTo("/silent", "silent", { timeoutMs: 300 })).toMatch(/timeout|aborted/);
    expect(performance.now() - startedAt).toBeLessThan(4_000);
  });

  test("one address that answers is enough, and with none each one's reason is said", async () => {
    const nobody = "http://127.0.0.1:9/";
    expect(await whyUnreachable([nobody, `${base}/missing`])).toBeNull();
    expect(await whyUnreachable([nobody])).toMatch(/^127\.0\.0\.1:9: ./);
  });
});
