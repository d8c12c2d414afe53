import { describe, expect, test } from "@jest/globals";
import { type EtcdMembers, memberNames } from "../support/etcd-members.ts";
import { expectRefused, expectVoters, get, put, unit } from "./words.ts";

const minute = 60_000;
/** Where a verb is killed: before its first question, between its steps, while it waits for its member. */
const killedAfter = [0.05, 0.2, 0.4, 0.8, 1.2, 1.8];

export function etcdJoinTests(of: () => EtcdMembers): void {
  describe("forming and joining", () => {
    test("the package has begun no cluster, and the role applied again changes nothing", async () => {
      for (const name of memberNames) {
        expect(await of().etcd(name, "status")).toMatchObject({
          joined: false,
          running: false,
          members: null,
        });
        expect(await unit(of(), name, "ActiveState")).toBe("inactive");
        expect(await of().applyRole(name)).toMatchObject({ joined: false });
        const said = await of().run(name, "ls -A /var/lib/etcd; ss -Hltn 'sport = :2379 or sport = :2380'");
        expect(said.stdout).toBe("");
      }
    });

    test("nobody joins what is not there", async () => {
      await expectRefused(of(), "secondary", "join --deadline 10", /nothing can be joined/);
    });

    test(
      "no cluster is begun while another host can't be asked whether it knows one",
      async () => {
        await of().cut("third");
        try {
          await expectRefused(of(), "primary", "form --deadline 30", /can't be asked/);
        } finally {
          await of().heal();
        }
        expect(await of().etcd("primary", "status")).toMatchObject({ joined: false, running: false });
      },
      2 * minute,
    );

    test(
      "the first one forms, killed anywhere and run again",
      async () => {
        for (const seconds of killedAfter)
          await of().run("primary", `timeout -s KILL ${seconds} evenkeel-etcd form`);
        expect(await of().etcd("primary", "form")).toMatchObject({ joined: true, leader: "primary" });
        expect(await of().etcd("primary", "form")).toMatchObject({ changed: false });
        expect(await put(of(), "primary", ["begun", "once"])).toMatchObject({ exitCode: 0 });
      },
      2 * minute,
    );

    test(
      "the others join, killed anywhere and run again; one that is asked to form joins as well",
      async () => {
        for (const seconds of killedAfter)
          await of().run("secondary", `timeout -s KILL ${seconds} evenkeel-etcd form`);
        expect(await of().etcd("secondary", "form")).toMatchObject({ joined: true });
        for (const seconds of killedAfter)
          await of().run("third", `timeout -s KILL ${seconds} evenkeel-etcd join`);
        await of().etcd("third", "join");
        await expectVoters(of(), memberNames);
        for (const name of memberNames) expect(await get(of(), name, "begun")).toBe("once");
      },
      4 * minute,
    );

    test("all verbs again change nothing", async () => {
      const began = () =>
        Promise.all(memberNames.map((name) => unit(of(), name, "ActiveEnterTimestampMonotonic")));
      const before = await began();
      for (const name of memberNames) {
        for (const verb of ["form", "join", "restart"])
          expect(await of().etcd(name, verb)).toMatchObject({ changed: false });
        expect(await of().applyRole(name)).toMatchObject({ joined: true });
      }
      expect(await began()).toEqual(before);
    });

    test.each([
      ["", "unknown verb ''"],
      ["begone", "unknown verb 'begone'"],
      ["join --deadline 0", "--deadline needs"],
      ["join now", "does not take 'now'"],
      ["remove", "needs a member's name"],
      ["remove tertiary", "no member 'tertiary'"],
      ["restore", "--confirm scratch-etcd"],
      ["restore --confirm shop", "--confirm scratch-etcd"],
    ])("evenkeel-etcd %s is a usage error that says what is wanted", async (words, message) => {
      const { exitCode, stderr } = await of().run("third", `evenkeel-etcd ${words}`);
      expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining(message) });
    });
  });
}
