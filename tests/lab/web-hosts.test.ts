import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { cli, get, home, type SiteHandle, site, siteName } from "./support/site.ts";

const minute = 60_000;
const file = join(home, "sites", siteName, "Pulumi.yaml");
let original: string;
let handle: SiteHandle;

/** Visitors of the active region, readers and writers, until told to stop: every answer is kept. */
function traffic(url: string) {
  const answers: string[] = [];
  let stopped = false;
  const visit = async (worker: number) => {
    for (let i = 0; !stopped; i += 1) {
      const writes = i % 5 === 4;
      try {
        // Wrong on purpose: WordPress answers the form with 200 again. A gate that is closed would say 503.
        const options = writes
          ? {
              method: "POST",
              headers: { "content-type": "application/x-www-form-urlencoded" },
              body: `log=nobody${worker}&pwd=none`,
            }
          : {};
        const reply = await get(`${url}${writes ? "/wp-login.php" : "/"}`, { ...options, timeoutMs: 30_000 });
        answers.push(String(reply.status));
      } catch (error) {
        answers.push((error as Error).message);
      }
    }
  };
  const workers = [0, 1].map(visit);
  return async () => {
    stopped = true;
    await Promise.all(workers);
    return answers;
  };
}

async function provisionWith(webServers: number): Promise<void> {
  writeFileSync(file, `${original.trimEnd()}\n  evenkeel:webServers:\n    value: ${webServers}\n`);
  const { exitCode, stderr } = await cli(["provision", "--yes"], { timeoutMs: 6 * minute });
  if (exitCode !== 0) throw new Error(`provision ended with ${exitCode}\n${stderr}`);
}

beforeAll(async () => {
  original = readFileSync(file, "utf8");
  handle = await site();
}, minute);

afterAll(() => writeFileSync(file, original));

describe("[S3] web hosts", () => {
  test(
    "one more a region and one less again, under traffic: no request fails",
    async () => {
      const url = handle.regions.primary?.url as string;
      const stop = traffic(url);
      let two: string[] = [];
      try {
        await provisionWith(2);
        two = (await site()).regions.primary?.hosts.map(({ id }) => id) ?? [];
        const served = await cli([
          "ssh",
          "primary/gateway",
          "--",
          "sudo",
          "-n",
          "evenkeel-traffic",
          "haproxy",
          "show servers state web",
        ]);
        expect(served.stdout).toMatch(/web-2/);
        await provisionWith(1);
      } finally {
        const answers = await stop();
        const failed = answers.filter((answer) => answer !== "200");
        console.log(`${answers.length} requests, ${failed.length} failed`);
        expect(failed).toEqual([]);
        expect(answers.length).toBeGreaterThan(50);
      }
      expect(two).toContain("primary/web-2");
      expect((await site()).regions.primary?.hosts.map(({ id }) => id)).not.toContain("primary/web-2");
    },
    10 * minute,
  );
});
