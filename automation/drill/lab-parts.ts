import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { SiteConfig } from "../../components/config.ts";
import type { SiteSecrets } from "../../components/secrets.ts";
import { exitCodes, UserError } from "../errors.ts";
import type { HeldSite } from "../failover/moves.ts";
import { commandsOf } from "../failover/next.ts";
import type { Observation } from "../failover/observation.ts";
import { confirmMove } from "../failover/tell.ts";
import { interrupts } from "../interrupt.ts";
import { type ClientHost, clientCommand, createClientHost, removeClientHosts } from "../lab/client-host.ts";
import { injectFault, undoFault } from "../lab/faults.ts";
import { pauseMs } from "../remote/deadline.ts";
import { inFolder } from "../site/durable.ts";
import { siteFlag } from "../site.ts";
import { say, terminal } from "../terminal.ts";
import type { VerifyDocument } from "../verify/document.ts";
import { type ClientSettings, clientDefaults } from "./client-settings.ts";
import { addStock, type LedgerAccess, ordersOf, unitsLeft } from "./order-ledger.ts";
import type { DrillClient, DrillParts, Moves } from "./parts.ts";
import { startClient } from "./running-client.ts";

/** What a drill in the lab is made with. */
export interface LabDrill {
  site: HeldSite;
  /** One look at the whole site. */
  look: () => Promise<Observation>;
  moves: Moves;
  verify: () => Promise<VerifyDocument>;
  lossReport: DrillParts["lossReport"];
  /** What is to be done when hosts died or came back. */
  hostsChanged: () => Promise<void>;
  /** Whether the operator said yes beforehand. */
  yes: boolean;
  /** Names this drill: letters, digits. */
  run: string;
}

/** More than any drill can sell. */
const stock = 1_000_000;
/** The client ends by itself behind the longest that a round may take, should nobody end it. */
const clientLimitSeconds = 3600;
const dnsPort = 53;

/** Where a site's drills are kept: a ledger a round, and the document. */
export function drillFolder({ stateDirectory }: HeldSite["place"]): string {
  const folder = join(stateDirectory, "drills");
  inFolder(folder, () => mkdirSync(folder, { recursive: true, mode: 0o700 }));
  return folder;
}

/** The drill's parts on real hosts. `close` removes the client's machine, also one that an earlier drill left. */
export function labParts(drill: LabDrill): DrillParts & { close(): Promise<void> } {
  const { site, look, moves, verify, lossReport, yes } = drill;
  const { config } = site;
  let host: Promise<ClientHost> | null = null;
  const { secrets, place } = site;
  const machine = () => createClientHost({ config, secrets, workDirectory: place.stateDirectory });
  return {
    observe: look,
    commands: commandsOf(siteFlag(config.site)),
    startClient: async ({ active, round }) => {
      const access = ledgerAccess(site);
      host ??= machine();
      return startOnHost(drill, { host: await host, access, active, round });
    },
    fault: faults(drill),
    moves,
    verify,
    lossReport,
    clock: { now: () => performance.timeOrigin + performance.now(), sleep: pauseMs },
    say,
    note: ({ name, ...step }) =>
      site.journal.write({ event: "step", command: site.command, detail: name, ...step }),
    confirm: (what) => confirmMove({ yes, terminal: terminal(), what }),
    checkInterrupt: () => interrupts().check(),
    close: async () => {
      await removeClientHosts(config.site);
    },
  };
}

function faults({ site: { config }, hostsChanged }: LabDrill): DrillParts["fault"] {
  return {
    inject: async (fault) => {
      await injectFault(config, fault);
      await hostsChanged();
    },
    undo: async (fault) => {
      await undoFault(config, fault);
      await hostsChanged();
    },
  };
}

async function startOnHost(
  { site, run }: LabDrill,
  { host, access, active, round }: { host: ClientHost; access: LedgerAccess; active: string; round: number },
): Promise<DrillClient> {
  const { config, secrets, place } = site;
  const prefix = `${run}r${round}`;
  const settings = clientSettingsOf({ config, secrets, active, prefix });
  await addStock(access, settings.item, stock);
  const client = startClient({
    argv: ["docker", "exec", "-i", host.name, ...clientCommand],
    settings,
    ledgerFile: join(drillFolder(place), `${prefix}.jsonl`),
  });
  return {
    get attempts() {
      return client.attempts;
    },
    regionOf: regionsByAddress(config),
    lost: client.lost,
    stop: client.stop,
    evidence: () => evidenceOf(access, { prefix, item: settings.item, stock }),
  };
}

const looks = 10;

/**
 * Orders and the units that they took, of one moment: one that was under way when the client ended may still be written
 * between the two questions. Units are null where none was found or nobody answers.
 */
async function evidenceOf(
  access: LedgerAccess,
  { prefix, item, stock }: { prefix: string; item: string; stock: number },
): Promise<{ found: ReadonlySet<string> | null; stockTaken: number | null }> {
  for (let n = 1; ; n += 1) {
    const before = await unitsLeft(access, item);
    const found = await ordersOf(access, prefix);
    const left = await unitsLeft(access, item);
    if (left === null || found === null) return { found, stockTaken: null };
    if (before === left) return { found, stockTaken: stock - left };
    if (n === looks) return { found, stockTaken: null };
  }
}

/** The client asks the site's own name server for the site's own name, as a visitor's resolver would. */
export function clientSettingsOf({
  config,
  secrets,
  active,
  prefix,
}: {
  config: Pick<SiteConfig, "domain" | "regionPlans" | "third">;
  secrets: Pick<SiteSecrets, "tls" | "ledger">;
  active: string;
  prefix: string;
}): ClientSettings {
  const pinned = config.regionPlans.find(({ name }) => name === active)?.peering.gateway ?? null;
  return {
    ...clientDefaults,
    domain: config.domain,
    ca: secrets.tls.ca.certificate,
    ledgerKey: secrets.ledger.key,
    dns: { server: config.third.peering.edge, port: dnsPort },
    addresses: [],
    pinned,
    item: `drill-${prefix}`,
    prefix,
    limitSeconds: clientLimitSeconds,
  };
}

/** Who answers at the addresses that the name can lead to: each region's gateway on the link. */
export function regionsByAddress({ regionPlans }: Pick<SiteConfig, "regionPlans">): Record<string, string> {
  return Object.fromEntries(regionPlans.map(({ name, peering }) => [peering.gateway, name]));
}

/** By the edge, which leads to whichever region is active. */
function ledgerAccess({ config, outputs, secrets }: HeldSite): LedgerAccess {
  if (outputs.global === null)
    throw new UserError({
      what: `the site ${config.site} has no third place yet, so no drill can be held`,
      next: commandsOf(siteFlag(config.site)).provision,
      exitCode: exitCodes.refused,
      code: "drill-refused",
    });
  return { url: outputs.global.url, ca: secrets.tls.ca.certificate, key: secrets.ledger.key };
}
