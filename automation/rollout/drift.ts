import type { SiteConfig } from "../../components/config.ts";
import { exitCodes, UserError } from "../errors.ts";
import { hostsOf, openHosts, type SiteOutputs } from "../hosts.ts";
import { apiVersion, jsonDocument, table, writeResult } from "../output.ts";
import { type Finding, type HostConfig, lookCommand, parseLook } from "../remote/host.ts";
import type { SshSession } from "../remote/ssh.ts";
import { type SitePlace, siteFlag } from "../site.ts";
import { say } from "../terminal.ts";
import { disparities } from "./parity.ts";
import { notSetUp } from "./preview.ts";
import { openExisting, readOutputs } from "./session.ts";

/** Something on a host that is not as its roles left it, or (parity) not as its counterpart in another region has it. */
export interface Drift extends Omit<Finding, "kind"> {
  kind: Finding["kind"] | "parity";
  /** "primary/web-1". */
  host: string;
  /** The counterpart, of a parity that does not hold. */
  other?: string;
  repaired: boolean;
}

/** What the look at all hosts found; a host that could not be looked at is no host that is well. */
export interface Drifts {
  drifts: Drift[];
  /** What roles did to services when they were last applied, by the host's own clock. */
  did: { host: string; what: string; secondsAgo: number }[];
  unknown: { host: string; why: string }[];
}

interface HostDrifts extends Drifts {
  configs: Record<string, HostConfig>;
}

const lookMs = 30_000;
/** A repair may install a package. */
const repairMs = 12 * 60_000;

/**
 * Looks at every host at once, one round trip each, and lets each mend itself where that is asked for. Counterparts are
 * compared by what they told; only two that differ are asked once more.
 */
export async function lookAtHosts(
  ssh: Pick<SshSession, "run">,
  outputs: SiteOutputs,
  { repair }: { repair: boolean },
): Promise<Drifts> {
  const looks = hostsOf(outputs).map(async ({ id }): Promise<HostDrifts> => {
    const nothing = { drifts: [], did: [], unknown: [], configs: {} };
    try {
      const timeoutMs = repair ? repairMs : lookMs;
      const { exitCode, stdout, stderr } = await ssh.run(id, lookCommand({ repair }), { timeoutMs });
      if (exitCode !== 0) return { ...nothing, unknown: [{ host: id, why: whyOf(exitCode, stderr) }] };
      const { findings, repaired, did, config } = parseLook(stdout);
      const mended = new Set(repaired.map((one) => JSON.stringify(one)));
      const drifts = findings.map((one) => ({ ...one, host: id, repaired: mended.has(JSON.stringify(one)) }));
      const done = did.map(({ what, secondsAgo }) => ({ host: id, what, secondsAgo }));
      return { ...nothing, drifts, did: done, configs: { [id]: config } };
    } catch (error) {
      return { ...nothing, unknown: [{ host: id, why: (error as Error).message }] };
    }
  });
  const all = await Promise.all(looks);
  const drifts = all.flatMap((one) => one.drifts);
  const configs = Object.assign({}, ...all.map((one) => one.configs)) as Record<string, HostConfig>;
  return {
    drifts: [...drifts, ...(await parityDrifts(ssh, configs, drifts))],
    did: all.flatMap(({ did }) => did),
    unknown: all.flatMap(({ unknown }) => unknown),
  };
}

/** A file that was changed on one of the two hosts is named as that alone. */
async function parityDrifts(
  ssh: Pick<SshSession, "run">,
  configs: Readonly<Record<string, HostConfig>>,
  drifts: readonly Drift[],
): Promise<Drift[]> {
  const changed = new Set(
    drifts.filter(({ repaired }) => !repaired).map(({ host, what }) => `${host} ${what}`),
  );
  const found = await disparities(ssh, configs);
  return found
    .filter(({ host, other, path }) => ![host, other].some((id) => changed.has(`${id} ${path}`)))
    .map(({ host, other, path, here, there }) => ({
      ...{ host, other, role: null, kind: "parity" as const, what: path, repaired: false },
      ...{ wanted: `as on ${other}: ${there}`, found: here },
    }));
}

function whyOf(exitCode: number, stderr: string): string {
  const last = stderr.trim().split("\n").at(-1) ?? "";
  return last === "" ? `evenkeel-look ended with ${exitCode}` : last;
}

/** "primary/web-1: the unit nginx.service: found masked, wanted not masked". */
export function driftText({ host, kind, what, wanted, found }: Omit<Drift, "repaired">): string {
  return `${host}: the ${kind === "parity" ? "configuration" : kind} ${what}: found ${found}, wanted ${wanted}`;
}

/**
 * The step of a rollout: tells which services were given new settings since this command began, and how; names what
 * differs and what was mended. Throws (exit code 10) where something could not be
 * mended, or a host not be looked at, the second time either.
 */
export async function mendHosts(
  ssh: SshSession,
  outputs: SiteOutputs,
  site: string,
  note: (text: string) => void,
  sinceSeconds = process.uptime(),
): Promise<string> {
  let { drifts, did, unknown } = await lookAtHosts(ssh, outputs, { repair: true });
  const first = ownOf(drifts);
  for (const drift of first) note(`${driftText(drift)}${drift.repaired ? "; mended" : ""}`);
  if (unknown.length > 0 || first.some(({ repaired }) => !repaired)) {
    // A host that is busy, or that waits for another one which is mended too, may only need to be asked again.
    for (const { host, why } of unknown) note(`${host} can't be looked at, and is asked once more: ${why}`);
    ({ drifts, did, unknown } = await lookAtHosts(ssh, outputs, { repair: true }));
    for (const drift of ownOf(drifts)) note(`${driftText(drift)}${drift.repaired ? "; mended" : ""}`);
  }
  for (const { host, what, secondsAgo } of did)
    if (secondsAgo <= sinceSeconds) note(`${host}: new settings by ${what}`);
  const disparate = drifts.filter(({ kind }) => kind === "parity");
  // Nothing on one host mends it: both regions have to be rolled out with the same settings, which a whole rollout does.
  for (const drift of disparate) note(`warning: ${driftText(drift)}`);
  const left = ownOf(drifts).filter(({ repaired }) => !repaired);
  if (left.length + unknown.length > 0) throw notMended(site, left, unknown);
  const count = hostsOf(outputs).length;
  const mended = Math.max(first.length, ownOf(drifts).length);
  return mended === 0 ? `all ${count} are as they were left` : `${mended} mended`;
}

const ownOf = (drifts: readonly Drift[]) => drifts.filter(({ kind }) => kind !== "parity");

function notMended(site: string, left: readonly Drift[], unknown: Drifts["unknown"]): UserError {
  return new UserError({
    what: "not every host is as its roles want it",
    why: [
      ...left.map(driftText),
      ...unknown.map(({ host, why }) => `${host} can't be looked at: ${why}`),
    ].join("\n"),
    next: `npx evenkeel provision --full${siteFlag(site)}; npx evenkeel provision --check${siteFlag(site)} names it again`,
    exitCode: exitCodes.degraded,
    code: "drift",
  });
}

/** `provision --check`: names what differs, changes nothing. Gives 10 where anything does, or could not be looked at. */
export async function checkDrift(place: SitePlace, config: SiteConfig, format: string): Promise<number> {
  const session = await openExisting(place, config);
  if (session === null) throw notSetUp(place);
  const outputs = await readOutputs(session);
  const ssh = await openHosts(place, outputs, session.secrets, { attempts: 1, timeoutSeconds: 5 });
  let found: Drifts;
  try {
    found = await lookAtHosts(ssh, outputs, { repair: false });
  } finally {
    await ssh.close();
  }
  const { drifts, unknown } = found;
  if (format === "json") {
    const named = drifts.map(({ repaired: _, ...drift }) => drift);
    writeResult(jsonDocument({ apiVersion, site: config.site, drifts: named, unknown }));
  } else if (drifts.length > 0) {
    const rows = drifts.map(({ host, kind, what, wanted, found: now }) => [host, kind, what, wanted, now]);
    writeResult(table(["Host", "Kind", "What", "Wanted", "Found"], rows));
  }
  for (const { host, why } of unknown) say(`${host} can't be looked at: ${why}`);
  const hosts = hostsOf(outputs).length;
  if (drifts.length + unknown.length === 0) say(`All ${hosts} hosts are as their roles left them.`);
  else say(`Next: npx evenkeel provision${siteFlag(place.name)}`);
  return drifts.length + unknown.length === 0 ? exitCodes.ok : exitCodes.degraded;
}
