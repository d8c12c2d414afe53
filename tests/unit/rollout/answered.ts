import type { HostAnswers } from "../../../automation/rollout/answers.ts";
import { active, standby } from "../failover/sites.ts";

/** What hosts of two regions may have answered. */
export const gate = (epoch: number | null) => [
  {
    host: "web-1",
    gate: "closed" as const,
    epoch,
    version: null,
    warning: null,
    cron: "active" as const,
    uploadsThere: true,
    why: epoch === null ? "no route" : null,
  },
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
