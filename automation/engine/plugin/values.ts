/**
 * Values as the engine sends them: JSON, with secrets, assets and values that are not known yet marked by objects
 * and strings of fixed signatures (pulumi/pulumi, sdk/go/common/resource: the wire format of all plugins).
 */
export type Wire = null | boolean | number | string | Wire[] | { [key: string]: Wire };
export type WireObject = { [key: string]: Wire };

const signatureKey = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";
const assetSignature = "c44067f5952c0a294b673a41bacd8c17";
const archiveSignature = "0def7320c3a5731c473e5ecbe6d01bc7";

/** What an output is in a preview: a string's, but the published plugin gives it for every type. */
export const unknownString = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

const unknownStrings = new Set<Wire>([
  unknownString,
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7", // boolean
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421", // number
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2", // array
  "030794c1-ac77-496b-92df-f27374a8bd58", // asset
  "e48ece36-62e2-4504-bad9-02848725956a", // archive
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff", // object
]);

export function isUnknown(value: Wire | undefined): boolean {
  return value !== undefined && unknownStrings.has(value);
}

export function isObject(value: Wire | undefined): value is WireObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An object of properties, not one of the marked values. */
export function isPlainObject(value: Wire | undefined): value is WireObject {
  return isObject(value) && value[signatureKey] === undefined;
}

export function isSecret(value: Wire | undefined): value is WireObject {
  return isObject(value) && value[signatureKey] === secretSignature;
}

export function asSecret(value: Wire): Wire {
  return isSecret(value) ? value : { [signatureKey]: secretSignature, value };
}

/** A file of this machine, by its path and the SHA-256 of what it holds. */
export function fileAsset(path: string, hash: string): WireObject {
  return { [signatureKey]: assetSignature, hash, path };
}

/** An archive of assets by their names in it. */
export function assetArchive(assets: WireObject, hash: string): WireObject {
  return { [signatureKey]: archiveSignature, assets, hash };
}

export function isAsset(value: Wire | undefined): value is WireObject {
  return isObject(value) && value[signatureKey] === assetSignature;
}

export function isArchive(value: Wire | undefined): value is WireObject {
  return isObject(value) && value[signatureKey] === archiveSignature;
}

/** The value without its secret marks, at every depth; properties that are null are left out, as an absent one. */
export function reveal(value: Wire): Wire {
  if (isSecret(value)) return reveal(value.value ?? null);
  if (Array.isArray(value)) return value.map(reveal);
  if (!isObject(value)) return value;
  const entries = Object.entries(value).filter(([, child]) => child !== null);
  return Object.fromEntries(entries.map(([key, child]) => [key, reveal(child)]));
}

/** True when the value or a part of it is not known yet. */
export function holdsUnknown(value: Wire): boolean {
  if (Array.isArray(value)) return value.some(holdsUnknown);
  return isObject(value) ? Object.values(value).some(holdsUnknown) : isUnknown(value);
}
