import { expect, test } from "@jest/globals";
import { parseClientSettings } from "../../../automation/drill/client-settings.ts";
import {
  clientSettingsOf,
  type LabDrill,
  labParts,
  regionsByAddress,
} from "../../../automation/drill/lab-parts.ts";
import { exitCodes } from "../../../automation/errors.ts";
import { home } from "../../../automation/site.ts";
import { loadSiteConfig } from "../../../components/config.ts";
import { World } from "./world.ts";

const config = loadSiteConfig(home);
const secrets = { tls: { ca: { certificate: "the CA" } }, ledger: { key: "the key" } };
const settings = (active: string) =>
  clientSettingsOf({ config, secrets: secrets as never, active, prefix: "d1r1" });

test("the client asks the site's own name server, and one connection stays with the region that is active now", () => {
  const [primary, secondary] = config.regionPlans;
  expect(settings("primary")).toMatchObject({
    domain: config.domain,
    dns: { server: config.third.peering.edge, port: 53 },
    addresses: [],
    pinned: primary?.peering.gateway,
  });
  expect(settings("secondary").pinned).toBe(secondary?.peering.gateway);
  expect(settings("primary").pinned).not.toBe(settings("secondary").pinned);
});

test("what the drill tells the client is what the client can read", () => {
  expect(parseClientSettings(JSON.stringify(settings("primary")))).toEqual(settings("primary"));
});

test("every address that the name leads to is known as its region's", () => {
  expect(regionsByAddress(config)).toEqual(
    Object.fromEntries(config.regionPlans.map(({ name, peering }) => [peering.gateway, name])),
  );
});

test("a site without a third place gets no client's machine (exit 12)", async () => {
  const { observe, moves, verify } = new World().parts();
  const site = {
    config,
    secrets,
    outputs: { regions: {}, global: null },
    place: { stateDirectory: "/nowhere" },
  };
  const drill = {
    site,
    look: observe,
    moves,
    verify,
    lossReport: null,
    hostsChanged: () => Promise.resolve(),
    yes: true,
    run: "d1",
  } as unknown as LabDrill;
  await expect(labParts(drill).startClient({ active: "primary", round: 1 })).rejects.toMatchObject({
    exitCode: exitCodes.refused,
    next: "npx evenkeel provision",
  });
});
