import type { KeeperConfig } from "../../../automation/keeper/state.ts";
import type { Durability } from "../../../automation/keeper/store.ts";

/** An armed keeper with the lease of hosts a few milliseconds apart (writer.md, W3: "Lab"). Restarts are short here. */
export function keeperConfig(region: string, peers: readonly string[], durability: Durability): KeeperConfig {
  return {
    region,
    peers,
    leaseMs: 2400,
    renewMs: 200,
    softMs: 2200,
    hardMs: 8000,
    answerMs: 1000,
    boundedWaitMs: 2000,
    restartMs: 3000,
    fenceMs: 30_000,
    addAgainMs: 5000,
    durability,
    mostAckers: 1,
    armed: true,
  };
}
