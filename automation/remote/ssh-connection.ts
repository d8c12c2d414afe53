import { readFile, rm } from "node:fs/promises";
import path from "node:path";
import { execa } from "execa";
import { type Deadline, deadlineIn, pauseMs, within } from "./deadline.ts";
import type { SshHost } from "./ssh-config.ts";
import { defaultDialAttempts, defaultDialTimeoutSeconds, proxyCommand } from "./ssh-config.ts";
import { dialError, dialFailure, sshMissing, unreachable } from "./ssh-errors.ts";
import { digest, type SshFiles } from "./ssh-files.ts";
import { askpassVariables } from "./ssh-login.ts";

/** The one connection to a host: an ssh master that every command to this host runs through. */
export interface Connection {
  host: SshHost;
  /** Options that make an ssh or sftp use the master, and never a second connection. */
  clientOptions: readonly string[];
  /** Makes the connection unless it stands. Callers at the same time share one dial. */
  ensure(deadline: Deadline): Promise<void>;
  /** The master as it was dialed; null before the first dial. */
  dialedPid(): number | null;
  /** Asks the socket which master is there now; null: none. */
  masterPid(): Promise<number | null>;
  /** The next `ensure` dials again. */
  forget(): void;
  close(): Promise<void>;
}

export interface ConnectionOptions {
  host: SshHost;
  files: SshFiles;
  /** 0700 folder for sockets and logs. */
  directory: string;
  proxy: Connection | undefined;
  /** Aborted: no try is begun any more. */
  signal: AbortSignal | undefined;
}

/** A master without a session ends by itself after this. Seconds. */
const idleSeconds = 60;
/** After half of that it is asked whether it is still there. */
const trustMs = (idleSeconds / 2) * 1000;

/** Pauses between tries while a host refuses: an sshd that starts is there within the first few. */
const backOffMs = [250, 500, 1000, 2000];

export function sshConnection({ host, files, directory, proxy, signal }: ConnectionOptions): Connection {
  const socket = path.join(directory, digest(host.alias));
  const socketOptions = ["-o", `ControlPath=${socket.replaceAll("%", "%%")}`];
  // With a master that is gone, ssh would quietly connect by itself: `false` in its way makes it say so instead.
  const clientOptions = [...socketOptions, "-o", "ControlMaster=no", "-o", "ProxyCommand=false"];
  let stands = false;
  let usedAt = 0;
  let dialed: number | null = null;
  let dialing: Promise<void> | undefined;
  let inVain: { error: unknown; atMs: number } | null = null;
  let latest: Deadline = deadlineIn(0);

  async function control(command: "check" | "exit"): Promise<string> {
    const argv = ["-F", files.config, ...clientOptions, "-O", command, "--", host.alias];
    const result = await execa("ssh", argv, { reject: false, stdin: "ignore", timeout: 3000, all: true });
    return result.exitCode === 0 ? result.all : "";
  }

  /** One try. Returns ssh's messages, or null when the connection stands. */
  async function dialOnce(deadline: Deadline): Promise<string | null> {
    const log = `${socket}.log`;
    // A leftover socket would switch multiplexing off for the new master.
    await Promise.all([rm(socket, { force: true }), rm(log, { force: true })]);
    const jump =
      proxy === undefined
        ? []
        : ["-o", `ProxyCommand=${proxyCommand(files, proxy.host, [...proxy.clientOptions, "-E", log])}`];
    const argv = ["-F", files.config, "-E", log, "-f", "-N", "-M", ...socketOptions];
    // Of the variables that a command's client sends, a master passes on those of its own list: here, all.
    const options = ["-o", `ControlPersist=${idleSeconds}`, "-o", "SendEnv=*"];
    const result = await execa("ssh", [...argv, ...options, ...jump, "--", host.alias], {
      reject: false,
      env: askpassVariables(files, host.login),
      // The master lives on in the background: a pipe that it holds would never end.
      stdio: "ignore",
      timeout: Math.max(1, Math.min(deadline.leftMs(), perDialMs(host))),
      forceKillAfterDelay: 1000,
    });
    if (result.code === "ENOENT") throw sshMissing(result.cause);
    const messages = await readFile(log, "utf8").catch(() => "");
    return result.exitCode === 0 ? null : messages || (result.timedOut ? "Connection timed out" : "");
  }

  async function dial(): Promise<void> {
    const attempts = host.dialAttempts ?? defaultDialAttempts;
    for (let attempt = 1; ; attempt += 1) {
      if (signal?.aborted === true) throw unreachable(host, "stopped before there was a connection");
      await proxy?.ensure(latest);
      const messages = await dialOnce(latest);
      if (messages === null) break;
      const pause = backOffMs[Math.min(attempt, backOffMs.length) - 1] ?? 0;
      if (dialFailure(messages) !== "unreachable" || attempt >= attempts || latest.leftMs() <= pause) {
        throw dialError(host, messages);
      }
      if (proxy !== undefined && (await proxy.masterPid()) === null) proxy.forget();
      await pauseMs(pause);
    }
    dialed = await masterPid();
    stands = true;
  }

  async function masterPid(): Promise<number | null> {
    const pid = /pid=(\d+)/.exec(await control("check"))?.[1];
    return pid === undefined ? null : Number(pid);
  }

  return {
    host,
    clientOptions,
    dialedPid: () => dialed,
    masterPid,
    async ensure(deadline) {
      const idleMs = Date.now() - usedAt;
      usedAt = Date.now();
      // One that ended unasked would make the next command fail that runs through it, or through it to another host.
      if (stands && idleMs > trustMs && (await masterPid()) === null) stands = false;
      if (stands) return;
      // Who joins a dial under way lengthens it to the longest deadline of all who wait.
      if (deadline.leftMs() > latest.leftMs()) latest = deadline;
      if (inVain !== null && Date.now() - inVain.atMs < (host.redialAfterSeconds ?? 0) * 1000)
        throw inVain.error;
      dialing ??= dial()
        .catch((error: unknown) => {
          inVain = { error, atMs: Date.now() };
          throw error;
        })
        .finally(() => {
          dialing = undefined;
        });
      const late = () => unreachable(host, "no connection before the deadline passed");
      await within(dialing, deadline, late);
    },
    forget() {
      stands = false;
    },
    async close() {
      stands = false;
      await dialing?.catch(() => undefined);
      await control("exit");
      await rm(socket, { force: true });
    },
  };
}

function perDialMs(host: SshHost): number {
  const seconds = host.dialTimeoutSeconds ?? defaultDialTimeoutSeconds;
  // ssh's own ConnectTimeout covers TCP and the banner, not the key exchange and the login; 0 means none.
  return seconds === 0 ? Number.POSITIVE_INFINITY : seconds * 1000 + 5000;
}
