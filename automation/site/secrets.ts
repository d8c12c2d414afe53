import { chmodSync } from "node:fs";
import { dirname } from "node:path";
import type { RegionPlan } from "../../components/plan.ts";
import { type Certificate, parseSecrets, type SiteSecrets, saltNames } from "../../components/secrets.ts";
import { exitCodes, UserError } from "../errors.ts";
import { apiVersion, jsonDocument } from "../output.ts";
import { createFile, readIfThere, replaceFile } from "./durable.ts";
import { sshKeyPair } from "./keys.ts";
import { leavesOf, type SecretsPlan, siteLeaf } from "./leaves.ts";
import { accessKey, apiKey, machinePassword, salt, secretKey, typedPassword } from "./passwords.ts";

type Section = Record<string, unknown>;

/** Ids of all hosts of a site: the keys under which host keys are kept. */
export function hostIds(regionPlans: readonly Pick<RegionPlan, "name" | "web">[]): string[] {
  const ofRegion = (plan: Pick<RegionPlan, "name" | "web">) => [
    `${plan.name}/gateway`,
    `${plan.name}/database`,
    `${plan.name}/cache`,
    `${plan.name}/store`,
    ...plan.web.map((_, i) => `${plan.name}/web-${i + 1}`),
  ];
  return [...regionPlans.flatMap(ofRegion), "third/edge"];
}

/** Reads the document. Null where there is none; a damaged one is refused, since writing over it would lose keys. */
export function readSecretsFile(path: string): SiteSecrets | null {
  const text = readIfThere(path);
  if (text === null) return null;
  try {
    return parseSecrets(text, path);
  } catch (error) {
    throw damaged(path, (error as Error).message);
  }
}

/**
 * Makes what the document lacks and keeps what it has, byte for byte: a new region gets its keys, an old one keeps
 * them. Safe to run twice, and by two processes at once.
 */
export async function ensureSecrets(path: string, plan: SecretsPlan): Promise<SiteSecrets> {
  const before = readIfThere(path);
  const document = before === null ? {} : parseDocument(path, before);
  await fill(document, path, plan);
  const after = jsonDocument(document);
  const secrets = parseFilled(path, after);
  if (before === null) {
    if (!createFile(path, after)) return ensureSecrets(path, plan);
  } else {
    chmodSync(path, 0o600);
    if (JSON.stringify(JSON.parse(before)) !== JSON.stringify(document)) replaceFile(path, after);
  }
  return secrets;
}

async function fill(document: Section, path: string, plan: SecretsPlan): Promise<void> {
  const directory = dirname(path);
  const key = (comment: string) => sshKeyPair(directory, `evenkeel-${plan.site}-${comment}`);
  document.apiVersion ??= apiVersion;
  const ssh = section(document, "ssh", path);
  ssh.user ??= await key("operator");
  ssh.peer ??= await key("peer");
  const hosts = section(ssh, "hosts", path);
  for (const id of hostIds(plan.regionPlans)) hosts[id] ??= await key(id.replace("/", "-"));
  await fillCertificates(section(document, "tls", path), path, plan);
  const database = section(document, "database", path);
  for (const user of ["app", "replication", "health"]) database[user] ??= machinePassword();
  section(document, "cache", path).web ??= machinePassword();
  const stores = section(document, "store", path);
  const newKey = () => ({ accessKey: accessKey(), secretKey: secretKey() });
  for (const { name } of plan.regionPlans) stores[name] ??= { operator: newKey(), media: newKey() };
  const wordpress = section(document, "wordpress", path);
  wordpress.adminUser ??= "admin";
  wordpress.adminPassword ??= typedPassword();
  const salts = section(wordpress, "salts", path);
  for (const name of saltNames) salts[name] ??= salt();
  section(document, "ledger", path).key ??= apiKey();
  section(document, "dns", path).apiKey ??= apiKey();
}

/** Makes the certificates that are missing; one that is there stays, whatever names a new configuration would give it. */
async function fillCertificates(tls: Section, path: string, plan: SecretsPlan): Promise<void> {
  const missing = leavesOf(plan, hostIds(plan.regionPlans)).filter(
    (leaf) => section(tls, leaf.section, path)[leaf.key] === undefined,
  );
  if (tls.ca !== undefined && tls.site !== undefined && missing.length === 0) return;
  // Loaded only where a certificate is to be made: it costs a tenth of a second.
  const { makeAuthority, makeCertificate } = await import("./certificates.ts");
  tls.ca ??= await makeAuthority(plan.site);
  const authority = tls.ca;
  if (!isCertificate(authority)) throw damaged(path, "tls.ca is no key with a certificate");
  tls.site ??= await makeCertificate(authority, siteLeaf(plan));
  for (const leaf of missing)
    section(tls, leaf.section, path)[leaf.key] = await makeCertificate(authority, leaf);
}

/** A damaged authority must not get as far as signing, where it would be an error of the library. */
function isCertificate(value: unknown): value is Certificate {
  const { key, certificate } = Object(value) as Partial<Certificate>;
  return typeof key === "string" && typeof certificate === "string";
}

function section(parent: Section, name: string, path: string): Section {
  parent[name] ??= {};
  const value = parent[name];
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Section;
  throw damaged(path, `${name} is no object`);
}

function parseDocument(path: string, text: string): Section {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw damaged(path, "it is no JSON document");
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Section;
  throw damaged(path, "it holds no object");
}

function parseFilled(path: string, text: string): SiteSecrets {
  try {
    return parseSecrets(text, path);
  } catch (error) {
    throw damaged(path, (error as Error).message);
  }
}

function damaged(path: string, why: string): UserError {
  return new UserError({
    what: `the site's secrets in ${path} are damaged; nothing was changed`,
    why,
    next: "restore the file from a copy; only if this site was never rolled out, remove the file and run the command again",
    exitCode: exitCodes.usage,
    code: "secrets-damaged",
  });
}
