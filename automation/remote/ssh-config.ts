import { UserError } from "../errors.ts";
import { quote } from "./shell.ts";
import { configPath, type SshFiles } from "./ssh-files.ts";
import { loginLines, loginProblems, type SshLogin } from "./ssh-login.ts";

/** One host as SSH needs to know it. `alias` is the name used everywhere else, e.g. "primary/database". */
export interface SshHost {
  alias: string;
  host: string;
  port: number;
  user: string;
  /** The one accepted host key, "ssh-ed25519 AAAA…". Null: any is accepted, for the command plugin's users alone. */
  hostKey: string | null;
  /** The host to jump through. It must be able to open TCP connections to `host`:`port`. */
  proxy?: SshHost;
  /** A login of this host's own; default: by the session's key. */
  login?: SshLogin;
  /** Tries before a host counts as unreachable. Default 10: the published command plugin's dialErrorLimit. */
  dialAttempts?: number;
  /** Seconds for one try. Default 15: the published command plugin's perDialTimeout. */
  dialTimeoutSeconds?: number;
  /** For so long behind a dial in vain the host is not dialed again: what was said then is said at once. Default 0. */
  redialAfterSeconds?: number;
  /** The words that name the host's site in a command ("" for the default one). Left out: it is not known here. */
  siteFlag?: string;
}

/** The hosts with the hosts they are reached through, each once, the way there first. */
export function withProxies(hosts: readonly SshHost[]): SshHost[] {
  const byAlias = new Map<string, SshHost>();
  for (const host of hosts) {
    for (const each of host.proxy === undefined ? [host] : [...withProxies([host.proxy]), host]) {
      byAlias.set(each.alias, each);
    }
  }
  return [...byAlias.values()];
}

const hostKeyShape = /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)) ([A-Za-z0-9+/]+={0,2})(?: .*)?$/;

/** What is wrong with a host's description; an empty list means that it can stand in a config file. */
export function hostProblems(host: SshHost): string[] {
  const problems: string[] = [];
  const refuse = (bad: boolean, text: string) => bad && problems.push(text);
  refuse(
    !/^[A-Za-z0-9][A-Za-z0-9._/-]*$/.test(host.alias),
    "its name holds characters that SSH gives a meaning to",
  );
  refuse(
    !/^[A-Za-z0-9:][A-Za-z0-9._:-]*$/.test(host.host),
    "its address is neither a host name nor an IP address",
  );
  refuse(!/^[A-Za-z0-9_][A-Za-z0-9._@+-]*\$?$/.test(host.user), "its user name is not a plain one");
  refuse(!(Number.isInteger(host.port) && host.port > 0 && host.port < 65_536), "its port is not 1 to 65535");
  refuse(
    host.hostKey !== null && !hostKeyShape.test(host.hostKey.trim()),
    'its host key is not of the form "ssh-ed25519 AAAA…"',
  );
  return [...problems, ...loginProblems(host.login)];
}

/** Refuses, as a UserError, hosts whose description would change the meaning of the config file. */
export function refuseBadHosts(hosts: readonly SshHost[]): void {
  for (const host of hosts) {
    const problems = hostProblems(host);
    if (problems.length > 0) {
      throw new UserError({
        what: `the SSH connection of ${JSON.stringify(host.alias)} cannot be used: ${problems.join("; ")}`,
        next: "npx evenkeel outputs shows what the stacks gave out; mend the configuration that it came from",
        code: "ssh-invalid",
      });
    }
  }
}

function hostKeyParts(hostKey: string): { type: string; key: string } {
  const [, type = "", key = ""] = hostKeyShape.exec(hostKey.trim()) ?? [];
  return { type, key };
}

/** The text of known_hosts: each host under its alias, so that two hosts behind one address stay two hosts. */
export function knownHostsText(hosts: readonly SshHost[]): string {
  const line = ({ alias, hostKey }: SshHost) => {
    if (hostKey === null) return "";
    const { type, key } = hostKeyParts(hostKey);
    return `${alias} ${type} ${key}\n`;
  };
  return withProxies(hosts).map(line).join("");
}

/** The command that carries the connection through the jump host; `extra` names a control socket to use. */
export function proxyCommand(files: SshFiles, proxy: SshHost, extra: readonly string[] = []): string {
  const argv = ["ssh", "-F", files.config, ...extra].map((word) => word.replaceAll("%", "%%"));
  return `${quote(argv)} -W '[%h]:%p' -- ${quote([proxy.alias])}`;
}

function hostBlock(files: SshFiles, host: SshHost): string[] {
  // ProxyJump would read the "/" of an alias as the start of a port, hence its long form.
  const jump = host.proxy === undefined ? [] : [`  ProxyCommand ${proxyCommand(files, host.proxy)}`];
  return [
    `Host ${host.alias}`,
    `  HostName ${host.host}`,
    `  Port ${host.port}`,
    `  User ${host.user}`,
    `  HostKeyAlias ${host.alias}`,
    ...hostKeyLines(host),
    ...loginLines(files, host.login),
    `  ConnectTimeout ${host.dialTimeoutSeconds ?? defaultDialTimeoutSeconds}`,
    ...jump,
  ];
}

function hostKeyLines({ hostKey }: SshHost): string[] {
  if (hostKey === null) return ["  StrictHostKeyChecking no", "  UserKnownHostsFile /dev/null"];
  const { type } = hostKeyParts(hostKey);
  return [`  HostKeyAlgorithms ${type === "ssh-rsa" ? "rsa-sha2-512,rsa-sha2-256" : type}`];
}

export const defaultDialAttempts = 10;
export const defaultDialTimeoutSeconds = 15;

/** The text of the config file: complete, so that nothing of the user's or the machine's own config takes part. */
export function configText(files: SshFiles, hosts: readonly SshHost[]): string {
  const everyHost = [
    "Host *",
    "  BatchMode yes",
    "  PreferredAuthentications publickey",
    "  IdentitiesOnly yes",
    "  IdentityAgent none",
    "  StrictHostKeyChecking yes",
    `  UserKnownHostsFile ${configPath(files.knownHosts)}`,
    "  GlobalKnownHostsFile /dev/null",
    "  UpdateHostKeys no",
    "  ForwardAgent no",
    // A host that falls silent ends the connection after 15 s instead of hanging every command on it.
    "  ServerAliveInterval 5",
    "  ServerAliveCountMax 3",
    "  LogLevel ERROR",
  ];
  const lines = [...withProxies(hosts).flatMap((host) => [...hostBlock(files, host), ""]), ...everyHost];
  return `${lines.join("\n")}\n`;
}

/** The text of a config file that is the session's with one option of every host before it. */
export function includingConfig(files: SshFiles, line: string): string {
  return `Host *\n  ${line}\n  Include ${configPath(files.config)}\n`;
}
