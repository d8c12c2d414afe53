import type { DrillRound } from "../../../automation/drill/document.ts";
import { figuresOf } from "../../../automation/drill/figures.ts";
import { objectivesOf } from "../../../automation/drill/objectives.ts";
import { made, seen } from "./made.ts";

export const attempts = [1000, 4900, 9000, 19_900, 20_400].flatMap((at) => [
  made({ at }),
  made({ at, status: 200, kind: "read", id: null }),
]);

/** A round of a drill that went well, or what is said of it. */
export function round(more: Partial<DrillRound> = {}): DrillRound {
  const phases = [
    { name: "fault (region)", planned: false, fromMs: 5000 },
    { name: "failback", planned: true, fromMs: 20_000 },
  ];
  const figures = figuresOf(seen(attempts, { phases, endedMs: 20_500 }));
  const step = { of: "drill", name: "inject the fault", region: null, why: "the order of the drill" };
  return {
    round: 1,
    active: "primary",
    target: "secondary",
    epochBefore: 1,
    epochAfter: 3,
    startedMs: 0,
    endedMs: 21_000,
    phases,
    steps: [{ ...step, startedMs: 5000, endedMs: 5200, outcome: "done", note: null }],
    figures,
    objectives: objectivesOf(figures, { rtoMs: 30_000, rpoRows: 0 }, 0),
    rows: "equal",
    loss: null,
    failure: null,
    ...more,
  };
}
