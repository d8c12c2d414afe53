import { expect, test } from "@jest/globals";
import { askedHosts, observe, readySaid, type Scope } from "../../../automation/failover/observe.ts";
import type { SiteOutputs } from "../../../automation/hosts.ts";
import type { SshSession } from "../../../automation/remote/ssh.ts";

const answer = (value: unknown) => ({ status: 200, body: JSON.stringify(value) });

test("what a web host says of its region's cache and of itself", () => {
  expect(readySaid(answer({ cache: "up", problems: [] }))).toEqual({ cache: true, problems: [] });
  const problems = ["the uploads cannot be written"];
  expect(readySaid({ ...answer({ cache: "down", problems }), status: 503 })).toEqual({
    cache: false,
    problems,
  });
  expect(readySaid(answer({ cache: null, problems }))).toEqual({ cache: null, problems });
});

test("an answer that says nothing of it is no answer", () => {
  for (const nothing of [null, answer({}), answer(3), { status: 502, body: "<html>" }])
    expect(readySaid(nothing)).toEqual({ cache: null, problems: [] });
});

const roles = ["gateway", "database", "cache", "store", "web"];
const region = (name: string) => ({
  hosts: roles.map((role) => ({ id: `${name}/${role}`, name: `${name}-${role}`, role })),
  // Nobody listens there.
  url: "https://127.0.0.1:1",
  database: { hostId: `${name}/database`, engine: "mariadb" },
  store: { endpoint: "https://127.0.0.1:1" },
});
const outputs = {
  regions: { primary: region("primary"), secondary: region("secondary") },
  global: null,
} as unknown as SiteOutputs;

test.each<[Scope, string[]]>([
  ["site", ["gateway", "database", "web"]],
  ["writers", ["gateway", "database"]],
])("a look at the %s logs in at each region's %j, and nowhere else", async (scope, wanted) => {
  const asked = new Set<string>();
  const run = async (host: string) => {
    asked.add(host);
    return { exitCode: 1, stdout: "", stderr: "no" };
  };
  const seen = await observe({
    config: {
      site: "shop",
      regions: ["primary", "secondary"],
      boundedWaitSeconds: 5,
      durability: "bounded",
      cooldownSeconds: 1,
    },
    outputs,
    session: { run } as unknown as SshSession,
    ca: "",
    machines: async () => [],
    timeoutMs: 1000,
    scope,
  });
  const hosts = ["primary", "secondary"].flatMap((name) => wanted.map((role) => `${name}/${role}`));
  expect([...asked].sort()).toEqual([...hosts].sort());
  expect(askedHosts(outputs, scope).sort()).toEqual([...hosts].sort());
  expect(seen.regions.map(({ web }) => web.length)).toEqual(scope === "site" ? [1, 1] : [0, 0]);
});
