import { createServer } from "node:net";
import { describe, expect, test } from "@jest/globals";
import { choosePorts, portIsFree } from "../../../automation/lab/ports.ts";

const everyPort = async () => true;

describe("the outside ports of a site", () => {
  test("each place gets its own, the third place one for DNS as well, none twice", async () => {
    const ports = await choosePorts({ regions: ["primary", "secondary"], start: 20_000, isFree: everyPort });
    expect(ports).toEqual({
      primary: { ssh: 20_000, https: 20_001 },
      secondary: { ssh: 20_002, https: 20_003 },
      third: { ssh: 20_004, https: 20_005, dns: 20_006 },
    });
  });

  test("ports chosen earlier stay, though something (the site's own hosts) holds them", async () => {
    const existing = { primary: { ssh: 20_001, https: 20_002 } };
    const ports = await choosePorts({
      regions: ["primary", "secondary"],
      existing,
      start: 20_000,
      isFree: async (port) => port !== 20_001 && port !== 20_002,
    });
    expect(ports.primary).toEqual(existing.primary);
    expect(ports.secondary).toEqual({ ssh: 20_000, https: 20_003 });
  });

  test("ports in use and ports of other sites are passed over, past the end of the range", async () => {
    const ports = await choosePorts({
      regions: [],
      taken: [29_999],
      start: 29_998,
      isFree: async (port) => port !== 20_000,
    });
    expect(ports).toEqual({ third: { ssh: 29_998, https: 20_001, dns: 20_002 } });
  });

  test("a machine without a free port is an error, not a wait", async () => {
    await expect(choosePorts({ regions: ["primary"], isFree: async () => false })).rejects.toThrow(
      /no free port/,
    );
  });

  test("a port that something listens on is not free, and is free again afterwards", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen({ port: 0, host: "127.0.0.1" }, resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    expect(await portIsFree(port)).toBe(false);
    await new Promise((resolve) => server.close(resolve));
    expect(await portIsFree(port)).toBe(true);
  });
});
