import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "@jest/globals";
import {
  forgetRollout,
  isRolledOut,
  noteRollout,
  rolloutDigest,
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

const state = (change: Partial<Deployment["deployment"]> = {}): Deployment => ({
  version: 3,
  deployment: { manifest: { time: "now" }, resources: [{ urn: "urn:a", type: "t" }], ...change },
});
const states = (primary = state()) => [
  { name: "primary", state: primary },
  { name: "global", state: state() },
];
const digest = (primary?: Deployment) => rolloutDigest({ place, states: states(primary) }, root);

beforeEach(() => {
  for (const path of [
    "index.ts",
    "components/host/files/nginx/setup.sh",
    "package.json",
    "package-lock.json",
    "automation/cli.ts",
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

  test("a stack's resources and what was begun in it, but not when its state was written", () => {
    const before = digest();
    expect(digest(state({ manifest: { time: "later" } }))).toBe(before);
    expect(digest(state({ resources: [{ urn: "urn:a", type: "t", inputs: { create: "x" } }] }))).not.toBe(
      before,
    );
    expect(digest(state({ pending_operations: [{}] }))).not.toBe(before);
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
  const session = (saved: ReturnType<typeof states> | null) =>
    ({
      place,
      config: { provider: "digitalocean" },
      stacks: { savedStates: () => saved },
    }) as unknown as Session;

  test("holds while nothing changes, and is gone once a stack may be half done", async () => {
    const now = session(states());
    forgetRollout(now);
    expect(await isRolledOut(now)).toBe(false);
    noteRollout(now);
    expect(await isRolledOut(now)).toBe(true);
    expect(await isRolledOut(session(states(state({ resources: [] }))))).toBe(false);
    forgetRollout(now);
    expect(await isRolledOut(now)).toBe(false);
  });

  test("is never made or believed where the states lie elsewhere", async () => {
    noteRollout(session(null));
    expect(await isRolledOut(session(states()))).toBe(false);
    noteRollout(session(states()));
    expect(await isRolledOut(session(null))).toBe(false);
  });

  test("is no reason to do less when it is damaged", async () => {
    writeFileSync(join(place.stateDirectory, "rolled-out.sha256"), "");
    expect(await isRolledOut(session(states()))).toBe(false);
  });
});
