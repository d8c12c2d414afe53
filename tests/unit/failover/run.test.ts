import { describe, expect, test } from "@jest/globals";
import type { Observation } from "../../../automation/failover/observation.ts";
import { type Row, rowsOf } from "../../../automation/failover/plan.ts";
import { runRows } from "../../../automation/failover/run.ts";
import { interrupted } from "../../../automation/interrupt.ts";
import { type FakeHeld, heldSite } from "./held.ts";
import { carryOut, firstWorld, seenIn, type World } from "./world.ts";

const request = { kind: "switchover", from: "primary", to: "secondary" } as const;
const lost = { ...request, kind: "failover", byForce: false, confirmedOff: [] } as const;

/** What a made-up site's hosts do when their verbs are called; what they can't do they refuse. */
function worldly(world: World, rows: () => Row[]) {
  const does = (name: string) => () => {
    const row = rows().find((one) => one.name === name) as Row;
    try {
      carryOut(world, row);
      return {};
    } catch (error) {
      return { exitCode: 12, stderr: (error as Error).message };
    }
  };
  return { "primary/database demote": does("demote"), "secondary/database promote": does("promote") };
}

/** Follows and joins by themselves as soon as somebody looks. */
function settling(world: World): () => Promise<Observation> {
  return async () => {
    const rows = rowsOf(request, seenIn(world));
    for (const name of ["return", "protect"]) carryOut(world, rows.find((row) => row.name === name) as Row);
    return seenIn(world);
  };
}

const options = (look: () => Promise<Observation>, approve: readonly string[] = []) => ({
  look,
  note: () => {},
  approves: ({ name }: Row) => approve.includes(name),
  approve: async ({ name }: Row) => !approve.includes(name),
});

function switching(held: FakeHeld, world: World, only: string[], approve: readonly string[] = []) {
  const rows = rowsOf(request, seenIn(world)).filter(({ name }) => only.includes(name));
  return runRows(held.site, rows, seenIn(world), options(settling(world), approve));
}

const steps = ({ lines }: FakeHeld) => lines.map(({ detail, state }) => `${detail} ${state}`);

describe("[P17] the rows of a move are done one after the other", () => {
  test("each stands in the journal as begun and done; one that was done before as such, and no host hears of it", async () => {
    const world = firstWorld();
    const held = heldSite(worldly(world, () => rowsOf(request, seenIn(firstWorld()))));
    const taken = await switching(held, world, ["demote", "promote", "traffic"]);
    expect(taken.map(({ name, outcome }) => [name, outcome])).toEqual([
      ["demote", "done"],
      ["promote", "done"],
      ["traffic", "done"],
    ]);
    expect(steps(held)).toEqual([
      "demote begun",
      "demote done",
      "promote begun",
      "promote done",
      "traffic begun",
      "traffic done",
    ]);
    const again = heldSite();
    await switching(again, world, ["demote", "promote", "traffic"]);
    expect(again.calls).toEqual([]);
    expect(steps(again)).toEqual(["demote already", "promote already", "traffic already"]);
  });

  test("the promotion makes ready before the demotion, unless a person is to be asked before it", async () => {
    const rows = () => rowsOf(request, seenIn(firstWorld()));
    const [one, other] = [firstWorld(), firstWorld()];
    const ahead = heldSite(worldly(one, rows), { delayMs: 5 });
    // The made-up host promotes at once, which here is refused; behind the demotion it is asked again.
    await switching(ahead, one, ["demote", "promote"]);
    expect(ahead.calls).toEqual([
      "secondary/database promote",
      "primary/database demote",
      "secondary/database promote",
    ]);
    const asked = heldSite(worldly(other, rows));
    await expect(switching(asked, other, ["demote", "promote"], ["promote"])).rejects.toMatchObject({
      exitCode: 14,
      code: "not-approved",
    });
    expect(asked.calls).toEqual(["primary/database demote"]);
  });

  test.each([
    ["a bug", () => new Error("a bug")],
    ["a stop on request", () => interrupted()],
  ])("what was begun ahead and met %s is not done again: that comes to light as it is", async (_, made) => {
    const world = firstWorld();
    const error = made();
    const held = heldSite({
      "secondary/database promote": () => {
        throw error;
      },
    });
    await expect(switching(held, world, ["demote", "promote"])).rejects.toBe(error);
    expect(held.calls).toEqual(["secondary/database promote", "primary/database demote"]);
    expect(steps(held).at(-1)).toBe("promote failed");
  });

  test("a step that fails ends the move (14), with its host's words and the command that plans anew", async () => {
    const world = firstWorld();
    const held = heldSite({
      "primary/database demote": { exitCode: 12, stderr: "the heartbeat does not stop\n" },
      "secondary/database promote": { exitCode: 12 },
    });
    await expect(switching(held, world, ["demote", "promote"])).rejects.toMatchObject({
      exitCode: 14,
      what: "demote primary failed: primary/database refuses",
      why: "the heartbeat does not stop",
      next: expect.stringContaining("npx evenkeel switchover --to secondary, which plans anew"),
    });
    expect(steps(held)).toEqual(["demote begun", "demote failed"]);
    expect(held.lines.at(-1)?.why).toContain("the heartbeat does not stop");
  });

  test("one that can't be done and need not be is told as skipped, with the reason, and never as done", async () => {
    const world = firstWorld();
    Object.assign(world.databases.primary as object, { silent: true });
    const held = heldSite();
    const rows = rowsOf(lost, seenIn(world)).filter(({ name }) => name === "fence");
    const taken = await runRows(
      held.site,
      rows,
      seenIn(world),
      options(async () => seenIn(world)),
    );
    expect(taken).toMatchObject([
      { name: "fence", outcome: "skipped", note: "it can't be asked: no answer" },
    ]);
    expect(held.calls).toEqual([]);
    expect(steps(held)).toEqual(["fence skipped"]);
  });

  test("a fence that fails is told, and the move goes on: the promotion proves what it is for", async () => {
    const world = firstWorld();
    const held = heldSite({ "primary/database fence": { exitCode: 1, stderr: "no answer" } });
    const rows = rowsOf(lost, seenIn(world)).filter(({ name }) => name !== "traffic");
    const taken = await runRows(
      held.site,
      rows,
      seenIn(world),
      options(async () => seenIn(world)),
    );
    expect(taken.map(({ name, outcome }) => [name, outcome])).toEqual([
      ["fence", "failed"],
      ["promote", "done"],
    ]);
  });
});
