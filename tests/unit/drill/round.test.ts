import { beforeEach, describe, expect, test } from "@jest/globals";
import { drillExitCode } from "../../../automation/drill/document.ts";
import { type DrillOptions, runDrill } from "../../../automation/drill/drill.ts";
import { exitCodes, UserError } from "../../../automation/errors.ts";
import { wellEtcd } from "../failover/sites.ts";
import { options, World } from "./world.ts";

let world: World;
beforeEach(() => {
  world = new World();
});

const drill = (more: Partial<DrillOptions> = {}) => runDrill(world.parts(), options(more));

describe("what a drill measures", () => {
  test("what a forced failover lost, as its report says, and of a planned move nothing", async () => {
    const parts = world.parts();
    parts.lossReport = () => Promise.resolve({ text: "2 orders", document: { rows: 2 } });
    const there = await runDrill(parts, options());
    expect(there.document.rounds[0]?.loss).toEqual({ text: "2 orders", document: { rows: 2 } });
    const planned = await runDrill(parts, options({ kind: "switchover" }));
    expect(planned.document.rounds[0]?.loss).toBeNull();
  });

  test("the time from the last order before the fault to the first one behind it", async () => {
    const { document } = await drill();
    const [outage, back] = document.rounds[0]?.figures.outages ?? [];
    // The failover of this world takes 1.5 s, and the client asks ten times a second.
    expect(outage).toMatchObject({ name: "fault (region)", planned: false, writesMs: 1600 });
    expect(back).toMatchObject({ name: "failback", planned: true, refused: 0 });
  });

  test("without the time that its client takes to end", async () => {
    const parts = world.parts();
    const start = parts.startClient;
    parts.startClient = async (asked) => {
      const client = await start(asked);
      const stop = () => {
        world.isStopped = true;
        world.pass(9000);
        return client.stop();
      };
      return { ...client, stop };
    };
    const { document } = await runDrill(parts, options({ kind: "switchover" }));
    expect(document.rounds[0]?.figures.outages.map(({ writesMs }) => writesMs)).toEqual([100, 100]);
  });

  test("a failover that is too slow misses its objective (exit 11)", async () => {
    const { document } = await drill({ maxRto: "1s" });
    expect(document.met).toBe(false);
    expect(drillExitCode(document)).toBe(exitCodes.targetMissed);
  });

  test("an acknowledged order that is missing in the end is a loss (exit 11)", async () => {
    world.loses = (id) => id.endsWith("-1-000003");
    const { document } = await drill();
    expect(document.rounds[0]?.figures).toMatchObject({ rpoRows: 1, lost: ["run-1-000003"] });
    expect(drillExitCode(document)).toBe(exitCodes.targetMissed);
  });

  test("in async any loss is accepted and shown, and is no objective", async () => {
    world.observation = (site) => ({
      ...site,
      etcd: wellEtcd({ ...site.etcd?.keys, durability: "async", sync: [world.writer] }),
    });
    world.loses = (id) => id.endsWith("-1-000003");
    const { document } = await drill();
    expect(world.calls).toContain("failover secondary any");
    expect(document.rounds[0]?.figures.rpoRows).toBe(1);
    expect(document.met).toBe(true);
  });
});

describe("what goes wrong", () => {
  test.each(["failover", "reinstate", "failback", "verify", "inject"])(
    "%s fails: the fault is taken back, the client stopped, and what was seen is told (exit 14)",
    async (call) => {
      world.failing.add(call);
      const { document, attempts } = await drill();
      expect(world.calls).toContain("undo region primary");
      expect(world.calls).toContain("stop client");
      expect(world.calls.indexOf("undo region primary")).toBeGreaterThan(
        world.calls.findIndex((one) => one.startsWith("inject")),
      );
      expect(document.rounds[0]?.failure?.what).toContain(`${call} `.trim());
      expect(document.rounds[0]?.figures.orders.acknowledged).toBeGreaterThan(0);
      expect(attempts[0]?.length).toBeGreaterThan(0);
      expect(drillExitCode(document)).toBe(exitCodes.resumable);
    },
  );

  test("a fault that can't be taken back is named, beside the command that status names", async () => {
    world.failing.add("failover").add("undo");
    world.observation = (site) =>
      world.isDead
        ? {
            ...site,
            machines: [
              { id: "primary/database", name: "m-database", stack: "primary", urn: "u", state: "stopped" },
            ],
          }
        : site;
    const { document } = await drill();
    const failure = document.rounds[0]?.failure;
    expect(failure?.why).toContain("the fault could not be taken back: undo region primary failed");
    expect(failure?.next).toBe("npx evenkeel provision");
  });

  test("a client that ends by itself ends the drill: nothing would be measured", async () => {
    const parts = world.parts();
    const inject = parts.fault.inject;
    parts.fault.inject = async (fault) => {
      await inject(fault);
      world.clientLost = "exit 137";
    };
    const { document } = await runDrill(parts, options());
    expect(document.rounds[0]?.failure).toMatchObject({ why: "exit 137" });
    expect(world.calls).toContain("undo region primary");
  });

  test("a stop that was asked for between two steps takes the fault back too", async () => {
    const parts = world.parts();
    parts.checkInterrupt = () => {
      if (world.isDead) throw new UserError({ what: "stopped on request", exitCode: exitCodes.interrupted });
    };
    const { document } = await runDrill(parts, options());
    expect(world.calls).toEqual([
      "start client",
      "inject region primary",
      "undo region primary",
      "stop client",
    ]);
    expect(document.rounds[0]?.failure?.what).toBe("stopped on request");
  });

  test("after a round that failed there is no other one", async () => {
    world.failing.add("reinstate");
    expect((await drill({ repeat: 3 })).document.rounds).toHaveLength(1);
  });
});
