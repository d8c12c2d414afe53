import { beforeEach, describe, expect, test } from "@jest/globals";
import { drillExitCode } from "../../../automation/drill/document.ts";
import { type DrillOptions, runDrill } from "../../../automation/drill/drill.ts";
import { exitCodes, UserError } from "../../../automation/errors.ts";
import { options, World } from "./world.ts";

let world: World;
beforeEach(() => {
  world = new World();
});

const drill = (more: Partial<DrillOptions> = {}) => runDrill(world.parts(), options(more));

describe("the order of a drill", () => {
  test.each([
    ["region", "failover secondary 0"],
    ["database", "failover secondary 0"],
    ["balancer", "failover secondary 0"],
  ] as const)(
    "%s: orders, the fault, the failover, the fault taken back, the way home",
    async (kind, command) => {
      const { document } = await drill({ kind });
      expect(world.calls).toEqual([
        "start client",
        `inject ${kind} primary`,
        command,
        `undo ${kind} primary`,
        "reinstate primary",
        "failback primary",
        "stop client",
        "verify",
      ]);
      const [round] = document.rounds;
      expect(round).toMatchObject({ active: "primary", target: "secondary", epochBefore: 1, epochAfter: 3 });
      expect(round?.failure).toBeNull();
      expect(document.met).toBe(true);
      expect(drillExitCode(document)).toBe(exitCodes.ok);
    },
  );

  test("web: the database lives, so its writer is asked to hand over, and nothing is reinstated", async () => {
    await drill({ kind: "web" });
    expect(world.calls).toEqual([
      "start client",
      "inject web primary",
      "switchover secondary",
      "undo web primary",
      "failback primary",
      "stop client",
      "verify",
    ]);
  });

  test("link: ten seconds without it and no move", async () => {
    const { document } = await drill({ kind: "link" });
    expect(world.calls).toEqual([
      "start client",
      "inject link primary",
      "undo link primary",
      "stop client",
      "verify",
    ]);
    const [cut] = document.rounds[0]?.steps.filter(({ name }) => name.startsWith("leave")) ?? [];
    expect((cut?.endedMs ?? 0) - (cut?.startedMs ?? 0)).toBeGreaterThanOrEqual(10_000);
  });

  test("switchover: there and back, without a fault", async () => {
    const { document } = await drill({ kind: "switchover" });
    expect(world.calls).toEqual([
      "start client",
      "switchover secondary",
      "failback primary",
      "stop client",
      "verify",
    ]);
    expect(document.limits.rtoMs).toBe(5000);
    expect(document.rounds[0]?.phases.map(({ name, planned }) => [name, planned])).toEqual([
      ["switchover", true],
      ["failback", true],
    ]);
  });

  test("from a region that is not the preferred one it goes back there by a switchover", async () => {
    await drill({ kind: "switchover", preferred: "secondary" });
    expect(world.calls.filter((call) => /^(switchover|failback)/.test(call))).toEqual([
      "switchover secondary",
      "switchover primary",
    ]);
  });

  test("three seconds of orders come before anything is broken", async () => {
    const { document } = await drill();
    const [first] = world.attempts;
    expect((document.rounds[0]?.phases[0]?.fromMs ?? 0) - (first?.sentMs ?? 0)).toBeGreaterThanOrEqual(3000);
  });

  test("it is repeated as often as was said", async () => {
    const { document, attempts } = await drill({ kind: "switchover", repeat: 3 });
    expect(document.rounds.map(({ round, epochBefore }) => [round, epochBefore])).toEqual([
      [1, 1],
      [2, 3],
      [3, 5],
    ]);
    expect(attempts).toHaveLength(3);
  });
});

describe("a later round that can't begin", () => {
  test("takes nothing away from what was measured before it (exit 14)", async () => {
    const parts = world.parts();
    const start = parts.startClient;
    parts.startClient = async (asked) => {
      if (asked.round === 2) throw new UserError({ what: "no machine for the client", next: "docker info" });
      return start(asked);
    };
    const { document, attempts } = await runDrill(parts, options({ kind: "switchover", repeat: 3 }));
    expect(document.rounds).toHaveLength(1);
    expect(attempts).toHaveLength(1);
    expect(document.rounds[0]?.failure).toMatchObject({
      what: "no machine for the client",
      next: "docker info",
    });
    expect(drillExitCode(document)).toBe(exitCodes.resumable);
  });

  test("where the site is not healthy any more, names why and what mends it", async () => {
    world.observation = (site) =>
      world.epoch === 1
        ? site
        : {
            ...site,
            machines: world.isStopped
              ? [{ id: "primary/web-1", name: "m-web-1", stack: "primary", urn: "u", state: "stopped" }]
              : [],
          };
    const { document } = await drill({ kind: "switchover", repeat: 2 });
    expect(document.rounds).toHaveLength(1);
    expect(document.rounds[0]?.failure).toMatchObject({ next: "npx evenkeel provision" });
  });
});

describe("what is refused before anything is touched", () => {
  const refusal = async (more: Partial<DrillOptions> = {}) => {
    const error = await drill(more).then(
      () => null,
      (thrown: unknown) => thrown as UserError,
    );
    expect(error).toBeInstanceOf(UserError);
    expect(world.calls).toEqual([]);
    return error as UserError;
  };

  test("a degraded site (exit 12), with the command that mends it", async () => {
    world.observation = (site) => ({
      ...site,
      machines: [{ id: "primary/web-1", name: "m-web-1", stack: "primary", urn: "u", state: "stopped" }],
    });
    const error = await refusal();
    expect(error).toMatchObject({ exitCode: exitCodes.refused, next: "npx evenkeel provision" });
    expect(error.why).toContain("m-web-1 is stopped");
  });

  test("a site whose standby is not in the sync set (exit 12)", async () => {
    world.isReinstated = false;
    expect((await refusal()).exitCode).toBe(exitCodes.refused);
  });

  test("what the operator does not confirm", async () => {
    world.isConfirmed = false;
    expect((await refusal()).what).toBe("no");
  });

  test("a limit that can't be read (exit 2)", async () => {
    const error = await refusal({ maxRto: "fast" });
    expect(error).toMatchObject({ exitCode: exitCodes.usage });
    expect(error.what).toContain("--max-rto");
  });
});
