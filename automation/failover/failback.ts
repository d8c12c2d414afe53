import type { SiteConfig } from "../../components/config.ts";
import { proveEquality } from "./equality.ts";
import { type SwitchoverArgs, switchSite } from "./switchover.ts";

export type FailbackArgs = Omit<SwitchoverArgs, "to">;

/** The region that the site belongs to while all is well. */
export function preferredRegion({
  preferred,
  initialActive,
}: Pick<SiteConfig, "preferred" | "initialActive">): string {
  return preferred ?? initialActive;
}

/**
 * `evenkeel failback`: a switchover to the preferred region, behind the proof that every row is the same in both. The
 * proof is printed, and kept beside the journal.
 */
export async function failback(args: FailbackArgs, config: SiteConfig): Promise<void> {
  const to = preferredRegion(config);
  await switchSite({ ...args, to }, { kind: "failback", prove: proveEquality });
}
