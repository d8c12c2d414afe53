import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { requireAddress } from "./haproxy.ts";
import { facts, type HostTarget, hostRole } from "./remote.ts";
import { hostFile, render } from "./render.ts";

export interface CacheHostArgs {
  target: HostTarget;
  /** The address in the region, the only one but loopback that it listens at. */
  address: string;
  /** What the web hosts know it by. */
  user: { name: string; password: pulumi.Input<string> };
  maxMemoryMb: number;
}

/** What the role reports, read back from the running server. */
export interface CacheFacts {
  redis: string;
  maxMemoryBytes: number;
  policy: string;
  maxClients: number;
}

const installSeconds = 300;

/**
 * What the web hosts' user may do: its own keys, no command that looks at or empties the whole server
 * (redis.io, ACL: @dangerous holds FLUSHALL, KEYS, CONFIG and their like).
 */
const rights = "~evenkeel:* resetchannels -@all +@read +@write +@connection -@dangerous";

/** The line of the access list; it holds the password's hash only. */
export function webUserLine(name: string, password: string): string {
  return `user ${name} on #${createHash("sha256").update(password).digest("hex")} ${rights}\n`;
}

/** Redis as the object cache of one region: in memory only, bounded, and never missed when it is gone. */
export class CacheHost extends pulumi.ComponentResource {
  readonly facts: pulumi.Output<CacheFacts>;
  readonly ready: pulumi.Output<string>;

  constructor(name: string, args: CacheHostArgs, opts?: pulumi.ComponentResourceOptions) {
    requireAddress("address", args.address);
    super("evenkeel:host:Cache", name, {}, opts);
    const { name: user, password } = args.user;
    const role = hostRole(
      name,
      {
        target: args.target,
        role: "redis",
        files: [
          {
            path: "/etc/redis/evenkeel.conf",
            content: render(hostFile("redis/evenkeel.conf"), {
              ADDRESS: args.address,
              MAX_MEMORY_MB: args.maxMemoryMb,
            }),
          },
          {
            path: "/etc/evenkeel/redis-web.acl",
            content: pulumi.output(password).apply((text) => webUserLine(user, text)),
            mode: "0600",
          },
          {
            path: "/etc/systemd/system/redis-server.service.d/evenkeel.conf",
            content: hostFile("redis/redis-evenkeel.conf"),
          },
        ],
        script: hostFile("redis/setup.sh"),
        timeoutSeconds: installSeconds,
      },
      { parent: this },
    );
    this.facts = facts<CacheFacts>(role);
    this.ready = role.id;
    this.registerOutputs({ facts: this.facts, ready: this.ready });
  }
}
