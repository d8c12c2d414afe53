import * as pulumi from "@pulumi/pulumi";
import { copyToHost, facts, type HostTarget, hostRole } from "./remote.ts";
import { hostFile, render } from "./render.ts";
import { secretFiles, siteFiles, webFiles } from "./web-files.ts";
import type { WebSettings } from "./web-settings.ts";

const roleTimeoutSeconds = 900;
/** Where the archive is left by the login user; the role checks and takes it over. */
const pushedArchive = "/var/tmp/evenkeel-wordpress-core.tar.gz";
const pushedDropIn = "/var/tmp/evenkeel-pg4wp.tar.gz";

export interface WebHostArgs extends WebSettings {
  target: HostTarget;
}

/** What the role reports: the same object as `evenkeel-web status`. */
interface WebFacts {
  gate: "open" | "closed";
  epoch: number;
  versions: { nginx: string; php: string; wordpress: string };
  core: { version: string; source: "archive" | "package"; treeHash: string };
  /** The pool's size, the memory it was reckoned from, and what is wrong with a size from the configuration. */
  php: { maxChildren: number; memoryMib: number; warning: string | null };
}

/** A web host: nginx, PHP-FPM and WordPress with the gate of writer.md, W13. Refuses arguments that can't work. */
export class WebHost extends pulumi.ComponentResource {
  readonly facts: pulumi.Output<WebFacts>;
  /** To depend on: resolves when the host answers at /evenkeel/live. */
  readonly ready: pulumi.Output<string>;

  constructor(name: string, args: WebHostArgs, opts?: pulumi.ComponentResourceOptions) {
    super("evenkeel:host:Web", name, {}, opts);
    refuseWrong(args);
    const archive = pushArchive(name, args, this);
    const dropIn = pushDropIn(name, args, this);
    const role = hostRole(
      `${name}-role`,
      {
        target: args.target,
        role: "web",
        files: [...webFiles(), ...siteFiles(args), ...secretFiles(args)],
        script: render(hostFile("wordpress/setup.sh"), {
          ARCHIVE_WANTED: archive ? "yes" : "no",
          UPLOADS_DEVICE: args.uploadsDevice ?? "",
          ENGINE: args.engine,
          WORDPRESS: args.wordpress ? "yes" : "no",
          DROP_IN: dropIn ? "yes" : "no",
        }),
        timeoutSeconds: roleTimeoutSeconds,
      },
      { parent: this, dependsOn: [archive, dropIn].filter((pushed) => pushed !== null) },
    );
    this.facts = facts<WebFacts>(role);
    this.ready = role.id;
    this.registerOutputs({ facts: this.facts, ready: this.ready });
  }
}

function refuseWrong(args: WebHostArgs): void {
  if (args.balancerAddresses.length === 0) {
    throw new Error(
      `${args.site}: balancerAddresses is empty: every visitor would seem to come from the balancer`,
    );
  }
  if (args.wordpressCore !== null && !/^[0-9a-f]{64}$/.test(args.wordpressCore.sha256)) {
    throw new Error("wordpressCore.sha256 is no SHA-256 checksum (64 hexadecimal digits)");
  }
  if (args.wordpress && (args.engine === "postgresql") !== (args.dropIn !== null)) {
    throw new Error("dropIn is what WordPress needs on PostgreSQL, and on nothing else");
  }
  if (args.dropIn !== null && !/^[0-9a-f]{64}$/.test(args.dropIn.treeHash)) {
    throw new Error("dropIn.treeHash is no SHA-256 checksum (64 hexadecimal digits)");
  }
  if (args.uploadsDevice !== null && !/^\/dev\/[\w.:/-]+$/.test(args.uploadsDevice)) {
    throw new Error(`uploadsDevice: "${args.uploadsDevice}" is no path of a device such as /dev/sdb`);
  }
}

function pushArchive(name: string, args: WebHostArgs, parent: pulumi.Resource) {
  if (args.wordpressCore === null) return null;
  const copy = { target: args.target, localPath: args.wordpressCore.localPath, remotePath: pushedArchive };
  return copyToHost(`${name}-core`, copy, { parent });
}

function pushDropIn(name: string, args: WebHostArgs, parent: pulumi.Resource) {
  if (args.dropIn === null) return null;
  const copy = { target: args.target, localPath: args.dropIn.localPath, remotePath: pushedDropIn };
  return copyToHost(`${name}-drop-in`, copy, { parent });
}
