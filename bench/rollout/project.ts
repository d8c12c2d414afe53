import { dirname } from "node:path/posix";
import { stringify } from "yaml";
import { type BenchHost, type BenchSite, gatewayOf, type HostVerb, loginOf } from "./hosts.ts";
import { orderProblems } from "./order.ts";
import { pushTasks, roleTasks, sitePlaybook } from "./playbook.ts";
import { placesOf, regionGateways, regionHosts } from "./plays.ts";
import type { LabStep, RoleStep, Step } from "./recipe.ts";

/** The text of each file of the Ansible project by its path in the folder, which is to be 0700: secrets are among it. */
export type ProjectFiles = Record<string, string>;

const persistSeconds = 60;
/** Of Debian's base-passwd: there before any package. Every other owner is made by a package or by the role itself. */
const baseAccounts = new Set(["root", "www-data"]);
/** Folders that any Debian has. */
const baseFolders = new Set([
  "/etc",
  "/etc/sudoers.d",
  "/etc/systemd/system",
  "/etc/tmpfiles.d",
  "/usr/local/bin",
  "/usr/local/lib",
  "/usr/local/sbin",
]);

/**
 * The project that makes a site as the recipe does. `folder` is where it will lie (absolute). Throws where the playbook would not keep the recipe's order.
 */
export function ansibleProject(
  steps: readonly Step[],
  site: BenchSite,
  { folder }: { folder: string },
): ProjectFiles {
  const problems = orderProblems(steps, placesOf(site));
  if (problems.length > 0) throw new Error(`the playbook doesn't keep the order: ${problems.join("; ")}`);
  const yaml = (value: unknown) => stringify(value, { lineWidth: 0 });
  return {
    "ansible.cfg": ansibleConfig(folder),
    "ssh.cfg": sshConfig(site.hosts, folder),
    known_hosts: site.hosts.map(({ name, connection }) => `${name} ${connection.hostKey}\n`).join(""),
    id: `${loginOf(site.hosts).privateKey.trimEnd()}\n`,
    "inventory.yml": yaml(inventory(site)),
    "site.yml": yaml(sitePlaybook(site)),
    "push.yml": yaml(pushTasks()),
    "role.yml": yaml(roleTasks()),
    ...Object.fromEntries(
      site.hosts.map((host) => [`host_vars/${host.name}.yml`, yaml(hostVars(host, site))]),
    ),
    ...payloads(site),
  };
}

function ansibleConfig(folder: string): string {
  return `[defaults]
inventory = ${folder}/inventory.yml
forks = 20
host_key_checking = True
gathering = explicit
interpreter_python = /usr/bin/python3
local_tmp = ${folder}/tmp
retry_files_enabled = False
nocows = True
display_skipped_hosts = False
[ssh_connection]
pipelining = True
retries = 3
ssh_args = -F ${folder}/ssh.cfg
`;
}

/** The gateways' connections are kept open and shared as well: each host behind one goes through it. */
function sshConfig(hosts: readonly BenchHost[], folder: string): string {
  const general = {
    User: loginOf(hosts).user,
    IdentityFile: `${folder}/id`,
    IdentitiesOnly: "yes",
    IdentityAgent: "none",
    BatchMode: "yes",
    StrictHostKeyChecking: "yes",
    UserKnownHostsFile: `${folder}/known_hosts`,
    GlobalKnownHostsFile: "/dev/null",
    ControlMaster: "auto",
    ControlPersist: `${persistSeconds}s`,
    ControlPath: `${folder}/cp/%C`,
  };
  const blocks = hosts.map((host) => {
    const { host: address, port } = host.connection;
    const gateway = gatewayOf(host, hosts);
    const lines = { HostName: address, Port: port, HostKeyAlias: host.name };
    return block(host.name, gateway === null ? lines : { ...lines, ProxyJump: gateway.name });
  });
  return [...blocks, block("*", general)].join("\n");
}

function block(pattern: string, options: Record<string, string | number>): string {
  const lines = Object.entries(options).map(([key, value]) => `  ${key} ${value}\n`);
  return `Host ${pattern}\n${lines.join("")}`;
}

function inventory(site: BenchSite) {
  const group = (names: readonly string[]) => ({
    hosts: Object.fromEntries([...new Set(names)].map((name) => [name, {}])),
  });
  const names = (hosts: readonly BenchHost[]) => hosts.map(({ name }) => name);
  const rounds = site.rounds.map((round, i) => [`round_${i + 1}`, group(round.map(({ host }) => host))]);
  return {
    all: {
      children: {
        gateways: group(names(regionGateways(site))),
        regions: group(names(regionHosts(site))),
        third: group([site.edge.name]),
        birth: group(site.chain.slice(0, 1).map(({ host }) => host)),
        ...Object.fromEntries(rounds),
      },
    },
  };
}

function hostVars(host: BenchHost, site: BenchSite) {
  const thing = (step: LabStep) => ({ thing: step.thing, name: step.name, input: inputPath(step) });
  const verbs = (found: readonly HostVerb[]) =>
    found.map(({ step }) => ({ id: step.id, command: step.command, stdin: plainText(step.id, step.stdin) }));
  const rounds = site.rounds.map((round, i) => [
    `round_${i + 1}`,
    verbs(round.filter((one) => one.host === host.name)),
  ]);
  return {
    lab_things: host.things.map(thing),
    lab_machine: thing(host.machine),
    pushes: host.pushes.map(({ hash, remotePath }) => ({ src: assetPath(hash), dest: remotePath, hash })),
    roles: host.roles.map((step) => roleVars(host, step)),
    ...(host === site.edge ? { lab_link: thing(site.link) } : {}),
    ...(host.name === site.chain[0]?.host ? { chain: verbs(site.chain) } : {}),
    ...Object.fromEntries(rounds),
  };
}

function roleVars(host: BenchHost, { job, timeoutSeconds }: RoleStep) {
  const folders = new Set(job.files.map(({ path }) => dirname(path)));
  return {
    name: job.role,
    seconds: timeoutSeconds,
    script: scriptPath(host, job.role),
    // A folder brings those above it along.
    folders: [...folders]
      .filter((path) => !baseFolders.has(path) && ![...folders].some((other) => other.startsWith(`${path}/`)))
      .sort(),
    files: job.files.map(({ path, mode, owner }) => ({
      src: filePath(host, job.role, path),
      dest: path,
      mode: mode ?? "0644",
      ...ownership(owner ?? "root:root"),
    })),
  };
}

/**
 * An owner that doesn't exist before the role's packages is left out: root keeps the file until the role's script hands
 * it over, as it does for ours, and later runs leave the owner as it is.
 */
function ownership(owner: string): { owner?: string; group?: string } {
  const [user = "", group = user] = owner.split(":");
  return [user, group].every((name) => baseAccounts.has(name)) ? { owner: user, group } : {};
}

/** Ansible takes braces for its templates and text that begins like a list or a mapping for data. */
function plainText(id: string, text: string): string {
  if (/^\s*[[{]|\{[{%#]/.test(text)) throw new Error(`${id}: its input can't be handed on as a variable`);
  return text;
}

/** Where a pushed file lies in the project, by its hash. */
export function assetPath(hash: string): string {
  return `assets/${hash}`;
}

function inputPath({ thing, name }: LabStep): string {
  return `lab/${thing}-${name}.json`;
}

function scriptPath(host: BenchHost, role: string): string {
  return `hosts/${host.name}/${role}.sh`;
}

function filePath(host: BenchHost, role: string, path: string): string {
  return `hosts/${host.name}/${role}${path}`;
}

/** What the tasks read: inputs of lab-host.sh, files and scripts of the roles. */
function payloads(site: BenchSite): ProjectFiles {
  const lab = [site.link, ...site.hosts.flatMap(({ things, machine }) => [...things, machine])];
  const roles = site.hosts.flatMap((host) => host.roles.map(({ job }) => ({ host, job })));
  return Object.fromEntries([
    ...lab.map((step) => [inputPath(step), step.stdin]),
    ...roles.map(({ host, job }) => [scriptPath(host, job.role), job.script]),
    ...roles.flatMap(({ host, job }) =>
      job.files.map(({ path, content }) => [filePath(host, job.role, path), content]),
    ),
  ]);
}
