import { expect, test } from "@jest/globals";
import { parseMachines } from "../../../automation/lab/docker.ts";

const clone = { id: "a".repeat(32), folder: "/one" };

test("a site's containers are read with their place and role, and only the running ones count as running", () => {
  const text = [
    `evenkeel-shop-primary-web-1\texited\tprimary\tweb\t${clone.id}`,
    `evenkeel-shop-primary-database\trunning\tprimary\tdatabase\t${clone.id}`,
    `evenkeel-shop-third-edge\tpaused\tthird\tedge\t${clone.id}`,
    "",
  ].join("\n");
  expect(parseMachines(text, clone)).toEqual([
    {
      name: "evenkeel-shop-primary-database",
      running: true,
      state: "running",
      place: "primary",
      role: "database",
    },
    { name: "evenkeel-shop-primary-web-1", running: false, state: "exited", place: "primary", role: "web" },
    { name: "evenkeel-shop-third-edge", running: false, state: "paused", place: "third", role: "edge" },
  ]);
});

test("another clone's containers are not among a site's own", () => {
  const line = (name: string, id: string) => `${name}\trunning\tprimary\tweb\t${id}`;
  const text = [line("own", clone.id), line("foreign", "b".repeat(32))].join("\n");
  expect(parseMachines(text, clone).map(({ name }) => name)).toEqual(["own"]);
});
