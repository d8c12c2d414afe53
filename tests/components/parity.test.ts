import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "@jest/globals";
import type { RoleJob } from "../../components/host/job.ts";
import { access, canary, mockEngine, registered, siteConfig, valueOf, watched } from "./support.ts";

const look = join(import.meta.dirname, "../../components/host/files/common/look");
const roles = ["balancer", "etcd", "database", "cache", "store", "web-1"] as const;
const jobs: Record<string, RoleJob> = {};

/** The job of each role of a region, as it travels to the host. */
async function jobsOf(region: string): Promise<void> {
  await mockEngine(region);
  const { LabRegion } = await import("../../components/region/lab.ts");
  const plan = siteConfig.regionPlans.find(({ name }) => name === region);
  if (plan === undefined) throw new Error(`the test's configuration has no ${region}`);
  await valueOf(new LabRegion(region, { config: siteConfig, plan, access }, watched).outputs);
  for (const role of roles) jobs[`${region}/${role}`] = await jobOf(`${region}-${role}`);
}

/** A command is registered before the mocks are asked for it: its inputs come a moment later. */
async function jobOf(name: string): Promise<RoleJob> {
  const deadline = Date.now() + 5_000;
  for (;;) {
    const found = registered.find(
      (one) => one.type === "command:remote:Command" && one.name.replace(/-role$/, "") === name,
    );
    const literal = /json\.loads\(r'''\n(.*)\n'''\)/s.exec(textIn(found?.inputs.stdin))?.[1];
    if (literal !== undefined) return JSON.parse(literal) as RoleJob;
    if (Date.now() > deadline) throw new Error(`${name} was given no job`);
    await new Promise((wake) => setTimeout(wake, 20));
  }
}

/** A secret as the mocks hand it on is an object with the text in it. */
const textIn = (value: unknown): string =>
  typeof value === "string" ? value : String((value as { value?: unknown } | undefined)?.value);

/** A file in the words of no place, as evenkeel-look makes it, and what it shows of each line to nobody but its reader. */
function neutral(job: RoleJob, path: string): { text: string; shown: string[] } {
  const content = job.files.find((one) => one.path === path)?.content ?? "";
  const code = `
import json, sys
sys.path.insert(0, sys.argv[1])
import parity
content, words = json.load(sys.stdin)
print(json.dumps({"text": parity.neutral(content, words), "shown": [parity.shown(line, False) for line in content.splitlines()]}))`;
  const input = JSON.stringify([content, job.words]);
  return JSON.parse(execFileSync("python3", ["-I", "-B", "-c", code, look], { input, encoding: "utf8" }));
}

const compared = (job: RoleJob) =>
  job.files.filter(({ path, own }) => path.startsWith("/etc/") && own !== true).map(({ path }) => path);

describe("[D12] the configuration of two counterparts", () => {
  beforeAll(async () => {
    for (const region of ["primary", "secondary"]) await jobsOf(region);
  });

  test.each(roles)("is the same in neutral words: %s", (role) => {
    const [ours, theirs] = ["primary", "secondary"].map((region) => jobs[`${region}/${role}`] as RoleJob);
    if (ours === undefined || theirs === undefined) throw new Error("no job");
    expect(compared(ours)).toEqual(compared(theirs));
    expect(compared(ours)).toContain("/etc/evenkeel/sshd.conf");
    const raw = (job: RoleJob, path: string) => job.files.find((one) => one.path === path)?.content;
    const differ = compared(ours).filter((path) => raw(ours, path) !== raw(theirs, path));
    // It would prove nothing where nothing is a place's own.
    expect(differ).not.toEqual([]);
    for (const path of differ)
      expect({ path, text: neutral(ours, path).text }).toEqual({ path, text: neutral(theirs, path).text });
  });

  test("a setting that one of them has not is no place's own word", () => {
    const job = jobs["primary/cache"] as RoleJob;
    const path = "/etc/redis/evenkeel.conf";
    const other = {
      ...job,
      files: job.files.map((one) => ({ ...one, content: one.content.replace("128mb", "96mb") })),
    };
    expect(neutral(other, path).text).not.toBe(neutral(job, path).text);
  });

  test("a line of a file with secrets shows what it is a value of, and no value", () => {
    for (const [role, path] of [
      ["web-1", "/etc/evenkeel/wordpress.env"],
      ["web-1", "/etc/evenkeel/web.json"],
      ["database", "/etc/evenkeel/database.json"],
      ["database", "/etc/evenkeel/peer_key"],
      ["cache", "/etc/evenkeel/redis-web.acl"],
    ] as const) {
      const { shown } = neutral(jobs[`primary/${role}`] as RoleJob, path);
      expect(shown).not.toEqual([]);
      expect(shown.filter((line) => !/^([A-Za-z_][\w.-]*|a line) …$/.test(line))).toEqual([]);
      expect(shown.join("\n")).not.toContain(canary);
    }
  });
});
