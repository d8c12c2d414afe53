import { describe, expect, test } from "@jest/globals";
import { leftOf, type MoveRequest, type Row, rowsOf } from "../../../automation/failover/plan.ts";
import { carryOut, claim, copyOf, firstWorld, giveBack, seenIn, shapeOf, type World } from "./world.ts";

/** A world in which a move begins, and what asks for it. */
interface Case {
  title: string;
  request: MoveRequest;
  begin: () => World;
}

function lostPrimary(change: (world: World) => void = () => {}): World {
  const world = firstWorld();
  (world.databases.primary as { silent: boolean }).silent = true;
  change(world);
  return world;
}

/** Promoted, and the old writer came back and was fenced by its keeper. */
function returnedPrimary(): World {
  const world = firstWorld();
  const { primary } = world.databases;
  Object.assign(primary as object, { role: "fenced" });
  Object.assign(world, { writer: { region: "secondary", epoch: 2 }, epoch: 2, sync: ["secondary"] });
  Object.assign(world.databases.secondary as object, { role: "active", epoch: 2, source: null });
  return world;
}

const byForce = { byForce: true, confirmedOff: ["primary"] };
const byLease = { byForce: false, confirmedOff: [] };
const cases: Case[] = [
  {
    title: "a switchover",
    request: { kind: "switchover", from: "primary", to: "secondary" },
    begin: firstWorld,
  },
  {
    title: "a failover from a region that is silent",
    request: { kind: "failover", from: "primary", to: "secondary", ...byLease },
    begin: lostPrimary,
  },
  {
    title: "a failover to a region that lacks something",
    request: { kind: "failover", from: "primary", to: "secondary", ...byForce },
    begin: () =>
      lostPrimary((world) => {
        world.sync = ["primary"];
      }),
  },
  {
    title: "a reinstatement",
    request: { kind: "reinstate", region: "primary", writer: "secondary", method: null },
    begin: returnedPrimary,
  },
];

function run(world: World, rows: readonly Row[]): World {
  for (const row of rows) if (leftOf([row], seenIn(world)).length > 0) carryOut(world, row);
  return world;
}

const plan = (world: World, request: MoveRequest) => leftOf(rowsOf(request, seenIn(world)), seenIn(world));

describe("a move is planned from what is seen", () => {
  test.each(cases)("$title ends with nothing left to do, and one writer", ({ request, begin }) => {
    const world = begin();
    const rows = plan(world, request);
    expect(rows.length).toBeGreaterThan(0);
    run(world, rows);
    expect(plan(world, request)).toEqual([]);
    const open = Object.values(world.databases).filter(({ role, silent }) => role === "active" && !silent);
    expect(open).toHaveLength(1);
  });

  test.each(cases)(
    "$title that is cut behind any step ends the same when it is run again",
    ({ request, begin }) => {
      const whole = run(begin(), plan(begin(), request));
      const all = rowsOf(request, seenIn(begin()));
      for (let cut = 0; cut <= all.length; cut += 1) {
        const world = run(begin(), all.slice(0, cut));
        run(world, plan(world, request));
        expect({ cut, ...shapeOf(world) }).toEqual({ cut, ...shapeOf(whole) });
        // Once promoted, never again: the epoch counts the promotions.
        expect({ cut, epoch: world.epoch }).toEqual({ cut, epoch: whole.epoch });
      }
    },
  );

  test.each(cases.filter(({ request }) => request.kind !== "reinstate"))(
    "$title that is cut within its promotion ends the same",
    ({ request, begin }) => {
      const whole = run(begin(), plan(begin(), request));
      for (const afterwards of ["claimed", "given back"]) {
        const world = begin();
        for (const row of plan(world, request)) {
          if (row.act.do === "promote") {
            claim(world, row.act);
            break;
          }
          carryOut(world, row);
        }
        if (afterwards === "given back") giveBack(world);
        const before = world.epoch;
        run(world, plan(world, request));
        expect({ afterwards, ...shapeOf(world) }).toEqual({ afterwards, ...shapeOf(whole) });
        // The claimed epoch is used; one that was given back is never granted twice.
        expect(world.epoch).toBe(afterwards === "claimed" ? before : before + 1);
      }
    },
  );

  test("every row says in a sentence why it is there, and no two of a move are alike", () => {
    for (const { request, begin } of cases) {
      const rows = rowsOf(request, seenIn(begin()));
      for (const { why } of rows) expect(why).toMatch(/^[A-Z].{20,}[^.]$/);
      const names = rows.map(({ name, region }) => `${name} ${region}`);
      expect(new Set(names).size).toBe(names.length);
    }
  });

  test("a row that is not done is never shown as done: each of a first plan changes what is seen", () => {
    const request = cases[0]?.request as MoveRequest;
    const world = firstWorld();
    for (const row of plan(world, request)) {
      const before = copyOf(world);
      if (row.isDone(seenIn(world))) continue;
      carryOut(world, row);
      // It lasts no longer than the closing that it is for, and by then nobody needs it any more.
      if (row.name === "hold") carryOut(world, plan(world, request)[1] as Row);
      expect({ row: row.name, done: row.isDone(seenIn(world)) }).toEqual({ row: row.name, done: true });
      expect(row.isDone(seenIn(before))).toBe(false);
    }
  });

  test("an old writer that answers is fenced first; one that doesn't is left to the proof", () => {
    const request: MoveRequest = { kind: "failover", from: "primary", to: "secondary", ...byLease };
    expect(plan(firstWorld(), request).map(({ name }) => name)).toEqual(["fence", "promote", "traffic"]);
    expect(plan(lostPrimary(), request).map(({ name }) => name)).toEqual(["promote", "traffic"]);
  });

  test("writes are held only where an edge is there to hold them; without one the move goes on", () => {
    const request: MoveRequest = { kind: "switchover", from: "primary", to: "secondary" };
    const seen = seenIn(firstWorld());
    const [hold] = rowsOf(request, seen);
    expect(hold).toMatchObject({ name: "hold", mayFail: true });
    expect(leftOf(rowsOf(request, seen), seen)[0]?.name).toBe("hold");
    const edgeless = { ...seen, thirdPlace: { reachable: true, edge: false, dns: true, witness: true } };
    expect(hold?.skips?.(edgeless)).toBe("the edge does not answer");
    expect(leftOf(rowsOf(request, edgeless), edgeless)[0]?.name).toBe("demote");
  });
});
