import { third } from "../world/network.ts";
import { cutBetween, inSync, primary, type Script, secondary, tertiary } from "./moves.ts";

/** The active region, or what it depends on, is lost for a while: who writes then, and what it does when it is back. */
export const outages: readonly Script[] = [
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
    name: "the active host sleeps as its database is about to open again, and wakes when another one has opened",
    run(world) {
      const put = world.hold(primary, (change) => change.kind === "put-sync");
      world.fault({ kind: "kill-database", region: primary });
      world.host(primary).restartsMs = world.nowMs + 100;
      world.runUntil("the set is being written", () => put.seen);
      put.release();
      world.fault({ kind: "pause", region: primary });
      world.runUntil("the secondary writes", () => world.host(secondary).isOpen());
      world.fault({ kind: "resume", region: primary });
      world.runFor(3000);
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
  {
    name: "the active database is gone, and its host is not",
    run(world) {
      world.fault({ kind: "kill-database", region: primary });
      world.host(primary).restartsMs = world.nowMs + 60_000;
      world.expect("the secondary writes", () => world.host(secondary).isOpen(), 12_000);
    },
  },
  {
    name: "the active region is lost, and the third one follows the new writer",
    regions: [primary, secondary, tertiary],
    run(world) {
      world.fault({ kind: "off", region: primary });
      world.expect("the third one is in the set", () => inSync(world) === `${secondary},${tertiary}`, 15_000);
    },
  },
];
