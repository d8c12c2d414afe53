import { cutBetween, inSync, primary, restartCutOff, type Script, secondary, shrink } from "./moves.ts";

/** What `strict`, `async` and a pause promise. */
export const durability: readonly Script[] = [
  {
    name: "strict: the standby restarts, leaves the set, and is cut off",
    durability: "strict",
    run(world) {
      restartCutOff(world);
      world.runUntil("it has left", () => inSync(world) === primary);
      world.runFor(6000);
    },
  },
  {
    name: "strict: a standby joins a new writer, restarts, leaves the set, and is cut off",
    durability: "strict",
    run(world) {
      world.fault({ kind: "off", region: primary });
      world.runUntil("the secondary writes", () => world.host(secondary).isOpen());
      world.fault({ kind: "on", region: primary });
      world.runUntil("the primary is fenced", () => world.host(primary).database.role === "fenced");
      world.operator.mend();
      world.runUntil("it is in the set", () => inSync(world) === `${primary},${secondary}`);
      cutBetween(world, primary, secondary);
      world.fault({ kind: "kill-database", region: primary });
      world.runUntil("it has left", () => inSync(world) === secondary);
      world.runFor(6000);
    },
  },
  {
    name: "durability is changed to strict while the writer is alone",
    run(world) {
      shrink(world);
      world.fault({ kind: "durability", to: "strict" });
      world.runFor(20_000);
    },
  },
  {
    name: "durability is changed to async while the active region is lost",
    run(world) {
      world.fault({ kind: "off", region: primary });
      world.fault({ kind: "durability", to: "async" });
      world.runFor(10_000);
    },
  },
  {
    name: "the active region is lost while promotions are paused",
    run(world) {
      world.fault({ kind: "paused", is: true });
      world.runFor(1000);
      world.fault({ kind: "off", region: primary });
      world.runFor(10_000);
    },
  },
  {
    name: "strict: a promotion's opening is refused by a set that has changed, and the old writer stays away",
    durability: "strict",
    regions: ["primary", "secondary", "tertiary"],
    run(world) {
      const opening = world.hold(secondary, (change) => change.kind === "put-sync");
      world.fault({ kind: "off", region: primary });
      world.runUntil("the opening is on its way", () => opening.seen);
      const { regions, joined } = world.etcd.store.sync?.value ?? { regions: [], joined: true };
      const syncRevision = world.etcd.store.sync?.revision ?? 0;
      world.etcd.apply({ kind: "leave", region: "tertiary", syncRevision, sync: { regions, joined } });
      opening.release();
      world.fault({ kind: "off", region: "tertiary" });
      const { acknowledged } = world.judge;
      const before = acknowledged.length;
      world.expect("the new writer accepts writes", () => acknowledged.length > before, 10_000);
    },
  },
];
