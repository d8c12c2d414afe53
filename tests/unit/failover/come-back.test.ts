import { readFileSync, statSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { comeBack } from "../../../automation/failover/come-back.ts";
import { lossFile, lossOf } from "../../../automation/failover/loss-kept.ts";
import { putBack, replayedTable } from "../../../automation/failover/put-back.ts";
import type { Method } from "../../../automation/failover/returning.ts";
import type { LostTail } from "../../../automation/remote/tail.ts";
import { type Answer, heldSite } from "./held.ts";

const status = (role: string) =>
  JSON.stringify({
    ...{ apiVersion: "evenkeel/v1", site: "shop", region: "primary", engine: "mariadb", version: "11.8" },
    ...{ role, epoch: 1, running: true, writable: false, position: "0-1-9", heartbeat: null },
    ...{
      replication: null,
      lagSeconds: null,
      restartNeeded: false,
      serverId: 1,
      machineId: "m",
      history: "",
    },
  });

const nothing: LostTail = {
  ...{ epoch: 2, region: "secondary", range: null, id: null, transactions: 0, internal: 0 },
  ...{ rows: [], truncated: false, decoded: true, why: null, saved: null },
};
const order = { id: "o-1", item: "tea" };
const something: LostTail = {
  ...nothing,
  range: { gtids: ["0-1-7..0-1-8"] },
  id: "t",
  transactions: 1,
  rows: [
    {
      ...{ tx: "0-1-7", at: "2026-01-01T00:00:00Z", table: "wordpress_db.evenkeel_orders", op: "insert" },
      ...{ key: { id: "o-1" }, before: null, after: order },
    },
  ],
};

function primary(tail: LostTail, more: Record<string, Answer> = {}, role = "fenced") {
  return {
    "primary/database status": { stdout: status(role) },
    "primary/database tail": { stdout: JSON.stringify(tail) },
    "primary/database tail --save": {
      stdout: JSON.stringify({ ...tail, saved: "/var/lib/evenkeel/tails/1-t" }),
    },
    ...more,
  };
}

async function back(
  answers: Record<string, Answer>,
  { engine = "mariadb", method = null }: { engine?: string; method?: Method | null } = {},
) {
  const held = heldSite(answers, { engine });
  const notes: string[] = [];
  const note = (text: string) => notes.push(text);
  const end = await comeBack(held.site, { region: "primary", method, note }).catch((error: unknown) => error);
  const verbs = held.calls.map((call) => call.replace("primary/database ", ""));
  return { held, notes, end, verbs };
}

describe("[P13] an old writer comes back by the way that its history allows", () => {
  test("with nothing of its own it rejoins, and nothing is kept", async () => {
    const { held, end, verbs } = await back(primary(nothing));
    expect(end).toBe("rejoin: secondary has all that it holds");
    expect(verbs).toEqual(["status", "tail", "follow"]);
    expect(await lossOf(held.site)).toBeNull();
  });

  test("MariaDB with something of its own is reseeded, behind that being shown and kept for its owner alone", async () => {
    const { held, end, verbs, notes } = await back(primary(something));
    expect(end).toContain("reseed: it holds 1 transactions that secondary lacks");
    expect(verbs).toEqual(["status", "tail", "tail --save", "reseed"]);
    expect(notes.join("\n")).toMatch(/o-1[\s\S]*The loss report is kept in/);
    expect((await lossOf(held.site))?.document.lost).toHaveLength(1);
    expect(statSync(lossFile(held.site, "tail")).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(lossFile(held.site, "tail"), "utf8")).saved).toContain(
      "/var/lib/evenkeel",
    );
  });

  test("PostgreSQL is rewound; where that is refused with a reason it is reseeded, and nowhere else", async () => {
    const pg = { engine: "postgresql" };
    expect((await back(primary(something), pg)).verbs.at(-1)).toBe("rewind");
    const refused = { "primary/database rewind": { exitCode: 12, stderr: "the log since then is gone\n" } };
    const { end, verbs } = await back(primary(something, refused), pg);
    expect(verbs.slice(-2)).toEqual(["rewind", "reseed"]);
    expect(end).toContain("the log since then is gone");
    const broken = { "primary/database rewind": { exitCode: 1, stderr: "no answer" } };
    expect((await back(primary(something, broken), pg)).verbs.at(-1)).toBe("rewind");
  });

  test("one without a database is seeded; one that can't be asked is not touched", async () => {
    expect((await back(primary(nothing, {}, "unseeded"))).verbs).toEqual(["status", "seed"]);
    const silent = await back({ "primary/database status": { exitCode: 1, stderr: "down" } });
    expect(silent.verbs).toEqual(["status"]);
    expect(silent.end).toMatchObject({ what: "the database host of primary can't be asked" });
  });

  test("the operator may choose a harder way than is needed, and never a softer one than is allowed", async () => {
    expect((await back(primary(nothing), { method: "reseed" })).verbs.at(-1)).toBe("reseed");
    const soft = await back(primary(something), { method: "rejoin" });
    expect(soft.end).toMatchObject({ exitCode: 12, what: expect.stringContaining("primary can't rejoin") });
    expect(soft.verbs).toEqual(["status", "tail"]);
  });

  test("what can't be kept is not given up", async () => {
    const full = { "primary/database tail --save": { exitCode: 1, stderr: "no space left" } };
    const { verbs, end } = await back(primary(something, full));
    expect(verbs).toEqual(["status", "tail", "tail --save"]);
    expect(end).toMatchObject({ why: "no space left" });
  });
});

describe("what was lost goes back into the writer", () => {
  const answer = {
    applied: 1,
    already: 0,
    conflicts: [{ tx: "t", table: "s.t", key: { id: "2" }, why: "taken" }],
  };

  test("from the tail that this clone keeps, its rows on standard input; conflicts are listed", async () => {
    const { held } = await back(primary(something));
    const sent: unknown[] = [];
    const replay = {
      "secondary/database replay": ({ stdin }: { stdin?: string | undefined }) => {
        sent.push(JSON.parse(stdin ?? "null"));
        return { stdout: JSON.stringify(answer) };
      },
    };
    const own = heldSite(replay);
    const site = { ...own.site, place: held.site.place };
    const replayed = await putBack(site, { writer: "secondary", dryRun: false });
    expect(sent).toEqual([{ rows: something.rows }]);
    expect(replayedTable(replayed as typeof answer)).toMatch(
      /1 row\(s\) were put back.*1 stay out[\s\S]*taken/,
    );
  });

  test("without one nothing is asked of the writer", async () => {
    const own = heldSite();
    expect(await putBack(own.site, { writer: "secondary", dryRun: false })).toBeNull();
    expect(own.calls).toEqual([]);
  });
});
