import { cutBetween, primary, type Script, secondary, shrink } from "./moves.ts";

/** What operators do that no keeper does by itself: births, forced promotions, and a site of which etcd knows nothing. */
export const operators: readonly Script[] = [
  {
    name: "9. a promotion is forced on a lease that was waited out, and the old writer's host comes back",
    run(world) {
      shrink(world);
      world.fault({ kind: "heal" });
      const writer = world.host(primary).database;
      const held = () => world.host(secondary).database.held().length;
      world.runUntil(
        "the secondary has everything, and is waited for by nobody",
        () => held() === writer.log.length,
      );
      const isOff = !world.lacks("a lease is seized of a machine that is off");
      world.fault({ kind: isOff ? "off" : "pause", region: primary });
      world.runFor(world.host(secondary).config.leaseMs);
      world.operator.seize(secondary);
      world.runUntil("the secondary writes", () => world.host(secondary).isOpen());
      world.runFor(1000);
      cutBetween(world, primary, secondary);
      world.fault({ kind: isOff ? "on" : "resume", region: primary });
      world.runFor(2000);
    },
  },
  {
    name: "a site is born, and its keeper hears of that late",
    unborn: true,
    run(world) {
      world.fault({ kind: "facts-late", region: primary, byMs: 2500 });
      world.runFor(3000);
      world.operator.birth(primary);
      world.runFor(5000);
    },
  },
  {
    name: "etcd is made anew, and an operator resumes the region with the newest epoch",
    run(world) {
      world.runFor(6000);
      world.fault({ kind: "off", region: primary });
      world.runUntil("the secondary writes", () => world.host(secondary).isOpen());
      world.fault({ kind: "on", region: primary });
      world.runFor(3000);
      world.fault({ kind: "etcd-anew" });
      world.runFor(6000);
    },
  },
  {
    name: "an operator fences the active region",
    run(world) {
      world.fault({ kind: "fence", region: primary });
      world.expect("the secondary writes", () => world.host(secondary).isOpen(), 10_000);
    },
  },
];
