import { describe, expect, test } from "@jest/globals";
import { runSteps, type Step, type StepEvent } from "../../../automation/engine/steps.ts";
import { UserError } from "../../../automation/errors.ts";

function step(name: string, after: string[], run: Step["run"]): Step {
  return { name, after, run };
}
const found = async () => ({ state: "found" as const, detail: "" });
const refused = async (): Promise<never> => {
  throw new UserError({ what: "can't be had" });
};

async function eventsOf(steps: Step[], signal?: AbortSignal): Promise<{ events: string[]; error: unknown }> {
  const events: StepEvent[] = [];
  const error = await runSteps({ steps, report: (event) => events.push(event), signal }).catch(
    (thrown) => thrown,
  );
  return { events: events.map((event) => `${event.step} ${event.state} ${event.detail}`.trim()), error };
}

describe("set-up steps", () => {
  test("a step starts only after those it waits for, and steps that wait for nothing run at once", async () => {
    let release = (): void => undefined;
    const slow = step("slow", [], async () => {
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      return { state: "done", detail: "made" };
    });
    const quick = step("quick", [], async () => {
      // Only ends because both run at the same time.
      release();
      return { state: "found", detail: "" };
    });
    const { events, error } = await eventsOf([slow, quick, step("last", ["slow"], found)]);
    expect(error).toBeUndefined();
    expect(events).toEqual([
      "slow start",
      "quick start",
      "quick found",
      "slow done made",
      "last start",
      "last found",
    ]);
  });

  test("a failure is thrown, its dependents never start, and the others are told to stop", async () => {
    let stopped = false;
    const builder = step("builder", [], async ({ signal }) => {
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      stopped = true;
      throw new Error("killed");
    });
    const { events, error } = await eventsOf([
      builder,
      step("bad", [], refused),
      step("next", ["bad"], found),
    ]);
    expect(error).toMatchObject({ what: "can't be had" });
    expect(stopped).toBe(true);
    expect(events).toEqual([
      "builder start",
      "bad start",
      "bad failed can't be had",
      "builder failed stopped",
    ]);
  });

  test("an interrupt that came before ends the set-up with the interrupt's exit code and no step", async () => {
    const { events, error } = await eventsOf([step("one", [], found)], AbortSignal.abort());
    expect(events).toEqual([]);
    expect(error).toMatchObject({ exitCode: 130 });
  });

  test("an interrupt while a step runs ends with the interrupt's exit code, not with the step's failure", async () => {
    const user = new AbortController();
    const build = step("build", [], async () => {
      user.abort();
      throw new UserError({ what: "Go could not build" });
    });
    const { error } = await eventsOf([build], user.signal);
    expect(error).toMatchObject({ exitCode: 130, code: "interrupted" });
  });

  test("waiting for a step that doesn't come before is a bug and is said at once", async () => {
    const { error } = await eventsOf([step("one", ["two"], found), step("two", [], found)]);
    expect(error).toMatchObject({ message: expect.stringContaining('"one" waits for "two"') });
  });
});
