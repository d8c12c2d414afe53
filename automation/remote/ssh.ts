import { chmodSync, mkdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import path from "node:path";
import pLimit, { type LimitFunction } from "p-limit";
import { inFolder } from "../site/durable.ts";
import { deadlineIn, within } from "./deadline.ts";
import { quote } from "./shell.ts";
import type { SshHost } from "./ssh-config.ts";
import { configText, includingConfig, knownHostsText, refuseBadHosts, withProxies } from "./ssh-config.ts";
import { type Connection, sshConnection } from "./ssh-connection.ts";
import { carryVariables } from "./ssh-environment.ts";
import { deadlineError } from "./ssh-errors.ts";
import { digest, type SshFiles, sshFiles } from "./ssh-files.ts";
import { loginFiles, withNewline } from "./ssh-login.ts";
import { type Attempt, attempt, type RemoteResult, type RunOptions, sftpPath, shortened } from "./ssh-run.ts";
import { privateDirectory, writePrivate } from "./ssh-sockets.ts";

export type { SshHost } from "./ssh-config.ts";
export type { RemoteResult, RunOptions } from "./ssh-run.ts";

/** A command as a value: quoted by shell.ts only, and only here. */
export interface RemoteCommand {
  argv: readonly string[];
  stdin?: string;
  /** Errors then print [redacted] in place of the command. Standard input is never printed. */
  secret?: boolean;
}

/** A command line in the language of the login user's shell, as the command plugin's resources give it. */
export interface RemoteLine {
  line: string;
  stdin?: string;
  secret?: boolean;
  /** Sent beside the command; a host drops, without a word, what its AcceptEnv doesn't name. */
  environment?: Readonly<Record<string, string>>;
}

export interface SshSession {
  /**
   * Runs a command on a host and returns how it ended; an exit code other than 0 is a result, not an error.
   * Throws UserError with `code` ssh-host-key, ssh-auth, ssh-unreachable, ssh-deadline or ssh-lost.
   * A deadline ends the local ssh; what runs on the host needs its own (role scripts have one).
   */
  run(alias: string, command: RemoteCommand, options: RunOptions): Promise<RemoteResult>;
  runLine(alias: string, command: RemoteLine, options: RunOptions): Promise<RemoteResult>;
  /** Copies local files and folders into an existing folder of the host by sftp; errors as `run`'s. */
  put(
    alias: string,
    sources: readonly string[],
    directory: string,
    options: RunOptions,
  ): Promise<RemoteResult>;
  /** Makes more hosts known; one whose alias is known already is left as it is. */
  addHosts(hosts: readonly SshHost[]): Promise<void>;
  /** Begins the connections to these hosts, and waits for none: who asks one later finds it there, or known to be dead. */
  dial(aliases: readonly string[], options: { timeoutMs: number }): void;
  /** For an interactive `ssh -F configFile ALIAS`: complete, with its own keys, known hosts and jumps. */
  configFile: string;
  /** Ends the connections. Commands that still run through them are cut off. */
  close(): Promise<void>;
}

export interface OpenSshOptions {
  /** 0700 (made so): holds key, known_hosts and config. Two sessions in one folder must name the same hosts. */
  directory: string;
  /** OpenSSH PEM: the key of every host that has none of its own. */
  privateKey?: string;
  hosts: readonly SshHost[];
  /** Aborted: no host is dialed any more. What runs goes on. */
  signal?: AbortSignal;
}

/** Commands that run at a time over one connection: sshd's own MaxSessions is 10, two are left for people. */
const sessionsPerHost = 8;

interface Lane {
  connection: Connection;
  limit: LimitFunction;
}

/** Opens a session: writes its files. No host is dialed before the first command to it. */
export async function openSsh(options: OpenSshOptions): Promise<SshSession> {
  const files = sshFiles(options.directory);
  const sockets = privateDirectory();
  const lanes = new Map<string, Lane>();
  let hosts: readonly SshHost[] = [];
  let writing: Promise<void> = Promise.resolve();
  let closed = false;

  function lane(host: SshHost): Lane {
    const known = lanes.get(host.alias);
    if (known !== undefined) return known;
    const proxy = host.proxy === undefined ? undefined : lane(host.proxy).connection;
    const connection = sshConnection({ host, files, directory: sockets, proxy, signal: options.signal });
    const made = { connection, limit: pLimit(sessionsPerHost) };
    lanes.set(host.alias, made);
    return made;
  }

  async function addHosts(more: readonly SshHost[]): Promise<void> {
    refuseBadHosts(withProxies(more));
    const known = new Set(hosts.map((host) => host.alias));
    const fresh = withProxies(more).filter((host) => !known.has(host.alias));
    if (fresh.length === 0) return await writing;
    hosts = [...hosts, ...fresh];
    const all = hosts;
    writing = writing.then(() => writeFiles(options, files, all));
    await writing;
    for (const host of fresh) lane(host);
  }

  async function through(
    alias: string,
    run: Omit<Attempt, "connection" | "deadline">,
  ): Promise<RemoteResult> {
    const found = lanes.get(alias);
    if (found === undefined || closed) {
      throw new Error(closed ? "the SSH session is closed" : `no SSH host is named ${JSON.stringify(alias)}`);
    }
    const deadline = deadlineIn(run.options.timeoutMs);
    const { connection, limit } = found;
    const late = () => deadlineError(connection.host, run.options.timeoutMs, run.doing);
    const turn = limit(async () => {
      if (deadline.passed()) throw late();
      return await attempt({ ...run, connection, deadline });
    });
    // A little beyond, so that the run itself can say more precisely what was late.
    return await within(turn, deadlineIn(deadline.leftMs() + 1500), late);
  }

  async function runLine(alias: string, command: RemoteLine, runOptions: RunOptions): Promise<RemoteResult> {
    const doing = command.secret === true ? "[redacted]" : shortened(command.line);
    const own = path.join(sockets, `run-${digest(`${Math.random()}`)}`);
    const log = `${own}.log`;
    const { configLine, sendNames, processVariables } = carryVariables(command.environment ?? {});
    const config = configLine === null ? files.config : `${own}.config`;
    if (configLine !== null) writePrivate(config, includingConfig(files, configLine));
    const program = {
      file: "ssh",
      before: ["-F", config, "-E", log, ...sendNames.flatMap((name) => ["-o", `SendEnv=${name}`])],
      after: ["--", alias, command.line],
      variables: processVariables,
    };
    const run = { program, stdin: command.stdin, log, doing, options: runOptions };
    return await through(alias, run).finally(() => rm(`${own}.config`, { force: true }));
  }

  await addHosts(options.hosts);
  return {
    configFile: files.config,
    addHosts,
    dial(aliases, { timeoutMs }) {
      for (const alias of aliases)
        lanes
          .get(alias)
          ?.connection.ensure(deadlineIn(timeoutMs))
          .catch(() => {
            // Told to whoever asks that host.
          });
    },
    runLine,
    async run(alias, { argv, ...rest }, runOptions) {
      return await runLine(alias, { ...rest, line: quote(argv) }, runOptions);
    },
    async put(alias, sources, directory, runOptions) {
      const batch = sources.map(
        (source) => `put -R ${sftpPath(source, true)} ${sftpPath(directory, false)}\n`,
      );
      const program = {
        file: "sftp",
        before: ["-F", files.config, "-q", "-b", "-"],
        after: ["--", alias],
      };
      const doing = `copying to ${shortened(directory)}`;
      return await through(alias, { program, stdin: batch.join(""), log: null, doing, options: runOptions });
    },
    async close() {
      closed = true;
      await Promise.all([...lanes.values()].map(({ connection }) => connection.close()));
      await rm(sockets, { recursive: true, force: true });
    },
  };
}

function writeFiles(options: OpenSshOptions, files: SshFiles, hosts: readonly SshHost[]): void {
  inFolder(options.directory, () => {
    mkdirSync(options.directory, { recursive: true, mode: 0o700 });
    chmodSync(options.directory, 0o700);
  });
  if (options.privateKey !== undefined) writePrivate(files.key, withNewline(options.privateKey));
  const contents = new Map(hosts.flatMap((host) => [...loginFiles(files, host.login)]));
  for (const [file, content] of contents) writePrivate(file, content);
  writePrivate(files.knownHosts, knownHostsText(hosts));
  writePrivate(files.config, configText(files, hosts));
}
