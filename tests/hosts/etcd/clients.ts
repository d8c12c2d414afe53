import { describe, expect, test } from "@jest/globals";
import type { Certificate } from "../../../components/secrets.ts";
import { type EtcdMembers, memberNames } from "../support/etcd-members.ts";
import { get, put } from "./words.ts";

export function etcdClientTests(of: () => EtcdMembers): void {
  const tls = () => of().secrets.tls;
  const keeper = (id: string) => tls().keepers[id] as Certificate;
  const range = { path: "/v3/kv/range", body: { key: Buffer.from("begun").toString("base64") } };

  describe("who may ask", () => {
    test.each(["primary/database", "primary/web-1", "secondary/database", "secondary/web-1"])(
      "the keeper of %s, any member over the link",
      async (id) => {
        for (const name of memberNames)
          expect(await put(of(), name, ["keeper", id], { from: "primary", as: keeper(id) })).toMatchObject({
            exitCode: 0,
          });
        expect(await get(of(), "third", "keeper")).toBe(id);
      },
    );

    test("a web host's keeper: its own region's member at the gateway's address in the region, no other", async () => {
      const ask = (to: string) => of().ask({ from: "web", to, as: keeper("primary/web-1"), ...range });
      expect(await ask(of().address.place)).toMatchObject({ exitCode: 0 });
      for (const name of memberNames) expect((await ask(of().address[name])).exitCode).not.toBe(0);
    });

    test.each<[string, () => Certificate | null]>([
      ["nobody without a certificate", () => null],
      ["no database with its own", () => tls().databases.primary as Certificate],
      ["no store with its own", () => tls().stores.primary as Certificate],
      ["no web tier with its own", () => tls().site],
    ])("%s", async (_, certificate) => {
      for (const name of memberNames) {
        const said = await put(of(), name, ["intruder", "was here"], { as: certificate() });
        expect(said.exitCode).not.toBe(0);
        expect(said.stderr).toMatch(/alert|handshake|reset|certificate/i);
      }
      expect(await get(of(), "primary", "intruder")).toBeNull();
    });

    test("no keeper is a member: the members' own port takes members' certificates alone", async () => {
      const ask = (as: Certificate) =>
        of().ask({ from: "secondary", to: of().address.primary, port: 2380, as, path: "/members" });
      expect((await ask(keeper("secondary/database"))).exitCode).not.toBe(0);
      const member = tls().etcd.secondary as Certificate;
      expect((await ask(member)).stderr).not.toMatch(/alert|handshake|reset/i);
    });

    test("nothing of it listens but at the declared addresses", async () => {
      const { stdout } = await of().run(
        "primary",
        "ss -Hltn 'sport = :2379 or sport = :2380' | awk '{ print $4 }' | sort",
      );
      const { primary, place } = of().address;
      expect(stdout.trim().split("\n")).toEqual(
        ["127.0.0.1:2379", `${primary}:2379`, `${primary}:2380`, `${place}:2379`].sort(),
      );
    });
  });
}
