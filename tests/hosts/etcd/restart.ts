import { describe, expect, test } from "@jest/globals";
import { type EtcdMembers, type MemberName, memberNames } from "../support/etcd-members.ts";
import { expectVoters, others, put, soon, unit } from "./words.ts";

const minute = 60_000;

export function etcdRestartTests(of: () => EtcdMembers): void {
  const began = (name: MemberName) => unit(of(), name, "ActiveEnterTimestampMonotonic").then(Number);
  const findings = async (name: MemberName) => {
    const { stdout } = await of().run(name, "evenkeel-look");
    return (JSON.parse(stdout) as { findings: { what: string; found: string }[] }).findings
      .filter(({ what }) => what === "etcd.service")
      .map(({ found }) => found);
  };

  describe("new settings", () => {
    test(
      "restart one member at a time, where all are given them at once",
      async () => {
        await Promise.all(memberNames.map((name) => of().applyRole(name, { heartbeatMs: 110 })));
        const times = await Promise.all(
          memberNames.map(async (name) => ({
            down: Number(await unit(of(), name, "InactiveEnterTimestampMonotonic")),
            up: await began(name),
          })),
        );
        const [first, second, third] = times.sort((one, other) => one.down - other.down);
        expect(first?.up).toBeLessThan(second?.down ?? 0);
        expect(second?.up).toBeLessThan(third?.down ?? 0);
        for (const name of memberNames)
          expect((await of().run(name, "tr '\\0' '\\n' </proc/$(pidof etcd)/environ")).stdout).toContain(
            "ETCD_HEARTBEAT_INTERVAL=110",
          );
        await expectVoters(of(), memberNames);
      },
      4 * minute,
    );

    test(
      "wait where the others are no majority, and drift says so until they are taken",
      async () => {
        const before = await began("primary");
        await of().run("third", "systemctl stop etcd");
        try {
          expect(await of().applyRole("primary")).toMatchObject({ joined: true });
          expect(await began("primary")).toBe(before);
          expect(await of().etcd("primary", "status")).toMatchObject({ restartNeeded: true, majority: true });
          expect(await of().run("primary", "evenkeel-etcd restart")).toMatchObject({ exitCode: 12 });
          expect(await findings("primary")).toEqual(["those of before in use"]);
          expect(await put(of(), "primary", ["while", "it waits"])).toMatchObject({ exitCode: 0 });
          expect(await findings("third")).toEqual(["inactive"]);
        } finally {
          await of().run("third", "systemctl start etcd");
        }
        for (const name of memberNames) await of().applyRole(name);
        expect(await began("primary")).toBeGreaterThan(before);
        for (const name of memberNames) expect(await findings(name)).toEqual([]);
        await expectVoters(of(), memberNames);
      },
      4 * minute,
    );

    test(
      "a member that was stopped by hand is started by the look that mends",
      async () => {
        await of().run("secondary", "systemctl stop etcd");
        expect(await findings("secondary")).toEqual(["inactive"]);
        expect(await of().run("secondary", "evenkeel-look --repair")).toMatchObject({ exitCode: 0 });
        expect(await findings("secondary")).toEqual([]);
        await expectVoters(of(), memberNames);
      },
      2 * minute,
    );

    test(
      "a member cut off refuses what only a majority may say, the others go on, and it catches up by itself",
      async () => {
        await of().cut("primary");
        try {
          // What is asked while a leader is lost is lost with it: it is asked again.
          expect(await soon(() => put(of(), "secondary", ["cut", "majority"]))).toMatchObject({
            exitCode: 0,
          });
          const { from, to } = { from: "primary", to: "127.0.0.1" } as const;
          const body = { key: "Y3V0", value: "bWlub3JpdHk=" };
          const as = of().secrets.tls.keepers["primary/database"] ?? null;
          expect((await of().ask({ from, to, as, path: "/v3/kv/put", body })).exitCode).not.toBe(0);
          expect((await of().ask({ from, to, as, path: "/v3/kv/range", body })).exitCode).not.toBe(0);
          // Not silent altogether: the same question that may be answered from old data is.
          const old = { ...body, value: undefined, serializable: true };
          expect(await of().ask({ from, to, as, path: "/v3/kv/range", body: old })).toMatchObject({
            exitCode: 0,
          });
          expect(await of().etcd("primary", "status")).toMatchObject({ running: true, majority: false });
        } finally {
          await of().heal();
        }
        expect(await of().etcd("primary", "join --deadline 60")).toMatchObject({ majority: true });
        for (const name of [...others("primary"), "primary" as const]) {
          const { stdout } = await of().run(
            name,
            "etcdctl --cacert /etc/evenkeel/tls/ca.pem --cert /etc/evenkeel/tls/etcd.pem --key /etc/evenkeel/tls/etcd-key.pem --endpoints https://127.0.0.1:2379 get cut --print-value-only",
          );
          expect(stdout.trim()).toBe("majority");
        }
      },
      3 * minute,
    );
  });
}
