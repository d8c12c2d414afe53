import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { openSsh } from "../../../automation/remote/ssh.ts";

describe("a host that can't be reached", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), "ssh-dial-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** A port of this machine on which nothing listens. */
  const closedPort = { alias: "primary/gateway", host: "127.0.0.1", port: 1, user: "deploy", hostKey: null };

  test("does not dial again a host that it dialed in vain a moment ago, where it is to be spared that", async () => {
    const dials = async (redialAfterSeconds: number) => {
      let count = 0;
      const server = createServer((socket) => {
        count += 1;
        socket.destroy();
      }).listen(0, "127.0.0.1");
      await once(server, "listening");
      const { port } = server.address() as AddressInfo;
      const host = { ...closedPort, port, dialAttempts: 1, dialTimeoutSeconds: 2, redialAfterSeconds };
      const directory = path.join(folder, `again${redialAfterSeconds}`);
      const session = await openSsh({ directory, privateKey: "KEY", hosts: [host] });
      for (let i = 0; i < 3; i++) {
        const asked = session.run(host.alias, { argv: ["true"] }, { timeoutMs: 5000 });
        await expect(asked).rejects.toMatchObject({ code: expect.stringMatching(/^ssh-/) });
      }
      await session.close();
      server.close();
      return count;
    };
    expect(await dials(0)).toBe(3);
    expect(await dials(60)).toBe(1);
  });

  test("begins all connections at once where it is told to, and says of a dead one what the first dial came to", async () => {
    const hosts = ["one", "two"].map((alias) => ({
      ...closedPort,
      alias,
      dialAttempts: 1,
      redialAfterSeconds: 60,
    }));
    const session = await openSsh({ directory: path.join(folder, "all"), privateKey: "KEY", hosts });
    session.dial(["one", "two"], { timeoutMs: 5000 });
    for (const { alias } of hosts) {
      const asked = session.run(alias, { argv: ["true"] }, { timeoutMs: 5000 });
      await expect(asked).rejects.toMatchObject({ code: "ssh-unreachable" });
    }
    await session.close();
  });
});
