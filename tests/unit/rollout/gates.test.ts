import { describe, expect, test } from "@jest/globals";
import { UserError } from "../../../automation/errors.ts";
import type { SiteOutputs } from "../../../automation/hosts.ts";
import type { RemoteCommand, SshSession } from "../../../automation/remote/ssh.ts";
import { settleGates } from "../../../automation/rollout/gates.ts";
import { active, standby } from "../failover/sites.ts";

const region = (name: string) => ({ hosts: [{ id: `${name}/web-1`, name: `${name}-web-1`, role: "web" }] });
const outputs = {
  regions: { primary: region("primary"), secondary: region("secondary") },
  global: null,
} as unknown as SiteOutputs;

/** Settles with these facts; gives what every web host was told, and the error. */
async function settle(primary: typeof active, secondary: typeof active | null, exitCode = 0) {
  const told: Record<string, string | undefined> = {};
  const run = async (id: string, { argv }: RemoteCommand) => {
    told[id] = argv.find((word) => ["settle", "close", "open"].includes(word));
    return { exitCode, stdout: '{"gate": "open"}', stderr: "the reason" };
  };
  const answers = { primary: { facts: primary }, secondary: { facts: secondary, why: "no route" } };
  const ssh = { run } as unknown as SshSession;
  const error = await settleGates({ site: "proof", ssh, outputs, answers }, () => undefined).catch(
    (thrown: unknown) => thrown,
  );
  return { told, error: error as UserError | undefined };
}

describe("gates", () => {
  test("with one writer every web host settles by its own database", async () => {
    expect(await settle(active, standby)).toEqual({
      told: { "primary/web-1": "settle", "secondary/web-1": "settle" },
      error: undefined,
    });
  });

  test.each([
    ["a standby", { ...standby, writable: true }, ["secondary"]],
    ["a fenced one", { ...standby, role: "fenced" as const, writable: true }, ["secondary"]],
    ["an active one of an older epoch", { ...active, epoch: 0 }, ["secondary"]],
    ["an active one of a newer epoch", { ...active, epoch: 2 }, ["primary"]],
    ["an active one of the same epoch", active, ["primary", "secondary"]],
  ])(
    "%s that accepts writes beside the active one: the wrong one's gate closes, 12",
    async (_, other, wrong) => {
      const { told, error } = await settle(active, other);
      expect(told).toEqual(Object.fromEntries(wrong.map((name) => [`${name}/web-1`, "close"])));
      expect(error).toBeInstanceOf(UserError);
      expect(error?.exitCode).toBe(12);
      for (const name of wrong)
        expect(error?.next).toContain(
          `npx evenkeel ssh ${name}/database --site proof -- sudo evenkeel-db fence`,
        );
    },
  );

  test("a gate that can't be set is an error that names the host and why", async () => {
    const { error } = await settle(active, standby, 1);
    expect(error?.what).toContain("web-1");
    expect(error?.why).toBe("primary-web-1: the reason\nsecondary-web-1: the reason");
    expect(error?.next).toBe("npx evenkeel status --site proof");
  });

  test("the gates of a region whose database can't be asked stay as they are, and that is an error", async () => {
    const { told, error } = await settle(active, null);
    expect(told).toEqual({ "primary/web-1": "settle" });
    expect(error?.what).toContain("secondary");
    expect(error?.why).toBe("its database can't be asked whether it accepts writes: no route");
  });

  /** Two writers at one epoch, and these hosts out of reach; the others answer a moment later. */
  async function outOfReach(silent: readonly string[], primary = active, secondary = active) {
    const done: string[] = [];
    const run = async (id: string) => {
      if (silent.includes(id)) throw new UserError({ what: `${id} cannot be reached by SSH.`, code: "ssh" });
      await new Promise((resolve) => setImmediate(resolve));
      done.push(id);
      return { exitCode: 0, stdout: "{}", stderr: "" };
    };
    const answers = { primary: { facts: primary }, secondary: { facts: secondary } };
    const ssh = { run } as unknown as SshSession;
    const error: unknown = await settleGates({ site: "proof", ssh, outputs, answers }, () => undefined).catch(
      (thrown: unknown) => thrown,
    );
    return { done, error };
  }

  test("a web host out of reach hides no two writers (12): the other gate is closed first, this one is named", async () => {
    const { done, error } = await outOfReach(["primary/web-1"]);
    expect(done).toEqual(["secondary/web-1"]);
    expect(error).toMatchObject({ exitCode: 12, code: "two-writers" });
    const { what, why } = error as UserError;
    expect(what).toContain("not every gate of its region was closed");
    expect(why).toContain("primary accepts writes at epoch 1\nsecondary accepts writes at epoch 1\n");
    expect(why).toContain("the gate of primary-web-1 could not be closed: primary/web-1 cannot be reached");
  });

  test("while gates settle, one out of reach cuts no other short, and all of them are named", async () => {
    const one = await outOfReach(["primary/web-1"], active, standby);
    expect(one.done).toEqual(["secondary/web-1"]);
    expect(one.error).toMatchObject({ code: "ssh", what: "primary/web-1 cannot be reached by SSH." });
    const { error } = await outOfReach(["primary/web-1", "secondary/web-1"], active, standby);
    expect((error as UserError).what).toBe(
      "the gate of primary-web-1 and of secondary-web-1 could not be settled",
    );
  });
});
