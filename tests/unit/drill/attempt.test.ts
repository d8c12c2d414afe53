import { describe, expect, test } from "@jest/globals";
import { nextNumber, orderId, outcomeOf, parseAttempt } from "../../../automation/drill/attempt.ts";
import { made } from "./made.ts";

describe("what an answer means to whoever orders", () => {
  test.each([
    [201, "acknowledged"],
    [200, "acknowledged"],
    [503, "refused"],
    [409, "rejected"],
    [403, "rejected"],
    [504, "unknown"],
    [502, "unknown"],
    [500, "unknown"],
    [302, "unknown"],
    [0, "unknown"],
  ] as const)("%i is %s", (status, outcome) => {
    expect(outcomeOf({ status })).toBe(outcome);
  });

  test("an order that was refused, or of which nobody knows, is asked again under its own id", () => {
    expect([nextNumber(7, "refused"), nextNumber(7, "unknown")]).toEqual([7, 7]);
    expect([nextNumber(7, "acknowledged"), nextNumber(7, "rejected")]).toEqual([8, 8]);
  });

  test("ids of one connection sort by their number", () => {
    const ids = [1, 9, 10, 100_000].map((n) => orderId("run", "2", n));
    expect([...ids].sort()).toEqual(ids);
    expect(ids[0]).toBe("run-2-000001");
  });
});

describe("a line of the client's ledger", () => {
  test("is read as it was written", () => {
    const attempt = made({ at: 5 });
    expect(parseAttempt(JSON.stringify(attempt))).toEqual(attempt);
  });

  test("that was cut, or is of somebody else, is none", () => {
    const whole = JSON.stringify(made({ at: 5 }));
    for (const line of [whole.slice(0, -10), "", "null", "[]", '{"n":1}', "docker: error"])
      expect(parseAttempt(line)).toBeNull();
  });
});
