import { describe, expect, test } from "@jest/globals";
import { apiKey, machinePassword, salt, typedPassword } from "../../../automation/site/passwords.ts";

const classes = [/[a-z]/, /[A-Z]/, /[0-9]/, /[^A-Za-z0-9]/];
const many = (make: () => string) => Array.from({ length: 300 }, make);

describe("passwords", () => {
  test("of machines hold every class of printable sign, 32 in all, and over many every sign at all", () => {
    const all = many(machinePassword);
    for (const password of all) {
      expect(password).toMatch(/^[!-~]{32}$/);
      for (const one of classes) expect(password).toMatch(one);
    }
    expect(new Set(all.join("")).size).toBe(94);
    expect(new Set(all).size).toBe(300);
  });

  test("that people type hold no quote, backslash, space or less-than sign", () => {
    for (const password of many(typedPassword)) {
      expect(password).toMatch(/^[!-~]{24}$/);
      expect(password).not.toMatch(/['"`\\<]/);
    }
  });

  test("salts have 64 signs out of those that WordPress itself uses", () => {
    for (const text of many(salt)) {
      expect(text).toHaveLength(64);
      expect(text).not.toMatch(/['"\\ ]/);
    }
  });

  test("API keys can stand in a header", () => {
    expect(apiKey()).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });
});
