import * as pulumi from "@pulumi/pulumi";
import { secretShapes } from "../secrets.ts";
import { requireAddress, type SiteTls } from "./haproxy.ts";
import { copyToHost, facts, type HostFile, type HostTarget, hostRole } from "./remote.ts";
import { hostFile, render } from "./render.ts";

/** An S3 key pair. The access key is a name, only the secret key is secret. */
interface StoreKey {
  accessKey: string;
  secretKey: pulumi.Input<string>;
}

export interface StorageHostArgs {
  target: HostTarget;
  /** The address in the region, the only one that it listens at. */
  address: string;
  /** Stands in the web tier's certificate as an address or name, so that clients can check it. */
  tls: SiteTls;
  /** The region's name, which S3 clients sign with. */
  region: string;
  bucket: string;
  /** Makes accounts and buckets; stays on the host. */
  operator: StoreKey;
  /** Owns the bucket, and no other. */
  media: StoreKey;
  program: StoreProgram;
}

/** versitygw on this machine, as set-up found or built it. */
export interface StoreProgram {
  localPath: string;
  sha256: string;
}

/** What the role reports, asked of the running store. */
export interface StorageFacts {
  versitygw: string;
  bucket: string;
  endpoint: string;
  versioning: boolean;
}

/** Any port will do; this is the one that versitygw's own documentation uses (github.com/versity/versitygw, README). */
export const storePort = 7070;
const setUpSeconds = 300;
const pushedProgram = "/var/tmp/evenkeel-versitygw";
const bucketName = /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/;
const { pattern: keyText, words: keyWords } = secretShapes.storeKey;

/** An S3 object store for one region: TLS, its own keys, one bucket that keeps every version. */
export class StorageHost extends pulumi.ComponentResource {
  readonly facts: pulumi.Output<StorageFacts>;
  readonly ready: pulumi.Output<string>;

  constructor(name: string, args: StorageHostArgs, opts?: pulumi.ComponentResourceOptions) {
    refuseWrong(args);
    super("evenkeel:host:Storage", name, {}, opts);
    const copy = {
      target: args.target,
      localPath: args.program.localPath,
      remotePath: pushedProgram,
    };
    const program = copyToHost(`${name}-program`, copy, { parent: this });
    const role = hostRole(
      name,
      {
        target: args.target,
        role: "store",
        files: storageFiles(args),
        script: storageScript(args),
        timeoutSeconds: setUpSeconds,
      },
      { parent: this, dependsOn: [program] },
    );
    this.facts = facts<StorageFacts>(role);
    this.ready = role.id;
    this.registerOutputs({ facts: this.facts, ready: this.ready });
  }
}

type PlainArgs = Omit<StorageHostArgs, "target" | "tls">;

/** Throws, naming the argument. Everything checked here is written into shell lines. */
function refuseWrong({ address, bucket, operator, media, region, program }: PlainArgs): void {
  requireAddress("address", address);
  if (!bucketName.test(bucket))
    throw new Error(`bucket: "${bucket}" is no bucket name (3 to 63 of a-z, 0-9 and -)`);
  for (const { accessKey } of [operator, media])
    if (!keyText.test(accessKey)) throw new Error(`accessKey: ${keyWords} are needed`);
  if (!/^[a-z][a-z0-9-]*$/.test(region)) throw new Error(`region: "${region}" is no region's name`);
  if (!/^[0-9a-f]{64}$/.test(program.sha256)) throw new Error("program.sha256 is no SHA-256 checksum");
}

export function storageScript({ address, region, bucket, media, program }: PlainArgs): string {
  return render(hostFile("versitygw/setup.sh"), {
    ADDRESS: address,
    PORT: storePort,
    REGION: region,
    BUCKET: bucket,
    OWNER: media.accessKey,
    SHA256: program.sha256,
  });
}

function storageFiles({ address, region, operator, media, tls }: StorageHostArgs): HostFile[] {
  const secret = (path: string, key: StoreKey, text: (secretKey: string) => string): HostFile => ({
    path,
    content: pulumi.output(key.secretKey).apply((secretKey) => text(checkedKey(secretKey))),
    mode: "0600",
    own: true,
  });
  const login =
    ({ accessKey }: StoreKey) =>
    (secretKey: string) =>
      `user = "${accessKey}:${secretKey}"\n`;
  return [
    {
      path: "/etc/systemd/system/evenkeel-store.service",
      content: render(hostFile("versitygw/evenkeel-store.service"), {
        ADDRESS: address,
        PORT: storePort,
        REGION: region,
      }),
    },
    secret(
      "/etc/evenkeel/store.env",
      operator,
      (secretKey) => `ROOT_ACCESS_KEY=${operator.accessKey}\nROOT_SECRET_KEY=${secretKey}\n`,
    ),
    secret("/etc/evenkeel/store-operator.curl", operator, login(operator)),
    secret("/etc/evenkeel/store-media.curl", media, login(media)),
    secret("/etc/evenkeel/store-users.json", media, (secretKey) => usersFile(media.accessKey, secretKey)),
    { path: "/etc/evenkeel/tls/ca.pem", content: tls.ca },
    { path: "/etc/evenkeel/tls/site.pem", content: tls.certificate, own: true },
    {
      path: "/etc/evenkeel/tls/store-key.pem",
      content: tls.key,
      mode: "0640",
      owner: "root:evenkeel-store",
      own: true,
    },
  ];
}

/** The key goes into an environment file and a curl configuration: only characters that need no quoting there. */
function checkedKey(secretKey: string): string {
  if (keyText.test(secretKey)) return secretKey;
  throw new Error(`secretKey: ${keyWords} are needed`);
}

/** versitygw's own format of accounts (auth/iam_internal.go): "user" may do what bucket owners and policies allow. */
function usersFile(accessKey: string, secretKey: string): string {
  const account = { access: accessKey, secret: secretKey, role: "user", userID: 0, groupID: 0, projectID: 0 };
  return `${JSON.stringify({ accessAccounts: { [accessKey]: account } })}\n`;
}
