import { describe, expect, test } from "@jest/globals";
import { returnOf } from "../../../automation/failover/returning.ts";
import type { LostTail } from "../../../automation/remote/tail.ts";

const tail = (transactions: number | null): LostTail => ({
  ...{ epoch: 2, region: "secondary", id: "1", internal: 0, rows: [], truncated: false, decoded: true },
  ...{ why: null, saved: null, transactions, range: { gtids: ["0-1-5..0-1-9"] } },
});
const none: LostTail = { ...tail(0), range: null, id: null };
const fenced = { role: "fenced" } as const;

describe("how an old writer returns", () => {
  test("a history that the writer's contains is joined again, whatever the engine", () => {
    for (const engine of ["mariadb", "postgresql"] as const)
      expect(returnOf({ facts: fenced, engine, tail: none })).toEqual({
        method: "rejoin",
        reason: "secondary has all that it holds",
      });
  });

  test("one that holds more is rewound by PostgreSQL, and made anew by MariaDB, with how much it is", () => {
    expect(returnOf({ facts: fenced, engine: "postgresql", tail: tail(5) })).toMatchObject({
      method: "rewind",
      reason: expect.stringContaining("5 transactions that secondary lacks"),
    });
    expect(returnOf({ facts: fenced, engine: "mariadb", tail: tail(5) })).toMatchObject({ method: "reseed" });
  });

  test("where a rewind was refused its reason is told, and it is made anew", () => {
    const returning = {
      facts: fenced,
      engine: "postgresql",
      tail: tail(5),
      noRewind: "the log is gone",
    } as const;
    expect(returnOf(returning)).toMatchObject({
      method: "reseed",
      reason: expect.stringContaining("can't be rewound: the log is gone"),
    });
  });

  test("what is not known is not taken for nothing: neither an unread log nor a host that tells no tail may follow", () => {
    expect(returnOf({ facts: fenced, engine: "postgresql", tail: tail(null) })).toMatchObject({
      method: "rewind",
      reason: expect.stringContaining("an unknown number"),
    });
    expect(returnOf({ facts: fenced, engine: "postgresql", tail: null }).method).toBe("reseed");
  });

  test("a host without a database is seeded, whatever it says it lacks", () => {
    expect(returnOf({ facts: { role: "unseeded" }, engine: "mariadb", tail: none }).method).toBe("reseed");
  });
});
