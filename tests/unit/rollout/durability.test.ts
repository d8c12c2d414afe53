import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { takeLock } from "../../../automation/lock.ts";
import type { EtcdKeys } from "../../../automation/remote/etcd.ts";
import type { RemoteResult, SshSession } from "../../../automation/remote/ssh.ts";
import { siteConfig } from "../../../automation/site.ts";

/** The command at work on a clone of its own, with hosts that answer what `members` says. */
let root: string;
let members: Record<string, () => RemoteResult>;
let asked: string[];
let closed: number;

const ssh = {
  run: async (alias: string, { argv }: { argv: string[] }) => {
    const words = argv.slice(3, -2).join(" ");
    asked.push(`${alias} ${words}`);
    const mode = /^put-durability (.*)/.exec(words)?.[1];
    const before = members[alias]?.() as RemoteResult;
    return mode === undefined || before.exitCode !== 0
      ? before
      : told({ durability: mode as EtcdKeys["durability"] });
  },
  close: async () => {
    closed += 1;
  },
} as unknown as SshSession;

const real = {
  engine: await import("../../../automation/rollout/engine.ts"),
  hosts: await import("../../../automation/hosts.ts"),
  session: await import("../../../automation/rollout/session.ts"),
  site: await import("../../../automation/site.ts"),
  built: await import("../../../automation/status/built.ts"),
  ownership: await import("../../../automation/lab/ownership.ts"),
};
const gateway = (id: string) => ({ id, role: "gateway" });
const outputs = {
  regions: {
    primary: { hosts: [gateway("primary/gateway")] },
    secondary: { hosts: [gateway("secondary/gateway")] },
  },
  global: null,
};
const sitePlace = (name: string) => real.site.sitePlace(name, root);
const session = () => {
  const place = sitePlace("shop");
  return { place, config: siteConfig(place), secrets: {} };
};
jest.unstable_mockModule("../../../automation/site.ts", () => ({ ...real.site, sitePlace }));
jest.unstable_mockModule("../../../automation/rollout/engine.ts", () => ({
  ...real.engine,
  setUpEngine: async () => ({}),
}));
jest.unstable_mockModule("../../../automation/lab/ownership.ts", () => ({
  ...real.ownership,
  refuseOtherClones: async () => undefined,
}));
jest.unstable_mockModule("../../../automation/hosts.ts", () => ({
  ...real.hosts,
  openHosts: async () => ssh,
}));
jest.unstable_mockModule("../../../automation/status/built.ts", () => ({
  ...real.built,
  builtSite: async () => ({ session: session(), outputs }),
}));
/** The lock and its refusal are the real ones; site files and stacks behind it are not needed here. */
jest.unstable_mockModule("../../../automation/rollout/session.ts", () => ({
  ...real.session,
  readOutputs: async () => outputs,
  withLockedSite: async (
    { place }: { place: { name: string; stateDirectory: string } },
    command: string,
    work: (found: unknown) => Promise<unknown>,
  ) => {
    const { name: site, stateDirectory } = place;
    const lock = takeLock({ site, stateDirectory, run: "this", command });
    try {
      return await work(session());
    } finally {
      lock.release();
    }
  },
}));
const { changeText, durability } = await import("../../../automation/rollout/durability.ts");

const keys: EtcdKeys = {
  apiVersion: "evenkeel/v1",
  site: "shop",
  revision: 90,
  writer: { region: "primary", epoch: 3 },
  lease: null,
  epoch: 3,
  sync: { regions: ["primary", "secondary"], joined: true },
  durability: null,
  pause: null,
  lock: null,
  history: [],
  ack: null,
};
const told = (change: Partial<EtcdKeys> = {}) =>
  ({ exitCode: 0, stdout: JSON.stringify({ ...keys, ...change }), stderr: "" }) as RemoteResult;
const failed = (stderr: string) => ({ exitCode: 1, stdout: "", stderr }) as RemoteResult;

const inFile = () => /evenkeel:durability:\n {4}value: (\w+)/.exec(projectText())?.[1] ?? null;
const projectText = () => readFileSync(join(root, "Pulumi.yaml"), "utf8");
const puts = () => asked.filter((line) => line.includes("put-durability"));

/** The document that a command printed which ended well. */
async function document(mode?: "strict" | "bounded" | "async"): Promise<unknown> {
  const write = jest.spyOn(process.stdout, "write").mockReturnValue(true);
  await durability({ site: "shop", mode, format: "json", yes: false });
  return JSON.parse(String(write.mock.lastCall?.[0]));
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "evenkeel-durability-"));
  for (const name of readdirSync(real.site.home).filter((each) => /^Pulumi.*\.yaml$/.test(each)))
    cpSync(join(real.site.home, name), join(root, name));
  mkdirSync(join(root, ".evenkeel/shop"), { recursive: true });
  writeFileSync(join(root, ".evenkeel/shop/secrets.json"), "{}");
  members = { "primary/gateway": () => told(), "secondary/gateway": () => told() };
  asked = [];
  closed = 0;
  jest.spyOn(process.stderr, "write").mockReturnValue(true);
});
afterEach(() => {
  jest.restoreAllMocks();
  rmSync(root, { recursive: true, force: true });
});

describe("[P5] evenkeel durability", () => {
  test("without a mode shows what is in force and changes nothing", async () => {
    const before = projectText();
    expect(await document()).toEqual({
      apiVersion: "evenkeel/v1",
      site: "shop",
      durability: "bounded",
      configured: "bounded",
      changed: false,
      writer: "primary",
      sync: ["primary", "secondary"],
    });
    members["secondary/gateway"] = () => told({ revision: 91, durability: "async" });
    expect(await document()).toMatchObject({ durability: "async", configured: "bounded", changed: false });
    expect([puts(), projectText(), closed]).toEqual([[], before, 2]);
  });

  test("with a mode puts it into etcd and into the site's file", async () => {
    const changed = await document("strict");
    expect(changed).toMatchObject({ durability: "strict", configured: "strict", changed: true });
    expect(puts()).toEqual(["primary/gateway put-durability strict"]);
    expect(inFile()).toBe("strict");
    expect(siteConfig(sitePlace("shop")).durability).toBe("strict");
    expect(closed).toBe(1);
  });

  test("says the same again without putting anything, and mends a file that says otherwise", async () => {
    for (const name of Object.keys(members)) members[name] = () => told({ durability: "strict" });
    expect(await document("strict")).toMatchObject({ changed: false, durability: "strict" });
    expect([puts(), inFile()]).toEqual([[], "strict"]);
  });

  test("goes through another member where the first has no majority", async () => {
    members["primary/gateway"] = () => failed("etcd does not answer with a majority");
    await document("async");
    expect(puts()).toEqual(["secondary/gateway put-durability async"]);
  });

  test("without a majority ends with 1, names what each member says, and leaves the file", async () => {
    for (const name of Object.keys(members)) members[name] = () => failed("etcd does not answer");
    const refusal = { exitCode: 1, code: "no-majority", next: "npx evenkeel status" };
    await expect(document("strict")).rejects.toMatchObject({
      ...refusal,
      why: "primary/gateway: etcd does not answer\nsecondary/gateway: etcd does not answer",
    });
    await expect(document()).rejects.toMatchObject(refusal);
    expect([puts(), inFile()]).toEqual([[], null]);
  });

  test("whose put was not answered says that nobody knows, and leaves the file", async () => {
    let answers = 0;
    members["primary/gateway"] = () =>
      answers++ === 0 ? told() : failed("warning\nwhether it is, is not known\n");
    await expect(document("strict")).rejects.toMatchObject({
      exitCode: 1,
      code: "etcd-put",
      why: "primary/gateway: whether it is, is not known",
      next: "npx evenkeel durability strict",
    });
    expect(inFile()).toBeNull();
  });

  test("of a site without etcd is refused (12)", async () => {
    const missing = "sudo: /usr/local/sbin/evenkeel-etcd: command not found";
    for (const name of Object.keys(members)) members[name] = () => failed(missing);
    await expect(document("strict")).rejects.toMatchObject({ exitCode: 12, code: "no-etcd" });
  });

  test("of a site that was never built is refused (12) before anything is set up", async () => {
    rmSync(join(root, ".evenkeel/shop/secrets.json"));
    await expect(document("strict")).rejects.toMatchObject({ exitCode: 12, code: "not-built" });
    expect(asked).toEqual([]);
  });

  test("changes nothing while another command holds the site (13), and is shown all the same", async () => {
    const { name: site, stateDirectory } = sitePlace("shop");
    const lock = takeLock({ site, stateDirectory, run: "other", command: "provision" });
    try {
      await expect(document("strict")).rejects.toMatchObject({ exitCode: 13, code: "locked" });
      expect([asked, inFile()]).toEqual([[], null]);
      expect(await document()).toMatchObject({ durability: "bounded" });
    } finally {
      lock.release();
    }
  });
});

test("what a change means is said in the operator's words", () => {
  const config = { site: "shop", boundedWaitSeconds: 3 };
  expect(changeText(config, "bounded", "strict")).toMatch(
    /^The durability of shop is strict now \(it was bounded\)/,
  );
  expect(changeText(config, "bounded", "bounded")).toMatch(/is bounded already: a write waits 3 s/);
  expect(changeText(config, "strict", "async")).toContain("may be lost");
});
