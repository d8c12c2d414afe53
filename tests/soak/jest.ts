import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { execa } from "execa";
import { home } from "../lab/support/cli.ts";

interface Report {
  numPassedTests: number;
  numFailedTests: number;
  testResults: { assertionResults: { fullName: string; status: string; failureMessages: string[] }[] }[];
}

/**
 * Runs test files one after the other with these variables: "5 passed, 0 failed", and the titles of what failed. Never
 * throws for a failing test; bounded to three hours.
 */
export async function runTests(
  patterns: readonly string[],
  env: Record<string, string>,
): Promise<{ result: string; failed: string[] }> {
  const argv = [
    ...["--experimental-vm-modules", "--disable-warning=ExperimentalWarning"],
    join(home, "node_modules/jest/bin/jest.js"),
    ...patterns,
    ...["--runInBand", "--forceExit", "--json", "--testSequencer=./tests/lab/support/sequencer.mjs"],
  ];
  const { stdout, exitCode } = await execa(process.execPath, argv, {
    cwd: home,
    env,
    reject: false,
    stdin: "ignore",
    stderr: "ignore",
    timeout: 180 * 60_000,
  });
  const report = JSON.parse(stdout) as Report;
  const failed = report.testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status !== "passed")
    .map(({ fullName, failureMessages }) => `failed: ${fullName}${reason(failureMessages)}`);
  if (exitCode !== 0 && failed.length === 0) failed.push(`jest ended with ${exitCode}`);
  return { result: `${report.numPassedTests} passed, ${report.numFailedTests} failed`, failed };
}

/** What fits into a line of the page: a message without its colours, and without the places in the code. */
function reason([message = ""]: readonly string[]): string {
  const words = stripVTControlCharacters(message).split("\n    at ")[0] ?? "";
  const line = words.replace(/\s+/g, " ").replaceAll("|", "/").trim();
  return line === "" ? "" : `: ${line.slice(0, 300)}`;
}
