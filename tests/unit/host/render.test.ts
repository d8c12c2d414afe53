import { describe, expect, test } from "@jest/globals";
import { hostFile, render } from "../../../components/host/render.ts";

describe("render", () => {
  test("fills every place of a name, and only once: a value that looks like a placeholder stays as it is", () => {
    expect(render("a=@@A@@ b=@@B@@ a=@@A@@", { A: "@@B@@", B: 2 })).toBe("a=@@B@@ b=2 a=@@B@@");
  });

  test("a missing and an unused value are both mistakes", () => {
    expect(() => render("@@A@@", {})).toThrow("@@A@@");
    expect(() => render("", { A: 1 })).toThrow("A");
  });

  test("a host file that does not exist throws", () => {
    expect(hostFile("common/role.sh")).toContain("install_packages");
    expect(() => hostFile("common/none.sh")).toThrow();
  });
});
