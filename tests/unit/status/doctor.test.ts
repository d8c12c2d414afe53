import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { UserError } from "../../../automation/errors.ts";
import type { SitePlace } from "../../../automation/site.ts";
import { openBundle, pack, readOwn } from "../../../automation/status/bundle.ts";
import { doctor } from "../../../automation/status/doctor.ts";

const home = join(import.meta.dirname, "../../..");
const canary = "canary+'secret'!*(value)";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "evenkeel-doctor-test-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** The files of a bundle by name. */
function unpacked(file: string): Map<string, string> {
  const folder = mkdtempSync(join(root, "unpacked-"));
  execFileSync("tar", ["--force-local", "-xzf", file, "-C", folder]);
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const files = names.filter((name) => statSync(join(folder, name)).isFile());
  return new Map(files.map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}

describe("a bundle", () => {
  test("has what could be had, says why the rest could not, and holds no secret in either", async () => {
    const bundle = openBundle(root, [canary]);
    await bundle.collect("a/b.txt", () => `it read ${new URLSearchParams({ x: canary })}`);
    await bundle.collect("c.txt", () => Promise.reject(new Error(`no access with ${canary}`)));
    await bundle.collect("d.txt", () => {
      throw new UserError({ what: "the configuration is bad", why: "the field x" });
    });
    expect(readFileSync(join(root, "a/b.txt"), "utf8")).toBe("it read x=[redacted]");
    expect(bundle.names).toEqual(["a/b.txt"]);
    expect(bundle.missing).toEqual([
      { name: "c.txt", why: "no access with [redacted]" },
      { name: "d.txt", why: "the configuration is bad: the field x" },
    ]);
  });

  test("without known secrets has only what can hold none, and quotes nothing that it met", async () => {
    const bundle = openBundle(root, null);
    const asked: string[] = [];
    for (const name of ["journal.jsonl", "status.json", "config/Pulumi.yaml", "hosts/primary/web-1/disk.txt"])
      await bundle.collect(name, () => {
        asked.push(name);
        return canary;
      });
    await bundle.collect("machine/memory.txt", () => "plenty");
    await bundle.collect("outputs.json", () => JSON.parse(`{"a":"${canary}`));
    expect(asked).toEqual([]);
    expect(bundle.names).toEqual(["machine/memory.txt"]);
    expect(bundle.missing).toHaveLength(5);
    expect(JSON.stringify(bundle.missing)).not.toContain("canary");
  });

  test("is there as a whole, for its owner alone, in the place of an older file and of no other", async () => {
    const file = join(root, "host:bundle.tar.gz");
    const from = join(root, "from");
    mkdirSync(from);
    writeFileSync(join(from, "x.txt"), "new");
    writeFileSync(file, "old");
    chmodSync(file, 0o644);
    await pack(from, file, "");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(unpacked(file).get("x.txt")).toBe("new");
    const whole = readFileSync(file);
    await expect(pack(join(root, "nowhere"), file, "")).rejects.toThrow("could not be written");
    expect(readFileSync(file)).toEqual(whole);
    expect(readdirSync(root).filter((name) => name.endsWith(".new"))).toEqual([]);
  });

  test("reads regular files of the site, and follows no link to another", async () => {
    writeFileSync(join(root, "own"), "text");
    symlinkSync(join(root, "own"), join(root, "link"));
    expect(await readOwn(join(root, "own"))).toBe("text");
    await expect(readOwn(join(root, "link"))).rejects.toThrow("ELOOP");
    await expect(readOwn(root)).rejects.toThrow();
  });
});

describe("doctor", () => {
  let place: SitePlace;
  let file: string;
  let told: { contents: string[]; missing: { name: string; why: string }[] };
  beforeEach(() => {
    place = { name: "broken", directory: root, stateDirectory: join(root, ".evenkeel/broken") };
    file = join(root, "bundle.tar.gz");
    for (const name of ["Pulumi.yaml", "Pulumi.primary.yaml", "Pulumi.secondary.yaml", "Pulumi.global.yaml"])
      copyFileSync(join(home, name), join(root, name));
    const project = readFileSync(join(root, "Pulumi.yaml"), "utf8");
    writeFileSync(join(root, "Pulumi.yaml"), project.replace("name: shop", "name: broken"));
    mkdirSync(place.stateDirectory, { recursive: true });
    jest.spyOn(process.stderr, "write").mockReturnValue(true);
    jest.spyOn(process.stdout, "write").mockImplementation((text) => {
      told = JSON.parse(String(text));
      return true;
    });
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });

  const run = (output = file) => doctor({ site: "broken", format: "json", output }, place);

  test("a site whose secrets are damaged gets its bundle (10), without what could hold some", async () => {
    writeFileSync(join(place.stateDirectory, "secrets.json"), `{"database": {"app": "${canary}"`);
    writeFileSync(join(place.stateDirectory, "journal.jsonl"), `{"detail": "${canary}"}\n`);
    expect(await run()).toBe(10);
    const files = unpacked(file);
    expect([...files.keys()].sort()).toEqual([...told.contents].sort());
    for (const name of ["machine/system.txt", "machine/node.txt", "check.json", "missing.json"])
      expect(told.contents).toContain(name);
    const missing = new Map(told.missing.map(({ name, why }) => [name, why]));
    expect(missing.get("secrets")).toContain("secrets.json are damaged");
    for (const name of ["journal.jsonl", "config", "status.json"])
      expect(missing.get(name)).toContain("secrets");
    expect([...files.values()].join("")).not.toContain("canary");
    expect(JSON.parse(files.get("missing.json") as string)).toEqual(told.missing);
  });

  test.each([
    ["are damaged", "{", "none that could hold a secret, since the secrets can't be read"],
    ["were never made", null, "secrets taken out"],
  ])("says what was done about secrets where they %s", async (_, text, said) => {
    if (text === null) rmSync(place.stateDirectory, { recursive: true });
    else writeFileSync(join(place.stateDirectory, "secrets.json"), text);
    const written: string[] = [];
    jest.mocked(process.stdout.write).mockImplementation((line) => written.push(String(line)) > 0);
    await doctor({ site: "broken", format: "table", output: file }, place);
    const contents = /^Contents.*$/m.exec(written.join(""))?.[0];
    expect(contents).toMatch(/ files, (.*); look through it/);
    expect(contents).toContain(said);
    expect(contents?.includes("taken out")).toBe(text === null);
  });

  test("a site with a bad configuration gets its bundle (10), which says what is bad in it", async () => {
    rmSync(place.stateDirectory, { recursive: true });
    writeFileSync(join(root, "Pulumi.primary.yaml"), "config: [this is none\n");
    expect(await run()).toBe(10);
    expect(told.contents).toContain("config/Pulumi.primary.yaml");
    const missing = new Map(told.missing.map(({ name, why }) => [name, why]));
    for (const name of ["check.json", "status.json", "stacks"])
      expect(missing.get(name)).toContain("the configuration of the site broken");
  });

  test("a site that was never set up lacks nothing of its own", async () => {
    rmSync(place.stateDirectory, { recursive: true });
    await run();
    expect(told.contents).toContain("status.json");
    expect(told.missing.map(({ name }) => name).filter((name) => !name.startsWith("machine/"))).toEqual([]);
  });

  test.each([
    ["a folder", (path: string) => mkdirSync(path)],
    ["a link", (path: string) => symlinkSync(join(root, "elsewhere"), path)],
    ["a link to a file", (path: string) => symlinkSync(join(root, "Pulumi.yaml"), path)],
  ])("is refused where the target is %s, before anything is looked at", async (_, make) => {
    make(file);
    const before = readFileSync(join(root, "Pulumi.yaml"), "utf8");
    await expect(run()).rejects.toMatchObject({
      exitCode: 2,
      why: expect.stringContaining("no regular file"),
    });
    expect(existsSync(join(root, "elsewhere"))).toBe(false);
    expect(readFileSync(join(root, "Pulumi.yaml"), "utf8")).toBe(before);
    expect(process.stderr.write).not.toHaveBeenCalled();
  });

  test("without a folder for temporary files says which one is missing, and makes none", () => {
    const [cli, TMPDIR] = [join(home, "automation/cli.ts"), join(root, "nowhere")];
    const argv = [cli, "doctor", "--output", file];
    const run = spawnSync(process.execPath, argv, {
      encoding: "utf8",
      env: { PATH: process.env.PATH, TMPDIR },
    });
    expect({ status: run.status, first: run.stderr.split("\n")[0] }).toEqual({
      status: 1,
      first: `error: nothing can be written in ${TMPDIR}`,
    });
    expect([existsSync(file), existsSync(TMPDIR)]).toEqual([false, false]);
  });

  test("is refused where the target's folder is a file", async () => {
    await expect(run(join(root, "Pulumi.yaml", "x"))).rejects.toMatchObject({ exitCode: 2 });
  });
});
