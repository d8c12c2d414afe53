import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "@jest/globals";
import { execa } from "execa";
import { type LogSearch, logSearchScript } from "./support/logs.ts";
import { brokenSystemctl, canaries, givenByUnits, sentByRole, watchProcesses } from "./support/secrets.ts";
import { asRoot, cli, eventually, home, type SiteHandle, site, siteName } from "./support/site.ts";

const minute = 60_000;
let handle: SiteHandle;
let forms: string[];
let hosts: string[];

/** Which of the forms stand in a text: their numbers, so that a failing test shows none of them. */
const foundIn = (text: string) => forms.flatMap((form, index) => (text.includes(form) ? [index] : []));

beforeAll(async () => {
  handle = await site();
  forms = canaries(handle.secrets);
  hosts = [...Object.values(handle.regions), handle.global].flatMap((one) => one.hosts.map(({ id }) => id));
}, minute);

/** The roles of a stack, which bring secrets to hosts, by URN. They alone run a program from standard input. */
async function rolesOf(stack: string): Promise<string[]> {
  const { stdout } = await cli(["pulumi", "stack", "export", "-s", stack]);
  const { deployment } = JSON.parse(stdout) as {
    deployment: { resources: { urn: string; type: string; inputs?: { create?: string } }[] };
  };
  return deployment.resources
    .filter(
      ({ type, inputs }) => type === "command:remote:Command" && inputs?.create?.endsWith("python3 -I -"),
    )
    .map(({ urn }) => urn);
}

/** Root's alone, for the words in it. By standard input, as all that runs here: nothing of it is an argument. */
const breakSystemctl = (wordsByRole: Record<string, string[]>) => `set -e
umask 077
mv /usr/bin/systemctl /usr/bin/systemctl.aside
cat >/usr/bin/systemctl <<'PROGRAM'
${brokenSystemctl(wordsByRole)}PROGRAM
chmod 0700 /usr/bin/systemctl
`;
const mendSystemctl = "[ ! -e /usr/bin/systemctl.aside ] || mv /usr/bin/systemctl.aside /usr/bin/systemctl";

async function onEvery(ids: readonly string[], script: string | ((id: string) => string)): Promise<void> {
  const scriptOf = typeof script === "string" ? () => script : script;
  await Promise.all(ids.map((id) => asRoot(handle, id, ["bash", "-s"], { stdin: scriptOf(id) })));
}

/** Every file below a folder that this test may judge: not where the secrets themselves are kept. */
function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
}

describe("no secret of the site shows", () => {
  let printed = "";

  test(
    "where every role of a region and of the third place is applied anew, repeats its own on standard error and fails",
    async () => {
      // The published plugin shows what a command says, whatever it says. Ours knows what its host is sent: a member of
      // etcd or a keeper has a key of its own.
      const wordsOf = (id: string) =>
        process.env.PULUMI_COMMAND_PLUGIN
          ? {}
          : sentByRole(handle.secrets, id.startsWith("third/") ? "third" : "primary");
      const broken = hosts.filter((id) => !id.startsWith("secondary/"));
      // Those of the region are on hosts of their own, but a keeper waits for its host's; of the third place's, one waits
      // for the other.
      const own = await rolesOf("primary");
      const isKeeper = (urn: string) => urn.includes(":host:Keeper$");
      const groups = [
        { stack: "primary", urns: own.filter((urn) => !isKeeper(urn)) },
        // One of them: each would repeat another host's key.
        { stack: "primary", urns: own.filter((urn) => urn.endsWith("::primary-keeper-web-1")) },
        ...(await rolesOf("global")).map((urn) => ({ stack: "global", urns: [urn] })),
      ];
      const applyAnew = async ({ stack, urns }: (typeof groups)[number]) => {
        const words = ["pulumi", "up", "-s", stack, "--yes", "--non-interactive", "--continue-on-error"];
        const { exitCode, stdout, stderr } = await cli(
          [...words, ...urns.flatMap((urn) => ["--replace", urn])],
          { timeoutMs: 4 * minute },
        );
        printed += stdout + stderr;
        return { exitCode, urns, text: `${stdout}\n${stderr}` };
      };
      const watch = watchProcesses(forms, givenByUnits(handle.secrets));
      const failed: Awaited<ReturnType<typeof applyAnew>>[] = [];
      const mended: typeof failed = [];
      try {
        await onEvery(broken, (id) => breakSystemctl(wordsOf(id)));
        for (const group of groups) failed.push(await applyAnew(group));
      } finally {
        await onEvery(broken, mendSystemctl);
        for (const stack of ["primary", "global"]) {
          const urns = groups.flatMap((group) => (group.stack === stack ? group.urns : []));
          mended.push(await applyAnew({ stack, urns }));
        }
      }
      for (const { exitCode, urns, text } of failed) {
        expect(exitCode).not.toBe(0);
        // In the diagnostics, where only what failed is told.
        expect(urns.filter((urn) => text.includes(`(${urn.split("::").at(-1)}):`))).toEqual(urns);
        expect(text).toContain("systemctl is broken");
      }
      const told = failed.map(({ text }) => text).join("\n");
      const silent = Object.keys(wordsOf("primary/gateway")).filter(
        (role) => !told.includes(`${role} repeats [redacted] `),
      );
      expect(silent).toEqual([]);
      expect(mended.map(({ exitCode, text }) => (exitCode === 0 ? "" : text))).toEqual(["", ""]);
      await eventually("the site is healthy", minute, async () =>
        (await cli(["status"])).exitCode === 0 ? true : null,
      );
      expect(foundIn(printed)).toEqual([]);
      // The hosts' own processes were among them.
      expect(watch.names()).toEqual(
        expect.arrayContaining(["mariadbd", "nginx", "redis-server", "versitygw"]),
      );
      expect(watch.stop()).toEqual([]);
    },
    12 * minute,
  );

  test(
    "where a role repeats one and fails in the middle of provision, which names host and reason and goes on when run again",
    async () => {
      const file = join(home, "sites", siteName, "Pulumi.yaml");
      const original = readFileSync(file, "utf8");
      const provision = () => cli(["provision", "--yes"], { timeoutMs: 4 * minute });
      const limit = () =>
        asRoot(handle, "primary/cache", ["bash", "-c", "sed -n 's/^maxmemory //p' /etc/redis/evenkeel.conf"]);
      const before = await limit();
      let failed: Awaited<ReturnType<typeof cli>>;
      let mended: typeof failed;
      try {
        writeFileSync(file, `${original.trimEnd()}\n  evenkeel:cacheMemoryMb:\n    value: 96\n`);
        // Not sent to this host as it is, but a secret of the site all the same.
        await onEvery(["primary/cache"], breakSystemctl({ redis: [handle.secrets.cache.web] }));
        failed = await provision();
        // The host holds what its role could not finish with.
        expect(await limit()).not.toBe(before);
      } finally {
        await onEvery(["primary/cache"], mendSystemctl);
        writeFileSync(file, original);
        mended = await provision();
      }
      expect(failed.exitCode).toBe(4);
      expect(failed.stderr).toMatch(/^error: pulumi up of the stack primary failed at primary-cache$/m);
      expect(failed.stderr).toContain("systemctl is broken");
      expect(failed.stderr).toContain("redis repeats [redacted] ");
      expect(failed.stderr).toMatch(/^next: {2}run the command again/m);
      expect([mended.exitCode, mended.exitCode === 0 ? "" : mended.stderr]).toEqual([0, ""]);
      // The setting was taken back, so the state alone would say that there is nothing to do.
      expect(await limit()).toBe(before);
      expect(await asRoot(handle, "primary/cache", ["ls", "/var/lib/evenkeel/roles"])).not.toContain(
        "pending",
      );
      const told = [failed, mended].map(({ stdout, stderr }) => stdout + stderr).join("");
      expect(foundIn(told)).toEqual([]);
    },
    10 * minute,
  );

  test("in state, journal, backups and logs of this machine, nor in what Docker tells of the hosts", async () => {
    const own = join(home, ".evenkeel", siteName);
    const files = [
      ...filesBelow(join(home, ".evenkeel", "state")),
      ...filesBelow(own).filter((path) => !path.endsWith("/secrets.json") && !path.includes("/ssh")),
    ];
    const holding = files.filter((path) => foundIn(readFileSync(path, "latin1")).length > 0);
    expect(holding).toEqual([]);
    expect(files.filter((path) => path.endsWith("journal.jsonl"))).toHaveLength(1);
    const names = hosts.map((id) => handle.host(id).name);
    const { stdout } = await execa("docker", ["inspect", ...names], { timeout: 30_000 });
    expect(stdout).toContain(names[0]);
    expect(foundIn(stdout)).toEqual([]);
  });

  test(
    "in the journal and the logs of any host",
    async () => {
      const script = logSearchScript({ texts: forms, control: `control-${randomUUID()}` });
      const found = await Promise.all(
        hosts.map(async (id) => {
          const said = await asRoot(handle, id, ["bash", "-s"], { stdin: script });
          const { bytes, lines, controls } = JSON.parse(said) as LogSearch;
          // What was written there a moment before is found by the same search.
          const isRead = bytes > 1000 && Object.values(controls).every((count) => count > 0);
          return { id, isRead, lines };
        }),
      );
      expect(found).toEqual(hosts.map((id) => ({ id, isRead: true, lines: 0 })));
    },
    3 * minute,
  );
});
