import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { SiteOutputs } from "../../../automation/hosts.ts";
import type { RemoteCommand } from "../../../automation/remote/ssh.ts";
import { installSteps, postgresqlWarnings } from "../../../automation/rollout/postgresql.ts";
import type { SitePlace } from "../../../automation/site.ts";
import type { SiteConfig } from "../../../components/config.ts";

let place: SitePlace;
beforeEach(() => {
  const directory = mkdtempSync(join(tmpdir(), "evenkeel-postgresql-"));
  place = { name: "books", directory, stateDirectory: join(directory, "state") };
  mkdirSync(place.stateDirectory);
});
afterEach(() => rmSync(place.directory, { recursive: true, force: true }));

const mariadb = { engine: "mariadb" } as SiteConfig;
const ledgerAlone = { engine: "postgresql" } as SiteConfig;
const chosen = { engine: "postgresql", wordpressOnPostgresql: "pg4wp" } as SiteConfig;
const why = async () => "github.com: no route (tried 3 h ago)";

describe("what a provision says of PostgreSQL", () => {
  test("[D9] nothing on MariaDB, and that there is no WordPress without the choice", async () => {
    expect(await postgresqlWarnings(place, mariadb, why)).toEqual([]);
    expect(await postgresqlWarnings(place, ledgerAlone, why)).toEqual([
      "WordPress does not run on PostgreSQL here, so this site has the order ledger alone.",
    ]);
  });

  test("[D9] each time that WordPress there is an experiment and not for shops", async () => {
    writeFileSync(join(place.stateDirectory, "drop-in.json"), "{}");
    const [first, ...others] = await postgresqlWarnings(place, chosen, why);
    expect(first).toMatch(/experiment and not for shops: WooCommerce .* refused/);
    expect(others).toEqual([]);
    expect(await postgresqlWarnings(place, chosen, why)).toEqual([first]);
  });

  test("[D9] where it can't be had: what, why, and what to run", async () => {
    const [first, second] = await postgresqlWarnings(place, chosen, why);
    expect(first).toContain("not for shops");
    expect(second).toContain("can't be had (github.com: no route (tried 3 h ago))");
    expect(second).toContain("the order ledger alone");
    expect(second).toMatch(/EVENKEEL_PG4WP=FILE npx evenkeel provision --site books$/);
  });
});

describe("the installation on PostgreSQL", () => {
  const region = (name: string, wordpress: boolean | null) => ({
    wordpress,
    hosts: ["database", "web-1", "web-2"].map((host) => ({
      id: `${name}/${host}`,
      role: host.startsWith("web") ? "web" : host,
    })),
  });
  const outputs = (wordpress: boolean | null) =>
    ({ regions: { primary: region("primary", wordpress), secondary: null } }) as unknown as SiteOutputs;

  async function installs(answer: { exitCode?: number; stdout?: string; stderr?: string } | Error) {
    const asked: string[] = [];
    const notes: string[] = [];
    const run = async (id: string, { argv }: RemoteCommand) => {
      asked.push(`${id}: ${argv.join(" ")}`);
      if (answer instanceof Error) throw answer;
      return { exitCode: 0, stdout: "", stderr: "", ...answer };
    };
    const [step] = installSteps(chosen, { run } as never, outputs(true));
    const result = await step?.run?.((text) => notes.push(text));
    return { asked, notes, result };
  }

  test("[D9] is no step of a site that has no WordPress there", () => {
    const ssh = {} as never;
    expect(installSteps(mariadb, ssh, outputs(true))).toEqual([]);
    expect(installSteps(chosen, ssh, outputs(false))).toEqual([]);
    expect(installSteps(chosen, ssh, outputs(null))).toEqual([]);
  });

  test("[D9] is asked of each region's first web host, and quiet where all is there", async () => {
    const done = await installs({
      stdout: '{"installed": false, "reason": "WordPress is installed already"}\n',
    });
    expect(done).toEqual({
      asked: ["primary/web-1: sudo -n /usr/local/sbin/evenkeel-web install --deadline 180"],
      notes: [],
      result: "installed",
    });
  });

  test.each([
    ["a failure", { stdout: '{"installed": false, "reason": "no table", "failed": true}' }, "no table"],
    ["a refusal", { exitCode: 12, stderr: "x\nevenkeel-web: foreign tables\n" }, "foreign tables"],
    ["a silence", new Error("no answer within 200 s"), "no answer within 200 s"],
  ])("[D9] %s is a warning and no error", async (_, answer, reason) => {
    const { notes, result } = await installs(answer);
    expect(result).toBe("not installed");
    expect(notes).toEqual([expect.stringMatching(`^warning: primary/web-1: .*${reason}; the order ledger`)]);
  });
});
