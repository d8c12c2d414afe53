/** What a stack's state holds, as `pulumi stack export --show-secrets` prints it. Pure. */

/** Keys and values by which a state marks secrets and assets: sdk/go/common/resource/sig/sig.go of pulumi/pulumi. */
const signatureKey = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";

/** A resource of one stack with its secrets in plain. */
export interface StateResource {
  urn: string;
  type: string;
  parent: string | null;
  inputs: Record<string, unknown>;
  /** URNs of the same stack. */
  dependencies: string[];
}

/**
 * The resources of an exported stack, secrets decrypted. Throws where the document is no export, or one whose secrets
 * were not shown.
 */
export function readDeployment(stack: string, document: unknown): StateResource[] {
  const { deployment } = (document ?? {}) as { deployment?: { resources?: unknown } };
  if (!Array.isArray(deployment?.resources)) throw new Error(`${stack}: this is no export of a stack`);
  return (deployment.resources as Record<string, unknown>[])
    .filter((one) => one.delete !== true)
    .map((one) => ({
      urn: String(one.urn),
      type: String(one.type),
      parent: typeof one.parent === "string" ? one.parent : null,
      inputs: plain(stack, one.inputs ?? {}) as Record<string, unknown>,
      dependencies: (one.dependencies as string[] | undefined) ?? [],
    }));
}

/** A value with every secret in it replaced by what it holds. */
function plain(stack: string, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((one) => plain(stack, one));
  if (typeof value !== "object" || value === null) return value;
  const fields = value as Record<string, unknown>;
  if (fields[signatureKey] === secretSignature) {
    if (typeof fields.plaintext !== "string")
      throw new Error(`${stack}: the export holds encrypted secrets: export it with --show-secrets`);
    return plain(stack, JSON.parse(fields.plaintext));
  }
  return Object.fromEntries(Object.entries(fields).map(([key, one]) => [key, plain(stack, one)]));
}
