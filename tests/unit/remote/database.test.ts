import { describe, expect, test } from "@jest/globals";
import { databaseCommand, parseDatabaseStatus } from "../../../automation/remote/database.ts";

const program = ["sudo", "-n", "/usr/local/sbin/evenkeel-db"];

const status = {
  apiVersion: "evenkeel/v1",
  site: "shop",
  region: "primary",
  engine: "mariadb",
  version: "11.8.6-MariaDB",
  role: "standby",
  epoch: 2,
  running: true,
  writable: false,
  position: "0-1-7",
  heartbeat: { region: "secondary", epoch: 2, ageSeconds: 0.4 },
  replication: { source: "secondary", receiving: true, applying: true, tls: true, error: null },
  lagSeconds: 0.4,
  clockSkewSeconds: null,
  opening: null,
  restartNeeded: false,
  serverId: 1,
  machineId: "0123456789abcdef0123456789abcdef",
  history: "0-1-7",
};

describe("databaseCommand", () => {
  test("every verb is one program with its deadline, and carries nothing on standard input", () => {
    expect(databaseCommand.status()).toEqual({ argv: [...program, "status", "--deadline", "10"] });
    expect(databaseCommand.birth()).toEqual({ argv: [...program, "birth", "--deadline", "120"] });
    expect(databaseCommand.seed()).toEqual({ argv: [...program, "seed", "--deadline", "1800"] });
    expect(databaseCommand.demote()).toEqual({ argv: [...program, "demote", "--deadline", "30"] });
    expect(databaseCommand.fence({ deadlineSeconds: 5 })).toEqual({
      argv: [...program, "fence", "--deadline", "5"],
    });
  });

  test("promote and resume name the epoch", () => {
    expect(databaseCommand.promote({ epoch: 3, deadlineSeconds: 8 })).toEqual({
      argv: [...program, "promote", "--epoch", "3", "--deadline", "8"],
    });
    expect(databaseCommand.resume({ epoch: 2 })).toEqual({
      argv: [...program, "resume", "--epoch", "2", "--deadline", "60"],
    });
    expect(databaseCommand.resume({ epoch: 3, acceptLoss: true })).toEqual({
      argv: [...program, "resume", "--epoch", "3", "--accept-loss", "--deadline", "60"],
    });
  });

  test("regions that do not exist are named one by one", () => {
    expect(databaseCommand.birth({ absent: ["secondary", "tertiary"] }).argv).toEqual([
      ...program,
      ...["birth", "--absent", "secondary", "--absent", "tertiary", "--deadline", "120"],
    ]);
    expect(databaseCommand.resume({ epoch: 1, absent: ["secondary"] }).argv).toEqual([
      ...program,
      ...["resume", "--epoch", "1", "--absent", "secondary", "--deadline", "60"],
    ]);
  });

  test("birth can be asked only to report", () => {
    expect(databaseCommand.birth({ report: true }).argv).toEqual([
      ...program,
      ...["birth", "--report", "--deadline", "120"],
    ]);
  });

  test("promote names the machines that are confirmed off", () => {
    expect(databaseCommand.promote({ epoch: 3, confirmedOff: ["secondary", "tertiary"] }).argv).toEqual([
      ...program,
      ...["promote", "--epoch", "3", "--confirmed-off", "secondary", "--confirmed-off", "tertiary"],
      ...["--deadline", "30"],
    ]);
  });

  test("follow takes the region or leaves it to the host", () => {
    expect(databaseCommand.follow({ region: "secondary" }).argv).toEqual([
      ...program,
      ...["follow", "secondary", "--deadline", "120"],
    ]);
    expect(databaseCommand.follow().argv).toEqual([...program, "follow", "--deadline", "120"]);
  });

  test.each([0, -1, 1.5, Number.NaN, 10_000_000_000])(
    "epoch %p is refused before anything is sent",
    (epoch) => {
      expect(() => databaseCommand.promote({ epoch })).toThrow("epoch");
      expect(() => databaseCommand.resume({ epoch })).toThrow("epoch");
    },
  );

  test.each([0, 0.5, Number.POSITIVE_INFINITY])("a deadline of %p seconds is refused", (deadlineSeconds) => {
    expect(() => databaseCommand.status({ deadlineSeconds })).toThrow("deadlineSeconds");
  });
});

describe("parseDatabaseStatus", () => {
  test("takes what a running standby prints", () => {
    expect(parseDatabaseStatus(`${JSON.stringify(status)}\n`)).toEqual(status);
  });

  test("takes what a host prints whose server is down: unknowns are null", () => {
    const unknown = { version: null, writable: null, position: null, heartbeat: null, replication: null };
    const down = {
      ...status,
      ...unknown,
      lagSeconds: null,
      running: false,
      history: null,
    };
    expect(parseDatabaseStatus(JSON.stringify(down))).toEqual(down);
  });

  test("takes what an older host prints, which knows of no skew and no opening", () => {
    const { clockSkewSeconds: _skew, opening: _opening, ...older } = status;
    expect(parseDatabaseStatus(JSON.stringify(older))).toEqual(older);
  });

  test.each([
    ["another version of the document", { apiVersion: "evenkeel/v2" }],
    ["a role that does not exist", { role: "primary" }],
    ["an unknown where a fact is due", { epoch: null }],
    ["a lag that is no number", { lagSeconds: "0" }],
  ])("refuses %s", (_, change) => {
    expect(() => parseDatabaseStatus(JSON.stringify({ ...status, ...change }))).toThrow();
  });
});
