import { describe, expect, test } from "@jest/globals";
import { type Change, transactionOf, withoutRegion, withRegion } from "../../../automation/keeper/store.ts";

const writer = { region: "primary", epoch: 4 };
const sync = { regions: ["primary"], joined: true };

describe("a change of the store", () => {
  const compared = (change: Change) =>
    transactionOf(change).compares.map(({ key, value, revision }) => [key, value, revision]);

  test("by the writer compares that it is the writer and what it has read of the set: each would do for most of it", () => {
    expect(compared({ kind: "put-sync", writer, syncRevision: 7, sync })).toEqual([
      ["writer", writer, null],
      ["sync", null, 7],
    ]);
  });

  test("by a standby that leaves compares the set's revision alone", () => {
    expect(compared({ kind: "leave", region: "secondary", syncRevision: 7, sync })).toEqual([
      ["sync", null, 7],
    ]);
  });

  test("that claims compares writer, set and epoch, and puts no set", () => {
    const claim = { kind: "claim", region: "secondary", epoch: 4, syncRevision: 7 } as const;
    expect(compared({ ...claim, writerRevision: 9 })).toEqual([
      ["writer", null, 9],
      ["sync", null, 7],
      ["epoch", 4, null],
    ]);
    // Revision 0: there is none.
    expect(compared({ ...claim, writerRevision: null })[0]).toEqual(["writer", null, 0]);
    expect(transactionOf({ ...claim, writerRevision: 9 }).puts).toEqual([
      { key: "writer", value: { region: "secondary", epoch: 5 } },
      { key: "epoch", value: 5 },
    ]);
  });

  test("that gives the lease back, or renews it, does so only while it is held", () => {
    for (const kind of ["renew", "give-back"] as const)
      expect(compared({ kind, writer })).toEqual([["writer", writer, null]]);
    expect(transactionOf({ kind: "give-back", writer }).puts).toEqual([{ key: "writer", value: null }]);
  });
});

test("a set with and without a region is in the order of names, and keeps whether a standby was there", () => {
  expect(withRegion({ regions: ["b"], joined: false }, "a")).toEqual({ regions: ["a", "b"], joined: false });
  expect(withRegion(sync, "primary")).toEqual(sync);
  expect(withoutRegion({ regions: ["a", "b"], joined: true }, "a")).toEqual({ regions: ["b"], joined: true });
  expect(withoutRegion(sync, "secondary")).toEqual(sync);
});
