import { expect, test } from "@jest/globals";
import { tryUntil, until } from "../../../../bench/failover/waits.ts";

/** Time that goes on only where somebody waits. */
function clock(check: () => void = () => {}) {
  let ms = 0;
  return {
    now: () => ms,
    sleep: (pauseMs: number) => {
      ms += pauseMs;
      return Promise.resolve();
    },
    check,
  };
}

test("a wait ends with the first answer", async () => {
  const time = clock();
  const look = () => Promise.resolve(time.now() >= 600 ? time.now() : null);
  expect(await tryUntil(time, { limitMs: 1000, everyMs: 200 }, look)).toBe(600);
});

test("a wait without an answer ends in time: with none, or with an error that says what was waited for", async () => {
  const never = () => Promise.resolve(null);
  const time = clock();
  expect(await tryUntil(time, { limitMs: 1000, everyMs: 300 }, never)).toBeNull();
  expect(time.now()).toBe(1200);
  await expect(until(clock(), { what: "a leader", limitMs: 2000 }, never)).rejects.toMatchObject({
    ...{ what: "not within 2 s: a leader", exitCode: 1, next: expect.stringContaining("again") },
  });
});

test("a wait ends at once where the run was stopped", async () => {
  const stop = () => {
    throw new Error("stopped on request");
  };
  await expect(tryUntil(clock(stop), { limitMs: 1000 }, () => Promise.resolve(1))).rejects.toThrow("stopped");
});
