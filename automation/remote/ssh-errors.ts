import { exitCodes, UserError } from "../errors.ts";
import type { SshHost } from "./ssh-config.ts";

/** Why a connection could not be made, as far as ssh's own messages tell. */
export type DialFailure = "host-key" | "auth" | "bad-key" | "unreachable";

const patterns: readonly [DialFailure, RegExp][] = [
  ["host-key", /Host key verification failed|IDENTIFICATION HAS CHANGED|no matching host key type/],
  ["bad-key", /Load key .*: (?:invalid format|error in libcrypto|incorrect passphrase)/],
  ["auth", /Permission denied|Too many authentication failures/],
];

/** Reads ssh's messages of a failed dial. What it doesn't know counts as unreachable, which may be tried again. */
export function dialFailure(messages: string): DialFailure {
  return patterns.find(([, pattern]) => pattern.test(messages))?.[0] ?? "unreachable";
}

/**
 * True when ssh says that the command never began: the control socket had no listener or refused a session, and
 * the ProxyCommand `false` that stands in the way of a second connection ended. Its key exchange is all that can have
 * failed then; at LogLevel ERROR that line is the only one, without the "UNKNOWN port 65535" of others.
 */
export function neverBegan(messages: string): boolean {
  return /UNKNOWN port 65535|kex_exchange_identification: Connection closed/.test(messages);
}

function place(host: SshHost): string {
  const through = host.proxy === undefined ? "" : ` through ${host.proxy.alias}`;
  return `${host.alias} (${host.host}:${host.port}${through})`;
}

/** The command that tells more of a host; without its site it would look at another one. */
function status({ siteFlag = " --site NAME" }: SshHost): string {
  return `npx evenkeel status${siteFlag}`;
}

function lastLines(messages: string, count: number): string {
  return messages
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => line !== "" && !/^@+/.test(line))
    .slice(-count)
    .join("\n");
}

/** The error of a failed dial: `code` is ssh-host-key, ssh-auth or ssh-unreachable. */
export function dialError(host: SshHost, messages: string): UserError {
  switch (dialFailure(messages)) {
    case "host-key":
      return new UserError({
        what: `The host key of ${place(host)} is not the one that is known for it, so nothing was sent to it.`,
        why: "Another machine answers at this address, or the machine was made anew with another key.",
        next: `Find out which machine answers there. If it was made anew, replace it (${status(host)} prints the command) so that it gets its known key again; never accept the new key by hand.`,
        code: "ssh-host-key",
      });
    case "bad-key":
    case "auth":
      return new UserError({
        what: `${place(host)} refused the login as ${host.user}.`,
        why: lastLines(messages, 1),
        next: "The host's authorized key and the site's secrets differ: replace the machine, or put the secrets back that it was made with.",
        exitCode: exitCodes.credentials,
        code: "ssh-auth",
      });
    case "unreachable":
      return unreachable(host, lastLines(messages, 2) || "no answer in the time given");
  }
}

export function unreachable(host: SshHost, why: string): UserError {
  return new UserError({
    what: `${place(host)} cannot be reached by SSH.`,
    why,
    next: `Is the machine running, and is its gateway? ${status(host)} tells.`,
    code: "ssh-unreachable",
  });
}

/** A deadline passed. `doing` never holds standard input, and is "[redacted]" for a secret command. */
export function deadlineError(host: SshHost, timeoutMs: number, doing: string): UserError {
  return new UserError({
    what: `${place(host)} did not finish within ${Math.round(timeoutMs / 100) / 10} s: ${doing}`,
    why: "The deadline passed. What was begun on the host may still be running there.",
    next: `${status(host)} tells whether the host answers; the command can then be given again.`,
    code: "ssh-deadline",
  });
}

export function connectionLost(host: SshHost, doing: string): UserError {
  return new UserError({
    what: `The SSH connection to ${place(host)} broke while this ran: ${doing}`,
    why: "Whether the command finished is not known.",
    next: `${status(host)} tells whether the host answers; the command can then be given again.`,
    code: "ssh-lost",
  });
}

export function sshMissing(cause: unknown): UserError {
  return new UserError({
    what: "The OpenSSH client (ssh, sftp) is not installed on this machine.",
    next: "Install it, on Debian: apt-get install openssh-client",
    code: "ssh-missing",
    cause,
  });
}
