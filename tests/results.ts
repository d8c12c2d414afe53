/** What the last whole test run left behind, read by tests/coverage.ts. */
export interface CaseResult {
  kind: string;
  file: string;
  title: string;
  passed: boolean;
  /** It failed once before (tests/support/second-attempt.ts). */
  again?: true;
  milliseconds: number;
}

export interface WholeRun {
  commit: string;
  seconds: number;
  cases: CaseResult[];
}

/** Below the clone's root; ignored by git, so that a test run leaves `git status` clean. */
export const resultsFile = ".evenkeel/tests/results.json";
