import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

/** Pulumi writes a log of every run into its home and takes none away: half a megabyte each. */
const keptLogs = 40;

/** Leaves the newest logs of a Pulumi home. Never throws: a log that goes meanwhile is what is wanted. */
export function pruneLogs(pulumiHome: string, kept = keptLogs): void {
  try {
    const folder = join(pulumiHome, "logs");
    const files = readdirSync(folder)
      .filter((name) => name.endsWith(".log"))
      .map((name) => join(folder, name))
      .map((file) => ({ file, at: statSync(file).mtimeMs }))
      .sort((one, other) => other.at - one.at);
    for (const { file } of files.slice(kept)) rmSync(file, { force: true });
  } catch {
    // There is no such folder yet, or another command prunes it at the same time.
  }
}
