import { expect, test } from "@jest/globals";
import { readSteps } from "../../../automation/failover/tell.ts";

test("compare, which ends a proof, can't be asked for alone (2)", () => {
  expect(readSteps("--approve", "compare")).toEqual(["compare"]);
  expect(() => readSteps("--only", "demote,compare")).toThrow(
    expect.objectContaining({ exitCode: 2, what: expect.stringContaining("compare is no step by itself") }),
  );
});
