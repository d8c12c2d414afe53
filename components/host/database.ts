import * as pulumi from "@pulumi/pulumi";
import { databaseFiles, databaseScript } from "./database-files.ts";
import type { DatabaseSecrets, DatabaseSettings, Engine } from "./database-settings.ts";
import { facts, type HostTarget, hostRole } from "./remote.ts";

export interface DatabaseHostArgs extends DatabaseSettings {
  target: HostTarget;
  secrets: pulumi.Input<DatabaseSecrets>;
}

/** What the role reports. `restartNeeded`: new settings wait for a restart that only an operator starts. */
export interface DatabaseHostFacts {
  engine: Engine;
  version: string | null;
  package: string;
  serverId: number;
  role: "active" | "standby" | "fenced" | "unseeded";
  epoch: number;
  running: boolean;
  restartNeeded: boolean;
  machineId: string;
}

/** Package installs through a region's cache are the long part. */
const installSeconds = 900;

/**
 * A database host: empty, un-joined and read-only until `evenkeel-db` gives it a role (writer.md, W1 and W2). Throws,
 * naming the argument, on settings that can't work together.
 */
export class DatabaseHost extends pulumi.ComponentResource {
  readonly facts: pulumi.Output<DatabaseHostFacts>;
  /** To depend on: resolves when the server answers with the settings it was given. */
  readonly ready: pulumi.Output<string>;

  constructor(name: string, args: DatabaseHostArgs, opts?: pulumi.ComponentResourceOptions) {
    const files = databaseFiles(args);
    super("evenkeel:host:Database", name, {}, opts);
    const secrets = pulumi.secret(args.secrets);
    const role = hostRole(
      `${name}-role`,
      {
        target: args.target,
        role: args.engine,
        files: files.map((file) => ({ ...file, content: secrets.apply((values) => file.content(values)) })),
        script: databaseScript(args.engine),
        timeoutSeconds: installSeconds,
      },
      { parent: this },
    );
    this.facts = facts<DatabaseHostFacts>(role);
    this.ready = role.id;
    this.registerOutputs({ facts: this.facts, ready: this.ready });
  }
}
