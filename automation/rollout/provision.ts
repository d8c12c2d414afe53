import type { SiteConfig } from "../../components/config.ts";
import { exitCodes, UserError } from "../errors.ts";
import type { SiteOutputs } from "../hosts.ts";
import { interrupts } from "../interrupt.ts";
import { facts, writeResult } from "../output.ts";
import { runWork, type Step, secondsText } from "../progress.ts";
import { refuseNewNames } from "../site/neighbours.ts";
import { seenWriter } from "../site/writer.ts";
import { siteConfig, siteFlag, sitePlace } from "../site.ts";
import { resourceName, summary } from "../stacks/events.ts";
import { unfinishedUrns } from "../stacks/unfinished.ts";
import { globalStack } from "../stacks.ts";
import { say } from "../terminal.ts";
import { checkDrift } from "./drift.ts";
import { setUpEngine } from "./engine.ts";
import { join, mendRegions } from "./join.ts";
import { missingUrns } from "./machines.ts";
import { refuseMoved } from "./moved.ts";
import { postgresqlWarnings } from "./postgresql.ts";
import { previewRollout } from "./preview.ts";
import { chosen, type Picked, rolloutOrder } from "./regions.ts";
import { readOutputs, type Session, withLockedSite } from "./session.ts";
import { cureStaleLocks, prepareStack } from "./stale.ts";
import { beginRollout, isRolledOut } from "./unchanged.ts";

export interface ProvisionArgs {
  site: string;
  region: string;
  preview: boolean;
  /** Names what differs on the hosts, and changes nothing. */
  check: boolean;
  /** Of what `check` prints: table or json. */
  format: string;
  yes: boolean;
  /** Compares every resource also where nothing changed since the last rollout. */
  full: boolean;
  timeout: number;
}

/** `evenkeel provision`: builds what is missing and mends what is broken; on a site that is well it changes nothing. */
export async function provision(args: ProvisionArgs): Promise<void> {
  const started = Date.now();
  const place = sitePlace(args.site);
  const config = siteConfig(place);
  const flags = [args.preview ? " --preview" : "", args.full ? " --full" : ""].join("");
  const asked = `npx evenkeel provision${siteFlag(place.name)}${flags}`;
  const { picked, timeoutSeconds } = chosen(asked, args, config.regions);
  if (args.format !== "table" && !args.check)
    throw new UserError({
      what: `--format ${args.format} is for --check: a rollout has no result to be read by programs`,
      next: `${asked}, then npx evenkeel outputs${siteFlag(place.name)} --format json`,
      exitCode: exitCodes.usage,
    });
  refuseNewNames(place, config);
  if (args.preview) return previewRollout({ place, config, picked });
  if (args.check) {
    process.exitCode = await checkDrift(place, config, args.format);
    return;
  }
  const engine = await setUpEngine(args, config);
  await refuseClashes(config);
  const command = picked.all ? "provision" : `provision --region ${args.region}`;
  const options = { place, config, engine, timeoutSeconds };
  const outputs = await withLockedSite(options, command, (session) => rollOut(session, picked, args.full));
  say(`Finished all in ${secondsText((Date.now() - started) / 1000)}.`);
  for (const text of await postgresqlWarnings(place, config)) say(`warning: ${text}`);
  if (outputs === null) say(`Next: npx evenkeel provision${siteFlag(place.name)}`);
  else writeResult(resultBlock(outputs, siteFlag(place.name), seenWriter(place.stateDirectory)?.region));
}

async function rollOut(session: Session, picked: Picked, full: boolean): Promise<SiteOutputs | null> {
  refuseMoved(session.config, await readOutputs(session));
  const started = await startMachines(session);
  await cureStaleLocks(session, say);
  await session.stacks.ensure();
  if (!picked.all || full || !(await isRolledOut(session))) return build(session, picked, started);
  say("Pulumi has nothing to do: program, settings and stacks are as the last rollout left them.");
  return join(session, { global: null, started });
}

/** What a person wants to know after a rollout: where the site is, how to log in, what to try. */
export function resultBlock(outputs: SiteOutputs, flag: string, active: string | undefined): string {
  const regions = Object.values(outputs.regions).flatMap((region) =>
    region === null ? [] : [[`Region ${region.region}`, region.url] as const],
  );
  return facts([
    ["Site", outputs.global?.url ?? "-"],
    ...regions,
    ["Log in", `npx evenkeel credentials${flag}`],
    ["Look", `npx evenkeel status${flag}`],
    ...(active === undefined ? [] : [["Go in", `npx evenkeel ssh ${active}/database${flag}`] as const]),
    ["Remove", `npx evenkeel destroy${flag}`],
  ]);
}

/** Refuses (exit 12) what something else on this machine has, while nothing is made yet. */
async function refuseClashes(config: SiteConfig): Promise<void> {
  if (config.provider !== "lab") return;
  const lab = await import("../lab/clashes.ts");
  await lab.refuseClashes(config);
}

/** What no Pulumi step sees: machines that are only stopped. Names those it started. */
async function startMachines({ config }: Session): Promise<string[]> {
  if (config.provider !== "lab") return [];
  const { startStopped } = await import("../lab/docker.ts");
  const started = await startStopped(config.site);
  if (started.length > 0) say(`Started ${started.join(", ")}.`);
  return started;
}

/**
 * Makes every stack ready for an update. Returns, by stack, the resources to replace: machines that are gone, and what
 * was not finished on a host.
 */
async function prepareStacks(session: Session, picked: Picked): Promise<Record<string, readonly string[]>> {
  const names = [...picked.regions, ...(picked.global ? [globalStack] : [])];
  const replace = names.map(async (name) => {
    const state = await prepareStack(session, name, say);
    const missing = session.config.provider === "lab" ? await missingUrns(session.config.site, state) : [];
    for (const machine of missing) say(`The machine ${machine.name} is gone and is made anew.`);
    const again = unfinishedUrns(session.place.stateDirectory, name, state);
    for (const urn of again)
      say(`${resourceName(urn)} was not finished by an earlier run and is applied again.`);
    return [name, [...missing.map(({ urn }) => urn), ...again]] as [string, readonly string[]];
  });
  return Object.fromEntries(await Promise.all(replace));
}

/** Brings the picked stacks to what the program wants: the regions side by side, then what joins them. */
async function build(
  session: Session,
  picked: Picked,
  started: readonly string[],
): Promise<SiteOutputs | null> {
  const rollout = beginRollout(session);
  const replace = await prepareStacks(session, picked);
  const up = (name: string, title: string): Step => ({
    title,
    run: async (note) => {
      const result = await session.stacks.run("up", name, note, { replace: replace[name] ?? [] });
      rollout.ended(name);
      return summary(result);
    },
  });
  // Interrupted or failed in between, the active region is as it was.
  for (const names of rolloutOrder(picked.regions, seenWriter(session.place.stateDirectory)?.region))
    await runWork([{ title: "Regions", parallel: names.map((name) => up(name, `Region ${name}`)) }]);
  interrupts().check();
  if (!picked.global) {
    await mendRegions(session, picked.regions);
    return null;
  }
  const global = up(globalStack, "Link, third place, site and traffic");
  const outputs = await join(session, { global, started });
  rollout.note();
  return outputs;
}
