import { beforeAll, describe, expect, jest, test } from "@jest/globals";
import type { StatusDocument } from "../../automation/status/document.ts";
import { asRoot, cli, eventually, get, type SiteHandle, site } from "./support/site.ts";
import { closeGates, openGates } from "./support/web.ts";

jest.setTimeout(120_000);

const pauseMs = 4_000;
let handle: SiteHandle;
let active: string;
let standby: string;

const urlOf = (region: string) => handle.regions[region]?.url as string;

/** PHP with WordPress loaded, as the web server's user. */
const wordpress = (region: string, code: string) =>
  asRoot(handle, `${region}/web-1`, ["-u", "www-data", "php"], {
    stdin: `<?php require '/var/www/html/wp-load.php'; ${code}`,
  });

/** Redis asked as its operator. */
const redis = (region: string, ...words: string[]) =>
  asRoot(handle, `${region}/cache`, ["bash", "-s"], {
    stdin: `REDISCLI_AUTH=$(cat /etc/evenkeel/redis-operator) redis-cli --user operator ${words.join(" ")}`,
  });

const readiness = async (region: string) => {
  const reply = await get(`${urlOf(region)}/evenkeel/ready`, { timeoutMs: 8_000 });
  return { status: reply.status, cache: (JSON.parse(reply.body) as { cache: unknown }).cache };
};

async function withoutRedis(during: () => Promise<void>, verb = "stop", back = "start"): Promise<void> {
  await asRoot(handle, `${active}/cache`, ["systemctl", ...verb.split(" "), "redis-server"]);
  try {
    await during();
  } finally {
    await asRoot(handle, `${active}/cache`, ["systemctl", ...back.split(" "), "redis-server"]);
  }
  await eventually("the cache is up again", 20_000, async () =>
    (await readiness(active)).cache === "up" ? true : null,
  );
}

beforeAll(async () => {
  handle = await site();
  const answers = await Promise.all(
    ["primary", "secondary"].map((region) => get(`${urlOf(region)}/evenkeel/active`)),
  );
  active = answers[0]?.status === 200 ? "primary" : "secondary";
  standby = active === "primary" ? "secondary" : "primary";
}, 60_000);

describe("[D22] the object cache of a region", () => {
  test("is one of its own in each region, and what the active one keeps outlives a request", async () => {
    const key = `kept-${Date.now()}`;
    await wordpress(active, `wp_cache_set('${key}', ['a' => 1], 'proof', 600);`);
    expect(await wordpress(active, `echo json_encode(wp_cache_get('${key}', 'proof'));`)).toBe('{"a":1}');
    expect(await redis(active, "DBSIZE")).not.toBe("0");
    // A standby's database changes without its WordPress knowing: it keeps nothing.
    await wordpress(standby, `wp_cache_set('${key}', 1, 'proof', 600);`);
    expect(await wordpress(standby, `var_export(wp_cache_get('${key}', 'proof'));`)).toBe("false");
    expect(await redis(standby, "DBSIZE")).toBe("0");
  });

  test("counts, adds once, deletes and forgets as WordPress's own does", async () => {
    const key = `calls-${Date.now()}`;
    const code = `
      $fresh = fn () => wp_cache_flush_runtime();
      $said = [wp_cache_add('${key}', 5, 'proof'), wp_cache_add('${key}', 6, 'proof')]; $fresh();
      $said[] = wp_cache_incr('${key}', 2, 'proof'); $fresh();
      $said[] = wp_cache_get('${key}', 'proof');
      $said[] = wp_cache_decr('${key}', 100, 'proof'); $fresh();
      $said[] = wp_cache_replace('${key}', 'x', 'proof'); $fresh();
      $said[] = wp_cache_get_multiple(['${key}', 'nothing'], 'proof');
      $said[] = wp_cache_delete('${key}', 'proof'); $fresh();
      $said[] = wp_cache_get('${key}', 'proof');
      wp_cache_set('${key}', 'y', 'proof'); $fresh(); wp_cache_flush();
      $said[] = wp_cache_get('${key}', 'proof');
      echo json_encode($said);`;
    expect(JSON.parse(await wordpress(active, code))).toEqual([
      true,
      false,
      7,
      7,
      0,
      true,
      { [key]: "x", nothing: false },
      true,
      false,
      false,
    ]);
  });

  test("gone, the site serves and stays ready; back, nothing from before the outage is read (W14)", async () => {
    const key = `outage-${Date.now()}`;
    await wordpress(active, `wp_cache_set('${key}', 'old', 'proof', 600);`);
    await withoutRedis(async () => {
      expect(await readiness(active)).toEqual({ status: 200, cache: "down" });
      const { exitCode, stdout } = await cli(["status", "--format", "json"]);
      const { regions, problems } = JSON.parse(stdout) as StatusDocument;
      expect(exitCode).toBe(10);
      expect(problems.map(({ code }) => code)).toEqual(["cache-down"]);
      expect(regions.find(({ name }) => name === active)?.cache).toEqual({ reachable: false });
      const page = await get(`${urlOf(active)}/`);
      expect(page.status).toBe(200);
      // A change that Redis is not told of.
      expect(await wordpress(active, `var_export(wp_cache_delete('${key}', 'proof'));`)).toBe("false");
    });
    await new Promise((wake) => setTimeout(wake, pauseMs));
    expect(await wordpress(active, `var_export(wp_cache_get('${key}', 'proof'));`)).toBe("false");
    await wordpress(active, `wp_cache_set('${key}', 'new', 'proof', 600);`);
    expect(await wordpress(active, `echo wp_cache_get('${key}', 'proof');`)).toBe("new");
  });

  test("hanging, it costs a request tenths of a second once, and no page fails", async () => {
    const hang = `kill -STOP $(systemctl show -p MainPID --value redis-server)`;
    await asRoot(handle, `${active}/cache`, ["bash", "-s"], { stdin: hang });
    try {
      const seconds: number[] = [];
      for (let i = 0; i < 4; i += 1) {
        const start = performance.now();
        expect((await get(`${urlOf(active)}/`)).status).toBe(200);
        seconds.push((performance.now() - start) / 1000);
      }
      // The bound is the deadlines of cache.php with room for a slow page; without them it would hang for minutes.
      expect(Math.max(...seconds)).toBeLessThan(10);
      expect((await readiness(active)).cache).toBe("down");
    } finally {
      await asRoot(handle, `${active}/cache`, ["bash", "-s"], { stdin: hang.replace("STOP", "CONT") });
    }
    await eventually("the cache is up again", 20_000, async () =>
      (await readiness(active)).cache === "up" ? true : null,
    );
  });

  test("a change made by a request that began before a restart of Redis is seen by all afterwards", async () => {
    const key = `late-${Date.now()}`;
    await wordpress(active, `update_option('${key}', 'old');`);
    const slow = wordpress(
      active,
      `get_option('${key}'); touch('/tmp/${key}'); sleep(7); echo update_option('${key}', 'new') ? 'yes' : 'no';`,
    );
    await eventually("the slow request has begun", 20_000, async () =>
      (await handle.ssh(`${active}/web-1`, ["test", "-e", `/tmp/${key}`])).exitCode === 0 ? true : null,
    );
    await asRoot(handle, `${active}/cache`, ["systemctl", "restart", "redis-server"]);
    await eventually("another request keeps the old value", 20_000, async () =>
      (await wordpress(active, `echo get_option('${key}');`)) === "old" ? true : null,
    );
    expect(await slow).toBe("yes");
    expect(await wordpress(active, `echo get_option('${key}');`)).toBe("new");
    await wordpress(active, `delete_option('${key}');`);
  });

  test("what an outage kept elsewhere does not come back at the next one", async () => {
    const key = `transient-${Date.now()}`;
    await withoutRedis(async () => {
      await wordpress(active, `set_transient('${key}', 'old', 600);`);
    });
    await wordpress(active, `set_transient('${key}', 'new', 600);`);
    await withoutRedis(async () => {
      expect(await wordpress(active, `var_export(get_transient('${key}'));`)).toBe("false");
    });
  });

  test("a gate that opens anew begins anew", async () => {
    const key = `gate-${Date.now()}`;
    await wordpress(active, `wp_cache_set('${key}', 'old', 'proof', 600);`);
    await closeGates(handle, active);
    await openGates(handle, active);
    expect(await wordpress(active, `var_export(wp_cache_get('${key}', 'proof'));`)).toBe("false");
  });
});

describe("[S15] Redis itself", () => {
  test("holds its limits, read back from the running server", async () => {
    const settings = await redis(active, "CONFIG GET maxmemory maxmemory-policy maxclients save appendonly");
    const lines = settings.split("\n");
    const value = (name: string) => lines[lines.indexOf(name) + 1];
    expect({
      maxmemory: value("maxmemory"),
      policy: value("maxmemory-policy"),
      clients: value("maxclients"),
      save: value("save"),
    }).toEqual({
      maxmemory: String(128 * 1024 * 1024),
      policy: "allkeys-lru",
      clients: "256",
      save: "",
    });
  });

  test("answers nobody without a password, and the web hosts' user may neither look around nor empty it", async () => {
    const ask = (words: string, auth = "") =>
      asRoot(handle, `${active}/web-1`, ["-u", "www-data", "php"], {
        stdin: `<?php require '/usr/local/lib/evenkeel/web/cache.php';
        $redis = new Redis(); $redis->connect(evenkeel_value('REDIS_HOST'), 6379, 1.0); ${auth}
        try { var_export($redis->rawCommand(${words})); } catch (RedisException $e) { echo $e->getMessage(); }
        echo $redis->getLastError();`,
      });
    const login = `$redis->auth([evenkeel_value('REDIS_USER'), evenkeel_value('REDIS_PASSWORD')]);`;
    expect(await ask("'PING'")).toMatch(/NOAUTH/);
    expect(await ask("'SET', 'evenkeel:proof:acl', '1'", login)).not.toMatch(/NOPERM/);
    for (const refused of ["'FLUSHALL'", "'KEYS', '*'", "'CONFIG', 'GET', '*'", "'GET', 'other:key'"])
      expect([refused, await ask(refused, login)]).toEqual([refused, expect.stringMatching(/NOPERM/)]);
  });

  test("listens in its region only", async () => {
    const listening = await asRoot(handle, `${active}/cache`, ["ss", "-Hltn", "sport = :6379"]);
    const addresses = listening.split("\n").map((line) => line.trim().split(/\s+/)[3]);
    const own = handle.host(`${active}/cache`).address;
    expect(addresses.sort()).toEqual([`${own}:6379`, "127.0.0.1:6379"].sort());
  });
});
