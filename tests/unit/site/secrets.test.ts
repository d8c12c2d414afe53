import { X509Certificate } from "node:crypto";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { execa } from "execa";
import { UserError } from "../../../automation/errors.ts";
import { redact, secretValues } from "../../../automation/redact.ts";
import { ensureSecrets, readSecretsFile } from "../../../automation/site/secrets.ts";
import { parseConfig } from "../../../components/config.ts";
import { parseSecrets, type SiteSecrets } from "../../../components/secrets.ts";

const networks = {
  primary: "10.10.0.0/16",
  secondary: "10.20.0.0/16",
  third: "10.30.0.0/16",
  peering: "10.99.0.0/24",
};
const config = (regions: string[]) =>
  parseConfig(
    "shop",
    {
      provider: "lab",
      regions,
      initialActive: "primary",
      engine: "mariadb",
      domain: "shop.lab.test",
      adminEmail: "a@shop.lab.test",
      networks: Object.fromEntries(
        Object.entries(networks).filter(([place]) => place !== "secondary" || regions.includes(place)),
      ),
    },
    {},
  );

let directory: string;
let file: string;
let one: SiteSecrets;
let both: SiteSecrets;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "evenkeel-secrets-"));
  file = join(directory, "secrets.json");
  one = await ensureSecrets(file, config(["primary"]));
  both = await ensureSecrets(file, config(["primary", "secondary"]));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe("the secrets document", () => {
  test("is readable by its owner only and leaves no other file behind", () => {
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(directory)).toEqual(["secrets.json"]);
  });

  test("made again is the same, byte for byte, and gets its mode back", async () => {
    const before = readFileSync(file, "utf8");
    chmodSync(file, 0o644);
    await ensureSecrets(file, config(["primary", "secondary"]));
    expect(readFileSync(file, "utf8")).toBe(before);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test("gets what a new region needs and keeps everything it had", () => {
    expect(one.ssh.hosts["secondary/database"]).toBeUndefined();
    expect(one.tls.databases.secondary).toBeUndefined();
    expect(Object.keys(both.ssh.hosts)).toHaveLength(11);
    expect(both).toMatchObject(one);
  });

  test("two made apart share no secret", async () => {
    const other = await ensureSecrets(join(directory, "other.json"), config(["primary"]));
    rmSync(join(directory, "other.json"));
    expect(other.database.app).not.toBe(one.database.app);
    expect(other.tls.ca.key).not.toBe(one.tls.ca.key);
    expect(other.ssh.user.privateKey).not.toBe(one.ssh.user.privateKey);
  });

  test.each(["", "{", "[]", '{"ssh": 1}', '{"tls": {"ca": "x"}}', '{"strange": true}'])(
    "that is damaged (%j) is refused in a sentence and not written over",
    async (text) => {
      const damaged = join(directory, "damaged.json");
      writeFileSync(damaged, text);
      const error = await ensureSecrets(damaged, config(["primary"])).catch((cause: unknown) => cause);
      expect(error).toBeInstanceOf(UserError);
      expect((error as UserError).what).toContain("damaged");
      expect((error as UserError).exitCode).toBe(2);
      expect(readFileSync(damaged, "utf8")).toBe(text);
      expect(() => readSecretsFile(damaged)).toThrow("damaged");
      rmSync(damaged);
    },
  );

  test("names no value when a field is wrong", async () => {
    const damaged = join(directory, "damaged.json");
    writeFileSync(damaged, JSON.stringify({ ...both, database: { ...both.database, app: 12345678 } }));
    const error = await ensureSecrets(damaged, config(["primary"])).catch(
      (cause: unknown) => cause as UserError,
    );
    rmSync(damaged);
    expect((error as UserError).why).toContain("database.app");
    expect((error as UserError).why).not.toContain("12345678");
  });
});

/** The document with another value at a path of keys. */
function changed(path: readonly string[], value: unknown): string {
  const document = structuredClone(both) as Record<string, unknown>;
  const [last = "", ...above] = path.toReversed();
  const parent = above.toReversed().reduce((one, key) => one[key] as Record<string, unknown>, document);
  expect(parent[last]).toEqual(expect.any(String));
  parent[last] = value;
  return JSON.stringify(document);
}

/** A file with another value there is refused in these words, without the value, and stays as it is. */
async function expectRefused(path: readonly string[], value: string, words: string): Promise<void> {
  const file = join(directory, "refused.json");
  const text = changed(path, value);
  writeFileSync(file, text);
  const error = (await ensureSecrets(file, config(["primary", "secondary"])).catch(
    (cause: unknown) => cause,
  )) as UserError;
  expect(error).toBeInstanceOf(UserError);
  expect(error.exitCode).toBe(2);
  expect(error.why).toContain(`${path.join(".")} (${words} are needed)`);
  expect(`${error.what} ${error.why} ${error.next}`).not.toContain("Q7");
  expect(readFileSync(file, "utf8")).toBe(text);
  expect(() => readSecretsFile(file)).toThrow("damaged");
  rmSync(file);
}

describe("a secret that is too short to be kept out of errors and logs", () => {
  test.each([
    ["ssh", "user", "privateKey"],
    ["ssh", "hosts", "primary/web-1", "privateKey"],
    ["tls", "site", "key"],
    ["tls", "stores", "primary", "key"],
    ["database", "app"],
    ["database", "replication"],
    ["database", "health"],
    ["cache", "web"],
    ["wordpress", "adminPassword"],
  ])(
    "is refused by its name, without its value and before anything is changed: %s %s %s %s",
    async (...path) => {
      for (const value of ["", "Q7~x", "Q7~xQ7~", "  Q7~xQ7~ \n"])
        await expectRefused(path, value, "at least 8 characters");
    },
  );

  test("is no longer one with 8 characters, which are kept out; a public value may be shorter", () => {
    const value = "Q7~xQ7~x";
    const secrets = parseSecrets(changed(["database", "app"], value), "here");
    expect(redact(`denied: ${value} ${btoa(value)}`, secretValues(secrets))).not.toContain(value);
    expect(redact(`denied: ${btoa(value)}`, secretValues(secrets))).not.toContain(btoa(value).slice(0, 9));
    expect(parseSecrets(changed(["wordpress", "adminUser"], "a"), "here").wordpress.adminUser).toBe("a");
  });

  test("is none of those that are made", () => {
    const values = secretValues({
      database: both.database,
      dns: both.dns,
      cache: both.cache,
      store: both.store,
    });
    for (const { length } of values) expect(length).toBeGreaterThanOrEqual(16);
  });
});

describe("a secret that a host's file can't hold", () => {
  const storeKey = {
    words: "16 to 64 letters and digits",
    wrong: ["", "Q7x", `${"Q7~".repeat(9)}`, "Q7".repeat(33)],
  };
  const apiKey = "at least 16 characters of A-Z, a-z, 0-9 and ._~+/=-";
  test.each([
    [["store", "primary", "operator", "accessKey"], storeKey],
    [["store", "secondary", "media", "secretKey"], storeKey],
    [
      ["wordpress", "salts", "AUTH_SALT"],
      { words: "at least 32 characters", wrong: ["", "Q7~".repeat(10), " ".repeat(40)] },
    ],
    [
      ["dns", "apiKey"],
      { words: apiKey, wrong: ["", "Q7~x", `${"Q7~".repeat(9)} x`, `"${"Q7~".repeat(9)}"`] },
    ],
  ])(
    "is refused by its name, without its value and before anything is changed: %j",
    async (path, { words, wrong }) => {
      for (const value of wrong) await expectRefused(path, value, words);
    },
  );
});

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
