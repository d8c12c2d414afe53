import { afterEach, beforeEach, expect, jest, test } from "@jest/globals";
import { runWork, secondsText } from "../../automation/progress.ts";
import { terminal } from "../../automation/terminal.ts";

let text = "";
beforeEach(() => {
  text = "";
  jest.spyOn(process.stderr, "write").mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
});
afterEach(() => {
  jest.restoreAllMocks();
});
const lines = () =>
  text
    .replace(/\(\d+\.\d s\)/g, "(t)")
    .trim()
    .split("\n");

test("without a terminal every event is a line that names its step", async () => {
  await runWork(
    [
      {
        title: "Regions",
        parallel: [
          {
            title: "a",
            run: async (note) => {
              note("making x");
              return "2 created";
            },
          },
        ],
      },
      { title: "global", run: async () => undefined },
    ],
    true,
  );
  expect(lines()).toEqual(["a ...", "a: making x", "a: 2 created (t)", "global ...", "global: done (t)"]);
});

test.each([true, false])(
  "[O8] a failed step of a group lets the others end, stops what follows and is thrown (plain: %s)",
  async (plain) => {
    const ended: string[] = [];
    const work = runWork(
      [
        {
          title: "Regions",
          parallel: [
            {
              title: "a",
              run: async () => {
                throw new Error("no a");
              },
            },
            {
              title: "b",
              run: async () => {
                await new Promise((resolve) => setTimeout(resolve, 30));
                ended.push("b");
                return undefined;
              },
            },
          ],
        },
        {
          title: "global",
          run: async () => {
            ended.push("global");
            return undefined;
          },
        },
      ],
      plain,
    );
    await expect(work).rejects.toThrow("no a");
    expect(ended).toEqual(["b"]);
  },
);

test("CI, NO_COLOR and a missing terminal mean plain lines; only a real terminal without CI can be asked", () => {
  const both = { stdin: true, stderr: true };
  expect(terminal({}, both)).toEqual({ interactive: true, plain: false });
  expect(terminal({ NO_COLOR: "1" }, both)).toEqual({ interactive: true, plain: true });
  expect(terminal({ CI: "true" }, both)).toEqual({ interactive: false, plain: true });
  expect(terminal({ CI: "false" }, both)).toEqual({ interactive: true, plain: false });
  expect(terminal({}, { stdin: false, stderr: true })).toEqual({ interactive: false, plain: false });
  expect(terminal({}, { stdin: true, stderr: false })).toEqual({ interactive: false, plain: true });
  expect(terminal({}, { ...both, columns: 0 })).toEqual({ interactive: true, plain: true });
});

test("times are in seconds, then in minutes", () => {
  expect(secondsText(3.24)).toBe("3.2 s");
  expect(secondsText(59.94)).toBe("59.9 s");
  expect(secondsText(59.96)).toBe("1 min 0 s");
  expect(secondsText(125)).toBe("2 min 5 s");
  expect(secondsText(659.7)).toBe("11 min 0 s");
});
