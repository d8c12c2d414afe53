import { z } from "zod";
import type { HostOutputs } from "../../components/outputs.ts";
import { UserError } from "../errors.ts";
import { type DatabaseStatus, databaseCommand, parseDatabaseStatus } from "../remote/database.ts";
import type { RemoteCommand, SshSession } from "../remote/ssh.ts";
import { storeCommand, storeSaid } from "../remote/store.ts";
import { edgeStatus, parseEdgeStatus } from "../remote/traffic.ts";
import { parseWebStatus, type WebStatus, webCommand } from "../remote/web.ts";
import type { DatabaseFacts, WebObservation } from "./observation.ts";

/** The part of a database host's status document that decisions use. */
export function toFacts(status: DatabaseStatus): DatabaseFacts {
  const { role, epoch, running, writable, position, lagSeconds, replication, restartNeeded } = status;
  return {
    role,
    epoch,
    running,
    // A server that is down accepts nothing, but nor can it be said to be read-only.
    writable: running ? writable : null,
    position,
    lagSeconds,
    lagRows: null,
    lagBytes: null,
    replicating: replication === null ? null : replication.receiving && replication.applying,
    replicationError: replication?.error ?? null,
    source: replication?.source ?? null,
    tls: replication?.tls ?? null,
    heartbeat: status.heartbeat,
    clockSkewSeconds: status.clockSkewSeconds ?? null,
    restartNeeded,
    seeding: status.seeding ?? null,
    fencing: status.fencing ?? false,
    mayReturn: status.mayReturn,
    keeperStopped: (status.keeper ?? "active") !== "active",
    version: status.version,
  };
}

export async function databaseFacts(
  session: SshSession,
  host: Pick<HostOutputs, "id">,
  timeoutMs: number,
): Promise<{ facts: DatabaseFacts | null; why: string | null }> {
  const command = databaseCommand.status({ deadlineSeconds: deadlineSeconds(timeoutMs) });
  const { value, why } = await ask(session, host, command, timeoutMs, parseDatabaseStatus);
  return { facts: value === null ? null : toFacts(value), why };
}

export async function webFacts(
  session: SshSession,
  host: HostOutputs,
  timeoutMs: number,
): Promise<WebObservation> {
  const command = webCommand.status({ deadlineSeconds: deadlineSeconds(timeoutMs) });
  const { value, why } = await ask(session, host, command, timeoutMs, parseWebStatus);
  return { host: host.name, ...toGate(value), why };
}

const unknownVersions = { nginx: null, php: null, wordpress: null, client: null };

/** The part of a web host's status document that decisions use; nulls where there is no document. */
export function toGate(
  status: WebStatus | null,
): Pick<WebObservation, "gate" | "epoch" | "versions" | "cron" | "uploadsThere" | "stopped" | "warning"> {
  return {
    gate: status?.gate ?? null,
    epoch: status?.epoch ?? null,
    versions: { ...unknownVersions, ...status?.versions },
    cron: status?.cron ?? null,
    uploadsThere: uploadsThere(status?.uploads),
    stopped: status?.stopped ?? [],
    warning: status?.php?.warning ?? null,
  };
}

function uploadsThere(uploads: WebStatus["uploads"]): boolean | null {
  return uploads === undefined ? null : uploads.device === null || uploads.mounted;
}

/** Whether the edge host itself answers, whatever its services do. */
export async function edgeAnswers(
  session: SshSession,
  host: HostOutputs,
  timeoutMs: number,
): Promise<boolean> {
  return (await ask(session, host, edgeStatus(), timeoutMs, parseEdgeStatus)).value !== null;
}

/** Whether the region's object store answers its gateway; null where the gateway does not tell. */
export async function storeAnswers(
  session: SshSession,
  gateway: HostOutputs,
  endpoint: string,
  timeoutMs: number,
): Promise<boolean | null> {
  const command = storeCommand(endpoint, { deadlineSeconds: deadlineSeconds(timeoutMs) });
  return (await ask(session, gateway, command, timeoutMs, storeSaid)).value;
}

/** The parsed answer of a host, or null and why there is none; `reached`: the host itself said it. */
export async function ask<T>(
  session: SshSession,
  host: Pick<HostOutputs, "id">,
  command: RemoteCommand,
  timeoutMs: number,
  parse: (text: string) => T,
): Promise<{ value: T | null; why: string | null; reached: boolean }> {
  try {
    const result = await session.run(host.id, command, { timeoutMs });
    if (result.exitCode === 0) return { value: parse(result.stdout), why: null, reached: true };
    return { value: null, why: lastLine(result.stderr) || `exit code ${result.exitCode}`, reached: true };
  } catch (error) {
    if (error instanceof UserError) return { value: null, why: error.what, reached: false };
    if (error instanceof SyntaxError || error instanceof z.ZodError) {
      return { value: null, why: "its answer could not be read", reached: true };
    }
    throw error;
  }
}

/** The host's own deadline ends a second before ours, so that its reason still arrives. */
export function deadlineSeconds(timeoutMs: number): number {
  return Math.max(1, Math.floor(timeoutMs / 1000) - 1);
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}
