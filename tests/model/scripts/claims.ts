import { cutBetween, primary, type Script, secondary, writerOf } from "./moves.ts";

/** A region claims while the other one, or it itself, is lost or late. */
export const claims: readonly Script[] = [
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
    name: "a shrinking set is late, and lands between a claim and its opening",
    run(world) {
      const put = world.hold(primary, (change) => change.kind === "put-sync");
      cutBetween(world, primary, secondary);
      world.runUntil("the set is to be written", () => put.seen);
      world.fault({ kind: "no-etcd", region: primary, forMs: 30_000 });
      world.fault({ kind: "slow-verbs", region: secondary });
      world.runUntil("the secondary claims", () => writerOf(world)?.region === secondary);
      put.release();
      world.runFor(8000);
    },
  },
  {
    name: "a claim is late, and its epoch was granted to another one that gave it back",
    run(world) {
      const claim = world.hold(secondary, (change) => change.kind === "claim");
      const opening = world.hold(primary, (change) => change.kind === "put-sync");
      world.fault({ kind: "fence", region: primary });
      world.runUntil("the secondary is about to claim", () => claim.seen);
      world.operator.resume(primary);
      world.runUntil("the primary has the next epoch", () => writerOf(world)?.epoch === 2);
      world.runUntil("it is about to open", () => opening.seen);
      world.fault({ kind: "fence", region: primary });
      world.runUntil("it has given that back", () => writerOf(world) === undefined);
      claim.release();
      world.runFor(1000);
      opening.release();
    },
  },
  {
    name: "a claimant is lost before it opens, and the region that was fenced for it writes again",
    run(world) {
      world.hold(secondary, (change) => change.kind === "put-sync");
      world.fault({ kind: "no-etcd", region: primary, forMs: 5000 });
      world.runUntil("the secondary claims", () => writerOf(world)?.region === secondary);
      world.runUntil("the primary is fenced", () => world.host(primary).database.role === "fenced");
      world.fault({ kind: "off", region: secondary });
      world.expect("the primary writes", () => world.host(primary).isOpen(), 12_000);
    },
  },
];
