import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { type Attempt, parseAttempt } from "../../automation/drill/attempt.ts";
import type { DrillDocument } from "../../automation/drill/document.ts";
import { exitCodes } from "../../automation/errors.ts";
import { inside } from "../../automation/lab/faults.ts";
import { savedOutput } from "../../automation/stacks/saved.ts";
import { putApart } from "../../tests/lab/support/distance.ts";
import { home, minuteMs, run } from "../rollout/command.ts";
import { type Drilled, measuredOf, parseDrill } from "./drill-reading.ts";
import type { Measured } from "./figures.ts";
import type { ArmOptions } from "./patroni.ts";
import { versionIn } from "./patroni-settings.ts";

/** The arm that this program is: drills of a site of the lab that stands, is healthy, and is nobody else's meanwhile. */

/** There and back with all waits, on a busy machine. */
const roundMs = 12 * minuteMs;

interface PlaceOutputs {
  hosts: { id: string; name: string; peeringAddress: string | null }[];
}

/** Who is where: the containers, and their addresses on the link. */
interface SiteHosts {
  active: string;
  hosts: PlaceOutputs["hosts"];
}

export async function measureEvenkeel(
  site: string,
  options: ArmOptions & { signal: AbortSignal },
): Promise<Measured> {
  const { rounds, roundTripMs, say, about } = options;
  const now = await siteNow(site);
  const engine = await engineOf(now);
  const end = await spreadOut(now, roundTripMs);
  try {
    say(`evenkeel: ${rounds} switchovers of ${site}, there and back`);
    const switchover = await drill(site, "switchover", options);
    say(`evenkeel: ${rounds} times the active region of ${site} dies`);
    const region = await drill(site, "region", options);
    return measuredOf(switchover, region, { ...about, engine, roundTripMs });
  } finally {
    await end();
  }
}

async function siteNow(site: string): Promise<SiteHosts> {
  const { stdout } = await run([...evenkeel(site), "status", "--format", "json"], {
    timeoutMs: 2 * minuteMs,
  });
  const { active } = JSON.parse(stdout) as { active: string | null };
  if (active === null) throw new Error(`${site} has no active region: npx evenkeel status --site ${site}`);
  const backend = join(home, ".evenkeel", "state");
  const hosts = ["primary", "secondary", "global"].flatMap((stack) => {
    const saved = savedOutput(backend, site, stack);
    return saved?.value === undefined ? [] : (saved.value as PlaceOutputs).hosts;
  });
  return { active, hosts };
}

const evenkeel = (site: string) => ["node", join(home, "bin/evenkeel.mjs"), "--site", site];

async function engineOf({ active, hosts }: SiteHosts): Promise<string> {
  const database = hosts.find(({ id }) => id === `${active}/database`);
  if (database === undefined) throw new Error(`the state knows no database of ${active}`);
  const said = await inside(
    database.name,
    "mariadbd --version 2>/dev/null || /usr/lib/postgresql/17/bin/postgres --version",
  );
  return `${/mariadb/i.test(said) ? "MariaDB" : "PostgreSQL"} ${versionIn(said)}`;
}

/** The queues are on machines that no drill kills: the other regions' and the third place's. */
async function spreadOut({ active, hosts }: SiteHosts, milliseconds: number): Promise<() => Promise<void>> {
  const linked = hosts.filter(({ peeringAddress }) => peeringAddress !== null);
  const placeOf = ({ id }: { id: string }) => id.split("/")[0] as string;
  const peersOf = (isPeer: (place: string) => boolean) =>
    linked.filter((host) => isPeer(placeOf(host))).map(({ peeringAddress }) => peeringAddress as string);
  const others = linked.filter((host) => placeOf(host) !== active);
  const ends: (() => Promise<void>)[] = [];
  const end = async () => {
    for (const one of ends.splice(0).reverse()) await one();
  };
  try {
    for (const host of others) {
      const peers = peersOf((place) => place === active || (placeOf(host) !== "third" && place === "third"));
      ends.push(await putApart({ machines: [host.name], peers, milliseconds }));
    }
  } catch (error) {
    await end();
    throw error;
  }
  return end;
}

/** Exit 11 is an objective that was missed: measured all the same. */
async function drill(
  site: string,
  kind: "switchover" | "region",
  { rounds, signal }: Pick<ArmOptions, "rounds"> & { signal: AbortSignal },
): Promise<Drilled> {
  const words = ["drill", "--kind", kind, "--repeat", String(rounds), "--format", "json", "--yes"];
  const [program = "", ...rest] = [...evenkeel(site), ...words];
  const { exitCode, stdout, stderr, timedOut } = await execa(program, rest, {
    cwd: home,
    reject: false,
    stdin: "ignore",
    timeout: rounds * roundMs,
    cancelSignal: signal,
    // It takes its fault back first.
    forceKillAfterDelay: 5 * minuteMs,
  });
  const isDone = exitCode === exitCodes.ok || exitCode === exitCodes.targetMissed;
  if (!isDone && exitCode !== exitCodes.resumable) {
    const how = timedOut ? "was not done in time" : `ended with ${exitCode ?? "a signal"}`;
    throw new Error(
      `evenkeel drill --kind ${kind} ${how}\n${stderr.trimEnd().split("\n").slice(-8).join("\n")}`,
    );
  }
  const document = parseDrill(stdout, rounds);
  const folder = join(home, ".evenkeel", site, "drills");
  const name = runOf(folder, document);
  return {
    document,
    rounds: document.rounds.map((round) => ({
      round,
      attempts: ledgerOf(join(folder, `${name}r${round.round}.jsonl`)),
    })),
  };
}

/** The drill keeps its document beside its ledgers, under a name that it doesn't print. */
function runOf(folder: string, { startedAt, kind }: DrillDocument): string {
  const files = readdirSync(folder).filter((file) => file.endsWith(".json"));
  const found = files.find((file) => {
    const kept = JSON.parse(readFileSync(join(folder, file), "utf8")) as DrillDocument;
    return kept.startedAt === startedAt && kept.kind === kind;
  });
  if (found === undefined) throw new Error(`${folder} has no drill that began at ${startedAt}`);
  return found.slice(0, -".json".length);
}

function ledgerOf(file: string): Attempt[] {
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.map(parseAttempt).filter((attempt) => attempt !== null);
}
