import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { type FaultKind, injectFault, undoFault } from "../../../automation/lab/faults.ts";
import { siteConfig, sitePlace } from "../../../automation/site.ts";
import type { StatusDocument } from "../../../automation/status/document.ts";
import { type CliResult, cli, eventually, home, siteName } from "./cli.ts";
import { heal, machineOf } from "./faults.ts";
import { putDurability } from "./keeper.ts";
import type { SiteHandle } from "./site.ts";

const minute = 60_000;

/** Who is what, of a site that is healthy and protected. */
export interface Standing {
  active: string;
  standby: string;
  epoch: number;
}

export async function status(): Promise<StatusDocument> {
  return JSON.parse((await cli(["status", "--format", "json"])).stdout) as StatusDocument;
}

function standingOf({
  state,
  active,
  epoch,
  protected: isProtected,
  regions,
}: StatusDocument): Standing | null {
  const standby = regions.find(({ name }) => name !== active)?.name;
  if (state !== "healthy" || isProtected !== true) return null;
  return active === null || epoch === null || standby === undefined ? null : { active, standby, epoch };
}

/** Waits until the site is healthy and protected. */
export async function settled(timeoutMs = 90_000): Promise<Standing> {
  return await eventually("the site is healthy and protected", timeoutMs, async () =>
    standingOf(await status()),
  );
}

/** What `--format json` of a move prints, as far as the tests look at it. */
export interface MoveDocument {
  checks: { name: string; ok: boolean; found: string }[];
  moved?: {
    kind: string;
    from: string | null;
    to: string;
    epoch: number;
    steps: { name: string; region: string; outcome: string; note: string | null }[];
    loss: { rows: number | null } | null;
  };
}

export interface MoveResult extends CliResult {
  /** Null where nothing was printed. */
  document: MoveDocument | null;
  tookMs: number;
}

/** A move as it is given where no terminal is. */
export async function move(...words: string[]): Promise<MoveResult> {
  const beganMs = performance.now();
  const result = await cli([...words, "--yes", "--format", "json"], { timeoutMs: 4 * minute });
  const document = result.stdout === "" ? null : (JSON.parse(result.stdout) as MoveDocument);
  return { ...result, document, tookMs: Math.round(performance.now() - beganMs) };
}

/** The same of one that has to succeed; throws with what it said. */
export async function moved(...words: string[]): Promise<MoveResult & { document: MoveDocument }> {
  const { document, ...result } = await move(...words);
  if (result.exitCode !== 0 || document === null)
    throw new Error(`${words.join(" ")} ended with ${result.exitCode}\n${result.stderr}`);
  return { ...result, document };
}

/** A line of the journal, and the process that wrote it. */
interface Line {
  pid: number;
  run: string;
  event: string;
  detail?: string;
  state?: string;
}

/**
 * Gives a move and does something to the world as soon as its journal has a line. Ends with the move; throws where no
 * such line came.
 */
export async function movedWith(
  words: readonly string[],
  { detail, state }: { detail: string; state: string },
  blow: (line: Line) => Promise<void>,
): Promise<{ exitCode: number | null; stderr: string; run: string }> {
  const journal = join(home, ".evenkeel", siteName, "journal.jsonl");
  const from = statSync(journal).size;
  const argv = [join(home, "bin/evenkeel.mjs"), "--site", siteName, ...words, "--yes", "--format", "json"];
  const running = execa("node", argv, {
    reject: false,
    stdin: "ignore",
    timeout: 3 * minute,
    killSignal: "SIGKILL",
  });
  const line = await waitForLine(() => readFileSync(journal, "utf8").slice(from), { detail, state });
  if (line !== null) await blow(line);
  const { exitCode, stderr } = await running;
  if (line === null) throw new Error(`${words.join(" ")} never came to ${detail} ${state}:\n${stderr}`);
  return { exitCode: exitCode ?? null, stderr, run: line.run };
}

async function waitForLine(
  read: () => string,
  wanted: { detail: string; state: string },
): Promise<Line | null> {
  const endMs = Date.now() + minute;
  while (Date.now() < endMs) {
    const lines = read()
      .split("\n")
      .slice(0, -1)
      .map((text) => JSON.parse(text) as Line);
    const found = lines.find(({ detail, state }) => detail === wanted.detail && state === wanted.state);
    if (found !== undefined) return found;
    if (lines.some(({ event }) => event === "end")) return null;
    await new Promise((wake) => setTimeout(wake, 5));
  }
  return null;
}

const config = () => siteConfig(sitePlace(siteName));

/** For real, through Docker: machines die, or the link is cut. */
export async function injure(kind: FaultKind, region: string): Promise<void> {
  await injectFault(config(), { kind, region });
}

/** Takes it back; ends when the machines answer. */
export async function cure(kind: FaultKind, region: string): Promise<void> {
  await undoFault(config(), { kind, region });
}

/** Behind each test, however it ended: where the site is not well every fault is taken back, until it is. */
export async function mend(site: SiteHandle): Promise<Standing> {
  const standing = standingOf(await status());
  if (standing !== null) return standing;
  for (const region of Object.keys(site.regions)) {
    await cure("region", region);
    const machines = ["database", "gateway", "web-1"].map((host) => machineOf(site, `${region}/${host}`));
    await Promise.all(machines.map(heal));
  }
  await cli(["unlock", "--yes", "--confirm", siteName]);
  await eventually("etcd takes the durability", minute, async () => {
    await putDurability(site, "bounded");
    return true;
  });
  await cli(["ack"]);
  await bringBack(site);
  return await settled();
}

/** Whoever lost its role follows again; where nobody is active, provision finds out who may be. */
async function bringBack(site: SiteHandle): Promise<void> {
  if ((await status()).active === null) await cli(["provision", "--yes"], { timeoutMs: 6 * minute });
  for (const { name, role } of (await status()).regions)
    if (role === "fenced") await cli(["reinstate", name, "--yes"], { timeoutMs: 4 * minute });
}
