import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { redact, redactEncoded, secretValues } from "../../automation/redact.ts";

const secret = `p'a$$ "w"/+%\\ ü 12345`;

test("a secret is found as it is and as JSON writes it; short values are left alone", () => {
  expect(redact(`x ${secret} y ${JSON.stringify({ secret })}`, [secret])).toBe(
    'x [redacted] y {"secret":"[redacted]"}',
  );
  expect(redact("root wrote this", ["root"])).toBe("root wrote this");
});

test("what leaves the machine holds a secret in no usual encoding, nor a line of a key", () => {
  const key = "-----BEGIN KEY-----\nAAAAB3NzaC1yc2EAAAADAQABAAABgQ\nlastlineofthekey\n-----END KEY-----\n";
  const forms = [
    secret,
    JSON.stringify(secret),
    Buffer.from(secret).toString("base64"),
    Buffer.from(secret).toString("base64url"),
    encodeURIComponent(secret),
    `a=${encodeURIComponent(secret)}&b`,
  ];
  for (const form of forms) {
    const cleaned = redactEncoded(`before ${form} after`, [secret, key]);
    expect(cleaned).toContain("[redacted]");
    expect(cleaned).not.toContain(form);
  }
  expect(redactEncoded("ssh read lastlineofthekey", [key])).toBe("ssh read [redacted]");
  expect(redactEncoded("-----BEGIN KEY----- of a certificate", [key])).toContain("-----BEGIN KEY-----");
});

test("no secret of any text survives", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 12 }), fc.string(), (value, around) => {
      fc.pre(value.trim().length >= 8 && !around.includes(value) && !"[redacted]".includes(value.trim()));
      expect(redactEncoded(`${around} ${value} ${around}`, [value])).not.toContain(` ${value} `);
    }),
  );
});

test("secret values of a document leave out what is public", () => {
  const document = {
    apiVersion: "v",
    ssh: { privateKey: "kkkkkkkk", publicKey: "pub" },
    list: ["longest-value", 5],
  };
  expect(secretValues(document)).toEqual(["longest-value", "kkkkkkkk"]);
});
