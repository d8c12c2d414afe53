import { describe, expect, test } from "@jest/globals";
import {
  isSettled,
  parseMembers,
  patroniSettings,
  settingText,
  versionIn,
  wayBackOf,
} from "../../../../bench/failover/patroni-settings.ts";

/** As Patroni 4.0.7 answers `GET /cluster`. */
const answer = (more: object = {}) =>
  JSON.stringify({
    members: [
      { name: "one", role: "leader", state: "running", host: "10.221.7.11", port: 5432, timeline: 3 },
      {
        ...{ name: "two", role: "sync_standby", state: "streaming", host: "10.221.7.12", port: 5432 },
        ...{ timeline: 3, lag: 0, ...more },
      },
    ],
    scope: "bench",
  });

describe("Patroni's members", () => {
  test("are read with their roles, and how far they are behind", () => {
    expect(parseMembers(answer())).toEqual([
      { name: "one", role: "leader", state: "running", lagBytes: null },
      { name: "two", role: "sync_standby", state: "streaming", lagBytes: 0 },
    ]);
    expect(parseMembers(answer({ lag: "unknown" }))?.[1]?.lagBytes).toBeNull();
  });

  test.each(["", "curl: (28) timed out", "null", "{}", '{"members":5}'])("are unknown in %j", (text) => {
    expect(parseMembers(text)).toBeNull();
  });

  test("are settled only with the leader that is wanted and a synchronous standby that streams", () => {
    const settled = (more: object, leader = "one", standby = "two") =>
      isSettled(parseMembers(answer(more)), leader, standby);
    expect(settled({})).toBe(true);
    expect(settled({}, "two", "one")).toBe(false);
    expect(settled({ role: "replica" })).toBe(false);
    expect(settled({ state: "running" })).toBe(false);
    expect(settled({ lag: 1_048_576 })).toBe(true);
    expect(settled({ lag: 1_048_577 })).toBe(false);
    expect(settled({ lag: "unknown" })).toBe(false);
    expect(isSettled(null, "one", "two")).toBe(false);
    expect(isSettled([], "one", "two")).toBe(false);
  });
});

test("both settings keep Patroni's rule, and the floor its minimums", () => {
  for (const { ttl, loopWait, retryTimeout } of patroniSettings) {
    expect(loopWait + 2 * retryTimeout).toBeLessThanOrEqual(ttl);
  }
  expect(patroniSettings.map(settingText)).toEqual([
    "defaults: ttl 30, loop_wait 10, retry_timeout 10, HAProxy inter 3000 ms fall 3 rise 2",
    "floor: ttl 20, loop_wait 1, retry_timeout 3, HAProxy inter 500 ms fall 2 rise 1",
  ]);
});

test.each([
  ["INFO: no action. I am (one), a secondary, and following a leader (two)", "rejoin"],
  ["INFO: running pg_rewind from two\nINFO: pg_rewind exit code=0", "rewind"],
  ["INFO: running pg_rewind from two\nINFO: replica has been created using basebackup", "reseed"],
])("an old leader's log %j tells how it came back", (log, way) => {
  expect(wayBackOf(log)).toBe(way);
});

test("versions as the programs print them", () => {
  expect(versionIn("patroni 4.0.7")).toBe("4.0.7");
  expect(versionIn("postgres (PostgreSQL) 17.12 (Debian 17.12-0+deb13u1)")).toBe("17.12");
  expect(versionIn("HAProxy version 3.0.11-1+deb13u1 2025/10/03 - https://haproxy.org/")).toBe("3.0.11");
  expect(versionIn("not found")).toBe("unknown");
});
