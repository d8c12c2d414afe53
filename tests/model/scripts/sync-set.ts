import {
  adds,
  cutBetween,
  inSync,
  primary,
  restartCutOff,
  type Script,
  secondary,
  shrink,
  tertiary,
} from "./moves.ts";

/** Who is in `sync`, whom commits wait for, and who acknowledges: additions, removals and verbs that are late. */
export const syncSet: readonly Script[] = [
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
    name: "an addition is late, the database restarts and opens again, and the addition lands",
    run(world) {
      shrink(world);
      const add = world.hold(primary, adds(secondary));
      world.fault({ kind: "heal" });
      world.runUntil("the addition is on its way", () => add.seen);
      cutBetween(world, primary, secondary);
      const { database } = world.host(primary);
      world.fault({ kind: "kill-database", region: primary });
      world.host(primary).restartsMs = world.nowMs + 100;
      world.runUntil("it is closed", () => database.running && !database.open);
      world.runUntil("it is open", () => database.open);
      world.fault({ kind: "facts-late", region: primary, byMs: 3000 });
      const { acknowledged } = world.judge;
      const before = acknowledged.length;
      world.runUntil("somebody writes", () => acknowledged.length > before);
      add.release();
      world.runFor(200);
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
];
