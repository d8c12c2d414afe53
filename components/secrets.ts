import { readFileSync } from "node:fs";
import { z } from "zod";

/**
 * The fewest characters of a secret. Errors and logs are cleaned of whatever is as long: to take out a shorter value
 * would eat ordinary words.
 */
export const shortestSecret = 8;

const secret = z.string().refine((text) => text.trim().length >= shortestSecret, {
  message: `at least ${shortestSecret} characters`,
});

/** Secrets that hosts write into files which take no other text: what each may be, and the same in words. */
export const secretShapes = {
  /** An environment file, a curl configuration and a script's line. */
  storeKey: { pattern: /^[A-Za-z0-9]{16,64}$/, words: "16 to 64 letters and digits" },
  /** A line of pdns.conf, a header of HTTP. */
  apiKey: {
    pattern: /^[A-Za-z0-9._~+/=-]{16,}$/,
    words: "at least 16 characters of A-Z, a-z, 0-9 and ._~+/=-",
  },
  salt: { pattern: /\S.{30,}\S/s, words: "at least 32 characters" },
} as const;

function shaped({ pattern, words }: { pattern: RegExp; words: string }) {
  return z.string().refine((text) => pattern.test(text), { message: words });
}

const open = z.string().min(1);

const keyPair = z.strictObject({ privateKey: secret, publicKey: open });
const certificate = z.strictObject({ key: secret, certificate: open });

const storeKey = shaped(secretShapes.storeKey);
const s3Key = z.strictObject({ accessKey: storeKey, secretKey: storeKey });
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
 * ("primary/database"), `tls.databases`, `tls.stores` and `store` by region, `tls.etcd` by place (its member of etcd,
 * server and client in one), `tls.keepers` by host id (clients of etcd, and nothing else). Keys and certificates are PEM, public keys one line.
 */
export const siteSecretsSchema = z.strictObject({
  apiVersion: z.literal("evenkeel/v1"),
  ssh: z.strictObject({ user: keyPair, peer: keyPair, hosts: z.record(z.string(), keyPair) }),
  tls: z.strictObject({
    ca: certificate,
    site: certificate,
    databases: z.record(z.string(), certificate),
    stores: z.record(z.string(), certificate),
    // A document of before they were needed is whole: `evenkeel env`, `provision` and their like add what is missing.
    etcd: z.record(z.string(), certificate).default({}),
    keepers: z.record(z.string(), certificate).default({}),
  }),
  database: z.strictObject({
    app: secret,
    replication: secret,
    health: secret,
  }),
  cache: z.strictObject({ web: secret }),
  store: z.record(z.string(), storeKeys),
  wordpress: z.strictObject({
    adminUser: open,
    adminPassword: secret,
    salts: z.record(z.enum(saltNames), shaped(secretShapes.salt)),
  }),
  ledger: z.strictObject({ key: shaped(secretShapes.apiKey) }),
  dns: z.strictObject({ apiKey: shaped(secretShapes.apiKey) }),
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
  const fields = parsed.error.issues.map(({ path, code, message }) => {
    const field = path.join(".") || "(whole document)";
    // Zod's own messages may quote what they met; a refinement's is ours.
    return code === "custom" ? `${field} (${message} are needed)` : field;
  });
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
