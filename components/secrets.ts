import { readFileSync } from "node:fs";
import { z } from "zod";

const keyPair = z.strictObject({ privateKey: z.string().min(1), publicKey: z.string().min(1) });
const certificate = z.strictObject({ key: z.string().min(1), certificate: z.string().min(1) });

const s3Key = z.strictObject({ accessKey: z.string().min(1), secretKey: z.string().min(1) });
const storeKeys = z.strictObject({ operator: s3Key, media: s3Key });

export const saltNames = [
  "AUTH_KEY",
  "SECURE_AUTH_KEY",
  "LOGGED_IN_KEY",
  "NONCE_KEY",
  "AUTH_SALT",
  "SECURE_AUTH_SALT",
  "LOGGED_IN_SALT",
  "NONCE_SALT",
] as const;

/**
 * Everything secret of a site, made once and the same for all its regions. `ssh.hosts` is keyed by host id
 * ("primary/database"), `tls.databases`, `tls.stores` and `store` by region. Keys and certificates are PEM, public keys one line.
 */
export const siteSecretsSchema = z.strictObject({
  apiVersion: z.literal("evenkeel/v1"),
  ssh: z.strictObject({ user: keyPair, peer: keyPair, hosts: z.record(z.string(), keyPair) }),
  tls: z.strictObject({
    ca: certificate,
    site: certificate,
    databases: z.record(z.string(), certificate),
    stores: z.record(z.string(), certificate),
  }),
  database: z.strictObject({
    app: z.string().min(1),
    replication: z.string().min(1),
    health: z.string().min(1),
  }),
  cache: z.strictObject({ web: z.string().min(1) }),
  store: z.record(z.string(), storeKeys),
  wordpress: z.strictObject({
    adminUser: z.string().min(1),
    adminPassword: z.string().min(1),
    salts: z.record(z.enum(saltNames), z.string().min(1)),
  }),
  dns: z.strictObject({ apiKey: z.string().min(1) }),
});

export type SiteSecrets = z.infer<typeof siteSecretsSchema>;
export type KeyPair = z.infer<typeof keyPair>;
export type Certificate = z.infer<typeof certificate>;

/**
 * Parses a secrets document. Errors name the field, never a value. `source` says where the text came from.
 */
export function parseSecrets(text: string, source: string): SiteSecrets {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error(`${source} is no JSON document`);
  }
  const parsed = siteSecretsSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map((issue) => issue.path.join(".") || "(whole document)");
  throw new Error(`${source}: wrong or missing: ${[...new Set(fields)].join(", ")}`);
}

/** The site's secrets: the config secret where there is one, else the file of this clone. */
export function readSecrets(secretDocument: string | null, file: string): SiteSecrets {
  if (secretDocument !== null) return parseSecrets(secretDocument, "the config secret evenkeel:secrets");
  return parseSecrets(readFileSync(file, "utf8"), file);
}

/** One key pair by host id; a missing one means that the site's files are older than its configuration. */
export function hostKeyPair(secrets: SiteSecrets, hostId: string): KeyPair {
  const pair = secrets.ssh.hosts[hostId];
  if (pair === undefined)
    throw new Error(`the secrets hold no host key for ${hostId}: run npx evenkeel env once`);
  return pair;
}
