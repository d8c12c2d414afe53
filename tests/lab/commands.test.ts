import { existsSync, readFileSync, renameSync } from "node:fs";
import { beforeAll, describe, expect, test } from "@jest/globals";
import { databaseStatus, sql } from "./support/database.ts";
import { labObjects, startMachine, stopMachine } from "./support/lab.ts";
import { asRoot, cli, eventually, get, home, type SiteHandle, site, siteName } from "./support/site.ts";

const minute = 60_000;

interface StatusDocument {
  active: string | null;
  epoch: number | null;
  regions: {
    name: string;
    role: string | null;
    web: { ready: boolean | null };
    database: { writable: boolean | null };
  }[];
  thirdPlace: { reachable: boolean; edge: boolean | null; dns: boolean | null; witness: boolean | null };
}

async function status(): Promise<{ exitCode: number; document: StatusDocument; stderr: string }> {
  const { exitCode, stdout, stderr } = await cli(["status", "--format", "json"]);
  return { exitCode, document: JSON.parse(stdout) as StatusDocument, stderr };
}

describe("the command line on a site that runs", () => {
  let handle: SiteHandle;

  beforeAll(async () => {
    handle = await site();
  });

  test("[O7] status is one JSON document: who is active, each region with its web tier and database", async () => {
    const { exitCode, document } = await status();
    expect(exitCode).toBe(0);
    expect(document).toMatchObject({
      apiVersion: "evenkeel/v1",
      site: siteName,
      url: handle.url,
      dns: handle.dns,
      thirdPlace: { reachable: true, edge: true, dns: true, witness: true },
    });
    expect(document.regions).toEqual(
      ["primary", "secondary"].map((name) =>
        expect.objectContaining({
          name,
          role: name === document.active ? "active" : "standby",
          reachable: true,
          web: { ready: true, live: true, version: expect.stringMatching(/^\d+\.\d+/) },
          database: {
            engine: "mariadb",
            host: handle.host(`${name}/database`).name,
            role: name === document.active ? "active" : "standby",
            writable: name === document.active,
            lagSeconds: name === document.active ? null : expect.any(Number),
            lagRows: name === document.active ? null : expect.any(Number),
            lagBytes: null,
            position: expect.stringMatching(/^0-\d+-\d+/),
          },
        }),
      ),
    );
  });

  test(
    "status sees a stopped web tier: that region is not ready, exit 10, and well again afterwards",
    async () => {
      const web = handle.host("secondary/web-1").name;
      await stopMachine(web);
      try {
        const degraded = await status();
        expect(degraded.exitCode).toBe(10);
        expect(degraded.document.regions[1]?.web.ready).not.toBe(true);
        expect(degraded.document.active).toBe("primary");
      } finally {
        await startMachine(web);
      }
      await eventually("healthy again", minute, async () => ((await status()).exitCode === 0 ? true : null));
    },
    3 * minute,
  );

  test("credentials log in at the edge, wrong ones don't", async () => {
    const { exitCode, stdout } = await cli(["credentials", "--format", "json"]);
    expect(exitCode).toBe(0);
    const { url, user, password } = JSON.parse(stdout) as { url: string; user: string; password: string };
    const login = (pwd: string) =>
      get(`${new URL(url).origin}/wp-login.php`, {
        method: "POST",
        headers: {
          "content-type": "application/x-www-form-urlencoded",
          cookie: "wordpress_test_cookie=WP%20Cookie%20check",
        },
        body: new URLSearchParams({ log: user, pwd }).toString(),
      });
    expect((await login(password)).status).toBe(302);
    expect((await login(`${password}x`)).status).toBe(200);
  });

  test("ssh runs a command on a host by id and by name, hands its exit code on, and refuses a host that is none", async () => {
    const { name } = handle.host("secondary/database");
    expect(await cli(["ssh", "secondary/database", "--", "hostname"])).toMatchObject({
      exitCode: 0,
      stdout: name,
    });
    expect((await cli(["ssh", name, "--", "exit", "7"])).exitCode).toBe(7);
    const wrong = await cli(["ssh", "secondary/databse", "--", "true"]);
    expect(wrong.exitCode).toBe(2);
    expect(wrong.stderr).toContain("databse");
  });

  test("env gives plain pulumi what it needs, on standard output alone", async () => {
    const { exitCode, stdout } = await cli(["env"]);
    expect(exitCode).toBe(0);
    expect(stdout.split("\n").filter((line) => !/^export [A-Z_]+=/.test(line))).toEqual([]);
    expect(stdout).toContain(`PULUMI_HOME=`);
    expect(stdout).not.toContain(handle.secrets.wordpress.adminPassword);
  });

  test("check names every prerequisite", async () => {
    const { exitCode, stdout } = await cli(["check"]);
    expect(exitCode).toBe(0);
    for (const what of [/docker/i, /pulumi/i, /ssh/i, /^Go /m, /^memory /m, /^disk /m])
      expect(stdout).toMatch(what);
  });

  test.each([
    ["an unknown verb", ["reprovision"], "reprovision", "npx evenkeel --help"],
    ["an unknown flag", ["status", "--typo"], "typo", "npx evenkeel status --help"],
    ["a stray word", ["provision", "primary"], "primary", "npx evenkeel provision --help"],
    ["an unknown region", ["provision", "--yes", "--region", "moon"], "region moon", "--region primary"],
    ["an unknown format", ["status", "--format", "xml"], "format", "npx evenkeel status --help"],
    ["a format that only --check has", ["provision", "--yes", "--format", "json"], "--format", "outputs"],
    ["a resume without its confirmation", ["resume", "primary"], "confirm", "--yes --confirm primary"],
  ])(
    "[P26] bad input: %s ends with 2, is named with the remedy, shows no stack and changes nothing",
    async (_, args, named, remedy) => {
      const journal = () => readFileSync(`${home}/.evenkeel/${siteName}/journal.jsonl`, "utf8");
      const before = { objects: await labObjects(), journal: journal() };
      const { exitCode, stdout, stderr } = await cli(args);
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
      const line = (start: string) => stderr.split("\n").find((one) => one.startsWith(start)) ?? "";
      expect(line("error: ")).toContain(named);
      expect(line("next: ")).toContain(remedy);
      expect(stderr).not.toMatch(/^\s+at /m);
      expect({ objects: await labObjects(), journal: journal() }).toEqual(before);
    },
  );
});

describe("an active database host that rebooted", () => {
  test(
    "[F3] stays read-only while etcd has no majority, also for resume; with one it opens by itself, at its epoch, without loss",
    async () => {
      const handle = await site();
      const { epoch } = await databaseStatus(handle, "primary");
      const active = handle.host("primary/database").name;
      const before = await sql(handle, "primary", "SELECT COUNT(*) FROM wordpress_db.wp_options;");
      const members = ["secondary/gateway", "third/edge"];
      const etcd = (verb: string) =>
        Promise.all(members.map((host) => asRoot(handle, host, ["systemctl", verb, "etcd"])));
      await etcd("stop");
      try {
        await stopMachine(active);
        await startMachine(active);
        const rebooted = await eventually("the database answers again", minute, async () => {
          const report = await databaseStatus(handle, "primary");
          return report.writable === null ? null : report;
        });
        expect(rebooted).toMatchObject({ role: "active", epoch, writable: false });
        const told = await status();
        expect({ exitCode: told.exitCode, active: told.document.active }).toEqual({
          exitCode: 10,
          active: null,
        });
        const { stdout, stderr } = await cli(["status"]);
        expect(stdout + stderr).toContain("restart etcd");
        const resumed = await cli(["resume", "primary", "--confirm", "primary"]);
        expect(resumed.exitCode).toBe(1);
        expect(resumed.stderr).toContain("etcd gives no answer");
        expect(await databaseStatus(handle, "primary")).toMatchObject({ writable: false });
      } finally {
        await etcd("start");
      }
      await eventually("healthy again", minute, async () => ((await status()).exitCode === 0 ? true : null));
      expect(await databaseStatus(handle, "primary")).toMatchObject({
        role: "active",
        epoch,
        writable: true,
      });
      expect(await sql(handle, "primary", "SELECT COUNT(*) FROM wordpress_db.wp_options;")).toEqual(before);
    },
    6 * minute,
  );
});

test(
  "a site that lost its secrets is given no new ones: refused (12), and well again with the copy",
  async () => {
    const file = `${home}/.evenkeel/${siteName}/secrets.json`;
    renameSync(file, `${file}.aside`);
    try {
      for (const words of [["provision", "--yes"], ["provision", "--preview"], ["env"]]) {
        const { exitCode, stderr } = await cli(words);
        expect([words, exitCode, stderr]).toEqual([
          words,
          12,
          expect.stringContaining(`the secrets of the site ${siteName} are gone`),
        ]);
        expect(existsSync(file)).toBe(false);
      }
    } finally {
      renameSync(`${file}.aside`, file);
    }
    expect((await status()).exitCode).toBe(0);
  },
  2 * minute,
);

test("the clone is where the test site's files lie, readable by their owner alone", async () => {
  const { statSync } = await import("node:fs");
  expect(statSync(`${home}/.evenkeel/${siteName}`).mode & 0o777).toBe(0o700);
  expect(statSync(`${home}/.evenkeel/${siteName}/secrets.json`).mode & 0o777).toBe(0o600);
});
