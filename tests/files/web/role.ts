import { describe, expect, test } from "@jest/globals";
import { roleProgram } from "../../../components/host/job.ts";
import type { WebHost } from "../support/web-host.ts";

/** Leaves nothing behind. */
export function roleTests(web: WebHost): void {
  describe("one role at a time", () => {
    const path = "/tmp/of-a-role";
    const job = {
      role: "second",
      machineId: "m",
      files: [{ path, content: "written" }],
      script: "echo '{}'",
    };
    // A second instead of five minutes.
    const impatient = roleProgram(job).replace(/^LOCK_WAIT_SECONDS = \d+$/m, "LOCK_WAIT_SECONDS = 1");
    const apply = () => web.host.run(["python3", "-I", "-"], { input: impatient });

    test("a second one waits until its deadline, says who is in its way, and writes nothing", async () => {
      expect(impatient).toContain("LOCK_WAIT_SECONDS = 1\n");
      await web.host.bash("systemd-run -q --unit first-role flock /run/evenkeel-role.lock sleep 60");
      try {
        await web.host.bash("until [ -e /run/evenkeel-role.lock ]; do sleep 0.1; done; sleep 0.2");
        expect(await apply()).toMatchObject({
          exitCode: 1,
          stderr: expect.stringContaining("another role has held /run/evenkeel-role.lock for 1 s"),
        });
        expect((await web.host.run(["test", "-e", path])).exitCode).toBe(1);
      } finally {
        await web.host.bash("systemctl stop first-role");
      }
      expect(await apply()).toMatchObject({ exitCode: 0, stdout: "{}" });
      expect(await web.host.bash(`cat ${path}; rm ${path}`)).toBe("written");
    });
  });
}
