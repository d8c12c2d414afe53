import { randomBytes } from "node:crypto";
import type { StepLog } from "./context.ts";
import { inputChanges, type PropertyChange } from "./diff.ts";
import { endLocalGroups } from "./local.ts";
import {
  hasOutputs,
  lastOutputs,
  outputsBeforeCreate,
  outputsBeforeUpdate,
  recordedInputs,
} from "./recorded.ts";
import { remoteHosts } from "./remote.ts";
import { isResourceType, type Refusal, type ResourceType, refusals, unknownType } from "./schema.ts";
import { runFunction, runStep, type Verb } from "./steps.ts";
import { reveal, type WireObject } from "./values.ts";

/** What the engine tells with a create, update or delete. */
export interface StepRequest {
  type: string;
  name: string;
  preview: boolean;
  timeoutSeconds: number;
  log: StepLog;
}

export interface CommandProvider {
  check(type: string, inputs: WireObject): { inputs: WireObject; failures: Refusal[] };
  diff(type: string, recordedInputs: WireObject, inputs: WireObject): PropertyChange[];
  create(request: StepRequest, inputs: WireObject): Promise<{ id: string; outputs: WireObject }>;
  /** `state` is what create or update returned last. */
  update(request: StepRequest, state: WireObject, inputs: WireObject): Promise<WireObject>;
  delete(request: StepRequest, state: WireObject): Promise<void>;
  /** Calls a function, `command:local:run`; refused arguments are returned, not thrown. */
  invoke(
    token: string,
    inputs: WireObject,
    log: StepLog,
  ): Promise<{ outputs: WireObject; failures: Refusal[] }>;
  /** After the engine's cancel: local commands are ended, what runs on a host goes on, nothing new begins. */
  cancel(): void;
  /** The plugin ends: local commands are ended with their groups, connections closed. */
  close(): Promise<void>;
}

/**
 * The stand-in for the published command plugin 1.2.1, with the whole of its schema. State, ids, diffs and what runs
 * when are the published ones; a state of either is taken over by the other.
 */
export function commandProvider(): CommandProvider {
  const stopping = new AbortController();
  const { signal } = stopping;
  const hosts = remoteHosts(signal);

  async function step(request: StepRequest, verb: Verb, inputs: WireObject, state: WireObject) {
    if (signal.aborted) throw new Error("cancelled before it began");
    return await runStep({ ...request, type: known(request.type), verb, inputs, state, hosts, signal });
  }

  return {
    check(type, inputs) {
      const resource = known(type);
      return { inputs: recordedInputs(resource, inputs), failures: refusals(resource, inputs) };
    },
    diff(type, recorded, inputs) {
      const changes = inputChanges(recorded, inputs);
      // The published CopyFile knows no update: each change replaces it.
      return known(type) === "command:remote:CopyFile"
        ? changes.map((change) => ({ ...change, replace: true }))
        : changes;
    },
    async create(request, inputs) {
      const type = known(request.type);
      if (request.preview) {
        // The published plugin names a command in a preview already, though it gets another id when it is made.
        const id = hasOutputs(type) ? newId(type, request.name) : "";
        return { id, outputs: { ...inputs, ...outputsBeforeCreate(type) } };
      }
      const ran = await step(request, "create", inputs, {});
      return { id: newId(type, request.name), outputs: { ...inputs, ...(ran ?? lastOutputs(type, {})) } };
    },
    async update(request, state, inputs) {
      const type = known(request.type);
      if (request.preview) return { ...inputs, ...outputsBeforeUpdate(type, state, inputs) };
      const kept = { ...inputs, ...lastOutputs(type, state) };
      if (!hasOutputs(type) && !needsCopy(state, inputs)) return kept;
      return { ...kept, ...(await step(request, "update", inputs, state)) };
    },
    async delete(request, state) {
      await step(request, "delete", state, state);
    },
    async invoke(token, inputs, log) {
      if (token !== "command:local:run") throw unknownType(token);
      const failures = refusals(token, inputs);
      if (failures.length > 0) return { outputs: {}, failures };
      if (signal.aborted) throw new Error("cancelled before it began");
      return { outputs: await runFunction(inputs, { timeoutSeconds: 0, log, hosts, signal }), failures };
    },
    cancel() {
      stopping.abort();
    },
    async close() {
      stopping.abort();
      await Promise.all([endLocalGroups(), hosts.close()]);
    },
  };
}

function known(type: string): ResourceType {
  if (!isResourceType(type)) throw unknownType(type);
  return type;
}

/** As published: the resource's name and eight hex digits; a copy has no name in its id. */
function newId(type: ResourceType, name: string): string {
  const hex = randomBytes(4).toString("hex");
  return hasOutputs(type) ? `${name}${hex}` : hex;
}

/** A changed connection alone copies nothing, as published. */
function needsCopy(state: WireObject, inputs: WireObject): boolean {
  const facts = ({ source, remotePath }: WireObject) => {
    const plain = reveal(source ?? null);
    const hash = typeof plain === "object" && plain !== null && "hash" in plain ? plain.hash : plain;
    return JSON.stringify([hash, reveal(remotePath ?? null)]);
  };
  return facts(state) !== facts(inputs);
}
