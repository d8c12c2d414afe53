import { afterEach, expect, jest, test } from "@jest/globals";
import { hide, say, withoutHidden } from "../../automation/terminal.ts";

afterEach(() => {
  hide([]);
  jest.restoreAllMocks();
});

test("what is said, and what a host said, is shown without the values that are hidden, in any encoding", () => {
  const said: string[] = [];
  jest.spyOn(process.stderr, "write").mockImplementation((text) => said.push(String(text)) > 0);
  const secret = "s3cret/canary+of-my-site";
  const forms = [secret, Buffer.from(secret).toString("base64"), encodeURIComponent(secret)];
  for (const form of forms) say(`the host said ${form}`);
  expect(said).toEqual(forms.map((form) => `the host said ${form}\n`));
  hide([secret]);
  said.length = 0;
  for (const form of forms) say(`the host said ${form}`);
  expect(said).toEqual(forms.map(() => "the host said [redacted]\n"));
  expect(JSON.parse(withoutHidden(JSON.stringify({ why: secret })))).toEqual({ why: "[redacted]" });
});
