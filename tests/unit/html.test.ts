import { expect, test } from "@jest/globals";
import { escapeHtml } from "../../automation/html.ts";

test("a text can be neither a tag nor the end of an attribute, and an entity in it stays text", () => {
  expect(escapeHtml(`<a href="x" id='y'>&lt;</a>`)).toBe(
    "&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;lt;&lt;/a&gt;",
  );
  expect(escapeHtml("db-1: 5 s, so far")).toBe("db-1: 5 s, so far");
});
