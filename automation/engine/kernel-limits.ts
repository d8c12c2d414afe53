import { readFile, writeFile } from "node:fs/promises";
import type { StepOutcome } from "./steps.ts";

const file = "/proc/sys/fs/inotify/max_user_instances";
/**
 * A lab host's systemd takes five inotify instances as process 1, and Linux gives root 128 in all: two sites or a test
 * run beside a site come near that, and the next host then doesn't start. The value that its refusal names (components/lab/lab-host).
 */
const wanted = 1024;

/**
 * Raises what the kernel gives root of inotify instances, until the next boot, where this user may; a limit that is high
 * enough stays. Who may not is told by the host that does not come up (components/lab/lab-host), with the command.
 */
export async function raiseKernelLimits(limitFile = file): Promise<StepOutcome> {
  const now = Number((await readFile(limitFile, "utf8").catch(() => "")).trim() || Number.NaN);
  if (Number.isNaN(now)) return { state: "found", detail: "not this kernel's" };
  if (now >= wanted) return { state: "found", detail: `${now} inotify instances` };
  try {
    await writeFile(limitFile, `${wanted}\n`);
  } catch {
    return { state: "found", detail: `${now} inotify instances` };
  }
  return {
    state: "done",
    detail: `${wanted} inotify instances for root, ${now} before, until the next boot`,
  };
}
