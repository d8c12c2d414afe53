import * as z from "zod";
import {
  asSecret,
  isArchive,
  isAsset,
  isObject,
  isUnknown,
  reveal,
  type Wire,
  type WireObject,
} from "./values.ts";

const hop = {
  host: z.string().min(1),
  port: z.int().min(1).max(65_535).default(22),
  user: z.string().min(1).default("root"),
  privateKey: z.string().min(1),
  // The published plugin accepts a missing host key and then checks none; that is never what this project wants.
  hostKey: z.string().min(1),
  dialErrorLimit: z.int().min(-1).default(10),
  perDialTimeout: z.int().min(0).default(15),
};

const connection = z.strictObject({ ...hop, proxy: z.strictObject(hop).optional() });

const command = {
  create: z.string().optional(),
  update: z.string().optional(),
  delete: z.string().optional(),
  stdin: z.string().optional(),
  triggers: z.array(z.unknown()).optional(),
  logging: z.enum(["stdout", "stderr", "stdoutAndStderr", "none"]).optional(),
  // Its default, true, would put the last output into the next run's environment, which sshd refuses.
  addPreviousOutputInEnv: z.literal(false, {
    error: "must be given as false: the stand-in knows nothing else",
  }),
};

const source = z.custom<Wire>((value) => isCopyable(value as Wire), {
  error: "must be a FileAsset, a StringAsset or a FileArchive",
});

const copy = {
  connection,
  source,
  remotePath: z.string().min(1),
  triggers: z.array(z.unknown()).optional(),
};

const schemas = {
  "command:local:Command": z.strictObject(command),
  "command:remote:Command": z.strictObject({ ...command, connection }),
  "command:remote:CopyToRemote": z.strictObject(copy),
} as const;

export type ResourceType = keyof typeof schemas;
export type Connection = z.output<typeof connection>;
export type CommandInputs = z.output<(typeof schemas)["command:local:Command"]>;
export type CopyInputs = z.output<(typeof schemas)["command:remote:CopyToRemote"]>;
export type Logging = CommandInputs["logging"];

export interface Refusal {
  property: string;
  reason: string;
}

export function isResourceType(type: string): type is ResourceType {
  return Object.hasOwn(schemas, type);
}

export function unknownType(type: string): Error {
  return new Error(
    `The stand-in for the command plugin doesn't know the resource ${type}. ${publishedHas} (PULUMI_COMMAND_PLUGIN).`,
  );
}

const publishedHas = "Use the published plugin for it";

/** Inputs ready for a step: every value known, secret marks taken off, defaults filled in. Throws on a bad one. */
export function stepInputs<T extends ResourceType>(
  type: T,
  inputs: WireObject,
): z.output<(typeof schemas)[T]> {
  const known = Object.fromEntries(
    // A recorded state holds the outputs beside the inputs.
    Object.entries(inputs).filter(([key]) => Object.hasOwn(schemas[type].shape, key)),
  );
  const result = schemas[type].safeParse(reveal(known));
  if (!result.success) {
    throw new Error(`inputs of ${type} are unusable: ${result.error.issues.map(refusalText).join("; ")}`);
  }
  return result.data as z.output<(typeof schemas)[T]>;
}

/**
 * What is refused of new inputs, each by its name. Values that are not known yet (in a preview) are taken as good:
 * the same check runs again when they are known.
 */
export function refusals(type: ResourceType, inputs: WireObject): Refusal[] {
  const unknownPaths = new Set<string>();
  const known = withoutUnknown(reveal(inputs), [], unknownPaths);
  const result = schemas[type].safeParse(known);
  if (result.success) return [];
  return result.error.issues
    .filter((issue) => !unknownPaths.has(issue.path.join(".")))
    .flatMap((issue) => {
      if (issue.code !== "unrecognized_keys")
        return [{ property: issue.path.join("."), reason: issue.message }];
      return issue.keys.map((key) => unknownInput([...issue.path, key].join(".")));
    });
}

function unknownInput(property: string): Refusal {
  const reason = `the stand-in for the command plugin doesn't know the input "${property}". ${publishedHas} (PULUMI_COMMAND_PLUGIN), or leave the input out.`;
  return { property, reason };
}

function refusalText(issue: z.core.$ZodIssue): string {
  return `${issue.path.join(".") || "inputs"}: ${issue.message}`;
}

function withoutUnknown(value: Wire, path: readonly string[], found: Set<string>): Wire {
  if (!isObject(value)) return value;
  const kept: WireObject = {};
  for (const [key, child] of Object.entries(value)) {
    if (isUnknown(child)) found.add([...path, key].join("."));
    else kept[key] = withoutUnknown(child, [...path, key], found);
  }
  return kept;
}

/**
 * The inputs to record: with the connection's defaults filled in, secret as a whole and once more at each private
 * key. The same marks as the published plugin's, or a state would show a change when the other one takes it over.
 */
export function recordedInputs(type: ResourceType, inputs: WireObject): WireObject {
  const given = inputs.connection;
  if (type === "command:local:Command" || given === undefined || given === null) return inputs;
  const plain = reveal(given);
  if (!isObject(plain)) return { ...inputs, connection: asSecret(given) };
  const filled = withHopDefaults(plain);
  if (isObject(filled.proxy)) filled.proxy = withHopDefaults(filled.proxy);
  return { ...inputs, connection: asSecret(filled) };
}

function withHopDefaults(given: WireObject): WireObject {
  const filled: WireObject = { dialErrorLimit: 10, perDialTimeout: 15, port: 22, user: "root", ...given };
  if (given.privateKey !== undefined) filled.privateKey = asSecret(given.privateKey);
  return filled;
}

function isCopyable(value: Wire): boolean {
  if (isAsset(value)) return typeof value.path === "string" || typeof value.text === "string";
  return isArchive(value) && typeof value.path === "string";
}
