import { stripVTControlCharacters } from "node:util";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { secondsText } from "../progress.ts";

/** What an operation on a stack did, gathered from the engine's events. */
export interface StackRun {
  /** How many of the resources that notes are told of, by operation. */
  changes: Readonly<Record<string, number>>;
  /** Names of the resources whose operation failed. */
  failed: readonly string[];
  /** Error messages of the engine and the program, oldest first, control sequences removed. */
  errors: readonly string[];
  seconds: number;
}

export interface EventLog {
  receive(event: EngineEvent): void;
  result(): StackRun;
}

const words: Record<string, [doing: string, done: string]> = {
  create: ["creating", "created"],
  update: ["updating", "updated"],
  delete: ["deleting", "deleted"],
  "create-replacement": ["creating anew", "created anew"],
  "delete-replaced": ["deleting the old", "deleted the old"],
  refresh: ["reading", "read"],
  read: ["reading", "read"],
};

const planWords: Readonly<Record<string, string>> = {
  "create-replacement": "create anew",
  "delete-replaced": "delete in the old form",
};

/** Component resources and stacks have no work of their own; only these steps are worth a line. */
export function isShown(metadata: { op: string; type: string }): boolean {
  if (metadata.op === "same" || metadata.op === "replace") return false;
  return !metadata.type.startsWith("evenkeel:") && !metadata.type.startsWith("pulumi:");
}

/**
 * Turns the engine's events into notes ("created primary-database (12.3 s)") and a summary. A preview's events are
 * plans, so its notes say what would happen. `now` gives milliseconds.
 */
export function eventLog(note: (text: string) => void, now: () => number = Date.now): EventLog {
  const started = now();
  const begun = new Map<string, number>();
  const failed: string[] = [];
  const errors: string[] = [];
  const changes: Record<string, number> = {};
  const count = (op: string) => {
    changes[op] = (changes[op] ?? 0) + 1;
  };
  const receive = (event: EngineEvent) => {
    const pre = event.resourcePreEvent;
    if (pre !== undefined && isShown(pre.metadata)) {
      const name = resourceName(pre.metadata.urn);
      const [doing, done] = words[pre.metadata.op] ?? [pre.metadata.op, pre.metadata.op];
      if (pre.planning) {
        count(pre.metadata.op);
        note(`would be ${done}: ${name}`);
      } else {
        begun.set(pre.metadata.urn, now());
        note(`${doing} ${name}`);
      }
    }
    const after = event.resOutputsEvent;
    if (after !== undefined && !after.planning && isShown(after.metadata)) {
      const [, done] = words[after.metadata.op] ?? ["", after.metadata.op];
      count(after.metadata.op);
      note(`${done} ${resourceName(after.metadata.urn)}${since(begun.get(after.metadata.urn), now())}`);
    }
    if (event.resOpFailedEvent !== undefined) {
      const name = resourceName(event.resOpFailedEvent.metadata.urn);
      failed.push(name);
      note(`failed: ${name}`);
    }
    if (event.diagnosticEvent?.severity === "error") errors.push(plainText(event.diagnosticEvent.message));
  };
  return { receive, result: () => ({ changes, failed, errors, seconds: (now() - started) / 1000 }) };
}

/** "3 created, 1 updated", of a plan "3 to create", or "no changes". */
export function summary(run: StackRun, planned = false): string {
  const { "create-replacement": anew = 0, "delete-replaced": old = 0, ...changes } = run.changes;
  // The other half of a replacement is told by its new one, unless an earlier run made that.
  const halves = anew > 0 ? { "create-replacement": anew } : old > 0 ? { "delete-replaced": old } : {};
  const parts = Object.entries({ ...changes, ...halves }).map(
    ([op, count]) => `${count} ${planned ? `to ${planWords[op] ?? op}` : (words[op]?.[1] ?? op)}`,
  );
  return parts.length === 0 ? "no changes" : parts.join(", ");
}

/** The last part of a URN: the name that the program gave. */
export function resourceName(urn: string): string {
  return urn.slice(urn.lastIndexOf("::") + 2);
}

function since(begun: number | undefined, now: number): string {
  return begun === undefined ? "" : ` (${secondsText((now - begun) / 1000)})`;
}

/** Pulumi marks colours as <{%name%}>, programs as escape sequences. */
function plainText(text: string): string {
  return stripVTControlCharacters(text.replace(/<\{%[^%]*%\}>/g, "")).trim();
}
