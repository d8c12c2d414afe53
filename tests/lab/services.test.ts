import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { execa } from "execa";
import type { Problem } from "../../automation/failover/problem.ts";
import { cli, eventually, home, type SiteHandle, site } from "./support/site.ts";

const minute = 60_000;
let now: SiteHandle;
beforeAll(async () => {
  now = await site();
}, minute);

async function status(): Promise<{ exitCode: number; problems: Problem[] }> {
  const { exitCode, stdout } = await cli(["status", "--format", "json"]);
  return { exitCode, problems: (JSON.parse(stdout) as { problems: Problem[] }).problems };
}

/** As somebody types it. */
const inTerminal = (command: string) => execa("bash", ["-c", command], { cwd: home, timeout: minute });

type Service = readonly [host: string, unit: string, code: Problem["code"]];

/** Two rounds, since a web host whose nginx is stopped hides the balancer in front of it. */
const rounds: readonly (readonly Service[])[] = [
  [
    ["primary/cache", "redis-server", "cache-down"],
    ["secondary/web-1", "nginx.service", "service-stopped"],
    ["secondary/store", "evenkeel-store", "store-down"],
    ["third/edge", "pdns", "third-place"],
  ],
  [
    ["secondary/database", "evenkeel-keeper.service", "service-stopped"],
    ["secondary/gateway", "haproxy", "web-down"],
    ["third/edge", "haproxy", "third-place"],
  ],
];

describe("[O8] a service that was stopped by hand", () => {
  // What a failing test left stopped would fail the files after it.
  afterAll(async () => {
    for (const [host, unit] of rounds.flat()) await now.ssh(host, ["sudo", "systemctl", "start", unit]);
  }, minute);

  test.each(
    rounds.map((round) => [round.map(([host, unit]) => `${unit} on ${host}`).join(", "), round] as const),
  )(
    "%s: status names it with the command that starts it, and that command does",
    async (_, round) => {
      for (const [host, unit] of round)
        expect(await now.ssh(host, ["sudo", "systemctl", "stop", unit])).toMatchObject({ exitCode: 0 });
      const problems = await eventually("status tells of all of them", minute, async () => {
        const said = await status();
        return round.every(([, , code]) => said.problems.some((problem) => problem.code === code))
          ? said.problems
          : null;
      });
      for (const [host, unit, code] of round) {
        const state = async () => (await now.ssh(host, ["systemctl", "is-active", unit])).stdout.trim();
        const command = `npx evenkeel ssh ${host} --site ${now.name} -- sudo systemctl restart ${unit}`;
        expect(problems).toContainEqual(expect.objectContaining({ code, next: command }));
        expect(await state()).toBe("inactive");
        await inTerminal(command);
        expect(await state()).toBe("active");
      }
      await eventually("the site is healthy again", minute, async () =>
        (await status()).exitCode === 0 ? true : null,
      );
    },
    4 * minute,
  );

  test(
    "the active region's database: one line starts it and lets it write again",
    async () => {
      const stopped = await now.ssh("primary/database", ["sudo", "systemctl", "stop", "mariadb"]);
      expect(stopped).toMatchObject({ exitCode: 0 });
      const command = await eventually("status tells of it", minute, async () => {
        const { problems } = await status();
        return problems.find(({ code }) => code === "database-down")?.next ?? null;
      });
      expect(command).toMatch(/ -- sudo systemctl restart mariadb && npx evenkeel resume primary /);
      // The picture says it too, beside what is drawn.
      const drawn = await cli(["topology"]);
      expect(drawn).toMatchObject({ exitCode: 10, stderr: expect.stringContaining(`next: ${command}`) });
      expect(drawn.stdout).toMatch(/! database +mariadb down/);
      await inTerminal(command);
      await eventually("the site is healthy again", minute, async () =>
        (await status()).exitCode === 0 ? true : null,
      );
    },
    4 * minute,
  );
});
