import { X509Certificate } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { execa } from "execa";
import { ensureSecrets, readSecretsFile } from "../../../automation/site/secrets.ts";
import type { SiteSecrets } from "../../../components/secrets.ts";
import { config, makeSecrets } from "./made-secrets.ts";

let directory: string;
let one: SiteSecrets;
let both: SiteSecrets;
beforeAll(async () => {
  ({ directory, one, both } = await makeSecrets());
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe("keys", () => {
  test("are ed25519 and OpenSSH reads them", async () => {
    const key = join(directory, "key");
    writeFileSync(key, both.ssh.hosts["primary/gateway"]?.privateKey ?? "", { mode: 0o600 });
    const { stdout } = await execa("ssh-keygen", ["-y", "-f", key]);
    rmSync(key);
    const [type, body] = (both.ssh.hosts["primary/gateway"]?.publicKey ?? "").split(" ");
    expect(type).toBe("ssh-ed25519");
    expect(stdout.split(" ").slice(0, 2)).toEqual([type, body]);
  });
});

describe("certificates", () => {
  const parse = (pem: string | undefined) => new X509Certificate(pem ?? "");
  const days = (certificate: X509Certificate) =>
    (Date.parse(certificate.validTo) - Date.parse(certificate.validFrom)) / 86_400_000;

  test("the authority signs itself for ten years, the others last 825 days and are signed by it", () => {
    const authority = parse(both.tls.ca.certificate);
    expect(authority.ca).toBe(true);
    expect(authority.verify(authority.publicKey)).toBe(true);
    expect(days(authority)).toBe(3650);
    const { site, databases, stores, etcd, keepers } = both.tls;
    const leaves = [databases, stores, etcd, keepers].flatMap((section) => Object.values(section));
    expect(leaves).toHaveLength(2 + 2 + 3 + 4);
    for (const { certificate, key } of [site, ...leaves]) {
      const leaf = parse(certificate);
      expect(leaf.ca).toBe(false);
      expect(leaf.verify(authority.publicKey)).toBe(true);
      expect(leaf.checkIssued(authority)).toBe(true);
      expect(days(leaf)).toBe(825);
      expect(key).toContain("PRIVATE KEY");
    }
  });

  test("of the site names the public name, its sub-names and this machine, and nothing else", async () => {
    const site = parse(one.tls.site.certificate);
    for (const name of ["shop.lab.test", "www.shop.lab.test", "primary.shop.lab.test", "localhost"]) {
      expect(site.checkHost(name)).toBeDefined();
    }
    expect(site.checkIP("127.0.0.1")).toBe("127.0.0.1");
    for (const name of ["other.lab.test", "a.b.shop.lab.test"]) expect(site.checkHost(name)).toBeUndefined();
    expect(site.checkIP("10.10.0.20")).toBeUndefined();
  });

  test("of a database names its own region's name and addresses, not the other's", () => {
    const database = parse(both.tls.databases.secondary?.certificate);
    expect(database.checkHost("database.secondary.shop.lab.test")).toBeDefined();
    expect(database.checkIP("10.99.0.21")).toBeDefined();
    expect(database.checkIP("10.20.0.20")).toBeDefined();
    expect(database.checkHost("database.primary.shop.lab.test")).toBeUndefined();
    expect(database.checkIP("10.99.0.11")).toBeUndefined();
  });

  const uses = { server: "1.3.6.1.5.5.7.3.1", client: "1.3.6.1.5.5.7.3.2" };

  test("of servers are for servers alone: no database, store or web host is a client of etcd by its own", () => {
    const { site, databases, stores } = both.tls;
    for (const { certificate } of [site, ...Object.values(databases), ...Object.values(stores)])
      expect(parse(certificate).keyUsage).toEqual([uses.server]);
  });

  test("of etcd's members are for both sides, and name each member's own addresses and what is common to all", () => {
    expect(Object.keys(both.tls.etcd)).toEqual(["primary", "secondary", "third"]);
    const own = {
      primary: ["10.99.0.10", "10.10.0.2"],
      secondary: ["10.99.0.20", "10.20.0.2"],
      third: ["10.99.0.200"],
    };
    for (const [place, addresses] of Object.entries(own)) {
      const member = parse(both.tls.etcd[place]?.certificate);
      expect(member.keyUsage).toEqual([uses.server, uses.client]);
      for (const name of ["etcd.shop.lab.test", `etcd.${place}.shop.lab.test`])
        expect(member.checkHost(name)).toBeDefined();
      const others = Object.values(own)
        .flat()
        .filter((address) => !addresses.includes(address));
      for (const address of ["127.0.0.1", ...addresses]) expect(member.checkIP(address)).toBe(address);
      for (const address of others) expect(member.checkIP(address)).toBeUndefined();
    }
  });

  test("of a site of one region are for one member of etcd: of two, either one's loss would cost the majority", () => {
    expect(Object.keys(one.tls.etcd)).toEqual(["primary"]);
  });

  test("of keepers are one a database and web host, for clients alone, and name nothing but whose they are", () => {
    const ids = ["primary", "secondary"].flatMap((region) => [`${region}/database`, `${region}/web-1`]);
    expect(Object.keys(both.tls.keepers).sort()).toEqual(ids);
    for (const id of ids) {
      const keeper = parse(both.tls.keepers[id]?.certificate);
      expect([keeper.subject, keeper.keyUsage]).toEqual([`CN=keeper.${id}`, [uses.client]]);
      expect(keeper.subjectAltName).toBeUndefined();
    }
  });

  test("that a document of before lacks are added to it, and nothing else of it is changed", async () => {
    const old = join(directory, "old.json");
    const { etcd: _etcd, keepers: _keepers, ...tls } = both.tls;
    writeFileSync(old, JSON.stringify({ ...both, tls }));
    expect(readSecretsFile(old)?.tls).toEqual({ ...tls, etcd: {}, keepers: {} });
    const filled = await ensureSecrets(old, config(["primary", "secondary"]));
    expect(filled).toMatchObject({ ...both, tls });
    expect(Object.keys(filled.tls.etcd)).toHaveLength(3);
    expect(Object.keys(filled.tls.keepers)).toHaveLength(4);
    expect(readSecretsFile(old)).toEqual(filled);
    rmSync(old);
  });

  test("of another authority does not verify", async () => {
    const other = await ensureSecrets(join(directory, "third.json"), config(["primary"]));
    rmSync(join(directory, "third.json"));
    expect(parse(both.tls.site.certificate).verify(parse(other.tls.ca.certificate).publicKey)).toBe(false);
  });
});
