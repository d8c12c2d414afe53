import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import type { StatusDocument } from "../../automation/status/document.ts";
import { asRoot, cli, eventually, onHost, type SiteHandle, site } from "./support/site.ts";

jest.setTimeout(120_000);

const regions = ["primary", "secondary"];
let handle: SiteHandle;
/** Everything that the tests keep is below this name, and goes with it. */
const folder = `proof-${Date.now()}`;

const storeOf = (region: string) => {
  const store = handle.regions[region]?.store;
  if (store === null || store === undefined) throw new Error(`${region} has no store`);
  return store;
};

interface Request {
  method?: string;
  body?: string;
  /** Region whose media key signs; null: nobody signs. */
  key?: string | null;
}

/** Asks a region's store from its gateway, as any host of the region would: the key comes by standard input. */
async function s3(region: string, path: string, { method = "GET", body = "", key = region }: Request = {}) {
  const { endpoint } = storeOf(region);
  const pair = key === null ? undefined : handle.secrets.store[key]?.media;
  const settings = [
    `url = "${endpoint}${path}"`,
    `request = "${method}"`,
    `aws-sigv4 = "aws:amz:${region}:s3"`,
    ...(pair === undefined ? [] : [`user = "${pair.accessKey}:${pair.secretKey}"`]),
    ...(body === "" ? [] : [`data-raw = "${body}"`]),
  ].filter((line) => pair !== undefined || !line.startsWith("aws-sigv4"));
  const words = ["curl", "-sS", "-m", "10", "-w", "\\n%{http_code}", "-K", "-"];
  const stdin = `${settings.join("\n")}\n`;
  const said = await onHost(handle, `${region}/gateway`, [...words, "--cacert", authority], { stdin });
  const lines = said.split("\n");
  return { code: Number(lines.at(-1)), body: lines.slice(0, -1).join("\n") };
}
const authority = "/etc/evenkeel/tls/ca.pem";

const versionsIn = (xml: string) =>
  [...xml.matchAll(/<(?:Version|DeleteMarker)>.*?<\/(?:Version|DeleteMarker)>/gs)].map(([text]) => ({
    key: /<Key>(.*?)<\/Key>/.exec(text)?.[1] ?? "",
    id: /<VersionId>(.*?)<\/VersionId>/.exec(text)?.[1] ?? "",
    isMarker: text.startsWith("<DeleteMarker>"),
  }));

async function versions(region: string) {
  const { code, body } = await s3(region, `/${storeOf(region).bucket}?prefix=${folder}&versions=`);
  expect(code).toBe(200);
  return versionsIn(body);
}

beforeAll(async () => {
  handle = await site();
});

afterAll(async () => {
  for (const region of regions)
    for (const { key, id } of await versions(region))
      await s3(region, `/${storeOf(region).bucket}/${key}?versionId=${id}`, { method: "DELETE" });
  for (const region of regions) expect(await versions(region)).toEqual([]);
});

describe("[O20] the object store of a region", () => {
  test.each(regions)("%s: one bucket with a name of its own, that keeps every version", async (region) => {
    const { bucket } = storeOf(region);
    expect(bucket).toContain(region);
    const object = `/${bucket}/${folder}/kept`;
    for (const body of ["old", "new"])
      expect((await s3(region, object, { method: "PUT", body })).code).toBe(200);
    expect(await s3(region, object)).toEqual({ code: 200, body: "new" });
    expect((await s3(region, object, { method: "DELETE" })).code).toBe(204);
    expect((await s3(region, object)).code).toBe(404);
    const kept = await versions(region);
    expect(kept.filter(({ isMarker }) => isMarker)).toHaveLength(1);
    const bodies = await Promise.all(
      kept
        .filter(({ isMarker }) => !isMarker)
        .map(async ({ id }) => (await s3(region, `${object}?versionId=${id}`)).body),
    );
    expect(bodies.sort()).toEqual(["new", "old"]);
  });

  test("takes no key but its own: not the other region's, not none, and its own makes no bucket", async () => {
    const { bucket } = storeOf("primary");
    const object = `/${bucket}/${folder}/refused`;
    for (const key of ["secondary", null]) {
      expect((await s3("primary", object, { method: "PUT", body: "x", key })).code).toBe(403);
      expect((await s3("primary", `/${bucket}`, { key })).code).toBe(403);
    }
    expect((await s3("primary", "/another-bucket", { method: "PUT" })).code).toBe(403);
    const { body } = await s3("primary", "/");
    expect([...body.matchAll(/<Name>(.*?)<\/Name>/g)].map(([, name]) => name)).toEqual([bucket]);
  });

  test("its keys are in no process's arguments and in files that others can't read", async () => {
    const files = await asRoot(handle, "primary/store", ["bash", "-s"], {
      stdin:
        "stat -c '%a %n' /etc/evenkeel/store* /etc/evenkeel/tls/store-key.pem /var/lib/evenkeel-store/iam/*",
    });
    expect(files.split("\n").length).toBeGreaterThanOrEqual(5);
    for (const line of files.split("\n")) expect(line).toMatch(/^6[04]0 /);
    const said = await asRoot(handle, "primary/store", ["bash", "-s"], {
      stdin: "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '",
    });
    expect(said).toContain("versitygw");
    for (const { media, operator } of Object.values(handle.secrets.store))
      for (const { secretKey } of [media, operator]) expect(said).not.toContain(secretKey);
  });

  test("killed, it comes back by itself with what it kept", async () => {
    const object = `/${storeOf("primary").bucket}/${folder}/killed`;
    expect((await s3("primary", object, { method: "PUT", body: "safe" })).code).toBe(200);
    const service = "evenkeel-store";
    await asRoot(handle, "primary/store", ["systemctl", "kill", "-s", "KILL", service]);
    await eventually("the store answers again", 20_000, async () =>
      (await s3("primary", object).catch(() => null))?.body === "safe" ? true : null,
    );
  });

  test("gone, status names it with what to look at and ends with 10; back, the site is healthy", async () => {
    const systemctl = (verb: string) =>
      asRoot(handle, "secondary/store", ["systemctl", verb, "evenkeel-store"]);
    const look = async () => {
      const { exitCode, stdout } = await cli(["status", "--format", "json"]);
      return { exitCode, document: JSON.parse(stdout) as StatusDocument };
    };
    await systemctl("stop");
    try {
      const { exitCode, document } = await look();
      expect(exitCode).toBe(10);
      expect(document.regions.map(({ store }) => store.reachable)).toEqual([true, false]);
      expect(document.problems).toContainEqual(
        expect.objectContaining({ code: "store-down", next: expect.stringContaining("secondary/store") }),
      );
    } finally {
      await systemctl("start");
    }
    await eventually("the site is healthy", 30_000, async () =>
      (await look()).exitCode === 0 ? true : null,
    );
  });
});
