import { describe, expect, test } from "@jest/globals";
import { databaseHost, onDatabase } from "../../../automation/remote/database-host.ts";
import type { RemoteCommand, RunOptions } from "../../../automation/remote/ssh.ts";

const outputs = {
  regions: {
    primary: { database: { engine: "mariadb", hostId: "primary/db-2", serverId: 1 } },
    secondary: null,
  },
};
const command = { argv: ["evenkeel-db", "fence"] };

function session(exitCode: number, stderr = "") {
  const calls: [string, RemoteCommand, RunOptions][] = [];
  const run = async (...call: [string, RemoteCommand, RunOptions]) => {
    calls.push(call);
    return { exitCode, stdout: "{}", stderr };
  };
  return { ssh: { run }, outputs, calls };
}

describe("a verb on a region's database host", () => {
  test("runs on the host that the stack names, else on the one named by its role", async () => {
    expect(databaseHost(outputs, "primary")).toEqual({ id: "primary/db-2" });
    expect(databaseHost(outputs, "secondary")).toEqual({ id: "secondary/database" });
    const site = session(0);
    const result = await onDatabase(site, { region: "primary", command, timeoutMs: 5000 });
    expect(result).toEqual({ exitCode: 0, stdout: "{}", stderr: "" });
    expect(site.calls).toEqual([["primary/db-2", command, { timeoutMs: 5000 }]]);
  });

  test("that refuses on facts ends with 12 and the host's words; any other failure with 1", async () => {
    const ask = (exitCode: number, stderr: string, more = {}) =>
      onDatabase(session(exitCode, stderr), { region: "primary", command, timeoutMs: 5000, ...more });
    await expect(ask(12, "a peer is newer\n")).rejects.toMatchObject({
      ...{ what: "primary/db-2 refuses", why: "a peer is newer", exitCode: 12 },
    });
    await expect(ask(4, "")).rejects.toMatchObject({ why: "exit code 4", exitCode: 1 });
    const otherwise = { what: "primary was not resumed", next: "npx evenkeel status" };
    await expect(ask(13, "busy", { otherwise })).rejects.toMatchObject({ ...otherwise, why: "busy" });
  });

  test("that may refuse gives a refusal back, and still throws every other failure", async () => {
    const ask = (exitCode: number) =>
      onDatabase(session(exitCode), { region: "primary", command, timeoutMs: 5000, mayRefuse: true });
    expect(await ask(12)).toMatchObject({ exitCode: 12 });
    await expect(ask(1)).rejects.toMatchObject({ exitCode: 1 });
  });
});
