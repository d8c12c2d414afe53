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
  /** Why none should. */
  behind: string | null;
}

/** Whether what showed is what should. */
export function isAsExpected({ scripts, random, behind }: MutantResult): boolean {
  return (scripts.length > 0 || random) === (behind === null);
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
  const shown = rules.filter(({ behind }) => behind === null);
  const alone = shown.filter((one) => one.scripts.length > 0 && !one.random);
  return `# The keeper's decisions against a model

Written by \`npm run model\`; not edited by hand. Commit ${commit}, seed ${seed}.

What decides on the hosts (\`automation/keeper/decide.ts\`) runs here in a made-up world: regions with databases that
replicate as MariaDB does, an etcd, a network, people who write. Each schedule cuts, pauses, kills, slows and heals;
then all is healed, and what must hold is: nothing that was acknowledged is missing where a database opens; every region
in \`sync\` holds all of it; no region acknowledges after a newer one opened, and no two are open at once (both but where
no clock is to be trusted); in \`strict\` nothing is acknowledged that one region alone has, once a standby has joined; in
\`async\` and while it is paused no keeper promotes its region; and within a minute the site writes again, with a standby in
\`sync\`, where an operator does no more than what a keeper must not (a birth, a fenced region, an etcd that was made anew).

## All rules in place

| site | random schedules | seconds | outcome |
|---|---|---|---|
${shapes.map(({ name, runs, seconds, failed }) => `| ${name} | ${runs} | ${seconds.toFixed(1)} | ${failed ? "FAILED" : "held"} |`).join("\n")}

And ${scripts.length} by hand, with clocks and without:

${scripts.map((name) => `- ${name}`).join("\n")}

## Each rule taken out

Random: up to ${mutantRuns} schedules a kind of site. ${alone.length} of ${shown.length} show in schedules by hand alone.

| without | shows by hand in | shows at random |
|---|---|---|
${shown.map(ruleLine).join("\n")}
${rules.map(behindLine).join("")}
Schedule 9 of the protocol (a forced promotion) is here with the operator's part: without the old machine off for certain,
a lease that was waited out loses an acknowledged write. What web hosts decide has a world of its own
(tests/unit/keeper/gate-world.ts). A cut lets nothing through in its direction for as long as it lasts, which TCP would not
stand for long. A commit's wait that was cancelled (PostgreSQL, W12) and the ways in which an engine loses what it received
are not modelled beyond a relay log that is thrown away at a start.
`;
}

/** Of a rule that others stand behind, why nothing shows. */
function behindLine({ rule, behind }: MutantResult): string {
  return behind === null ? "" : `\n${rule}: nothing shows without it, since ${behind}.\n`;
}

function ruleLine({ rule, scripts, random }: MutantResult): string {
  const missed = scripts.length === 0 && !random;
  const by = scripts.map((name) => name.replaceAll("|", "\\|")).join("<br>");
  return `| ${rule} | ${missed ? "**nothing**" : by} | ${random ? "yes" : "no"} |`;
}
