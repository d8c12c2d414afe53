import { writeFileSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { join } from "node:path";
import { exitCodes, explain, UserError } from "../../automation/errors.ts";
import { savedOutput } from "../../automation/stacks/saved.ts";
import { distancesMs, putApart } from "../../tests/lab/support/distance.ts";
import { inside, machineOf } from "../../tests/lab/support/faults.ts";
import { siteOptions } from "../options.ts";
import { home, minuteMs, run } from "../rollout/command.ts";
import { machineText } from "../rollout/table.ts";
import { type KeeperUse, useOfKeeper } from "./keeper.ts";
import { type CommitFigures, durabilities, page } from "./page.ts";

/**
 * `npm run bench:lease -- --site NAME [--commits N] [--again N]`: what a commit costs by durability and by distance of the
 * regions, side by side on a MariaDB site of the lab that stands and is quiet, and what a keeper takes of its host. Makes a
 * schema evenkeel_bench and takes it away again and puts durability back, writes docs/bench-lease.md. As root,
 * who alone may put regions apart. Exit 0 done, 1 error, 2 usage.
 */
interface Options {
  site: string;
  commits: number;
  again: number;
}

const idleSeconds = 60;
const schema = "evenkeel_bench";

const optionsOf = (argv: readonly string[]): Options =>
  siteOptions(
    argv,
    { commits: { otherwise: 200, most: 2000 }, again: { otherwise: 3, most: 20 } },
    "npm run bench:lease -- --site proof",
  );

const evenkeel = (site: string, words: readonly string[]) =>
  run(["node", join(home, "bin/evenkeel.mjs"), "--site", site, ...words], { timeoutMs: 5 * minuteMs });

interface PlaceOutputs {
  hosts: { id: string; peeringAddress: string | null }[];
  database?: { engine: string };
}

/** What is measured, and what is put right behind it. */
interface Measured {
  name: string;
  /** The active region. */
  active: string;
  /** The link's addresses of the hosts outside of it. */
  peers: string[];
  durability: string;
}

/** Throws before anything is changed where the site is not one to measure. */
async function siteNow(name: string): Promise<Measured> {
  const { stdout } = await evenkeel(name, ["status", "--format", "json"]);
  const { active, durability } = JSON.parse(stdout) as { active: string | null; durability: string | null };
  if (active === null || durability === null)
    throw new Error(`${name} has no active region: npx evenkeel status --site ${name}`);
  const places = ["primary", "secondary", "global"].flatMap((stack) => {
    const saved = savedOutput(join(home, ".evenkeel", "state"), name, stack);
    return saved?.value === undefined ? [] : [saved.value as PlaceOutputs];
  });
  const other = places.find(({ database }) => database !== undefined && database.engine !== "mariadb");
  if (other !== undefined)
    throw new Error(`${name} is on ${other.database?.engine}: MariaDB alone is measured`);
  const hosts = places.flatMap((place) => place.hosts);
  const peers = hosts.flatMap(({ id, peeringAddress }) =>
    peeringAddress === null || id.startsWith(`${active}/`) ? [] : [peeringAddress],
  );
  if (!hosts.some(({ id }) => id.startsWith("secondary/")))
    throw new Error(`${name} has one region: it takes two to be apart`);
  return { name, active, peers, durability };
}

/** Of commits one after the other, in one session, the milliseconds of each. */
async function commitMs(machine: string, commits: number): Promise<number[]> {
  const one = `INSERT INTO ${schema}.commits (text) VALUES (REPEAT('x', 200)); SELECT NOW(6) + 0;`;
  const script = `{ echo 'SELECT NOW(6) + 0;'; for i in $(seq ${commits}); do echo "${one}"; done; } |
    mariadb -N --unbuffered | cut -c9-`;
  const times = (await inside(machine, script, 5 * minuteMs)).split("\n").map(secondsOf);
  return times.slice(1).map((time, i) => (time - (times[i] as number)) * 1000);
}

/** "HHMMSS.ffffff" in seconds of the day. */
function secondsOf(text: string): number {
  const [, hours, minutes, seconds] = /^(\d\d)(\d\d)(\d\d\.\d+)$/.exec(text) ?? [];
  if (seconds === undefined) throw new Error(`the server's clock says "${text}"`);
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
}

/** Past `evenkeel durability`, which would write the site's configuration as well. */
const putDurability = (site: Measured, durability: string) =>
  inside(machineOf(site, "third/edge"), `evenkeel-etcd put-durability ${durability}`);

/** Asked for, and in force: commits wait for the standby, or for nobody. */
async function setDurability(site: Measured, machine: string, durability: string): Promise<void> {
  await putDurability(site, durability);
  const wanted = durability === "async" ? 0 : 1;
  for (let i = 0; i < 120; i++) {
    const status = JSON.parse(await inside(machine, "evenkeel-db status")) as { waitsFor: string[] | null };
    if (status.waitsFor?.length === wanted) return;
    await new Promise((wake) => setTimeout(wake, 500));
  }
  throw new Error(`durability ${durability} is not in force within 60 s`);
}

/** One durability after the other within each turn, so that what the machine does meanwhile meets all of them. */
async function commitsAt(site: Measured, distanceMs: number, { commits, again }: Options) {
  const machine = machineOf(site, `${site.active}/database`);
  const figures = durabilities.map((durability) => ({ distanceMs, durability, commitMs: [] as number[] }));
  const end = await putApart({
    machines: [machine, machineOf(site, `${site.active}/gateway`)],
    peers: site.peers,
    milliseconds: distanceMs,
  });
  try {
    for (let i = 0; i < again; i++) {
      for (const one of figures) {
        await setDurability(site, machine, one.durability);
        await commitMs(machine, 20);
        one.commitMs.push(...(await commitMs(machine, commits)));
      }
    }
  } finally {
    await end();
  }
  return figures;
}

async function measure(site: Measured, options: Options): Promise<string> {
  const hosts = ["primary/database", "secondary/database", "primary/web-1", "secondary/web-1"];
  const keepers: KeeperUse[] = await Promise.all(
    hosts.map((host) => useOfKeeper(host, (script) => inside(machineOf(site, host), script), idleSeconds)),
  );
  const table = `CREATE TABLE ${schema}.commits (id bigint PRIMARY KEY AUTO_INCREMENT, text text)`;
  await administrate(site, `CREATE OR REPLACE DATABASE ${schema}; ${table}`);
  const figures: CommitFigures[] = [];
  for (const distanceMs of distancesMs) figures.push(...(await commitsAt(site, distanceMs, options)));
  const about = { cores: availableParallelism(), memoryGib: Math.round(totalmem() / 2 ** 30) };
  return page({ machine: machineText(about), figures, keepers, idleSeconds });
}

const administrate = (site: Measured, statement: string) =>
  inside(machineOf(site, `${site.active}/database`), `mariadb -e '${statement}'`);

async function main(): Promise<void> {
  const options = optionsOf(process.argv.slice(2));
  const site = await siteNow(options.site);
  try {
    writeFileSync(join(home, "docs/bench-lease.md"), await measure(site, options));
  } finally {
    await putDurability(site, site.durability);
    await administrate(site, `DROP DATABASE IF EXISTS ${schema}`);
  }
}

main().catch((error: unknown) => {
  for (const line of explain(error)) process.stderr.write(`${line}\n`);
  process.exitCode = error instanceof UserError ? error.exitCode : exitCodes.error;
});
