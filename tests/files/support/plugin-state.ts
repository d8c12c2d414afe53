/** A resource of a state, its secrets as `{ secret: VALUE }` and its files and archives by their own signature. */
export interface StateResource {
  id: string;
  type: string;
  inputs: Record<string, unknown>;
  outputs: Record<string, unknown>;
}

const signatureKey = "4dabf18193072939515e22adb298388d";
const kinds: Record<string, string> = {
  "1b47061264138c4ac30d75fd1eb44270": "secret",
  c44067f5952c0a294b673a41bacd8c17: "asset",
  "0def7320c3a5731c473e5ecbe6d01bc7": "archive",
};

interface Export {
  deployment: {
    resources?: {
      urn: string;
      id?: string;
      type: string;
      inputs?: object;
      outputs?: object;
    }[];
  };
}

/** The command resources of an exported state (with its secrets shown), by name. */
export function plainState(exported: unknown): Record<string, StateResource> {
  const { resources = [] } = (exported as Export).deployment;
  const own = resources.filter(({ type }) => type.startsWith("command:"));
  return Object.fromEntries(
    own.map(({ urn, id = "", type, inputs = {}, outputs = {} }) => [
      urn.split("::").at(-1),
      {
        id,
        type,
        inputs: plain(inputs) as StateResource["inputs"],
        outputs: plain(outputs) as StateResource["outputs"],
      },
    ]),
  ) as Record<string, StateResource>;
}

/** Secrets by their value, files and archives by their kind and what it holds, other values as they are. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  const { [signatureKey]: signature, ...rest } = value as Record<string, unknown>;
  const kind = signature === undefined ? undefined : kinds[String(signature)];
  if (kind === "secret") return { secret: plain(JSON.parse(String(rest.plaintext))) };
  const entries = Object.fromEntries(Object.entries(rest).map(([key, child]) => [key, plain(child)]));
  // __defaults and the like are the engine's own.
  for (const key of Object.keys(entries)) if (key.startsWith("__")) delete entries[key];
  return kind === undefined ? entries : { [kind]: entries };
}
