import { randomUUID } from "node:crypto";
import { Resolver } from "node:dns/promises";
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { execa } from "execa";
import { edgeStatus, parseEdgeStatus } from "../../automation/remote/traffic.ts";
import { cli, eventually, get, type SiteHandle, site } from "./support/site.ts";
import { closeGates, openGates } from "./support/web.ts";

jest.setTimeout(120_000);

/** How long a change of health may take to show: two checks of a loaded machine, and some. */
const switchMs = 20_000;
const claimed = "6.6.6.6";

let handle: SiteHandle;
let active: string;
let standby: string;

beforeAll(async () => {
  handle = await site();
  const status = JSON.parse((await cli(["status", "--format", "json"])).stdout) as { active: string | null };
  if (status.active === null) throw new Error("the site has no active region to begin with");
  active = status.active;
  standby = Object.keys(handle.regions).find((region) => region !== active) as string;
});

afterAll(() => openGates(handle, active));

const balancer = (region: string) => handle.host(`${region}/gateway`).peeringAddress as string;
const regionUrl = (region: string) => (handle.regions[region] as SiteHandle["regions"][string]).url;

async function resolved(name = handle.dns.name): Promise<string[]> {
  const resolver = new Resolver({ timeout: 2_000, tries: 1 });
  resolver.setServers([`${handle.dns.server}:${handle.dns.port}`]);
  return (await resolver.resolve4(name)).sort();
}

async function edge() {
  const done = await handle.ssh("third/edge", edgeStatus({ name: handle.domain }).argv);
  expect({ exitCode: done.exitCode, stderr: done.exitCode === 0 ? "" : done.stderr }).toEqual({
    exitCode: 0,
    stderr: "",
  });
  return parseEdgeStatus(done.stdout);
}

/** Three visitors POST what is refused unread while a fourth reads; prints "post CODE" and "get CODE" lines. */
const postsBesideReads = `
ask() { curl -sSk -m 15 -o /dev/null "$@"; }
for _ in $(seq 20); do
  for _ in 1 2 3; do ask -w 'post %{http_code}\\n' -d abc=1 "$1/xmlrpc.php" & done
  wait
done &
for _ in $(seq 40); do ask -w 'get %{http_code}\\n' "$1/wp-includes/images/blank.gif"; done
wait
`;

const edgeRole = async () => (await get(`${handle.url}/`)).headers["x-evenkeel-role"];

describe("while one region is active", () => {
  test("[O24] the edge serves it, and knows both regions by name", async () => {
    expect((await get(`${handle.url}/evenkeel/active`)).status).toBe(200);
    expect(await edgeRole()).toBe("active");
    const { edge: answers, backends } = await edge();
    expect(answers).toBe(true);
    const up = (backend: string) =>
      backends.filter((one) => one.backend === backend && one.up).map(({ server }) => server);
    expect(up("active")).toEqual([active]);
    expect(up("ready").sort()).toEqual([active, standby].sort());
  });

  test("[O24] [D16] each region answers for itself: 200 where the writer is, 503 where it is not", async () => {
    expect((await get(`${regionUrl(active)}/evenkeel/active`)).status).toBe(200);
    expect((await get(`${regionUrl(standby)}/evenkeel/active`)).status).toBe(503);
    expect((await get(`${regionUrl(standby)}/evenkeel/live`)).status).toBe(200);
  });

  test("the name server answers the active region's balancer and never the standby's", async () => {
    for (let look = 0; look < 12; look++) {
      expect(await resolved()).toEqual([balancer(active)]);
      await new Promise((wake) => setTimeout(wake, 250));
    }
    expect(await resolved(`www.${handle.domain}`)).toEqual([balancer(active)]);
    expect(await resolved(`${standby}.${handle.domain}`)).toEqual([balancer(standby)]);
  });

  test("names that are not the site's are refused", async () => {
    await expect(resolved("example.org")).rejects.toMatchObject({ code: "EREFUSED" });
  });

  test.each(["edge", "region"])(
    "an X-Forwarded-For that a visitor of the %s claims changes nothing",
    async (way) => {
      const mark = randomUUID();
      const url = way === "edge" ? handle.url : regionUrl(active);
      await get(`${url}/?mark=${mark}`, { headers: { "X-Forwarded-For": claimed, "X-Real-IP": claimed } });
      const line = await eventually(`the access log line of ${mark}`, 10_000, async () => {
        const found = await handle.ssh(`${active}/web-1`, [
          "sudo",
          "-n",
          "grep",
          "-F",
          mark,
          "/var/log/nginx/access.log",
        ]);
        return found.exitCode === 0 ? found.stdout : null;
      });
      expect(line).toContain(mark);
      expect(line).not.toContain(claimed);
      // The visitor itself, neither the edge nor the balancer that handed its request on.
      const hops = ["third/edge", `${active}/gateway`].map((id) => handle.host(id));
      const addresses = hops.flatMap(({ address, peeringAddress }) => [address, peeringAddress]);
      expect(addresses).not.toContain(line.split(" ")[0]);
    },
  );

  test.each(["edge", "active", "standby"])(
    "the rest of a body that was refused unread never meets another visitor's request (%s)",
    async (way) => {
      const url = way === "edge" ? handle.url : regionUrl(way === "active" ? active : standby);
      // curl, for it speaks HTTP/2 and sends head and body apart: the answer is made while the body is on its way.
      const asked = await execa("bash", ["-c", postsBesideReads, "bash", url], { timeout: 60_000 });
      const count = new Map<string, number>();
      for (const line of asked.stdout.trim().split("\n")) count.set(line, (count.get(line) ?? 0) + 1);
      // 404 where all is served, 503 where the gate refuses; 400 would be what is left of another's body.
      const refused = way === "standby" ? "post 503" : "post 404";
      expect(Object.fromEntries(count)).toEqual({ "get 200": 40, [refused]: 60 });
    },
  );

  test("[D13] plain HTTP leads to the public name, health paths are answered there", async () => {
    const ask = async (path: string) => {
      const format = "%{http_code} %{redirect_url}";
      const url = `http://${balancer(active)}${path}`;
      const done = await handle.ssh("third/edge", [
        "curl",
        "-sS",
        "-m",
        "5",
        "-o",
        "/dev/null",
        "-w",
        format,
        url,
      ]);
      return done.stdout.trim();
    };
    expect(await ask("/shop/?p=1")).toBe(`301 https://${handle.domain}/shop/?p=1`);
    expect(await ask("/evenkeel/active")).toBe("200");
    expect(await ask("/evenkeel/live/../../wp-login.php")).toMatch(/^301 /);
  });
});

describe("when the active region's gate closes", () => {
  beforeAll(() => closeGates(handle, active));

  test("[O24] nobody says active, and the edge goes on with pages that can be read", async () => {
    expect((await get(`${regionUrl(active)}/evenkeel/active`)).status).toBe(503);
    await eventually("the edge finds nobody active", switchMs, async () =>
      (await edge()).backends.some(({ backend, up }) => backend === "active" && up) ? null : true,
    );
    const page = await get(`${handle.url}/`);
    expect({ status: page.status, role: page.headers["x-evenkeel-role"] }).toEqual({
      status: 200,
      role: "standby",
    });
    expect((await get(`${handle.url}/evenkeel/active`)).status).toBe(503);
  });

  test("a write through the edge is refused with Retry-After", async () => {
    const refused = await get(`${handle.url}/wp-comments-post.php`, { method: "POST", body: "comment=x" });
    expect(refused.status).toBe(503);
    expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
  });

  test("the name server answers whoever can be read", async () => {
    await eventually("DNS answers both regions", switchMs, async () =>
      (await resolved()).length === 2 ? true : null,
    );
    expect(await resolved()).toEqual([balancer(active), balancer(standby)].sort());
  });

  test("[O24] when it opens again, edge and name server go back to it and to it alone", async () => {
    await openGates(handle, active);
    await eventually("the edge serves the active region", switchMs, async () =>
      (await edgeRole()) === "active" ? true : null,
    );
    await eventually("DNS answers the active region", switchMs, async () =>
      (await resolved()).join() === balancer(active) ? true : null,
    );
  });
});

describe("when the active region's balancer is gone", () => {
  const service = (verb: string) =>
    handle.ssh(`${active}/gateway`, ["sudo", "-n", "systemctl", verb, "haproxy"]);

  test("[O24] visitors read from the other one; the lost one is the answer again only because it is the writer", async () => {
    try {
      expect((await service("stop")).exitCode).toBe(0);
      await eventually("DNS leaves the lost region", switchMs, async () =>
        (await resolved()).join() === balancer(standby) ? true : null,
      );
      await eventually("the edge serves the other region", switchMs, async () =>
        (await edgeRole()) === "standby" ? true : null,
      );
      await closeGates(handle, active);
    } finally {
      await service("start");
    }
    await eventually("the returned balancer can be read", switchMs, async () =>
      (await edge()).backends.some(
        ({ backend, server, up }) => backend === "ready" && server === active && up,
      )
        ? true
        : null,
    );
    // It is back, it can be read, and it is stale: nothing makes it active again by itself.
    expect((await edge()).backends.filter(({ backend, up }) => backend === "active" && up)).toEqual([]);
    await openGates(handle, active);
    await eventually("DNS answers the active region", switchMs, async () =>
      (await resolved()).join() === balancer(active) ? true : null,
    );
  });
});
