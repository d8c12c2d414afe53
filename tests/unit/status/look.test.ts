import { beforeEach, describe, expect, test } from "@jest/globals";
import type { SiteOutputs } from "../../../automation/hosts.ts";
import { repeatedLook } from "../../../automation/status/look.ts";
import { healthySite } from "../failover/sites.ts";

/** Outputs of regions that have one host each. */
const outputsOf = (...regions: string[]) =>
  ({
    regions: Object.fromEntries(regions.map((name) => [name, { hosts: [{ id: `${name}/gateway` }] }])),
    global: null,
  }) as unknown as SiteOutputs;
const hostsIn = (outputs: SiteOutputs) => Object.keys(outputs.regions);

const nothing = { ...healthySite(), url: null };
/** What is there at the moment, and what was done, oldest first. */
let session: string | null;
let outputs: SiteOutputs;
let done: string[];
beforeEach(() => {
  [session, outputs, done] = [null, outputsOf(), []];
});

const look = () =>
  repeatedLook({
    nothing,
    session: async () => session,
    outputs: async () => outputs,
    connect: async (by, { regions }) => {
      done.push(`connect ${by} ${Object.keys(regions)}`);
      return { close: async () => void done.push(`close ${by}`) };
    },
    add: async (_, now) => void done.push(`add ${hostsIn(now)}`),
    look: async (by, now) => {
      done.push(`look ${by} ${hostsIn(now)}`);
      return { ...healthySite(), url: String(hostsIn(now)) };
    },
  });

describe("a look that is repeated", () => {
  test("sees a site that is built while it looks, over one connection", async () => {
    const { once, close } = look();
    expect(await once()).toBe(nothing);
    session = "keys";
    expect(await once()).toBe(nothing);
    expect(done).toEqual([]);
    outputs = outputsOf("primary");
    expect((await once()).url).toBe("primary");
    outputs = outputsOf("primary", "secondary");
    expect((await once()).url).toBe("primary,secondary");
    await close();
    expect(done).toEqual([
      "connect keys primary",
      "look keys primary",
      "add primary,secondary",
      "look keys primary,secondary",
      "close keys",
    ]);
  });

  test("sees a site that is destroyed, and its next life with that one's keys", async () => {
    [session, outputs] = ["old keys", outputsOf("primary")];
    const { once } = look();
    await once();
    outputs = outputsOf();
    expect(await once()).toBe(nothing);
    session = null;
    expect(await once()).toBe(nothing);
    [session, outputs] = ["new keys", outputsOf("primary")];
    expect((await once()).url).toBe("primary");
    expect(done).toEqual([
      "connect old keys primary",
      "look old keys primary",
      "close old keys",
      "connect new keys primary",
      "look new keys primary",
    ]);
  });

  test("that never connected closes nothing", async () => {
    const { once, close } = look();
    await once();
    await close();
    await close();
    expect(done).toEqual([]);
  });
});
