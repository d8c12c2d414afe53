import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { databaseStatus, sql } from "./support/database.ts";
import { check, seedsOf, strangePassword, web } from "./support/seeds.ts";
import { asRoot, cli, get, type SiteHandle, site } from "./support/site.ts";

jest.setTimeout(120_000);

const minute = 60_000;
let now: SiteHandle;

/** A role's own job once more, and what it leaves is what is wanted from now on. */
async function applyAgain(host: string, role: string): Promise<void> {
  const code = `
import subprocess
program, job = open("/usr/local/lib/evenkeel/apply.py").read(), open("/var/lib/evenkeel/roles/${role}.job").read().strip()
text = program.replace("@@" + "JOB@@", job.replace("'", "\\\\u0027"))
subprocess.run(["python3", "-I", "-"], input=text, text=True, check=True, stdout=subprocess.DEVNULL)`;
  await asRoot(now, host, ["python3", "-I", "-c", code]);
}

/** Asks again and again until told to end; gives every answer that was none of a page. */
function visitor(url: string): { end: () => Promise<{ others: string[] }> } {
  const others: string[] = [];
  let over = false;
  const asking = (async () => {
    while (!over) {
      const answer = await get(url).then(
        ({ status }) => String(status),
        (error: Error) => error.message,
      );
      if (answer !== "200") others.push(answer);
      await new Promise((wake) => setTimeout(wake, 100));
    }
  })();
  return {
    end: async () => {
      over = true;
      await asking;
      return { others };
    },
  };
}

beforeAll(async () => {
  now = await site();
});

describe("[P27] drift on the hosts", () => {
  // What a failing test left would fail the files after it.
  afterAll(async () => {
    await cli(["provision", "--yes"], { timeoutMs: 5 * minute });
    await sql(now, "primary", "DROP USER IF EXISTS stray@localhost");
  }, 6 * minute);

  test("is none on a site that is as it was left, and the look says so", async () => {
    expect(await check()).toMatchObject({ exitCode: 0, drifts: [], unknown: [] });
    const table = await cli(["provision", "--check"]);
    expect(table).toMatchObject({ exitCode: 0, stdout: "" });
    expect(table.stderr).toMatch(/All \d+ hosts are as their roles left them/);
  });

  test(
    "is named by host, kind, thing, what is wanted and what was found, changes nothing, and is mended by provision",
    async () => {
      // What the standby has written by itself (W10): neither looking nor mending adds to it.
      const ownEvents = async () =>
        (await sql(now, "secondary", "SELECT @@global.gtid_binlog_state"))
          .join()
          .split(",")
          .filter((gtid) => gtid.split("-")[1] === "2");
      const before = await ownEvents();
      const seeds = seedsOf(now);
      // Nobody's but the site's: what the core's repair has to leave.
      await asRoot(now, "primary/web-1", [
        "bash",
        "-c",
        "echo mine | tee /var/www/html/robots.txt >/var/www/html/wp-content/mine.txt",
      ]);
      for (const { host, by } of seeds) await asRoot(now, host, ["bash", "-ec", by]);
      const seen = await check();
      expect(seen.exitCode).toBe(10);
      const named = seen.drifts.map(({ host, kind, what, found }) => ({ host, kind, what, found }));
      const missed = seeds.filter(
        (seed) =>
          !named.some(
            (one) =>
              one.host === seed.host &&
              one.kind === seed.kind &&
              one.what === seed.what &&
              one.found.startsWith(seed.found),
          ),
      );
      expect(missed.map(({ by: _, ...seed }) => seed)).toEqual([]);
      // Looking mended nothing.
      expect((await check()).drifts).toEqual(seen.drifts);
      // No content of a file is told, not even that of one which should be nobody's to read.
      expect(JSON.stringify(seen)).not.toContain("PasswordAuthentication");
      expect(JSON.stringify(seen)).not.toContain(strangePassword);
      const { exitCode, stderr } = await cli(["provision", "--yes"], { timeoutMs: 5 * minute });
      expect({ exitCode, stderr: exitCode === 0 ? "" : stderr }).toEqual({ exitCode: 0, stderr: "" });
      expect(
        await asRoot(now, "primary/web-1", [
          "bash",
          "-c",
          "cd /var/www/html; cat robots.txt wp-content/mine.txt; rm robots.txt wp-content/mine.txt",
        ]),
      ).toBe("mine\nmine");
      // Pulumi sees none of it.
      expect(stderr).not.toMatch(/\d+ (created|updated|deleted)/);
      for (const { host, kind, what, found } of seeds)
        expect(stderr).toContain(`${host}: the ${kind} ${what}: found ${found}`);
      expect(await check()).toMatchObject({ exitCode: 0, drifts: [], unknown: [] });
      expect((await get(`${now.regions.secondary?.url}/evenkeel/ready`)).status).toBe(200);
      expect(await ownEvents()).toEqual(before);
      expect(await databaseStatus(now, "primary")).toMatchObject({ role: "active", writable: true });
      // A stray is somebody's: it was put away, not thrown away.
      expect(
        await asRoot(now, web, ["bash", "-c", "cat /var/lib/evenkeel/strays/*/etc_cron.d_mine"]),
      ).toContain("root true");
      expect(
        await asRoot(now, "primary/web-1", [
          "bash",
          "-c",
          "cat /var/lib/evenkeel/strays/*/core/wp-admin/mine.php",
        ]),
      ).toContain("mine");
    },
    8 * minute,
  );

  test(
    "of WordPress's own files is mended while the site answers",
    async () => {
      await asRoot(now, "primary/web-1", [
        "bash",
        "-c",
        "echo '// mine' >>/var/www/html/wp-includes/load.php",
      ]);
      const asking = visitor(`${now.regions.primary?.url}/wp-login.php`);
      const { exitCode, stderr } = await cli(["provision", "--yes"], { timeoutMs: 5 * minute });
      expect(await asking.end()).toEqual({ others: [] });
      expect({ exitCode, told: stderr.includes("/wp-includes/load.php: found another content") }).toEqual({
        exitCode: 0,
        told: true,
      });
      expect(await check()).toMatchObject({ exitCode: 0, drifts: [] });
    },
    6 * minute,
  );

  test(
    "of a region alone is mended by a rollout of that region, and the other one's stays",
    async () => {
      const caches = ["primary/cache", "secondary/cache"];
      const seed = { kind: "file", what: "/etc/evenkeel/redis-web.acl", found: "mode 0644" };
      for (const host of caches) await asRoot(now, host, ["chmod", "0644", seed.what]);
      const { exitCode, stderr } = await cli(["provision", "--region", "secondary", "--yes"], {
        timeoutMs: 5 * minute,
      });
      expect({ exitCode, stderr: exitCode === 0 ? "" : stderr }).toEqual({ exitCode: 0, stderr: "" });
      expect(stderr).toContain(
        `secondary/cache: the file ${seed.what}: found mode 0644, wanted mode 0600; mended`,
      );
      expect((await check()).drifts).toMatchObject([{ host: "primary/cache", ...seed }]);
      expect((await cli(["provision", "--yes"], { timeoutMs: 5 * minute })).exitCode).toBe(0);
      expect(await check()).toMatchObject({ exitCode: 0, drifts: [] });
    },
    8 * minute,
  );

  test(
    "of the kernel's settings is found and mended where they are the host's own; where they aren't, none is wanted",
    async () => {
      const host = "secondary/gateway";
      const value = "/proc/sys/net/core/somaxconn";
      const bash = (script: string) => asRoot(now, host, ["bash", "-ec", script]);
      const remount = (how: string) => bash(`mount -o remount,bind,${how} /proc/sys`);
      expect(await asRoot(now, host, ["cat", "/var/lib/evenkeel/roles/balancer.said"])).not.toContain(
        "sysctl",
      );
      await remount("rw");
      try {
        await applyAgain(host, "balancer");
        await bash(`echo 128 >${value}; rm /etc/sysctl.d/60-evenkeel-balancer.conf`);
        expect((await check()).drifts).toEqual(
          expect.arrayContaining([
            expect.objectContaining({
              host,
              kind: "sysctl",
              what: "net.core.somaxconn",
              wanted: "4096",
              found: "128",
            }),
            expect.objectContaining({
              host,
              kind: "file",
              what: "/etc/sysctl.d/60-evenkeel-balancer.conf",
              found: "missing",
            }),
          ]),
        );
        const { exitCode, stderr } = await cli(["provision", "--yes"], { timeoutMs: 5 * minute });
        expect({
          exitCode,
          told: stderr.includes("the sysctl net.core.somaxconn: found 128, wanted 4096; mended"),
        }).toEqual({ exitCode: 0, told: true });
        expect(await bash(`cat ${value}`)).toBe("4096");
        expect(await check()).toMatchObject({ exitCode: 0, drifts: [] });
      } finally {
        await remount("ro");
        await bash("rm -f /etc/sysctl.d/60-evenkeel-balancer.conf");
        await applyAgain(host, "balancer");
      }
      expect(await check()).toMatchObject({ exitCode: 0, drifts: [] });
    },
    5 * minute,
  );

  test("a host that can't be looked at is no host that is well", async () => {
    await asRoot(now, web, ["mv", "/usr/local/sbin/evenkeel-look", "/usr/local/sbin/evenkeel-look.gone"]);
    try {
      const { exitCode, unknown } = await check();
      expect({ exitCode, unknown }).toEqual({
        exitCode: 10,
        unknown: [{ host: web, why: expect.stringContaining("evenkeel-look") }],
      });
    } finally {
      await asRoot(now, web, ["mv", "/usr/local/sbin/evenkeel-look.gone", "/usr/local/sbin/evenkeel-look"]);
    }
  });
});
