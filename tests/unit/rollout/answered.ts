import type { HostAnswers } from "../../../automation/rollout/answers.ts";
import { active, standby, webHost } from "../failover/sites.ts";

/** What hosts of two regions may have answered. */
export const gate = (epoch: number | null) => [
  webHost({ host: "web-1", gate: "closed", epoch, why: epoch === null ? "no route" : null }),
];
export const known = (facts: typeof active | typeof standby, epoch: number | null = 1) => ({
  facts,
  why: null,
  web: gate(epoch),
});
export const readOnly = { ...active, writable: false };
export const unseeded = { ...standby, role: "unseeded" as const, epoch: 0, heartbeat: null };
export const silent = { facts: null, why: "no answer", web: gate(null) };
export const answers = (primary: HostAnswers[string], secondary: HostAnswers[string]): HostAnswers => ({
  primary,
  secondary,
});
