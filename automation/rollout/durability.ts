import { join } from "node:path";
import type { SiteConfig } from "../../components/config.ts";
import { UserError } from "../errors.ts";
import { commandsOf } from "../failover/next.ts";
import type { EtcdFacts } from "../failover/observation.ts";
import { openHosts, type SiteOutputs } from "../hosts.ts";
import type { Durability } from "../keeper/store.ts";
import { apiVersion, facts, jsonDocument, writeResult } from "../output.ts";
import { etcdCommand } from "../remote/etcd.ts";
import type { SshSession } from "../remote/ssh.ts";
import { isThere } from "../site/durable.ts";
import { changeSetting } from "../site/settings.ts";
import { notBuilt, secretsFile, siteConfig, siteFlag, sitePlace } from "../site.ts";
import { builtSite } from "../status/built.ts";
import { say } from "../terminal.ts";
import { setUpEngine } from "./engine.ts";
import { keysOf, memberDial, putThrough } from "./etcd-keys.ts";
import { readOutputs, withLockedSite } from "./session.ts";

export interface DurabilityArgs {
  site: string;
  /** Undefined: only show it. */
  mode?: Durability | undefined;
  format: string;
  yes: boolean;
}

/** What `durability --format json` prints. */
interface DurabilityDocument {
  apiVersion: typeof apiVersion;
  site: string;
  /** In force. */
  durability: Durability;
  /** As the site's files say it: in force until it is changed for the first time. */
  configured: Durability;
  changed: boolean;
  /** The region that holds the lease. */
  writer: string | null;
  /** Regions that hold every acknowledged transaction; null before the first birth. */
  sync: readonly string[] | null;
}

/**
 * `evenkeel durability [MODE]`: shows what the site promises of acknowledged writes, or changes it in etcd and in the
 * site's Pulumi.yaml. The keepers act on it at once, and go W5's way; nothing is restarted or rolled out.
 */
export async function durability(args: DurabilityArgs): Promise<void> {
  const document = args.mode === undefined ? await shown(args.site) : await changed(args, args.mode);
  writeResult(args.format === "json" ? jsonDocument(document) : durabilityTable(document));
}

async function shown(site: string): Promise<DurabilityDocument> {
  const { session, outputs } = await builtSite(site);
  const { config } = session;
  const ssh = await openHosts(session.place, outputs, session.secrets, memberDial);
  try {
    const { keys } = await keysOf(ssh, outputs, config.site);
    return durabilityDocument(config, keys, false);
  } finally {
    await ssh.close();
  }
}

async function changed(args: DurabilityArgs, mode: Durability): Promise<DurabilityDocument> {
  const place = sitePlace(args.site);
  const config = siteConfig(place);
  // Before set-up: there is nothing to change of a site that was never built.
  if (!isThere(secretsFile(place))) throw notBuilt(config.site);
  const engine = await setUpEngine(args);
  return await withLockedSite({ place, config, engine }, `durability ${mode}`, async (session) => {
    const outputs = await readOutputs(session);
    const ssh = await openHosts(place, outputs, session.secrets, memberDial);
    try {
      const { before, keys: put } = await putDurability({ ssh, outputs, config, mode });
      // It is put, whatever can be asked behind that.
      const keys = await takenUp(ssh, outputs, config.site, mode).catch((error: unknown) => {
        if (error instanceof UserError) return put;
        throw error;
      });
      say(changeText(config, before, mode));
      // Behind etcd's: where this fails, what the site does is what was asked for, and status says what the file does.
      if (changeSetting(place.directory, "durability", mode))
        say(`${join(place.directory, "Pulumi.yaml")} says so too now: commit it.`);
      return durabilityDocument({ ...config, durability: mode }, keys, before !== mode);
    } finally {
      await ssh.close();
    }
  });
}

/**
 * Puts the durability through the first member that answers with a majority, where it is not in force by the operator's
 * word already. Throws a UserError where etcd has no majority (1) or the site has none yet (12).
 */
export async function putDurability(options: {
  ssh: SshSession;
  outputs: SiteOutputs;
  config: Pick<SiteConfig, "site" | "durability">;
  mode: Durability;
}): Promise<{ before: Durability; keys: EtcdFacts }> {
  const { ssh, outputs, config, mode } = options;
  const { keys, member } = await keysOf(ssh, outputs, config.site);
  const before = keys.durability ?? config.durability;
  if (keys.durability === mode) return { before, keys };
  const put = await putThrough({
    ...{ ssh, member, command: etcdCommand.putDurability(mode) },
    what: `the durability of ${config.site} was not changed`,
    next: commandsOf(siteFlag(config.site)).durability(mode),
  });
  return { before, keys: put };
}

const takeUpMs = 3000;

/** What etcd holds once the writer has done what the mode asks of it at once: in async it is alone in the sync set. */
async function takenUp(
  ssh: SshSession,
  outputs: SiteOutputs,
  site: string,
  mode: Durability,
): Promise<EtcdFacts> {
  const deadline = performance.now() + takeUpMs;
  for (;;) {
    const { keys } = await keysOf(ssh, outputs, site);
    const isDone = mode !== "async" || keys.sync === null || keys.sync.length < 2;
    // A writer that is down takes it up when it is back: what is shown then is what is so now.
    if (isDone || performance.now() >= deadline) return keys;
    await new Promise((wake) => setTimeout(wake, 300));
  }
}

function durabilityDocument(
  { site, durability: configured }: Pick<SiteConfig, "site" | "durability">,
  { durability: told, writer, sync }: EtcdFacts,
  isChanged: boolean,
): DurabilityDocument {
  return {
    apiVersion,
    site,
    durability: told ?? configured,
    configured,
    changed: isChanged,
    writer: writer?.region ?? null,
    sync,
  };
}

const meanings: Readonly<Record<Durability, (config: Pick<SiteConfig, "boundedWaitSeconds">) => string>> = {
  strict: () => "a write waits until a standby has it, also while none is there",
  bounded: ({ boundedWaitSeconds }) =>
    `a write waits ${boundedWaitSeconds} s for a standby at most; then the writer goes on alone, and status says so`,
  async: () => "a write waits for no standby: what a region that dies acknowledged last may be lost",
};

/** What the change means from now on. */
export function changeText(
  config: Pick<SiteConfig, "site" | "boundedWaitSeconds">,
  before: Durability,
  mode: Durability,
): string {
  const meaning = meanings[mode](config);
  return before === mode
    ? `The durability of ${config.site} is ${mode} already: ${meaning}.`
    : `The durability of ${config.site} is ${mode} now (it was ${before}): ${meaning}.`;
}

function durabilityTable({ durability: mode, configured, writer, sync }: DurabilityDocument): string {
  return facts([
    ["Durability", mode],
    ["In the files", configured],
    ["Writer", writer ?? "-"],
    ["Sync set", sync === null ? "-" : sync.join(", ") || "nobody"],
  ]);
}
