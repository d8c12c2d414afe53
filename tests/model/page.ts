export interface ShapeResult {
  name: string;
  runs: number;
  seconds: number;
  failed: boolean;
}

export interface MutantResult {
  rule: string;
  /** Scripted schedules that show that the rule is missing. */
  scripts: readonly string[];
  /** Whether a random one does. */
  random: boolean;
}

export interface ModelRun {
  commit: string;
  seed: number;
  shapes: readonly ShapeResult[];
  scripts: readonly string[];
  /** Random schedules for each rule that is taken out and each kind of site. */
  mutantRuns: number;
  rules: readonly MutantResult[];
}

/** docs/model.md */
export function modelPage({ commit, seed, shapes, scripts, mutantRuns, rules }: ModelRun): string {
  const alone = rules.filter((one) => one.scripts.length > 0 && !one.random);
  return `# The keeper's decisions against a model

Written by \`npm run model\`; not edited by hand. Commit ${commit}, seed ${seed}.

What decides on the hosts (\`automation/keeper/decide.ts\`) runs here in a made-up world: regions with databases that
replicate as MariaDB does, an etcd, a network, people who write. Each schedule cuts, pauses, kills, slows and heals;
then all is healed, and what must hold is: nothing that was acknowledged is missing where a database opens; every region
in \`sync\` holds all of it; no region acknowledges after a newer one opened, and no two are open at once (both but where
no clock is to be trusted); and within a minute the site writes again, with a standby in \`sync\`.

## All rules in place

| site | random schedules | seconds | outcome |
|---|---|---|---|
${shapes.map(({ name, runs, seconds, failed }) => `| ${name} | ${runs} | ${seconds.toFixed(1)} | ${failed ? "FAILED" : "held"} |`).join("\n")}

And ${scripts.length} by hand, with clocks and without:

${scripts.map((name) => `- ${name}`).join("\n")}

## Each rule taken out

Random: up to ${mutantRuns} schedules a kind of site. ${alone.length} of ${rules.length} show in schedules by hand alone.

| without | shows by hand in | shows at random |
|---|---|---|
${rules.map(ruleLine).join("\n")}

Schedule 9 of the protocol (a forced promotion on a lease that was waited out) is no decision of the keeper's and is not
here. A commit's wait that was cancelled (PostgreSQL, W12) and the ways in which an engine loses what it received are not
modelled beyond a relay log that is thrown away at a start.
`;
}

function ruleLine({ rule, scripts, random }: MutantResult): string {
  const missed = scripts.length === 0 && !random;
  const by = scripts.map((name) => name.replaceAll("|", "\\|")).join("<br>");
  return `| ${rule} | ${missed ? "**nothing**" : by} | ${random ? "yes" : "no"} |`;
}
