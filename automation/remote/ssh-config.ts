import { createHash } from "node:crypto";
import path from "node:path";
import { UserError } from "../errors.ts";
import { quote } from "./shell.ts";

/** One host as SSH needs to know it. `alias` is the name used everywhere else, e.g. "primary/database". */
export interface SshHost {
  alias: string;
  host: string;
  port: number;
  user: string;
  /** The one accepted host key, "ssh-ed25519 AAAA…". */
  hostKey: string;
  /** The host to jump through. It must be able to open TCP connections to `host`:`port`. */
  proxy?: SshHost;
  /** A private key of this host's own; default: the session's. */
  privateKey?: string;
  /** Tries before a host counts as unreachable. Default 10: the published command plugin's dialErrorLimit. */
  dialAttempts?: number;
  /** Seconds for one try. Default 15: the published command plugin's perDialTimeout. */
  dialTimeoutSeconds?: number;
  /** The words that name the host's site in a command ("" for the default one). Left out: it is not known here. */
  siteFlag?: string;
}

/** Where one session keeps its files, all below a 0700 directory. */
export interface SshFiles {
  config: string;
  knownHosts: string;
  key: string;
}

export function sshFiles(directory: string): SshFiles {
  return {
    config: path.join(directory, "config"),
    knownHosts: path.join(directory, "known_hosts"),
    key: path.join(directory, "key"),
  };
}

/** The file that holds a host's private key: the session's, or one named by the key's own digest. */
export function keyFile(files: SshFiles, host: SshHost): string {
  return host.privateKey === undefined ? files.key : `${files.key}-${digest(host.privateKey)}`;
}

/** Eight hex digits that stand for a text. */
export function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
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
  refuse(!/^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(host.user), "its user name is not a plain one");
  refuse(!(Number.isInteger(host.port) && host.port > 0 && host.port < 65_536), "its port is not 1 to 65535");
  refuse(!hostKeyShape.test(host.hostKey.trim()), 'its host key is not of the form "ssh-ed25519 AAAA…"');
  return problems;
}

/** Refuses, as a UserError, hosts whose description would change the meaning of the config file. */
export function refuseBadHosts(hosts: readonly SshHost[]): void {
  for (const host of hosts) {
    const problems = hostProblems(host);
    if (problems.length > 0) {
      const what = `The SSH connection of ${JSON.stringify(host.alias)} cannot be used: ${problems.join("; ")}.`;
      throw new UserError({ what, code: "ssh-invalid" });
    }
  }
}

function hostKeyParts(host: SshHost): { type: string; key: string } {
  const [, type = "", key = ""] = hostKeyShape.exec(host.hostKey.trim()) ?? [];
  return { type, key };
}

/** The text of known_hosts: each host under its alias, so that two hosts behind one address stay two hosts. */
export function knownHostsText(hosts: readonly SshHost[]): string {
  return withProxies(hosts)
    .map((host) => `${host.alias} ${hostKeyParts(host).type} ${hostKeyParts(host).key}\n`)
    .join("");
}

/** A path as a config value: quoted for spaces, per cent doubled because SSH expands tokens in it. */
function configPath(file: string): string {
  if (/["\n\r]/.test(file)) {
    throw new UserError({
      what: `The folder ${JSON.stringify(file)} cannot be named in an SSH config file.`,
    });
  }
  return `"${file.replaceAll("%", "%%")}"`;
}

/** The command that carries the connection through the jump host; `extra` names a control socket to use. */
export function proxyCommand(files: SshFiles, proxy: SshHost, extra: readonly string[] = []): string {
  const argv = ["ssh", "-F", files.config, ...extra].map((word) => word.replaceAll("%", "%%"));
  return `${quote(argv)} -W '[%h]:%p' -- ${quote([proxy.alias])}`;
}

function hostBlock(files: SshFiles, host: SshHost): string[] {
  const { type } = hostKeyParts(host);
  // ProxyJump would read the "/" of an alias as the start of a port, hence its long form.
  const jump = host.proxy === undefined ? [] : [`  ProxyCommand ${proxyCommand(files, host.proxy)}`];
  return [
    `Host ${host.alias}`,
    `  HostName ${host.host}`,
    `  Port ${host.port}`,
    `  User ${host.user}`,
    `  HostKeyAlias ${host.alias}`,
    `  HostKeyAlgorithms ${type === "ssh-rsa" ? "rsa-sha2-512,rsa-sha2-256" : type}`,
    `  IdentityFile ${configPath(keyFile(files, host))}`,
    `  ConnectTimeout ${host.dialTimeoutSeconds ?? defaultDialTimeoutSeconds}`,
    ...jump,
  ];
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
