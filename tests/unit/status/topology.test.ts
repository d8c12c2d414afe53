import { describe, expect, test } from "@jest/globals";
import { decide } from "../../../automation/failover/decide.ts";
import { commandsOf } from "../../../automation/failover/next.ts";
import type { Observation } from "../../../automation/failover/observation.ts";
import { asciiTopology } from "../../../automation/status/topology/ascii.ts";
import { mermaidTopology } from "../../../automation/status/topology/mermaid.ts";
import { topologyOf } from "../../../automation/status/topology/model.ts";
import { svgTopology } from "../../../automation/status/topology/svg.ts";
import { healthySite, standby, webHost, withRegion } from "../failover/sites.ts";

const commands = commandsOf("");
const drawn = (site: Observation) => topologyOf(site, decide(site, commands));

describe("topology", () => {
  test("a healthy site: every part well, visitors to the active region, replication out of it", () => {
    const topology = drawn(healthySite());
    expect(topology.headline).toBe("shop: healthy, primary is active at epoch 1");
    expect(topology.places.flatMap(({ parts }) => parts).every(({ health }) => health === true)).toBe(true);
    expect(topology.flows).toEqual([
      { from: "third/edge", to: "primary/balancer", label: "visitors", health: true },
      {
        from: "primary/database",
        to: "secondary/database",
        label: "replication, TLS, 0.4 s behind",
        health: true,
      },
    ]);
  });

  test("a web host is well only with its services and its uploads", () => {
    const web = (change: Parameters<typeof webHost>[0]) =>
      drawn(withRegion("primary", { web: [webHost(change)] })).places[0]?.parts.find(
        ({ name }) => name === "web-1",
      );
    expect(web({})).toMatchObject({ health: true });
    expect(web({ stopped: ["nginx.service"] })).toMatchObject({
      health: false,
      detail: expect.stringContaining("nginx.service stopped"),
    });
    expect(web({ uploadsThere: false })).toMatchObject({ health: false });
    expect(web({ gate: null })).toMatchObject({ health: null, detail: "unknown" });
    expect(web({ gate: "closed" })).toMatchObject({
      health: false,
      detail: expect.stringContaining("gate closed (wrong)"),
    });
  });

  test("what is not well or not known is drawn so: never as well", () => {
    const silent = { database: { host: "h", engine: "mariadb", facts: null, why: "no answer" } };
    const database = (site: Observation, region: string) =>
      drawn(site)
        .places.find(({ name }) => name === region)
        ?.parts.find(({ name }) => name === "database");
    expect(database(withRegion("secondary", silent), "secondary")).toMatchObject({ health: null });
    for (const facts of [
      { ...standby, replicating: false },
      { ...standby, role: "fenced" as const },
      { ...standby, writable: true },
      { ...standby, running: false, writable: null },
    ]) {
      const site = withRegion("secondary", { database: { host: "h", engine: "mariadb", facts, why: null } });
      expect(database(site, "secondary")).toMatchObject({ health: false });
    }
    const parts = drawn(
      withRegion("primary", { cache: { reachable: false }, store: { endpoint: "e", reachable: null } }),
    ).places[0]?.parts;
    expect(parts).toContainEqual({
      id: "primary/cache",
      name: "cache",
      detail: "does not answer",
      health: false,
    });
    expect(parts).toContainEqual({ id: "primary/store", name: "store", detail: "unknown", health: null });
    const noActive = withRegion("primary", silent);
    expect(drawn(noActive).flows.map(({ label }) => label)).not.toContain("visitors");
  });

  test("nothing built yet is a picture too", () => {
    const unbuilt = { built: false };
    const site = {
      ...withRegion("primary", unbuilt, { base: withRegion("secondary", unbuilt) }),
      thirdPlace: null,
    };
    for (const draw of [asciiTopology, mermaidTopology, svgTopology])
      expect(draw(drawn(site))).toContain("not built");
  });

  test("plain characters: boxes of one height, a sign before each part, words beside the sign", () => {
    const text = asciiTopology(drawn(healthySite()));
    expect(text).toContain("+ database  mariadb writable, active");
    expect(text).toContain("+ primary/database --> secondary/database");
    const lines = text.split("\n").filter((line) => line.startsWith("|"));
    expect(new Set(lines.map((line) => line.indexOf("|", 1))).size).toBe(1);
  });

  test("Mermaid: one subgraph a place, ids without slashes, broken arrows dashed", () => {
    const broken = withRegion("secondary", {
      database: { host: "h", engine: "mariadb", facts: { ...standby, replicating: false }, why: null },
    });
    const text = mermaidTopology(drawn(broken));
    expect(text.match(/^ {2}subgraph /gm)).toHaveLength(3);
    expect(text).toMatch(/primary_database -\.->\|"replication[^"]*"\| secondary_database/);
    expect(text).not.toMatch(/^ +[\w]+\/\w+\[/m);
  });

  test("SVG: one document without outside references, markup in names escaped", () => {
    const site = withRegion("primary", { url: 'https://x/?a=1&b="<script>"' });
    const text = svgTopology(drawn(site));
    expect(text).toMatch(/^<svg [^>]*xmlns="http:\/\/www.w3.org\/2000\/svg"/);
    expect(text).not.toContain("<script>");
    expect(text).not.toMatch(/href|src=/);
    expect(text.match(/<line /g)).toHaveLength(2);
  });
});
