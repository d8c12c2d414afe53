import { chmodSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { UserError } from "../../../automation/errors.ts";
import { redact, secretValues } from "../../../automation/redact.ts";
import { ensureSecrets, readSecretsFile } from "../../../automation/site/secrets.ts";
import { parseSecrets, type SiteSecrets } from "../../../components/secrets.ts";
import { config, makeSecrets } from "./made-secrets.ts";

let directory: string;
let file: string;
let one: SiteSecrets;
let both: SiteSecrets;
beforeAll(async () => {
  ({ directory, file, one, both } = await makeSecrets());
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
