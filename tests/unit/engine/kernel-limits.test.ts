import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { raiseKernelLimits } from "../../../automation/engine/kernel-limits.ts";
import { scratchFolder } from "./scratch.ts";

const scratch = scratchFolder();

describe("the kernel's inotify instances", () => {
  test.each([
    ["too few are raised", "128\n", "done", "1024\n"],
    ["enough stay as they are", "8192\n", "found", "8192\n"],
  ])("%s", async (_what, before, state, after) => {
    const file = join(scratch, "max_user_instances");
    writeFileSync(file, before);
    expect(await raiseKernelLimits(file)).toMatchObject({ state });
    expect(readFileSync(file, "utf8")).toBe(after);
  });

  test("a kernel without them is no failure, nor is a user who may not", async () => {
    expect(await raiseKernelLimits(join(scratch, "none"))).toMatchObject({ state: "found" });
    // A number below the wanted one, that the kernel lets nobody write.
    expect(await raiseKernelLimits("/proc/sys/kernel/random/entropy_avail")).toMatchObject({
      state: "found",
      detail: expect.stringMatching(/^\d+ inotify instances$/),
    });
  });
});
