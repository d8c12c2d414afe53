import { expect, test } from "@jest/globals";
import { cacheSaid } from "../../../automation/failover/observe.ts";

const answer = (value: unknown) => ({ status: 200, body: JSON.stringify(value) });

test("what a web host says of its region's cache; an answer that says nothing of it is no answer", () => {
  expect(cacheSaid(answer({ cache: "up" }))).toBe(true);
  expect(cacheSaid({ ...answer({ cache: "down" }), status: 503 })).toBe(false);
  for (const nothing of [
    null,
    answer({ cache: null }),
    answer({}),
    answer(3),
    { status: 502, body: "<html>" },
  ])
    expect(cacheSaid(nothing)).toBeNull();
});
