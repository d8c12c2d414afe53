import { expect, jest, test } from "@jest/globals";
import { execa } from "execa";
import { inside, machineOf } from "../../lab/support/faults.ts";
import { movedWith, status } from "../../lab/support/moves.ts";
import { movingEach } from "../../lab/support/moving.ts";
import { eventually, home } from "../../lab/support/site.ts";

/** The drill's process is lost with a database dead by its hand. */
jest.setTimeout(480_000);

const moving = movingEach();
const now = () => moving().site;

test("killed (-9) with the fault in force: what status names, command by command, makes the site healthy", async () => {
  const { active, standby } = moving().before;
  const words = ["drill", "--kind", "database"];
  const machine = machineOf(now(), `${active}/database`);
  const killed = await movedWith(
    words,
    { detail: `inject the fault: database of ${active}`, state: "done" },
    async ({ pid }) => {
      process.kill(pid, "SIGKILL");
    },
  );
  expect(killed.exitCode).not.toBe(0);
  await expect(inside(machine, "true")).rejects.toThrow();
  const given: string[] = [];
  await eventually("the site is healthy by what status names", 400_000, async () => {
    const { state, problems, protected: isProtected } = await status();
    if (state === "healthy" && isProtected === true) return true;
    const next = problems[0]?.next;
    if (next == null) return null;
    given.push(next);
    // What a person is asked for where there is a terminal.
    const answers = next.includes("evenkeel failover") ? `--yes --confirm ${standby}` : "--yes";
    await execa("bash", ["-c", `${next} ${answers} < /dev/null`], {
      cwd: home,
      reject: false,
      timeout: 240_000,
    });
    return null;
  });
  console.log(given.join("\n"));
  expect(given.length).toBeGreaterThan(0);
});
