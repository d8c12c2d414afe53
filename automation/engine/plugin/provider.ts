import { randomBytes } from "node:crypto";
import { inputChanges, type PropertyChange } from "./diff.ts";
import { endLocalGroups } from "./local.ts";
import { remoteHosts } from "./remote.ts";
import {
  isResourceType,
  type Refusal,
  type ResourceType,
  recordedInputs,
  refusals,
  unknownType,
} from "./schema.ts";
import { runStep, type Verb } from "./steps.ts";
import { reveal, unknownString, type WireObject } from "./values.ts";

/** What the engine tells with a create, update or delete. */
export interface StepRequest {
  type: string;
  name: string;
  preview: boolean;
  timeoutSeconds: number;
  log: (line: string) => void;
}

export interface CommandProvider {
  check(type: string, inputs: WireObject): { inputs: WireObject; failures: Refusal[] };
  diff(type: string, recordedInputs: WireObject, inputs: WireObject): PropertyChange[];
  create(request: StepRequest, inputs: WireObject): Promise<{ id: string; outputs: WireObject }>;
  /** `state` is what create or update returned last. */
  update(request: StepRequest, state: WireObject, inputs: WireObject): Promise<WireObject>;
  delete(request: StepRequest, state: WireObject): Promise<void>;
  /** After the engine's cancel: what runs goes on to its end or deadline, nothing new begins. */
  cancel(): void;
  /** The plugin ends: local commands are ended with their groups, connections closed. */
  close(): Promise<void>;
}

/**
 * The stand-in for the published command plugin 1.2.1, for local.Command, remote.Command and remote.CopyToRemote.
 * State, ids, diffs and what runs when are the published ones; a state of either is taken over by the other.
 */
export function commandProvider(): CommandProvider {
  const hosts = remoteHosts();
  let cancelled = false;

  async function step(request: StepRequest, verb: Verb, inputs: WireObject) {
    if (cancelled) throw new Error("cancelled before it began");
    return await runStep({ ...request, type: known(request.type), verb, inputs, hosts });
  }

  return {
    check(type, inputs) {
      const resource = known(type);
      return { inputs: recordedInputs(resource, inputs), failures: refusals(resource, inputs) };
    },
    diff(type, recorded, inputs) {
      known(type);
      return inputChanges(recorded, inputs);
    },
    async create(request, inputs) {
      if (request.preview) return { id: "", outputs: { ...inputs, ...unknownOutputs(request.type) } };
      const ran = await step(request, "create", inputs);
      return { id: newId(request), outputs: { ...inputs, ...(ran ?? emptyOutputs(request.type)) } };
    },
    async update(request, state, inputs) {
      if (request.preview) return { ...inputs, ...unknownOutputs(request.type) };
      const kept = { ...inputs, ...lastOutputs(request.type, state) };
      if (known(request.type) === "command:remote:CopyToRemote" && !needsCopy(state, inputs)) return kept;
      return { ...kept, ...(await step(request, "update", inputs)) };
    },
    async delete(request, state) {
      await step(request, "delete", state);
    },
    cancel() {
      cancelled = true;
    },
    async close() {
      cancelled = true;
      await Promise.all([endLocalGroups(), hosts.close()]);
    },
  };
}

function known(type: string): ResourceType {
  if (!isResourceType(type)) throw unknownType(type);
  return type;
}

/** As published: the resource's name and eight hex digits; a copy has no name in its id. */
function newId({ type, name }: StepRequest): string {
  const hex = randomBytes(4).toString("hex");
  return type === "command:remote:CopyToRemote" ? hex : `${name}${hex}`;
}

function emptyOutputs(type: string): WireObject {
  return type === "command:remote:CopyToRemote" ? {} : { stdout: "", stderr: "" };
}

function unknownOutputs(type: string): WireObject {
  return type === "command:remote:CopyToRemote" ? {} : { stdout: unknownString, stderr: unknownString };
}

function lastOutputs(type: string, state: WireObject): WireObject {
  if (type === "command:remote:CopyToRemote") return {};
  return { stdout: state.stdout ?? "", stderr: state.stderr ?? "" };
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
