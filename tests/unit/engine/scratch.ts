import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "@jest/globals";
import type { StepContext } from "../../../automation/engine/steps.ts";

/** A folder for one test file, removed when its tests have ended. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "evenkeel-engine-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function stepContext(): StepContext & { said: string[] } {
  const said: string[] = [];
  return { said, say: (detail) => said.push(detail), signal: new AbortController().signal };
}
