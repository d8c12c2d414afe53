import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { exitCodes, UserError } from "../../automation/errors.ts";
import { home, minuteMs, run, type Taken } from "./command.ts";
import type { BenchSite } from "./hosts.ts";
import { ansibleProject, assetPath } from "./project.ts";
import { type Recap, readRecap } from "./recap.ts";
import type { Step } from "./recipe.ts";

/** Ansible's half: its program, the project in a folder, one run. */

const playbookSeconds = 30 * 60;

/** The version of ansible-core, "2.14.18"; null where there is none. */
async function installedVersion(): Promise<string | null> {
  const { exitCode, stdout } = await execa("ansible-playbook", ["--version"], {
    reject: false,
    timeout: minuteMs,
    stdin: "ignore",
    env: environment(null),
    extendEnv: false,
  });
  return exitCode === 0 ? (/core (\S+?)\]/.exec(String(stdout))?.[1] ?? "unknown") : null;
}

/** Finds ansible-core, or installs Debian's package where that was allowed. Else a UserError (exit 2). */
export async function ensureAnsible({ yes }: { yes: boolean }, signal: AbortSignal): Promise<string> {
  const found = await installedVersion();
  if (found !== null) return found;
  const install = ["apt-get", "install", "-y", "--no-install-recommends", "ansible-core"];
  const missing = (why?: string) =>
    new UserError({
      what: "ansible-playbook is not on PATH, and there is nothing to compare with without it",
      ...(why === undefined ? {} : { why }),
      next: `${install.join(" ")} (as root), or let this do it: npm run bench:rollout -- --yes`,
      exitCode: exitCodes.usage,
    });
  if (!yes) throw missing();
  try {
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    await run(install, { timeoutMs: 10 * minuteMs, env, signal });
  } catch (error) {
    throw missing((error as Error).message);
  }
  const installed = await installedVersion();
  if (installed === null) throw missing();
  return installed;
}

/** The caller's variables without those that would change what Ansible does, and with its own in the folder. */
function environment(folder: string | null): Record<string, string | undefined> {
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith("ANSIBLE_"));
  return {
    ...Object.fromEntries(others),
    LC_ALL: "C.UTF-8",
    EVENKEEL_HOME: home,
    ...(folder === null
      ? {}
      : { ANSIBLE_CONFIG: join(folder, "ansible.cfg"), ANSIBLE_HOME: join(folder, "home") }),
  };
}

/** Writes the project to `folder`, which is 0700; files that are pushed to hosts are copied there as well. */
export function writeProject(steps: readonly Step[], site: BenchSite, folder: string): void {
  const put = (path: string, write: (target: string) => void) => {
    const target = join(folder, path);
    mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
    write(target);
    chmodSync(target, 0o600);
  };
  for (const path of ["cp", "tmp", "home"]) mkdirSync(join(folder, path), { recursive: true, mode: 0o700 });
  for (const [path, text] of Object.entries(ansibleProject(steps, site, { folder })))
    put(path, (target) => writeFileSync(target, text, { mode: 0o600 }));
  for (const { hash, localPath } of site.hosts.flatMap(({ pushes }) => pushes))
    put(assetPath(hash), (target) => copyFileSync(localPath, target));
}

/** One run of the playbook: what it took, and what it said of itself. Throws where a host failed. */
export async function playbook(folder: string, signal: AbortSignal): Promise<{ taken: Taken; recap: Recap }> {
  // `timeout` leads a process group of its own: what it ends, it ends with all of Ansible's workers.
  const argv = ["timeout", "-k", "20", String(playbookSeconds), "ansible-playbook", join(folder, "site.yml")];
  const taken = await run(argv, {
    timeoutMs: (playbookSeconds + 60) * 1000,
    env: environment(folder),
    signal,
  });
  return { taken, recap: readRecap(taken.stdout) };
}

/** Ends the connections that Ansible keeps open: their hosts go, and so does the folder of their sockets. */
export async function closeConnections(site: BenchSite, folder: string): Promise<void> {
  await Promise.all(
    site.hosts.map(({ name }) =>
      execa("ssh", ["-F", join(folder, "ssh.cfg"), "-O", "exit", name], {
        reject: false,
        stdin: "ignore",
        timeout: 20_000,
      }),
    ),
  );
}
