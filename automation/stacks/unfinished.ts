import { rmSync } from "node:fs";
import { join } from "node:path";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { readIfThere, replaceFile } from "../site/durable.ts";
import { type Deployment, resourcesOf } from "./state.ts";

/**
 * Which updates of what runs on hosts began and did not end well. Pulumi's state keeps the inputs from before such an
 * update, while the host may already hold a part of the new ones: where the setting is then taken back, Pulumi sees
 * nothing to do, and the host would keep what it has. So they are run again whatever the state says.
 */
export interface UnfinishedLog {
  /** Never throws: who sends the events would swallow it. What could not be noted is told at once. */
  receive(event: EngineEvent): void;
  /** The whole update ended well: nothing is left, whatever an earlier one noted. */
  ended(): void;
}

const onHosts = /^command:remote:/;
const begins = new Set(["update", "create-replacement"]);

function fileOf(stateDirectory: string, stack: string): string {
  return join(stateDirectory, `${stack}.unfinished.json`);
}

/** Notes of each update that it has begun, and that it has ended once it has; a killed run leaves the note. */
export function unfinishedLog(
  stateDirectory: string,
  stack: string,
  tell: (text: string) => void,
): UnfinishedLog {
  const file = fileOf(stateDirectory, stack);
  const urns = new Set(readUrns(file));
  let isTold = false;
  const write = () => {
    try {
      if (urns.size === 0) rmSync(file, { force: true });
      else replaceFile(file, `${JSON.stringify([...urns])}\n`);
    } catch (error) {
      if (!isTold) tell(`what is under way can't be noted: ${(error as Error).message}`);
      isTold = true;
    }
  };
  return {
    receive({ resourcePreEvent: before, resOutputsEvent: after }) {
      if (before !== undefined && !before.planning && isMeant(before.metadata)) {
        urns.add(before.metadata.urn);
        write();
      }
      if (
        after !== undefined &&
        !after.planning &&
        isMeant(after.metadata) &&
        urns.delete(after.metadata.urn)
      )
        write();
    },
    ended() {
      urns.clear();
      write();
    },
  };
}

function isMeant({ op, type }: { op: string; type: string }): boolean {
  return begins.has(op) && onHosts.test(type);
}

/**
 * URNs of what is to be run again, of those that the state still has: what was noted, and what the state itself holds
 * as pending, since a Pulumi whose caller was killed goes on without anybody to note it. What is protected can't be
 * replaced, and needs not: the birth only reports.
 */
export function unfinishedUrns(stateDirectory: string, stack: string, state: Deployment): string[] {
  const pending = (state.deployment.pending_operations ?? []) as {
    resource?: { urn?: string; type?: string };
  }[];
  const cut = pending.flatMap(({ resource }) => (onHosts.test(resource?.type ?? "") ? [resource?.urn] : []));
  const urns = new Set([...readUrns(fileOf(stateDirectory, stack)), ...cut]);
  return resourcesOf(state).flatMap(({ urn, protect }) => (urns.has(urn) && protect !== true ? [urn] : []));
}

/** A note that was damaged is none: Pulumi then does what the state says. */
function readUrns(file: string): string[] {
  try {
    const urns: unknown = JSON.parse(readIfThere(file) ?? "[]");
    return Array.isArray(urns) ? urns.filter((urn) => typeof urn === "string") : [];
  } catch {
    return [];
  }
}
