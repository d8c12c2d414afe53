import { describe, expect, test } from "@jest/globals";
import { type EtcdMembers, memberNames } from "../support/etcd-members.ts";
import { expectRefused, expectVoters, get, put, soon, unit } from "./words.ts";

const minute = 60_000;

export function etcdLossTests(of: () => EtcdMembers): void {
  describe("a member that is lost", () => {
    test(
      "is replaced by a machine made anew, in its place, and nothing is lost with it",
      async () => {
        expect(await put(of(), "primary", ["kept", "through a loss"])).toMatchObject({ exitCode: 0 });
        await of().lose("primary");
        expect(await soon(() => put(of(), "secondary", ["after", "the loss"]))).toMatchObject({
          exitCode: 0,
        });
        await of().makeAnew("primary");
        for (const seconds of [0.3, 1, 2])
          await of().run("primary", `timeout -s KILL ${seconds} evenkeel-etcd join`);
        // As the rollout asks it: the first one of the site joins as well, and begins nothing.
        expect(await of().etcd("primary", "form")).toMatchObject({ joined: true });
        await expectVoters(of(), memberNames);
        expect(await get(of(), "primary", "kept")).toBe("through a loss");
        expect(await get(of(), "primary", "after")).toBe("the loss");
      },
      5 * minute,
    );

    test(
      "whose data are gone does not start under its old name, and joins anew when the role is applied",
      async () => {
        await of().run(
          "third",
          "systemctl stop etcd; rm -rf /var/lib/evenkeel/etcd/data; systemctl start etcd",
        );
        expect(await unit(of(), "third", "ActiveState")).not.toBe("active");
        expect((await of().run("third", "journalctl -u etcd -n 50")).stdout).toContain(
          "data of this member are gone",
        );
        expect(await of().applyRole("third")).toMatchObject({ joined: true });
        await expectVoters(of(), memberNames);
        expect(await get(of(), "third", "kept")).toBe("through a loss");
      },
      3 * minute,
    );

    test("is not taken out while it runs, nor by itself", async () => {
      await expectRefused(of(), "secondary", "remove third", /third runs/);
      await expectRefused(of(), "secondary", "remove secondary", /by another one/);
    });

    test(
      "is taken out for good once, and joins again when its host is made anew",
      async () => {
        await of().lose("third");
        expect(await of().etcd("primary", "remove third")).toMatchObject({ changed: true });
        await expectVoters(of(), ["primary", "secondary"]);
        expect(await of().etcd("secondary", "remove third")).toMatchObject({ changed: false });
        await of().makeAnew("third");
        await of().etcd("third", "join");
        await expectVoters(of(), memberNames);
      },
      4 * minute,
    );
  });

  describe("a majority that is lost", () => {
    test(
      "nobody is taken out, nothing is joined or written, and nothing restored while another host can't be asked",
      async () => {
        await of().lose("primary");
        await of().lose("third");
        await expectRefused(of(), "secondary", "remove third --deadline 20", /no majority/);
        expect((await put(of(), "secondary", ["lost", "majority"])).exitCode).not.toBe(0);
        await expectRefused(of(), "secondary", "restore --confirm scratch-etcd", /can't be asked/);
        await of().makeAnew("primary");
        await expectRefused(of(), "primary", "join --deadline 20", /nothing can be joined/);
        await expectRefused(of(), "secondary", "restore --confirm scratch-etcd", /can't be asked/);
        expect(await of().etcd("primary", "status")).toMatchObject({ joined: false });
      },
      6 * minute,
    );

    test(
      "one that has its data goes on alone once the others' hosts were made anew, and they join it",
      async () => {
        await of().makeAnew("third");
        await of().run("secondary", "timeout -s KILL 1 evenkeel-etcd restore --confirm scratch-etcd");
        const restored = await of().etcd("secondary", "restore --confirm scratch-etcd");
        expect(restored.members).toMatchObject([{ name: "secondary", voter: true }]);
        expect(await of().etcd("secondary", "restore --confirm scratch-etcd")).toMatchObject({
          changed: false,
        });
        await of().etcd("primary", "join");
        // The word to go on alone was for one start.
        await of().run("secondary", "systemctl restart etcd");
        await of().etcd("third", "join");
        await expectVoters(of(), memberNames);
        for (const name of memberNames) expect(await get(of(), name, "kept")).toBe("through a loss");
      },
      6 * minute,
    );
  });
}
