import { describe, expect, test } from "@jest/globals";
import { createInterrupts } from "../../automation/interrupt.ts";

function watched() {
  const log: string[] = [];
  let milliseconds = 0;
  const interrupts = createInterrupts({
    say: () => log.push("said"),
    end: () => log.push("ended"),
    now: () => milliseconds,
  });
  const wait = (ms: number) => {
    milliseconds += ms;
  };
  return { interrupts, log, wait };
}

describe("[P18] Ctrl-C", () => {
  test("outside a guarded step ends the command at once", () => {
    const { interrupts, log } = watched();
    interrupts.receive();
    expect(log).toEqual(["ended"]);
    expect(interrupts.signal.aborted).toBe(false);
  });

  test("in a guarded step asks it to finish; the second one aborts what lives on and ends", async () => {
    const { interrupts, log, wait } = watched();
    const forget = interrupts.onAbort(() => log.push("forgotten"));
    forget();
    interrupts.onAbort(() => log.push("killed"));
    await interrupts.guard(async () => {
      interrupts.check();
      interrupts.receive();
      expect(interrupts.signal.aborted).toBe(true);
      expect(() => interrupts.check()).toThrow("stopped on request");
      // Passed on by whoever heard it as well: still the first.
      wait(399);
      interrupts.receive();
      expect(log).toEqual(["said"]);
      wait(1);
      interrupts.receive();
    });
    expect(log).toEqual(["said", "killed", "ended"]);
  });

  test("a terminal that closes says so several times, and aborts nothing; Ctrl-C still does", async () => {
    const { interrupts, log, wait } = watched();
    await interrupts.guard(async () => {
      for (let i = 0; i < 3; i += 1) interrupts.hangUp();
      expect(interrupts.signal.aborted).toBe(true);
      expect(log).toEqual(["said"]);
      wait(1_000);
      interrupts.receive();
    });
    expect(log).toEqual(["said", "ended"]);
  });
});
