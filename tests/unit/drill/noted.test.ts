import { expect, test } from "@jest/globals";
import { runDrill } from "../../../automation/drill/drill.ts";
import { World } from "./world.ts";

const options = { kind: "region", repeat: 1, preferred: "primary" } as const;

test("each step of a drill is told to events as it begins and ends", async () => {
  const world = new World();
  await runDrill(world.parts(), options);
  const fault = "inject the fault: region of primary";
  expect(world.noted.slice(0, 4)).toEqual([
    "wait for steady orders: begun",
    "wait for steady orders: done",
    `${fault}: begun`,
    `${fault}: done`,
  ]);
  const begun = world.noted.filter((line) => line.endsWith(": begun"));
  expect(world.noted.filter((line) => line.endsWith(": done"))).toHaveLength(begun.length);
});

test("one that fails is told as failed, and the fault's end behind it", async () => {
  const world = new World();
  world.failing.add("inject region primary");
  await runDrill(world.parts(), options);
  expect(world.noted.at(2)).toBe("inject the fault: region of primary: begun");
  expect(world.noted.at(3)).toBe("inject the fault: region of primary: failed");
});
