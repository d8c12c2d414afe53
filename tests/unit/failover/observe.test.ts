import { expect, test } from "@jest/globals";
import { readySaid } from "../../../automation/failover/observe.ts";

const answer = (value: unknown) => ({ status: 200, body: JSON.stringify(value) });

test("what a web host says of its region's cache and of itself", () => {
  expect(readySaid(answer({ cache: "up", problems: [] }))).toEqual({ cache: true, problems: [] });
  const problems = ["the uploads cannot be written"];
  expect(readySaid({ ...answer({ cache: "down", problems }), status: 503 })).toEqual({
    cache: false,
    problems,
  });
  expect(readySaid(answer({ cache: null, problems }))).toEqual({ cache: null, problems });
});

test("an answer that says nothing of it is no answer", () => {
  for (const nothing of [null, answer({}), answer(3), { status: 502, body: "<html>" }])
    expect(readySaid(nothing)).toEqual({ cache: null, problems: [] });
});
