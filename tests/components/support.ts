import * as pulumi from "@pulumi/pulumi";
import { parseConfig, type SiteConfig } from "../../components/config.ts";
import type { LabAccess } from "../../components/lab/connections.ts";
import { saltNames } from "../../components/secrets.ts";

/** A resource as the engine would have been asked for it. */
export interface Registered {
  type: string;
  name: string;
  inputs: Record<string, unknown>;
  protect: boolean;
  deleteBeforeReplace: boolean;
}

export const registered: Registered[] = [];

/** Region stacks as the global one reads them, by name. */
export const stackOutputs: Record<string, unknown> = {};

/** No engine and no plugin: resources are written down, machines answer with an id made of their name. */
export async function mockEngine(stack: string): Promise<void> {
  registered.length = 0;
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        const own = inputs as Record<string, unknown>;
        const known = registered.find((one) => one.name === name && one.type === type);
        if (known !== undefined) known.inputs = own;
        if (type === "pulumi:pulumi:StackReference") {
          return { id: name, state: { ...own, outputs: { outputs: stackOutputs[String(own.name)] } } };
        }
        return { id: `${name}-id`, state: { ...own, stdout: JSON.stringify(factsOf(name)) } };
      },
      call: () => ({}),
    },
    "shop",
    stack,
    false,
  );
}

/** What the registered commands have lab-host.sh make, by name. */
export function namesTaken(): string[] {
  return registered.flatMap(
    ({ inputs }) => /lab-host\.sh" \w+ create (\S+)$/.exec(String(inputs.create))?.[1] ?? [],
  );
}

/** Options of a component under test: each of its resources is written down with its own options. */
export const watched: pulumi.ComponentResourceOptions = {
  transformations: [
    ({ type, name, props, opts }) => {
      const { protect, deleteBeforeReplace } = opts as pulumi.CustomResourceOptions;
      registered.push({
        type,
        name,
        inputs: {},
        protect: protect === true,
        deleteBeforeReplace: deleteBeforeReplace === true,
      });
      return { props, opts };
    },
  ],
};

function factsOf(name: string): Record<string, unknown> {
  if (name.endsWith("-machine")) return { machineId: `id-of-${name}` };
  return name.endsWith("-birth") ? { born: true, region: "primary", epoch: 1 } : {};
}

export const siteConfig: SiteConfig = parseConfig(
  "shop",
  {
    provider: "lab",
    regions: ["primary", "secondary"],
    initialActive: "primary",
    engine: "mariadb",
    domain: "shop.lab.test",
    adminEmail: "admin@shop.lab.test",
    webServers: 2,
    networks: {
      primary: "10.10.0.0/16",
      secondary: "10.20.0.0/16",
      third: "10.30.0.0/16",
      peering: "10.99.0.0/24",
    },
  },
  {},
);

const hostIds = ["primary", "secondary"].flatMap((region) =>
  ["gateway", "database", "cache", "store", "web-1", "web-2"].map((role) => `${region}/${role}`),
);

/** Every secret holds this word, so that a leak of any of them is found by looking for one. */
export const canary = "canary";
const secret = (name: string) => `${canary}-${name}-0123456789abcdef0123456789abcdef`;
const keyPair = (name: string) => ({
  privateKey: secret(name),
  publicKey: `ssh-ed25519 AAAA${name.replace("/", "")}`,
});
const certificate = (name: string) => ({ key: secret(name), certificate: `certificate of ${name}` });

export const access: LabAccess = {
  ports: {
    primary: { ssh: 1, https: 2 },
    secondary: { ssh: 3, https: 4 },
    third: { ssh: 5, https: 6, dns: 7 },
  },
  core: null,
  dropIn: null,
  store: { sha256: "ab".repeat(32), localPath: import.meta.filename },
  keeperNode: { version: "v24.0.0", sha256: "cd".repeat(32), localPath: import.meta.filename },
  secrets: {
    apiVersion: "evenkeel/v1",
    ssh: {
      user: keyPair("user"),
      peer: keyPair("peer"),
      hosts: Object.fromEntries([...hostIds, "third/edge"].map((id) => [id, keyPair(id)])),
    },
    tls: {
      ca: certificate("ca"),
      site: certificate("site"),
      databases: { primary: certificate("primary"), secondary: certificate("secondary") },
      stores: { primary: certificate("primary store"), secondary: certificate("secondary store") },
      etcd: Object.fromEntries(
        ["primary", "secondary", "third"].map((place) => [place, certificate(`etcd of ${place}`)]),
      ),
      keepers: Object.fromEntries(
        hostIds.filter((id) => /database|web/.test(id)).map((id) => [id, certificate(`keeper of ${id}`)]),
      ),
    },
    database: { app: secret("app"), replication: secret("replication"), health: secret("health") },
    cache: { web: secret("cache") },
    store: Object.fromEntries(
      ["primary", "secondary"].map((region) => {
        const key = (of: string) => ({
          accessKey: `${of}0123456789ABCDEF`,
          secretKey: `${canary}${region}${of}0123456789abcdef`,
        });
        return [region, { operator: key("OPERATOR"), media: key("MEDIA") }];
      }),
    ),
    wordpress: {
      adminUser: "admin",
      adminPassword: secret("admin"),
      salts: Object.fromEntries(
        saltNames.map((name) => [name, secret(name)]),
      ) as LabAccess["secrets"]["wordpress"]["salts"],
    },
    ledger: { key: secret("ledger") },
    dns: { apiKey: secret("dns") },
  },
};

/** Waits until an output has its value: all resources it rests on are registered then. */
export function valueOf<T>(output: pulumi.Output<T>): Promise<pulumi.Unwrap<T>> {
  return new Promise((resolve) => {
    output.apply((value) => resolve(value as pulumi.Unwrap<T>));
  });
}
