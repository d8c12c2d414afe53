import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "@jest/globals";
import {
  beginRollout,
  forgetRollout,
  isRolledOut,
  wishesDigest,
} from "../../../automation/rollout/unchanged.ts";
import type { Deployment } from "../../../automation/stacks/state.ts";

const root = mkdtempSync(join(tmpdir(), "evenkeel-unchanged-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const place = {
  name: "blog",
  directory: join(root, "sites/blog"),
  stateDirectory: join(root, ".evenkeel/blog"),
};
const archive = join(root, "wordpress.tar.gz");

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

const digest = () => wishesDigest(place, ["primary", "global"], root);

beforeEach(() => {
  for (const path of [
    "index.ts",
    "components/host/files/nginx/setup.sh",
    "package.json",
    "package-lock.json",
    "automation/cli.ts",
    "automation/engine/plugin/main.ts",
    "automation/keeper/main.ts",
    "sites/blog/Pulumi.yaml",
    "sites/blog/Pulumi.primary.yaml",
    ".evenkeel/blog/secrets.json",
    ".evenkeel/blog/ports.json",
  ])
    write(path, path);
  write(".evenkeel/blog/core.json", JSON.stringify({ localPath: archive }));
  writeFileSync(archive, "archive");
  utimesSync(archive, 1000, 1000);
});

describe("what a rollout depends on", () => {
  test.each([
    "index.ts",
    "components/host/files/nginx/setup.sh",
    "components/added.ts",
    "automation/engine/plugin/diff.ts",
    "automation/keeper/decide.ts",
    "package-lock.json",
    "sites/blog/Pulumi.yaml",
    "sites/blog/Pulumi.primary.yaml",
    "sites/blog/Pulumi.global.yaml",
    ".evenkeel/blog/secrets.json",
    ".evenkeel/blog/ports.json",
    ".evenkeel/blog/store.json",
  ])("%s: another text is another digest, and the old one the old", (path) => {
    const before = digest();
    expect(digest()).toBe(before);
    write(path, "null");
    expect(digest()).not.toBe(before);
    rmSync(join(root, path));
  });

  test("the archive that hosts get, and whether it is there", () => {
    const before = digest();
    utimesSync(archive, 2000, 2000);
    const newer = digest();
    rmSync(archive);
    expect(new Set([before, newer, digest()]).size).toBe(3);
  });

  test("a file that is only linked to, and which plugin runs", () => {
    const before = digest();
    symlinkSync(archive, join(root, "components/linked"));
    const linked = digest();
    writeFileSync(archive, "changed");
    utimesSync(archive, 1000, 1000);
    process.env.PULUMI_COMMAND_PLUGIN = "/other";
    expect(new Set([before, linked, digest()]).size).toBe(3);
    delete process.env.PULUMI_COMMAND_PLUGIN;
    rmSync(join(root, "components/linked"));
  });

  test("no file of the command line, no other stack's file", () => {
    const before = digest();
    write("automation/cli.ts", "changed");
    write("sites/blog/Pulumi.other.yaml", "changed");
    expect(digest()).toBe(before);
  });
});

describe("the note of a rollout", () => {
  type Session = Parameters<typeof isRolledOut>[0];
  type Change = Partial<Deployment["deployment"]>;
  const site = { ...place, stateDirectory: mkdtempSync(join(root, "site-")) };
  const wish = join(site.stateDirectory, "secrets.json");
  const state = (change: Change = {}): Deployment => ({
    version: 3,
    deployment: { manifest: { time: "now" }, resources: [{ urn: "urn:a", type: "t" }], ...change },
  });
  const session = (primary: Change | null = {}) => {
    const states = [
      { name: "primary", state: state(primary ?? {}) },
      { name: "global", state: state() },
    ];
    return {
      place: site,
      config: { provider: "digitalocean", regions: ["primary"] },
      stacks: { savedStates: () => (primary === null ? null : states) },
    } as unknown as Session;
  };
  /** A whole rollout of a site that is as `session` says at its end; `during` runs before it is noted. */
  const rollOut = (now = session(), during = () => {}) => {
    const rollout = beginRollout(now);
    for (const stack of ["primary", "global"]) rollout.ended(stack);
    during();
    rollout.note();
  };
  beforeEach(() => writeFileSync(wish, "wanted"));

  test("holds while nothing changes but the time of a state", async () => {
    forgetRollout({ place: site });
    expect(await isRolledOut(session())).toBe(false);
    rollOut();
    expect(await isRolledOut(session())).toBe(true);
    expect(await isRolledOut(session({ manifest: { time: "later" } }))).toBe(true);
    expect(await isRolledOut(session({ resources: [] }))).toBe(false);
    writeFileSync(wish, "something else");
    expect(await isRolledOut(session())).toBe(false);
  });

  test("is gone once a rollout began, and comes back only when all of its stacks ended", async () => {
    rollOut();
    const rollout = beginRollout(session());
    expect(await isRolledOut(session())).toBe(false);
    rollout.ended("primary");
    rollout.note();
    expect(await isRolledOut(session())).toBe(false);
    rollout.ended("global");
    rollout.note();
    expect(await isRolledOut(session())).toBe(true);
  });

  test("is of what was wanted when it began: a file saved meanwhile was perhaps not rolled out", async () => {
    rollOut(session(), () => writeFileSync(wish, "saved meanwhile"));
    expect(await isRolledOut(session())).toBe(false);
    writeFileSync(wish, "wanted");
    expect(await isRolledOut(session())).toBe(true);
  });

  test("is never made of a stack in which something is pending", async () => {
    const begun = session({ pending_operations: [{ type: "updating" }] });
    rollOut(begun);
    expect(await isRolledOut(begun)).toBe(false);
  });

  test("is never made or believed where the states lie elsewhere", async () => {
    rollOut(session(null));
    expect(await isRolledOut(session())).toBe(false);
    rollOut();
    expect(await isRolledOut(session(null))).toBe(false);
  });

  test("that is damaged, or can't be made, is no reason to do less, and no error", async () => {
    const file = join(site.stateDirectory, "rolled-out.sha256");
    writeFileSync(file, "");
    expect(await isRolledOut(session())).toBe(false);
    rollOut(session(), () => mkdirSync(file));
    expect(await isRolledOut(session())).toBe(false);
    rmSync(file, { recursive: true });
  });
});
