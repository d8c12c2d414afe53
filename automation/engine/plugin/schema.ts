import * as z from "zod";
import { isArchive, isAsset, isObject, isUnknown, reveal, type Wire, type WireObject } from "./values.ts";

/**
 * The inputs of the published schema 1.2.1. As the published plugin, the check looks at names and types alone: what
 * a value means (a port that can't be, a folder that isn't there) shows when a step uses it.
 */
const hop = {
  host: z.string(),
  port: z.number().default(22),
  user: z.string().default("root"),
  password: z.string().optional(),
  privateKey: z.string().optional(),
  privateKeyPassword: z.string().optional(),
  agentSocketPath: z.string().optional(),
  /** Not given: any host key is accepted. */
  hostKey: z.string().optional(),
  dialErrorLimit: z.number().default(10),
  perDialTimeout: z.number().default(15),
};

const connection = z.strictObject({ ...hop, proxy: z.strictObject(hop).optional() });

const triggers = z.array(z.unknown()).optional();

/** What every run of a command takes, here or on a host. */
const anyRun = {
  stdin: z.string().optional(),
  /** A value that the schema doesn't name logs nothing, as published. */
  logging: z.string().optional(),
  environment: z.record(z.string(), z.string()).optional(),
  addPreviousOutputInEnv: z.boolean().default(true),
};

const localRun = {
  ...anyRun,
  interpreter: z.array(z.string()).optional(),
  dir: z.string().optional(),
  assetPaths: z.array(z.string()).optional(),
  archivePaths: z.array(z.string()).optional(),
};

const verbs = {
  create: z.string().optional(),
  update: z.string().optional(),
  delete: z.string().optional(),
  triggers,
};

/** The published plugin takes neither an empty text nor, in a preview, a source that is not known yet. */
const source = z.custom<Wire>((value) => isCopyable(value as Wire), {
  error: "must be a FileAsset, a StringAsset that is not empty or a FileArchive, and be known in a preview",
});

const schemas = {
  "command:local:Command": z.strictObject({ ...localRun, ...verbs }),
  "command:local:run": z.strictObject({ ...localRun, command: z.string() }),
  "command:remote:Command": z.strictObject({ ...anyRun, ...verbs, connection }),
  "command:remote:CopyFile": z.strictObject({
    connection,
    localPath: z.string(),
    remotePath: z.string(),
    triggers,
  }),
  "command:remote:CopyToRemote": z.strictObject({ connection, source, remotePath: z.string(), triggers }),
} as const;

export type Token = keyof typeof schemas;
export type ResourceType = Exclude<Token, "command:local:run">;
export type CommandType = "command:local:Command" | "command:remote:Command";
export type Inputs<T extends Token> = z.output<(typeof schemas)[T]>;
export type Connection = z.output<typeof connection>;

export interface Refusal {
  property: string;
  reason: string;
}

export function isResourceType(type: string): type is ResourceType {
  return Object.hasOwn(schemas, type) && type !== "command:local:run";
}

export function unknownType(type: string): Error {
  return new Error(`The command plugin 1.2.1 has no ${type}.`);
}

/** The names of a resource's or function's inputs. */
export function inputNames(type: Token): string[] {
  return Object.keys(schemas[type].shape);
}

/** Inputs ready for a step: every value known, secret marks taken off, defaults filled in. Throws on a bad one. */
export function stepInputs<T extends Token>(type: T, inputs: WireObject): Inputs<T> {
  const known = Object.fromEntries(
    // A recorded state holds the outputs beside the inputs.
    Object.entries(inputs).filter(([key]) => Object.hasOwn(schemas[type].shape, key)),
  );
  const result = schemas[type].safeParse(reveal(known));
  if (!result.success) {
    throw new Error(`inputs of ${type} are unusable: ${result.error.issues.map(refusalText).join("; ")}`);
  }
  return result.data as Inputs<T>;
}

/**
 * What is refused of new inputs, each by its name and never with its value. Values that are not known yet (in a
 * preview) are taken as good: the same check runs again when they are known.
 */
export function refusals(type: Token, inputs: WireObject): Refusal[] {
  const unknownPaths = new Set<string>();
  const known = withoutUnknown(reveal(inputs), [], unknownPaths);
  const result = schemas[type].safeParse(known);
  if (result.success) return [];
  return result.error.issues
    .filter(({ path }) => path[0] === "source" || !unknownPaths.has(path.join(".")))
    .flatMap((issue) => {
      const property = issue.path.join(".");
      if (issue.code !== "unrecognized_keys") return [{ property, reason: issue.message }];
      const reason = `${type} has no such input in the schema of the command plugin 1.2.1`;
      return issue.keys.map((key) => ({ property: [...issue.path, key].join("."), reason }));
    });
}

function refusalText(issue: z.core.$ZodIssue): string {
  return `${issue.path.join(".") || "inputs"}: ${issue.message}`;
}

/** With `undefined` for each value that is not known yet: its name is still checked. */
function withoutUnknown(value: Wire, path: readonly string[], found: Set<string>): unknown {
  if (!isObject(value)) return value;
  const kept: Record<string, unknown> = {};
  for (const [key, child] of Object.entries(value)) {
    if (isUnknown(child)) found.add([...path, key].join("."));
    kept[key] = isUnknown(child) ? undefined : withoutUnknown(child, [...path, key], found);
  }
  return kept;
}

function isCopyable(value: Wire): boolean {
  const holds = (text: Wire | undefined) => typeof text === "string" && text !== "";
  return (
    (isAsset(value) && (holds(value.path) || holds(value.text))) || (isArchive(value) && holds(value.path))
  );
}
