import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "@jest/globals";
import type { SiteOutputs } from "../../../automation/hosts.ts";
import type { RemoteCommand, SshSession } from "../../../automation/remote/ssh.ts";
import type { HostAnswers } from "../../../automation/rollout/answers.ts";
import { whyKept } from "../../../automation/rollout/destroy.ts";
import { settleWriter } from "../../../automation/rollout/provision.ts";
import {
  epochToOpen,
  interruptedActive,
  resumeProblems,
  resumeRegion,
  unknownRegion,
} from "../../../automation/rollout/resume.ts";
import { active, standby } from "../failover/sites.ts";

const gate = (epoch: number | null) => [
  {
    host: "web-1",
    gate: "closed" as const,
    epoch,
    version: null,
    warning: null,
    cron: "active" as const,
    uploadsThere: true,
    why: epoch === null ? "no route" : null,
  },
];
const known = (facts: typeof active | typeof standby, epoch: number | null = 1) => ({
  facts,
  why: null,
  web: gate(epoch),
});
const readOnly = { ...active, writable: false };
const unseeded = { ...standby, role: "unseeded" as const, epoch: 0, heartbeat: null };
const silent = { facts: null, why: "no answer", web: gate(null) };
const answers = (primary: HostAnswers[string], secondary: HostAnswers[string]): HostAnswers => ({
  primary,
  secondary,
});

const folder = mkdtempSync(join(tmpdir(), "evenkeel-resume-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("resuming a region (W1)", () => {
  test("is allowed when every peer answers and none is newer or a writer", () => {
    const all = answers(known(readOnly), known(standby));
    expect(interruptedActive(all)).toBe("primary");
    expect(resumeProblems("primary", all)).toEqual([]);
  });

  test.each([
    ["a silent peer", silent, "can't be asked"],
    ["a peer with a newer epoch", known({ ...standby, epoch: 2 }), "newer epoch 2"],
    ["a peer that may write", known({ ...standby, writable: true }), "may accept writes"],
    ["another active one", known({ ...active, writable: false }), "is active"],
    [
      "a peer that received from a newer writer",
      known({ ...standby, heartbeat: { region: "third", epoch: 2, ageSeconds: 9 } }),
      "newer epoch 2",
    ],
    ["a new peer whose web host is silent", known(unseeded, null), "can't be asked for its epoch: no route"],
  ])("is refused with the reason: %s", (_, peer, reason) => {
    const problems = resumeProblems("primary", answers(known(readOnly), peer));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(reason);
  });

  test("is refused for a region that is silent, standby or unseeded itself", () => {
    for (const own of [silent, known(standby), known({ ...standby, role: "unseeded" as const })]) {
      expect(resumeProblems("primary", answers(own, known(standby)))).not.toEqual([]);
    }
  });

  test("is not even tried where a writer exists, however old the other active one is", () => {
    expect(
      interruptedActive(
        answers(
          known(readOnly),
          known({ ...active, epoch: 2, heartbeat: { region: "secondary", epoch: 2, ageSeconds: 0 } }),
        ),
      ),
    ).toBeNull();
    expect(interruptedActive(answers(known(active), known(standby)))).toBeNull();
    expect(interruptedActive(answers(silent, known(standby)))).toBeNull();
  });
});

describe("a later writer's database was lost", () => {
  const site = "proof";
  /** The primary was the writer at 1, the secondary at 2; the secondary's database is a new one. */
  const lost = (own: typeof active) => answers(known(own), known(unseeded, 2));
  const command = "npx evenkeel resume primary --confirm primary --accept-loss --site proof";

  test("the old writer is not opened: the refusal names who was the writer, at which epoch, and both ways", () => {
    for (const own of [readOnly, { ...readOnly, role: "fenced" as const }]) {
      const open = () => epochToOpen({ site, region: "primary", answers: lost(own), acceptLoss: false });
      expect(open).toThrow(
        expect.objectContaining({
          exitCode: 12,
          what: expect.stringContaining("secondary was the writer after it, at epoch 2"),
          why: expect.stringContaining("on no database that answers"),
          next: expect.stringMatching(/^bring the database host of secondary back.*: npx/),
        }),
      );
      expect(open).toThrow(expect.objectContaining({ next: expect.stringContaining(command) }));
    }
  });

  test("with the loss accepted it is opened at an epoch that nobody has seen", () => {
    const all = lost(readOnly);
    expect(epochToOpen({ site, region: "primary", answers: all, acceptLoss: true })).toBe(3);
  });

  test("accepting a loss opens nothing beside a silent or newer peer, and changes nothing where none is lost", () => {
    const open = (peer: HostAnswers[string]) =>
      epochToOpen({ site, region: "primary", answers: answers(known(readOnly), peer), acceptLoss: true });
    expect(() => open({ ...silent, web: gate(2) })).toThrow(expect.objectContaining({ exitCode: 12 }));
    expect(() => open(known({ ...standby, epoch: 2 }, 2))).toThrow(expect.objectContaining({ exitCode: 12 }));
    expect(() => open(known(unseeded, null))).toThrow(expect.objectContaining({ exitCode: 12 }));
    expect(open(known(unseeded, 0))).toBe(1);
  });

  test("the host is told to accept it exactly where the epoch is a new one", async () => {
    const told = async (epoch: number) => {
      const argv: string[][] = [];
      const run = async (_id: string, { argv: words }: RemoteCommand) => {
        argv.push([...words]);
        return { exitCode: 0, stdout: "", stderr: "" };
      };
      const outputs = { regions: {}, global: null } as SiteOutputs;
      const ssh = { run } as unknown as SshSession;
      await resumeRegion({ site, ssh, outputs, region: "primary", answers: lost(readOnly), epoch });
      return argv.flat().join(" ");
    };
    expect(await told(3)).toContain("resume --epoch 3 --accept-loss");
    expect(await told(1)).toContain("resume --epoch 1 --deadline");
  });

  /** What provision does with hosts that answer so; gives the verbs that were run, and the error. */
  async function provisionSettles(own: typeof active, epoch: number) {
    const region = (name: string) => ({
      database: { hostId: `${name}/database` },
      hosts: [
        { id: `${name}/database`, name: `${name}-database`, role: "database" },
        { id: `${name}/web-1`, name: `${name}-web-1`, role: "web" },
      ],
    });
    const outputs = {
      regions: { primary: region("primary"), secondary: region("secondary") },
      global: null,
    } as unknown as SiteOutputs;
    const documents: Record<string, object> = {
      "primary/database": databaseDocument(own),
      "secondary/database": databaseDocument(unseeded),
      "primary/web-1": webDocument(1),
      "secondary/web-1": webDocument(epoch),
    };
    const changes: string[] = [];
    const run = async (id: string, { argv }: RemoteCommand) => {
      const words = argv.slice(3).join(" ");
      if (!words.startsWith("status")) changes.push(`${id}: ${words}`);
      return { exitCode: 0, stdout: JSON.stringify(documents[id]), stderr: "" };
    };
    const config = { site, provider: "managed", boundedWaitSeconds: 2 } as unknown as Parameters<
      typeof settleWriter
    >[2];
    const error = await settleWriter({ run } as unknown as SshSession, outputs, config, folder).catch(
      (thrown: unknown) => thrown,
    );
    return { changes, error };
  }

  test("a writer that only this clone saw counts: a region lost as a whole takes its epoch with it", () => {
    const seen = { region: "secondary", epoch: 3, host: "this clone" };
    const forgotten = answers(known(readOnly), known(unseeded, 0));
    const open = (acceptLoss: boolean, note: typeof seen | null) =>
      epochToOpen({ site, region: "primary", answers: forgotten, acceptLoss, seen: note });
    expect(() => open(false, seen)).toThrow(
      expect.objectContaining({ exitCode: 12, what: expect.stringContaining("at epoch 3") }),
    );
    expect(open(true, seen)).toBe(4);
    // Negative arm: nobody newer was seen.
    expect(open(false, { ...seen, epoch: 1 })).toBe(1);
    expect(open(false, null)).toBe(1);
  });

  test("provision resumes beside a lost standby, and refuses beside a lost writer without touching a host", async () => {
    const resumed = await provisionSettles(readOnly, 0);
    expect(resumed).toEqual({
      changes: ["primary/database: resume --epoch 1 --deadline 60"],
      error: undefined,
    });
    for (const own of [readOnly, active]) {
      const { changes, error } = await provisionSettles(own, 2);
      expect(changes).toEqual([]);
      expect(error).toMatchObject({ exitCode: 12, next: expect.stringContaining(command) });
    }
    expect(await provisionSettles(active, 0)).toEqual({ changes: [], error: undefined });
  });

  function databaseDocument(facts: typeof active) {
    return {
      ...{ apiVersion: "evenkeel/v1", site, region: "r", engine: "mariadb", version: "11" },
      ...{ role: facts.role, epoch: facts.epoch, running: true, writable: facts.writable, position: "" },
      ...{ heartbeat: facts.heartbeat, replication: null, lagSeconds: null, restartNeeded: false },
      ...{ serverId: 1, machineId: "m", binlogState: "", slavePos: "" },
    };
  }
  function webDocument(epoch: number) {
    return {
      ...{ apiVersion: "evenkeel/v1", site, region: "r", gate: "closed", epoch, cron: "inactive" },
      ...{ versions: { nginx: null, php: null, wordpress: null }, core: null },
    };
  }
});

test("remedies name the site", async () => {
  expect(unknownRegion("x", ["primary"], " --site proof").next).toBe(
    "npx evenkeel resume primary --confirm primary --site proof",
  );
  const run = async () => ({ exitCode: 1, stdout: "", stderr: "the reason" });
  const failed = resumeRegion({
    site: "proof",
    ssh: { run } as unknown as SshSession,
    outputs: { regions: {}, global: null },
    region: "primary",
    answers: answers(known(readOnly), known(standby)),
    epoch: 1,
  });
  await expect(failed).rejects.toMatchObject({ why: "the reason", next: "npx evenkeel status --site proof" });
});

describe("destroying one region", () => {
  test("[P2] is refused for the active one, and for a silent one that may be it", () => {
    expect(whyKept("primary", answers(known(active), known(standby)))).toContain("active region");
    expect(whyKept("primary", answers(known(readOnly), known(standby)))).toContain("active region");
    expect(whyKept("primary", answers(silent, known(standby)))).toContain("can't be asked");
    expect(whyKept("primary", answers(silent, silent))).toContain("can't be asked");
  });

  const fenced = { ...readOnly, role: "fenced" as const };
  test.each([
    ["a fenced one, which may have been the writer", fenced, known(standby), "fenced at epoch 1"],
    ["a fenced one beside an active one that is read-only", fenced, known(readOnly), "fenced at epoch 1"],
    ["a standby beside a silent region", standby, silent, "the last one that answers"],
    ["a standby beside a new, empty database", standby, known(unseeded), "the last one that answers"],
    ["a standby beside an older copy", { ...standby, epoch: 2 }, known(fenced), "(epoch 2)"],
  ])("is refused for %s", (_, own, other, reason) => {
    expect(whyKept("primary", answers(known(own), other))).toContain(reason);
  });

  test("is allowed where another region writes or holds as much, and for an empty database", () => {
    expect(whyKept("primary", answers(known(fenced), known(active)))).toBeNull();
    expect(whyKept("primary", answers(known(standby), known(readOnly)))).toBeNull();
    expect(whyKept("primary", answers(known(standby), known(fenced)))).toBeNull();
    expect(whyKept("primary", answers(known(unseeded), silent))).toBeNull();
  });

  test("is allowed for a standby, for a silent one beside the writer, and where no host exists", () => {
    expect(whyKept("secondary", answers(known(active), known(standby)))).toBeNull();
    expect(whyKept("secondary", answers(known(active), silent))).toBeNull();
    expect(whyKept("secondary", { primary: known(active) })).toBeNull();
  });
});
