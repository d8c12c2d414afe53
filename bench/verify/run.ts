import { writeFileSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { join } from "node:path";
import { exitCodes, explain, UserError } from "../../automation/errors.ts";
import { table } from "../../automation/output.ts";
import type { VerifyDocument } from "../../automation/verify/document.ts";
import { siteOptions } from "../options.ts";
import { home, minuteMs, run } from "../rollout/command.ts";
import { machineText, median, spreadText } from "../rollout/table.ts";

/**
 * `npm run bench:verify -- --site NAME [--rows N] [--again N]`: `evenkeel verify` beside what one would do by hand, a dump
 * of either database through a checksum, both at once, on a MariaDB site that stands. Makes a schema
 * evenkeel_bench of that many rows and takes it away again; writes docs/bench-verify.md. Exit 0 done, 1 error, 2 usage.
 */
interface Options {
  site: string;
  rows: number;
  again: number;
}

const schema = "evenkeel_bench";

const optionsOf = (argv: readonly string[]): Options =>
  siteOptions(
    argv,
    { rows: { otherwise: 1_000_000, most: 10_000_000 }, again: { otherwise: 3, most: 10_000_000 } },
    "npm run bench:verify -- --site proof --rows 1000000",
  );

const evenkeel = (site: string, words: readonly string[]) =>
  run(["node", join(home, "bin/evenkeel.mjs"), "--site", site, ...words], { timeoutMs: 10 * minuteMs });

const onHost = (site: string, region: string, script: string) =>
  evenkeel(site, ["ssh", `${region}/database`, "--", "sudo", "bash", "-o", "pipefail", "-ec", script]);

/** Rows as WordPress's posts are, of about a third of a kilobyte. */
async function fill({ site, rows }: Options): Promise<void> {
  const statement = `CREATE OR REPLACE DATABASE ${schema}; USE ${schema};
CREATE TABLE posts (id bigint PRIMARY KEY AUTO_INCREMENT, title varchar(200), body text, at datetime);
INSERT INTO posts (title, body, at) SELECT CONCAT("title ", seq), REPEAT("words and more ", 20), NOW() FROM seq_1_to_${rows};`;
  await onHost(site, "primary", `mariadb <<<'${statement}'`);
}

/** Verify waits for the standby itself; a dump of one that lags would be another. */
async function byVerify(site: string): Promise<{ seconds: number; rows: number }> {
  const { seconds, stdout } = await evenkeel(site, ["verify", "--format", "json"]);
  const [report] = (JSON.parse(stdout) as VerifyDocument).standbys;
  return { seconds, rows: report?.rows ?? 0 };
}

async function byDumps(site: string): Promise<{ seconds: number; equal: boolean }> {
  const dump = `mariadb-dump --single-transaction --skip-dump-date --databases ${schema} wordpress_db | sha256sum`;
  const began = performance.now();
  const sums = await Promise.all(["primary", "secondary"].map((region) => onHost(site, region, dump)));
  const seconds = (performance.now() - began) / 1000;
  return { seconds, equal: new Set(sums.map(({ stdout }) => stdout)).size === 1 };
}

async function measure(options: Options): Promise<string> {
  await fill(options);
  const size = `SELECT ROUND(SUM(DATA_LENGTH) / 1000000) FROM information_schema.TABLES WHERE TABLE_SCHEMA NOT IN ("mysql", "sys")`;
  // Once unmeasured: both then read from memory.
  let rows = (await byVerify(options.site)).rows;
  const ours: number[] = [];
  const dumps: number[] = [];
  let unequal = 0;
  for (let i = 0; i < options.again; i++) {
    const verified = await byVerify(options.site);
    const dumped = await byDumps(options.site);
    rows = verified.rows;
    ours.push(verified.seconds);
    dumps.push(dumped.seconds);
    if (!dumped.equal) unequal += 1;
  }
  const { stdout } = await onHost(options.site, "primary", `mariadb -N <<<'${size}'`);
  return pageOf({ megabytes: Number(stdout), rows, ours, dumps, unequal }, options);
}

interface Figures {
  megabytes: number;
  rows: number;
  ours: number[];
  dumps: number[];
  unequal: number;
}

function pageOf({ megabytes, rows, ours, dumps, unequal }: Figures, { again }: Options): string {
  const rate = (seconds: number[], what: number) => Math.round(what / median(seconds));
  const machine = { cores: availableParallelism(), memoryGib: Math.round(totalmem() / 2 ** 30) };
  const lines = [
    ["what", "median (min-max)", "rows/s", "MB/s"],
    ["evenkeel verify", spreadText(ours), String(rate(ours, rows)), String(rate(ours, megabytes))],
    [
      "two dumps through sha256sum",
      spreadText(dumps),
      String(rate(dumps, rows)),
      String(rate(dumps, megabytes)),
    ],
  ];
  const [head = [], ...body] = lines;
  const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  process.stderr.write(table(head, body));
  return `# All rows compared

Written by \`npm run bench:verify\`; not edited by hand.

${machineText(machine)}, ${rows} rows and ${megabytes} MB a side, both hosts on that machine, nobody writing but the heartbeat.

${[row(head), row(head.map(() => "---")), ...body.map(row)].join("\n")}

The dumps take ${(median(dumps) / median(ours)).toFixed(2)} times as long as verify. They tell only that something differs, not which row; and they
differ by themselves while rows are written: ${unequal} of ${again} times here.
`;
}

async function main(): Promise<void> {
  const options = optionsOf(process.argv.slice(2));
  try {
    writeFileSync(join(home, "docs/bench-verify.md"), await measure(options));
  } finally {
    await onHost(options.site, "primary", `mariadb <<<'DROP DATABASE IF EXISTS ${schema}'`);
  }
}

main().catch((error: unknown) => {
  for (const line of explain(error)) process.stderr.write(`${line}\n`);
  process.exitCode = error instanceof UserError ? error.exitCode : exitCodes.error;
});
