import { describe, expect, test } from "@jest/globals";
import { readDeployment } from "../../../../bench/rollout/deployment.ts";
import { readRecipe } from "../../../../bench/rollout/recipe.ts";
import { exported, resource, secret, siteExports, urn } from "./state.ts";

const steps = readRecipe(siteExports());
const step = (id: string) => steps.find((one) => one.id === id);

describe("the recipe of a rollout", () => {
  test("has every command of every stack once, and nothing else", () => {
    expect(steps.map(({ id }) => id)).toEqual([
      "primary/net",
      "primary/uploads",
      "primary/gateway",
      "primary/database",
      "primary/web",
      "primary/balancer-role",
      "primary/database-role",
      "primary/core",
      "primary/web-role",
      "global/peering",
      "global/third",
      "global/edge",
      "global/edge-role",
      "global/birth",
      "global/install",
      "global/gate-1",
      "global/gate-2",
    ]);
  });

  test("a thing of the lab keeps its name and its input, secrets decrypted", () => {
    expect(step("primary/net")).toEqual({
      id: "primary/net",
      after: [],
      kind: "lab",
      thing: "network",
      name: "evenkeel-bench-net",
      stdin: '{"site":"bench","place":"primary"}',
    });
  });

  test("a role is its job: files with the shared library, script, bound; its connection with the way there", () => {
    const role = step("primary/web-role");
    if (role?.kind !== "role") throw new Error("no role");
    expect(role.timeoutSeconds).toBe(900);
    expect(role.job.script).toBe("echo web's\n");
    expect(role.job.files.map(({ path }) => path)).toEqual([
      "/usr/local/sbin/evenkeel-look",
      "/usr/local/lib/evenkeel/look/plain.py",
      "/usr/local/lib/evenkeel/look/wanted.py",
      "/usr/local/lib/evenkeel/look/folders.py",
      "/usr/local/lib/evenkeel/look/findings.py",
      "/usr/local/lib/evenkeel/look/parity.py",
      "/usr/local/lib/evenkeel/look/disks.py",
      "/usr/local/lib/evenkeel/apply.py",
      "/usr/local/lib/evenkeel/role.sh",
      "/etc/evenkeel/sshd.conf",
      "/etc/evenkeel/tls/ca.pem",
      "/etc/evenkeel/web.env",
      "/etc/evenkeel/db.pem",
    ]);
    expect(role.connection.privateKey).toBe("THE KEY\n");
    expect(role.connection.proxy?.port).toBe(2201);
  });

  test("a pushed file and a verb keep what they are, without the way to become root", () => {
    expect(step("primary/core")).toMatchObject({
      kind: "push",
      localPath: "/cache/core.tar.gz",
      hash: "ab12",
      remotePath: "/var/tmp/core",
    });
    expect(step("global/birth")).toMatchObject({
      kind: "verb",
      command: "timeout -k 10 60 evenkeel-db birth --deadline 60",
      stdin: "for m1\n",
    });
  });

  test("what refers to another stack waits for all of that stack", () => {
    const ofPrimary = steps.map(({ id }) => id).filter((id) => id.startsWith("primary/"));
    expect(step("global/peering")?.after).toEqual([...ofPrimary].sort());
    expect(step("primary/web-role")?.after).toEqual(["primary/core", "primary/web"]);
  });

  test("what waits for a component waits for the steps below it", () => {
    const parent = urn("primary", "evenkeel:host:Web", "web-host");
    const inputs = { create: 'x/lab-host.sh" volume create v', stdin: "{}" };
    const found = readRecipe({
      primary: exported([
        resource("primary", "evenkeel:host:Web", "web-host", {}),
        resource("primary", "command:local:Command", "below", inputs, { parent }),
        resource("primary", "command:local:Command", "after", inputs, { dependencies: [parent] }),
      ]),
    });
    expect(found.map(({ id, after }) => [id, after])).toEqual([
      ["primary/below", []],
      ["primary/after", ["primary/below"]],
    ]);
  });

  test("a command that is none of the known kinds is refused by name", () => {
    const local = (create: string) =>
      exported([resource("primary", "command:local:Command", "odd", { create, stdin: "{}" })]);
    expect(() => readRecipe({ primary: local("rm -r /") })).toThrow("primary/odd");
    const remote = (create: string) =>
      exported([resource("primary", "command:remote:Command", "odd", { connection: {}, create, stdin: "" })]);
    expect(() => readRecipe({ primary: remote("id") })).toThrow("not run as root");
    expect(() => readRecipe({ primary: remote("sudo -n timeout -k 10 9 python3 -I -") })).toThrow("no job");
  });
});

describe("an exported stack", () => {
  test("gives no resource that is only waiting to be deleted", () => {
    const gone = { ...resource("primary", "command:local:Command", "old", {}), delete: true };
    expect(readDeployment("primary", exported([gone]))).toEqual([]);
  });

  test("with secrets that were not shown is refused, and so is anything else", () => {
    const { plaintext: _, ...mark } = secret("x");
    const hidden = { ...mark, ciphertext: "v1:…" };
    const locked = exported([resource("primary", "command:local:Command", "one", { stdin: hidden })]);
    expect(() => readDeployment("primary", locked)).toThrow("--show-secrets");
    expect(() => readDeployment("primary", {})).toThrow("no export");
  });
});
