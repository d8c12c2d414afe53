import { describe, expect, test } from "@jest/globals";
import { whyKept } from "../../../automation/rollout/destroy.ts";
import {
  type DatabaseAnswers,
  interruptedActive,
  resumeProblems,
} from "../../../automation/rollout/resume.ts";
import { active, standby } from "../failover/sites.ts";

const known = (facts: typeof active | typeof standby) => ({ facts, why: null });
const readOnly = { ...active, writable: false };
const silent = { facts: null, why: "no answer" };
const answers = (primary: DatabaseAnswers[string], secondary: DatabaseAnswers[string]): DatabaseAnswers => ({
  primary,
  secondary,
});

describe("resuming a region (W1)", () => {
  test("is allowed when every peer answers and none is newer or a writer", () => {
    const all = answers(known(readOnly), known(standby));
    expect(interruptedActive(all)).toBe("primary");
    expect(resumeProblems("primary", all)).toEqual([]);
  });

  test.each([
    ["a silent peer", silent, "can't be asked"],
    ["a peer with a newer epoch", known({ ...standby, epoch: 2 }), "newer epoch 2"],
    ["a peer that may write", known({ ...standby, writable: true }), "may accept writes"],
    ["another active one", known({ ...active, writable: false }), "is active"],
  ])("is refused with the reason: %s", (_, peer, reason) => {
    const problems = resumeProblems("primary", answers(known(readOnly), peer));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(reason);
  });

  test("is refused for a region that is silent, standby or unseeded itself", () => {
    for (const own of [silent, known(standby), known({ ...standby, role: "unseeded" as const })]) {
      expect(resumeProblems("primary", answers(own, known(standby)))).not.toEqual([]);
    }
  });

  test("is not even tried where a writer exists, however old the other active one is", () => {
    expect(
      interruptedActive(
        answers(
          known(readOnly),
          known({ ...active, epoch: 2, heartbeat: { region: "secondary", epoch: 2, ageSeconds: 0 } }),
        ),
      ),
    ).toBeNull();
    expect(interruptedActive(answers(known(active), known(standby)))).toBeNull();
    expect(interruptedActive(answers(silent, known(standby)))).toBeNull();
  });
});

describe("destroying one region", () => {
  test("[P2] is refused for the active one, and for a silent one that may be it", () => {
    expect(whyKept("primary", answers(known(active), known(standby)))).toContain("active region");
    expect(whyKept("primary", answers(known(readOnly), known(standby)))).toContain("active region");
    expect(whyKept("primary", answers(silent, known(standby)))).toContain("can't be asked");
    expect(whyKept("primary", answers(silent, silent))).toContain("can't be asked");
  });

  test("is allowed for a standby, for a silent one beside the writer, and where no host exists", () => {
    expect(whyKept("secondary", answers(known(active), known(standby)))).toBeNull();
    expect(whyKept("secondary", answers(known(active), silent))).toBeNull();
    expect(whyKept("secondary", { primary: known(active) })).toBeNull();
  });
});
