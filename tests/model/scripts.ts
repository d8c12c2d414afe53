import type { Change } from "../../automation/keeper/store.ts";
import { converge, type RunOptions } from "./schedules.ts";
import { type Violation, World } from "./world.ts";

/** A schedule by hand: one that broke an earlier wording of the rules (writer.md), or shows one rule alone. */
export interface Script {
  name: string;
  regions?: readonly string[];
  run(world: World): void;
}

const [primary, secondary, tertiary] = ["primary", "secondary", "tertiary"] as const;
const third = "third";

const inSync = (world: World) => (world.etcd.store.sync?.value.regions ?? []).join();
const writerOf = (world: World) => world.etcd.store.writer?.value;

/** A `put-sync` that takes a region in, as it is on its way. */
const adds = (region: string) => (change: Change) =>
  change.kind === "put-sync" && change.sync.regions.includes(region);

function cutBetween(world: World, one: string, other: string): void {
  world.fault({ kind: "cut", from: one, to: other });
  world.fault({ kind: "cut", from: other, to: one });
}

/** The secondary is out of `sync`, and the writer has stopped waiting for it. */
function shrink(world: World): void {
  cutBetween(world, primary, secondary);
  world.runUntil("the set shrinks", () => inSync(world) === primary);
  world.runUntil("commits wait for nobody", () => world.host(primary).database.waits.length === 0);
}

/** The secondary's database is killed and is back at once, without what it had not applied, and can't get it again. */
function restartCutOff(world: World): void {
  cutBetween(world, primary, secondary);
  world.fault({ kind: "kill-database", region: secondary });
  world.host(secondary).restartsMs = world.nowMs + 100;
}

export const scripts: readonly Script[] = [
  {
    name: "1. a claimant crashes between the claim and the apply",
    run(world) {
      world.fault({ kind: "slow-apply", region: secondary });
      world.runFor(2000);
      world.fault({ kind: "off", region: primary });
      world.runUntil("the secondary claims", () => writerOf(world)?.region === secondary);
      world.fault({ kind: "off", region: secondary });
      world.runFor(1000);
      world.fault({ kind: "on", region: secondary });
      world.runFor(4000);
    },
  },
  {
    name: "a claimant's database restarts before it has applied what it received",
    run(world) {
      world.fault({ kind: "slow-apply", region: secondary });
      world.runFor(2000);
      world.fault({ kind: "off", region: primary });
      world.fault({ kind: "slow-verbs", region: secondary });
      world.runUntil("the secondary claims", () => writerOf(world)?.region === secondary);
      world.fault({ kind: "kill-database", region: secondary });
      world.host(secondary).restartsMs = world.nowMs + 100;
      world.runFor(8000);
    },
  },
  {
    name: "a claim is late, and the writer has renewed meanwhile",
    run(world) {
      const claim = world.hold(secondary, (change) => change.kind === "claim");
      world.fault({ kind: "no-etcd", region: primary, forMs: 30_000 });
      world.runUntil("the secondary is about to claim", () => claim.seen);
      world.host(primary).noEtcdUntilMs = 0;
      world.runFor(800);
      world.fault({ kind: "slow-verbs", region: primary });
      claim.release();
      world.runFor(3000);
    },
  },
  {
    name: "2. an addition is late, the set reads as already without it, the writer stops waiting, and it lands",
    run(world) {
      shrink(world);
      const add = world.hold(primary, adds(secondary));
      world.fault({ kind: "heal" });
      world.runUntil("the addition is on its way", () => add.seen);
      cutBetween(world, primary, secondary);
      world.runUntil("commits wait for nobody", () => world.host(primary).database.waits.length === 0);
      add.release();
      world.runFor(3000);
    },
  },
  {
    name: "3. a standby restarts while its addition is on its way, and finds itself out of the set",
    run(world) {
      shrink(world);
      const add = world.hold(primary, adds(secondary));
      world.fault({ kind: "heal" });
      world.fault({ kind: "slow-apply", region: secondary });
      world.runUntil("the addition is on its way", () => add.seen);
      restartCutOff(world);
      world.runUntil("it receives again", () => world.host(secondary).database.receivesFrom !== null);
      add.release();
      world.runFor(400);
    },
  },
  {
    name: "4. a standby leaves between the proof that it has everything and its addition",
    run(world) {
      shrink(world);
      world.fault({ kind: "heal" });
      world.fault({ kind: "slow-apply", region: secondary });
      const marker = () => world.host(primary).verbs.find(({ verb }) => verb.name === "mark");
      world.runUntil("the marker is written", () => (marker()?.marker ?? null) !== null);
      const { log } = world.host(primary).database;
      world.runUntil("it is received", () => world.host(secondary).database.held().length >= log.length);
      // The answer that it was received is slow.
      Object.assign(marker() ?? {}, { endsMs: world.nowMs + 1500, deadlineMs: world.nowMs + 5000 });
      world.runFor(100);
      restartCutOff(world);
      world.runUntil("it receives again", () => world.host(secondary).database.receivesFrom !== null);
      world.runUntil("the marker's answer is there", () => marker() === undefined);
      world.runFor(400);
    },
  },
  {
    name: "5. a killed keeper's order to stop waiting comes after its successor has added the replica again",
    run(world) {
      world.fault({ kind: "slow-verbs", region: primary });
      cutBetween(world, primary, secondary);
      world.runUntil("the set shrinks", () => inSync(world) === primary);
      world.runUntil("the order is under way", () =>
        world.host(primary).verbs.some(({ verb }) => verb.name === "sync" && verb.regions.length === 0),
      );
      const [order] = world.host(primary).verbs;
      if (order !== undefined) order.endsMs = world.nowMs + 15_000;
      world.host(primary).slowVerbsUntilMs = 0;
      world.fault({ kind: "kill-keeper", region: primary });
      world.fault({ kind: "heal" });
      world.runUntil("it is back in the set", () => inSync(world) === `${primary},${secondary}`);
      world.runFor(14_000);
      cutBetween(world, primary, secondary);
      world.runFor(1900);
    },
  },
  {
    name: "6. of three regions one acknowledges that is not in the set",
    regions: [primary, secondary, tertiary],
    run(world) {
      world.fault({ kind: "slow-replica", region: secondary });
      cutBetween(world, primary, secondary);
      world.runFor(1500);
      world.fault({ kind: "off", region: primary });
      world.runFor(6000);
    },
  },
  {
    name: "7. of three regions the one that acknowledged before comes back beside the one that does now",
    regions: [primary, secondary, tertiary],
    run(world) {
      cutBetween(world, primary, secondary);
      world.runUntil("the third one is in the set", () => inSync(world).includes(tertiary));
      world.fault({ kind: "heal" });
      world.runFor(1500);
      cutBetween(world, primary, tertiary);
      world.runFor(1800);
    },
  },
  {
    name: "8. durability is changed to async and back while the standby is cut off",
    run(world) {
      cutBetween(world, primary, secondary);
      world.fault({ kind: "durability", to: "async" });
      world.runUntil("commits wait for nobody", () => world.host(primary).database.waits.length === 0);
      world.runFor(2000);
      world.fault({ kind: "durability", to: "bounded" });
      world.runFor(200);
    },
  },
  {
    name: "10. the marker is written before commits wait",
    run(world) {
      shrink(world);
      world.fault({ kind: "heal" });
      const { database } = world.host(primary);
      world.runUntil("a marker is asked for", () =>
        world.host(primary).verbs.some(({ verb }) => verb.name === "mark"),
      );
      database.waits = [];
      world.runUntil(
        "the marker is written",
        () => !world.host(primary).verbs.some(({ verb }) => verb.name === "mark"),
      );
      cutBetween(world, primary, secondary);
      world.runFor(1800);
    },
  },
  {
    name: "11. an active database restarts by itself, its keeper dead",
    run(world) {
      world.fault({ kind: "kill-keeper", region: primary });
      world.host(primary).keeperStartsMs = world.nowMs + 12_000;
      world.fault({ kind: "kill-database", region: primary });
      cutBetween(world, primary, secondary);
      world.runFor(11_000);
    },
  },
  {
    name: "the active host sleeps for ten seconds and wakes",
    run(world) {
      world.fault({ kind: "pause", region: primary });
      world.runUntil("the secondary writes", () => world.host(secondary).database.open);
      world.runFor(2000);
      world.fault({ kind: "resume", region: primary });
      world.runFor(3000);
    },
  },
  {
    name: "the active region is alone, with people in it",
    run(world) {
      cutBetween(world, primary, secondary);
      cutBetween(world, primary, third);
      world.runFor(10_000);
    },
  },
  {
    name: "the active region hears nothing, and is heard",
    run(world) {
      world.fault({ kind: "cut", from: secondary, to: primary });
      world.fault({ kind: "cut", from: third, to: primary });
      world.runFor(10_000);
    },
  },
  {
    name: "the answers of the active region's etcd come late",
    run(world) {
      for (let i = 0; i < 8; i += 1) {
        cutBetween(world, primary, third);
        cutBetween(world, primary, secondary);
        world.runFor(1900);
        world.fault({ kind: "heal" });
        world.runFor(500);
      }
    },
  },
  {
    name: "the active region has no etcd, and goes on replicating",
    run(world) {
      world.fault({ kind: "no-etcd", region: primary, forMs: 12_000 });
      world.runFor(11_000);
    },
  },
  {
    name: "a standby restarts with acknowledged transactions that it has not applied, then the active region is lost",
    run(world) {
      world.fault({ kind: "slow-apply", region: secondary });
      world.runFor(2000);
      cutBetween(world, primary, secondary);
      world.fault({ kind: "kill-database", region: secondary });
      world.runUntil("it receives again", () => world.host(secondary).database.receivesFrom !== null);
      world.fault({ kind: "off", region: primary });
      world.runFor(8000);
    },
  },
  {
    name: "a claim and a shrinking set cross, and the old writer wakes",
    run(world) {
      const renewals = world.hold(primary, (change) => change.kind === "renew");
      const put = world.hold(primary, (change) => change.kind === "put-sync");
      const claim = world.hold(secondary, (change) => change.kind === "claim");
      cutBetween(world, primary, secondary);
      world.host(primary).keeper = { ...world.host(primary).keeper, waits: null };
      world.runUntil("the set is to be written", () => put.seen);
      world.runUntil("the secondary is about to claim", () => claim.seen);
      world.etcd.apply({
        kind: "put-sync",
        writer: { region: primary, epoch: 1 },
        syncRevision: world.etcd.store.sync?.revision ?? 0,
        sync: { regions: [primary], joined: true },
      });
      const { database } = world.host(primary);
      database.waits = [];
      database.ackers = [];
      world.runFor(1000);
      claim.release();
      world.runFor(2000);
      put.release();
      renewals.release();
      world.runFor(2000);
    },
  },
  {
    name: "etcd's answers are slow, then the active region has no etcd",
    run(world) {
      world.fault({ kind: "answers-late", region: primary, byMs: 850 });
      world.runFor(3000);
      world.fault({ kind: "no-etcd", region: primary, forMs: 12_000 });
      world.runFor(8000);
    },
  },
  {
    name: "the active database restarts, and the standby is cut off as it opens",
    run(world) {
      world.fault({ kind: "kill-database", region: primary });
      world.host(primary).restartsMs = world.nowMs + 100;
      world.runUntil("it is about to open", () =>
        world.host(primary).verbs.some(({ verb }) => verb.name === "open"),
      );
      cutBetween(world, primary, secondary);
      world.runUntil("it is open", () => world.host(primary).database.open);
      world.runFor(1000);
    },
  },
  {
    name: "the witness is lost",
    run(world) {
      cutBetween(world, primary, third);
      cutBetween(world, secondary, third);
      world.runFor(5000);
    },
  },
];

/** Plays a script, then heals and asks as of any schedule whether all is well. */
export function playScript(script: Script, options: Omit<RunOptions, "regions">): readonly Violation[] {
  const regions = script.regions ?? [primary, secondary];
  const world = new World({ seed: 11, drift: 0.001, ...options, regions });
  world.runFor(4000);
  script.run(world);
  if (world.violations.length > 0) return world.violations;
  world.fault({ kind: "heal" });
  const late = converge(world, options.durability);
  return [...world.violations, ...late];
}
