import { describe, expect, test } from "@jest/globals";
import type { SiteOutputs } from "../../../automation/hosts.ts";
import type { RemoteCommand, SshSession } from "../../../automation/remote/ssh.ts";
import type { HostAnswers } from "../../../automation/rollout/answers.ts";
import {
  epochToOpen,
  interruptedActive,
  resumeProblems,
  resumeRegion,
} from "../../../automation/rollout/resume.ts";
import { active, standby } from "../failover/sites.ts";
import { answers, gate, known, readOnly, silent, unseeded } from "./answered.ts";

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
});

test("the remedy of a refusal names the site", async () => {
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
