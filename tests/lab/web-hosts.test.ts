import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { execa } from "execa";
import { cli, eventually, get, home, type SiteHandle, site, siteName } from "./support/site.ts";
import { readers, traffic } from "./support/visitors.ts";

const minute = 60_000;
const file = join(home, "sites", siteName, "Pulumi.yaml");
let original: string;
let handle: SiteHandle;

/** One region is enough: both are the same program. */
const one = (region: "primary" | "secondary") => ["--region", region];

async function provisionWith(values: Record<string, unknown>, words: readonly string[] = []): Promise<void> {
  const lines = Object.entries(values).map(
    ([key, value]) => `  evenkeel:${key}:\n    value: ${JSON.stringify(value)}\n`,
  );
  writeFileSync(file, `${original.trimEnd()}\n${lines.join("")}`);
  const { exitCode, stderr } = await cli(["provision", "--yes", ...words], { timeoutMs: 6 * minute });
  if (exitCode !== 0) throw new Error(`provision ended with ${exitCode}\n${stderr}`);
}

/** The active region's web hosts, as the stacks gave them out. */
async function webHosts(): Promise<string[]> {
  const hosts = (await site()).regions.primary?.hosts ?? [];
  return hosts.flatMap(({ id, role }) => (role === "web" ? [id.slice("primary/".length)] : []));
}

/** Those that the region's balancer has and finds well (operational state 2). */
async function served(): Promise<string[]> {
  const ask = ["sudo", "-n", "evenkeel-traffic", "haproxy", "show", "servers", "state", "web"];
  const { stdout } = await cli(["ssh", "primary/gateway", "--", ...ask]);
  const prefix = handle.host("primary/web-1").name.replace(/web-1$/, "");
  const rows = stdout.split("\n").map((line) => line.split(" "));
  return rows.flatMap(([, backend, , name, , state]) =>
    backend === "web" && name !== undefined && state === "2" ? [name.replace(prefix, "")] : [],
  );
}

beforeAll(async () => {
  original = readFileSync(file, "utf8");
  handle = await site();
}, minute);

afterAll(() => writeFileSync(file, original));

/** Each costs a rollout half a minute and more: four of them are the soak's. */
const most = process.env.EVENKEEL_EVERY_STEP === undefined ? 2 : 4;

describe("[S3] web hosts", () => {
  test(
    `from one to ${most} a region and to one again, under traffic: no request fails`,
    async () => {
      const url = handle.regions.primary?.url as string;
      const stop = traffic(url);
      const seen: { hosts: string[]; served: string[] }[] = [];
      try {
        for (const webServers of [most, 1]) {
          await provisionWith({ webServers }, one("primary"));
          const well = await eventually(`${webServers} well web hosts`, 15_000, async () => {
            const now = await served();
            return now.length === webServers ? now : null;
          });
          seen.push({ hosts: await webHosts(), served: well });
        }
      } finally {
        const answers = await stop();
        writeFileSync(file, original);
        const failed = answers.filter((answer) => answer !== "200");
        console.log(`${answers.length} requests, ${failed.length} failed`);
        expect(failed).toEqual([]);
        expect(answers.length).toBeGreaterThan(50);
      }
      const names = (count: number) => Array.from({ length: count }, (_, i) => `web-${i + 1}`);
      expect(seen).toEqual([most, 1].map((count) => ({ hosts: names(count), served: names(count) })));
    },
    15 * minute,
  );
});

test(
  "[S3] a web host that is shut down lets a request of PHP's end first",
  async () => {
    const { name, address } = handle.host("secondary/web-1");
    const script = "/var/www/html/wp-content/slow-proof.php";
    const code = "<?php sleep(8); echo 'ended';";
    await handle.ssh("secondary/web-1", ["sudo", "-n", "-u", "www-data", "tee", script], { stdin: code });
    const ask = `curl -sk -m 30 -o /dev/stdout -w ' %{http_code}' https://${address}/wp-content/slow-proof.php`;
    const slow = handle.ssh("secondary/gateway", ["bash", "-c", ask]);
    await new Promise((wake) => setTimeout(wake, 1_500));
    try {
      await execa("docker", ["stop", "-t", "75", name], { timeout: 90_000 });
    } finally {
      await execa("docker", ["start", name], { timeout: 60_000 });
    }
    expect((await slow).stdout).toBe("ended 200");
    await eventually("the region is ready again", minute, async () =>
      (await get(`${handle.regions.secondary?.url}/evenkeel/ready`)).status === 200 ? true : null,
    );
    await handle.ssh("secondary/web-1", ["sudo", "-n", "rm", "-f", script]);
  },
  4 * minute,
);

describe("PHP's pool", () => {
  /** Processes of the pool that run now. */
  const workersOf = async (hostId: string) =>
    Number((await handle.ssh(hostId, ["pgrep", "-fc", "php-fpm: pool"])).stdout);
  const warnings = async () => {
    const { stdout } = await cli(["status", "--format", "json"]);
    return (JSON.parse(stdout) as { warnings: string[] }).warnings;
  };
  const pool = async (hostId: string) => {
    const { stderr, stdout } = await handle.ssh(hostId, [
      "sudo",
      "-n",
      "bash",
      "-c",
      "/usr/sbin/php-fpm[0-9]* -tt 2>&1",
    ]);
    const lines = `${stdout}\n${stderr}`.split("\n");
    return (name: string) => lines.find((line) => line.includes(`${name} = `))?.split(" = ")[1];
  };

  test("[D11] is sized from the host's memory where nothing is said, so that all workers at their limit fit", async () => {
    const { stdout } = await handle.ssh("secondary/web-1", ["sudo", "-n", "evenkeel-web", "status"]);
    const { php } = JSON.parse(stdout) as { php: Record<string, number | null> };
    const { maxChildren, memoryMib, workerMib, warning } = php as { [name: string]: number } & {
      warning: null;
    };
    expect(warning).toBeNull();
    expect((maxChildren as number) * (workerMib as number)).toBeLessThanOrEqual(memoryMib as number);
    const setting = await pool("secondary/web-1");
    expect(setting("pm.max_children")).toBe(String(maxChildren));
    expect(setting("listen")).toMatch(/evenkeel\.sock/);
  });

  test(
    "[D10] [D11] as the configuration says: 50/5/2/5, at the host's own address for nginx of the same host only",
    async () => {
      const php = { listen: "tcp", maxChildren: 50, startServers: 5, minSpareServers: 2, maxSpareServers: 5 };
      const stop = readers(handle.regions.secondary?.url as string);
      try {
        // Readers of the standby notice nothing of it.
        await provisionWith({ php }, one("secondary")).finally(async () => {
          const answers = await stop();
          console.log(`${answers.length} requests of readers`);
          expect(answers.filter((answer) => answer !== "200")).toEqual([]);
          expect(answers.length).toBeGreaterThan(20);
        });
        const { address } = handle.host("secondary/web-1");
        const setting = await pool("secondary/web-1");
        const names = [
          "pm",
          "pm.max_children",
          "pm.start_servers",
          "pm.min_spare_servers",
          "pm.max_spare_servers",
        ];
        expect(names.map(setting)).toEqual(["dynamic", "50", "5", "2", "5"]);
        expect(setting("listen")).toBe(`${address}:9000`);
        expect(setting("listen.allowed_clients")).toBe(address);
        expect((await get(`${handle.regions.secondary?.url}/`)).status).toBe(200);
        // Another host's connection is ended (0) or reset (1) by FPM at once; the own one waits for more (124).
        const ask = `exec 3<>/dev/tcp/${address}/9000 && echo made && printf x >&3 && timeout 3 cat <&3; echo $?`;
        const from = async (hostId: string) => (await handle.ssh(hostId, ["bash", "-c", ask])).stdout.trim();
        expect(await Promise.all(["secondary/gateway", "secondary/web-1"].map(from))).toEqual([
          expect.stringMatching(/^made\n[01]$/),
          "made\n124",
        ]);
        expect(await workersOf("secondary/web-1")).toBe(5);
        expect(await warnings()).toEqual([]);
      } finally {
        await provisionWith({}, one("secondary"));
      }
      expect((await get(`${handle.regions.secondary?.url}/`)).status).toBe(200);
      expect((await pool("secondary/web-1"))("listen")).toMatch(/evenkeel\.sock/);
    },
    10 * minute,
  );
});
