import { describe, expect, test } from "@jest/globals";
import { benchSite, gatewayOf, loginOf } from "../../../../bench/rollout/hosts.ts";
import { orderProblems } from "../../../../bench/rollout/order.ts";
import { placesOf, regionGateways, regionHosts } from "../../../../bench/rollout/plays.ts";
import { readRecipe } from "../../../../bench/rollout/recipe.ts";
import { siteExports } from "./state.ts";

const steps = readRecipe(siteExports());
const site = benchSite(steps);
const host = (name: string) => site.hosts.find((one) => one.name === `evenkeel-bench-${name}`);
const ids = (found: readonly { id: string }[] | undefined) => found?.map(({ id }) => id);

describe("a recipe sorted by hosts", () => {
  test("each host has its own machine, networks or volume, files and roles", () => {
    expect(site.hosts.map(({ name }) => name.slice("evenkeel-bench-".length))).toEqual([
      "gateway",
      "database",
      "web",
      "edge",
    ]);
    expect(ids(host("gateway")?.things)).toEqual(["primary/net"]);
    expect(ids(host("edge")?.things)).toEqual(["global/third"]);
    expect(ids(host("web")?.things)).toEqual(["primary/uploads"]);
    expect(ids(host("database")?.things)).toEqual([]);
    expect(ids(host("web")?.pushes)).toEqual(["primary/core"]);
    expect(ids(host("web")?.roles)).toEqual(["primary/web-role"]);
    expect(host("gateway")?.published).toEqual({ 22: 2201, 443: 2443 });
    expect(site.link.id).toBe("global/peering");
  });

  test("verbs come one after the other until several may come at once", () => {
    expect(site.chain.map(({ host, step }) => [host, step.id])).toEqual([
      ["evenkeel-bench-database", "global/birth"],
      ["evenkeel-bench-web", "global/install"],
    ]);
    expect(site.rounds.map((round) => round.map(({ step }) => step.id))).toEqual([
      ["global/gate-1", "global/gate-2"],
    ]);
  });

  test("a host behind a gateway is reached through it, a gateway directly, all with one login", () => {
    const web = host("web");
    const gateway = host("gateway");
    if (web === undefined || gateway === undefined) throw new Error("hosts are missing");
    expect(gatewayOf(web, site.hosts)).toBe(gateway);
    expect(gatewayOf(gateway, site.hosts)).toBeNull();
    expect(loginOf(site.hosts)).toEqual({ user: "evenkeel", privateKey: "THE KEY\n" });
    const other = { ...web, connection: { ...web.connection, privateKey: "ANOTHER" } };
    expect(() => loginOf([gateway, other])).toThrow("more than one login");
  });

  test("a step whose host is in no recipe is refused", () => {
    const without = steps.filter(({ id }) => id !== "primary/database");
    expect(() => benchSite(without)).toThrow(/primary\/database/);
  });
});

describe("the plays", () => {
  test("keep the recipe's order with every step in one of them", () => {
    expect(orderProblems(steps, placesOf(site))).toEqual([]);
    expect(regionGateways(site)).toEqual([host("gateway")]);
    expect(regionHosts(site)).toHaveLength(3);
  });

  test("would not, were a machine made beside its gateway: that is seen", () => {
    const places = placesOf(site);
    places.set("primary/web", { play: 0, lane: "evenkeel-bench-web", turn: 1 });
    expect(orderProblems(steps, places)).toEqual(["primary/web may come before primary/gateway"]);
  });
});
