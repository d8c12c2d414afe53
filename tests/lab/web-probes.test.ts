import { beforeAll, describe, expect, jest, test } from "@jest/globals";
import { eventually, get } from "./support/site.ts";
import { regionNames, type WebTiers, webHost, webTiers } from "./support/web.ts";

jest.setTimeout(120_000);

let web: WebTiers;
let active: string;
let standby: string;

beforeAll(async () => {
  web = await webTiers();
  ({ active, standby } = web);
}, 120_000);

/** Does something to a service of a host and takes it back in any case, waiting until the region is as before. */
async function disturbed(
  options: { hostId: string; hurt: string[]; heal: string[]; region: string },
  during: () => Promise<void>,
): Promise<void> {
  const { hostId, hurt, heal, region } = options;
  await web.site.ssh(hostId, ["sudo", "-n", "systemctl", ...hurt]);
  try {
    await during();
  } finally {
    await web.site.ssh(hostId, ["sudo", "-n", "systemctl", ...heal]);
  }
  await eventually(`${region} is ready again`, 30_000, async () =>
    (await web.probe(region, "/evenkeel/ready")).status === 200 ? true : null,
  );
}

describe("the three questions", () => {
  test("[D16] live, ready and healthcheck.php answer 200 in each region, and say where they are", async () => {
    for (const region of regionNames) {
      for (const path of ["/evenkeel/live", "/evenkeel/ready", "/healthcheck.php"]) {
        const reply = await web.probe(region, path);
        expect([region, path, reply.status]).toEqual([region, path, 200]);
        expect(reply.headers["cache-control"]).toBe("no-store");
        expect(reply.headers["set-cookie"]).toBeUndefined();
        expect(JSON.parse(reply.body)).toMatchObject({
          place: region,
          role: region === active ? "active" : "standby",
          epoch: expect.any(Number),
          release: expect.stringMatching(/^\d+\.\d+/),
          disk: { freeBytes: expect.any(Number), totalBytes: expect.any(Number) },
        });
      }
    }
  });

  test("[D16] active answers 200 in the active region only", async () => {
    expect((await web.probe(active, "/evenkeel/active")).status).toBe(200);
    expect((await web.probe(standby, "/evenkeel/active")).status).toBe(503);
  });

  test("[D16] without its database a region is live but not ready, and says so within two seconds", async () => {
    const hung = { hostId: `${standby}/database`, region: standby };
    const hurt = ["kill", "--signal=STOP", "mariadb"];
    await disturbed({ ...hung, hurt, heal: ["kill", "--signal=CONT", "mariadb"] }, async () => {
      const started = performance.now();
      expect((await web.probe(standby, "/evenkeel/ready")).status).toBe(503);
      expect(performance.now() - started).toBeLessThan(2_500);
      expect((await web.probe(standby, "/healthcheck.php")).status).toBe(503);
      expect((await web.probe(standby, "/evenkeel/live")).status).toBe(200);
    });
  });

  test("[D16] without PHP a web host is not live", async () => {
    const service = (
      await web.run(standby, ["systemctl", "list-units", "--plain", "--no-legend", "php*-fpm.service"])
    ).split(" ")[0] as string;
    const local = () =>
      web.run(standby, [
        "curl",
        "-s",
        "-o",
        "/dev/null",
        "-w",
        "%{http_code}",
        "http://127.0.0.1/evenkeel/live",
      ]);
    expect(await local()).toBe("200");
    const options = {
      hostId: webHost(standby),
      hurt: ["stop", service],
      heal: ["start", service],
      region: standby,
    };
    await disturbed(options, async () => {
      expect(await local()).toBe("502");
    });
    expect(await local()).toBe("200");
  });

  test("probes read: they take no other method", async () => {
    expect((await get(`${web.urlOf(active)}/evenkeel/ready`, { method: "POST" })).status).toBe(405);
  });
});
