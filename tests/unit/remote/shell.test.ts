import { execFileSync } from "node:child_process";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { quote } from "../../../automation/remote/shell.ts";
import { anyCharacter } from "../support/mutations.ts";

/** The words as /bin/sh hands them to a program. */
function wordsSeenBySh(line: string): string[] {
  return execFileSync("/bin/sh", ["-c", line], { encoding: "utf8" }).split("\0").slice(0, -1);
}

const word = fc.string({
  unit: fc.oneof(fc.constantFrom(..."'\"\\$`!*?[]{}()<>|&;#~=%^ \t\n\r-"), anyCharacter),
  maxLength: 12,
});

describe("quote", () => {
  test("/bin/sh hands every word on exactly as it was, whatever it holds", () => {
    fc.assert(
      fc.property(fc.array(word, { maxLength: 20 }), (words) => {
        const given = words.map((each) => each.replaceAll("\0", ""));
        expect(wordsSeenBySh(quote(["printf", "%s\\0", "end", ...given]))).toEqual(["end", ...given]);
      }),
      { numRuns: 60 },
    );
  });

  test("a first word is a program's name, never an assignment or a reserved word", () => {
    expect(quote(["PATH=/x", "if"])).toBe("'PATH=/x' if");
    expect(quote(["if", "x"])).toBe("'if' x");
  });

  test("plain words stay readable", () => {
    expect(quote(["evenkeel-db", "promote", "--epoch", "3"])).toBe("evenkeel-db promote --epoch 3");
  });

  test("an empty word stays a word, an empty command is refused, and so is a NUL byte", () => {
    expect(quote(["echo", ""])).toBe("echo ''");
    expect(() => quote([])).toThrow("empty command");
    expect(() => quote(["a", "b\0c"])).toThrow("NUL");
  });
});
