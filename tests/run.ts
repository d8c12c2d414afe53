import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { execa } from "execa";
import { exitCodes, explain } from "../automation/errors.ts";
import { createInterrupts, useInterrupts } from "../automation/interrupt.ts";
import { setUpEngine } from "../automation/rollout/engine.ts";
import { checks, runCheck } from "./check.ts";
import { type CaseResult, resultsFile, type WholeRun } from "./results.ts";

/**
 * `npm test`: static checks, then the machine's set-up, then the lab tests on one site that is provisioned for them and
 * destroyed by the last of them, and beside them the tests of hosts that are no site's, of files, and of units and
 * components. `npm run test:unit`: only what needs no Docker.
 * Ends with one line, "N passed, N failed"; a step that can't run counts as failed, nothing is skipped.
 */
const home = join(import.meta.dirname, "..");
const jest = join(home, "node_modules/jest/bin/jest.js");
const cases: CaseResult[] = [];
/** What a test said when it failed, by file and title: the last time. */
const reasons = new Map<string, string>();
/** At the end each failure is told again in this many lines: two suites write side by side before. */
const reasonLines = 12;

interface Suite {
  kind: string;
  pattern: string;
  workers: number;
  timeoutMinutes: number;
  /** Where its first test fails, the rest of its line can't be run. */
  needed?: true;
}

const unitSuites: Suite[] = [
  { kind: "unit", pattern: "tests/(unit|components)/", workers: 3, timeoutMinutes: 6 },
];
/** Each line runs beside the other: a lab test mostly waits for its hosts, and none needs what another line makes. */
const labSuites: Suite[] = [
  { kind: "site", pattern: "tests/lab/provision", workers: 1, timeoutMinutes: 25, needed: true },
  { kind: "lab", pattern: "tests/lab/(?!provision)", workers: 1, timeoutMinutes: 120 },
];
const hostSuites: Suite[] = [
  { kind: "hosts", pattern: "tests/hosts/", workers: 1, timeoutMinutes: 75 },
  { kind: "files", pattern: "tests/files/", workers: 1, timeoutMinutes: 30 },
];

function say(line: string) {
  process.stderr.write(`${line}\n`);
}

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  say(`── ${what}`);
  const value = await work();
  say(`   ${what}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
  return value;
}

async function runJest(suite: Suite) {
  const output = join(home, ".evenkeel/tests", `${suite.kind}.json`);
  rmSync(output, { force: true });
  const run = await execa(
    process.execPath,
    [
      "--experimental-vm-modules",
      "--disable-warning=ExperimentalWarning",
      jest,
      `--testPathPatterns=${suite.pattern}`,
      suite.workers === 1 ? "--runInBand" : `--maxWorkers=${suite.workers}`,
      // What a test left open must not hold up the line with the result; the reports are written by then.
      "--forceExit",
      "--json",
      `--outputFile=${output}`,
      ...(labSuites.includes(suite)
        ? ["--verbose", "--testSequencer=./tests/lab/support/sequencer.mjs"]
        : []),
    ],
    {
      cwd: home,
      // What tells a suite's processes from those of the suite beside it: tests/lab/support/lab.ts.
      env: { EVENKEEL_SUITE: suite.kind },
      reject: false,
      stdin: "ignore",
      stdout: "ignore",
      stderr: "inherit",
      timeout: suite.timeoutMinutes * 60_000,
      forceKillAfterDelay: 20_000,
    },
  );
  collect(suite, output, run.exitCode ?? -1);
}

interface Assertion {
  fullName: string;
  status: string;
  duration?: number;
  failureMessages: string[];
  retryReasons: string[];
}

interface JestReport {
  testResults: {
    name: string;
    message: string;
    assertionResults: Assertion[];
  }[];
}

function collect(suite: Suite, output: string, exitCode: number) {
  let report: JestReport;
  try {
    report = JSON.parse(readFileSync(output, "utf8")) as JestReport;
  } catch {
    cases.push({
      kind: suite.kind,
      file: suite.pattern,
      title: "the suite ran to its end",
      passed: false,
      milliseconds: 0,
    });
    return;
  }
  for (const file of report.testResults) {
    const name = file.name.slice(home.length + 1);
    // A file that could not even be loaded has no assertions: that is a failure, not an absence.
    if (file.assertionResults.length === 0)
      cases.push({ kind: suite.kind, file: name, title: "the file loads", passed: false, milliseconds: 0 });
    for (const test of file.assertionResults) {
      const passed = test.status === "passed";
      const again = test.retryReasons.length > 0;
      cases.push({
        kind: suite.kind,
        file: name,
        title: test.fullName,
        passed,
        ...(again ? { again } : {}),
        milliseconds: test.duration ?? 0,
      });
      const said = passed ? test.retryReasons : test.failureMessages;
      if (said.length > 0) reasons.set(`${name}: ${test.fullName}`, said.join("\n"));
    }
  }
  const failedAsserts = cases.some((one) => one.kind === suite.kind && !one.passed);
  if (exitCode !== 0 && !failedAsserts) {
    cases.push({
      kind: suite.kind,
      file: suite.pattern,
      title: `jest ended with ${exitCode}`,
      passed: false,
      milliseconds: 0,
    });
  }
}

async function runChecks() {
  for (const check of checks) {
    const start = performance.now();
    const outcome = await runCheck(check, home);
    if (!outcome.passed) say(outcome.output);
    cases.push({
      kind: "check",
      file: "tests/check.ts",
      title: check.title,
      passed: outcome.passed,
      milliseconds: performance.now() - start,
    });
  }
}

/** Everything that file and lab tests need on the machine; `npm test` counts as the yes to system packages. */
async function runSetUp(): Promise<boolean> {
  const start = performance.now();
  let passed = true;
  useInterrupts(createInterrupts({ say, end: () => process.exit(exitCodes.interrupted) }));
  try {
    await setUpEngine({ yes: true });
  } catch (error) {
    for (const line of explain(error)) say(line);
    passed = false;
  }
  const milliseconds = performance.now() - start;
  cases.push({ kind: "set-up", file: "tests/run.ts", title: "the machine is set up", passed, milliseconds });
  return passed;
}

async function commitOfTree(): Promise<string> {
  const { stdout, exitCode } = await execa("git", ["rev-parse", "HEAD"], { cwd: home, reject: false });
  return exitCode === 0 ? stdout : "unknown";
}

/** Without a site each test of one could only fail, for a reason that is said already: they count as one that failed. */
async function runLine(suites: readonly Suite[]) {
  for (const [i, suite] of suites.entries()) {
    await timed(`${suite.kind} tests`, () => runJest(suite));
    if (suite.needed !== true || cases.find(({ kind }) => kind === suite.kind)?.passed === true) continue;
    for (const { kind, pattern } of suites.slice(i + 1))
      cases.push({
        kind,
        file: pattern,
        title: `is run behind ${suite.pattern}`,
        passed: false,
        milliseconds: 0,
      });
    return;
  }
}

/** One test's end, and what it said where it failed. */
function tell(how: string, { file, title }: CaseResult) {
  say(`${how}: ${file}: ${title}`);
  const said = stripVTControlCharacters(reasons.get(`${file}: ${title}`) ?? "").split("\n");
  for (const line of said.filter((one) => one.trim() !== "").slice(0, reasonLines)) say(`    ${line}`);
}

const unitOnly = process.argv[2] === "unit";
const started = performance.now();
mkdirSync(join(home, ".evenkeel/tests"), { recursive: true, mode: 0o700 });
if (!unitOnly) await timed("static checks", runChecks);
// Without an engine and an image the other suites could only fail at each test, for a reason that is said already.
if (!unitOnly && (await timed("set-up", runSetUp))) {
  // The lab's line is the longest by far: what needs no machine waits for the end of the other.
  await Promise.all([runLine(labSuites), runLine([...hostSuites, ...unitSuites])]);
} else {
  await runLine(unitSuites);
}

const failed = cases.filter(({ passed }) => !passed);
const seconds = Math.round((performance.now() - started) / 1000);
if (!unitOnly) {
  const whole: WholeRun = { commit: await commitOfTree(), seconds, cases };
  writeFileSync(join(home, resultsFile), `${JSON.stringify(whole, null, 1)}\n`, { mode: 0o600 });
}
const again = cases.filter((one) => one.passed && one.again);
for (const one of again) tell("passed at a second attempt", one);
for (const one of failed) tell("failed", one);
say(`${unitOnly ? "unit tests" : "whole run"}: ${seconds} s, ${again.length} passed at a second attempt`);
process.stdout.write(`${cases.length - failed.length} passed, ${failed.length} failed\n`);
process.exitCode = failed.length === 0 && cases.length > 0 ? 0 : 1;
