import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { redact, secretValues } from "../../automation/redact.ts";

const secret = `p'a$$ "w"/+%\\ ü 12345`;

test("a secret is found as it is and as JSON writes it; short values are left alone", () => {
  expect(redact(`x ${secret} y ${JSON.stringify({ secret })}`, [secret])).toBe(
    'x [redacted] y {"secret":"[redacted]"}',
  );
  expect(redact("root wrote this", ["root"])).toBe("root wrote this");
});

const key = [
  "-----BEGIN KEY-----",
  "b3BlbnNzaC1rZXktdjEAAAAA/BG5vbmUAAAA+EbmAAAAAAAAABlwAAAAdzc2gtcn",
  "NhAAAAAwEAAQAAAYEA0Z3VS5JJcds3xf/W3dKF4xFo",
  "-----END KEY-----",
  "",
].join("\n");

test("a part of a key is found: any line of it, also in base64, but not its armour", () => {
  const [armour = "", first = "", second = ""] = key.split("\n");
  const values = secretValues({ key });
  expect(redact(`ssh read ${second} and ${first}`, values)).toBe("ssh read [redacted] and [redacted]");
  expect(redact(`ssh read ${btoa(first)}`, values)).toBe("ssh read [redacted]==");
  expect(redact(`${armour} of a certificate`, values)).toBe(`${armour} of a certificate`);
  expect(redact(`it read:\n${key}`, values)).toBe("it read:\n[redacted]");
});

test("secrets that overlap or stand side by side leave nothing of either", () => {
  expect(redact("x abcdefghijkl y", ["abcdefgh", "efghijkl"])).toBe("x [redacted] y");
  expect(redact("x abcdefgh12345678 y", ["12345678", "abcdefgh"])).toBe("x [redacted][redacted] y");
});

/** As forms send a value: every byte that is no letter or digit as %xx, a blank as a plus. */
const formEncoded = (value: string) => new URLSearchParams({ "": value }).toString().slice(1);
const everyByte = (value: string) =>
  Array.from(Buffer.from(value), (byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
const phpJson = (value: string) =>
  JSON.stringify(value)
    .slice(1, -1)
    .replaceAll("/", "\\/")
    .replaceAll(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);

const encodings: [string, (value: string) => string][] = [
  ["encodeURIComponent", encodeURIComponent],
  ["a form's encoding", formEncoded],
  [
    "the same with small hex digits",
    (value) => formEncoded(value).replaceAll(/%\w\w/g, (hex) => hex.toLowerCase()),
  ],
  ["every byte as %xx", everyByte],
  ["half of it as %xx", (value) => everyByte(value.slice(0, 9)) + value.slice(9)],
  ["JSON in a URL", (value) => encodeURIComponent(JSON.stringify(value).slice(1, -1))],
  ["JSON in ASCII, slashes escaped", phpJson],
];

test.each(encodings)("a secret is found as %s writes it", (_, encode) => {
  const all = `Aa0 !'()*~+/%"\\ü€😀&=?#`;
  for (const value of [secret, all, key.split("\n")[1] as string]) {
    const form = encode(value);
    expect(form).not.toBe(value);
    expect(redact(`a=${form}&b`, [value])).toBe("a=[redacted]&b");
  }
});

test("a key with lines is found whole where it is encoded whole", () => {
  for (const encode of [encodeURIComponent, formEncoded, everyByte])
    expect(redact(`a=${encode(key)}&b`, [key])).toBe("a=[redacted]&b");
  expect(redact(`a=${encodeURIComponent(key.replaceAll("\n", "\r\n"))}&b`, [key])).toBe("a=[redacted]&b");
});

test.each([0, 1, 2, 3, 4, 5])(
  "a secret is found in base64 of something longer, %d bytes before it",
  (before) => {
    for (const value of [secret, "eight+by", key.trim()]) {
      for (const after of ["", ":", "::", ":::"]) {
        const whole = Buffer.from("w".repeat(before) + value + after);
        for (const alphabet of ["base64", "base64url"] as const) {
          const form = whole.toString(alphabet);
          for (const text of [form, encodeURIComponent(form), form.replace(/.{76}(?=.)/g, "$&\n")]) {
            const cleaned = redact(`Authorization: Basic ${text} end`, [value]);
            expect(cleaned).toContain("[redacted]");
            // What is left belongs to the neighbours, and holds a byte of the secret at most.
            const left = cleaned.replace("[redacted]", "").split(" ")[2] ?? "";
            expect(left.length).toBeLessThanOrEqual(Math.ceil((before * 4) / 3) + 1 + (after.length + 2) * 3);
          }
        }
      }
    }
  },
);

test("nothing else is taken out: another value in the same encodings stays", () => {
  const other = `p'a$$ "w"/+%\\ ü 12346`;
  for (const form of [
    other,
    encodeURIComponent(other),
    formEncoded(other),
    phpJson(other),
    btoa("user:password"),
  ])
    expect(redact(form, [secret, key])).toBe(form);
});

test("no secret of any text survives", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 12 }), fc.string(), (value, around) => {
      fc.pre(value.trim().length >= 8 && !around.includes(value) && !"[redacted]".includes(value.trim()));
      expect(redact(`${around} ${value} ${around}`, [value])).not.toContain(` ${value} `);
      expect(redact(` ${formEncoded(value)} `, [value])).not.toContain(` ${formEncoded(value)} `);
    }),
  );
});

test("secret values of a document leave out what is public", () => {
  const document = {
    apiVersion: "v",
    ssh: { privateKey: "kkkkkkkk", publicKey: "pub" },
    list: ["longest-value", 5],
  };
  expect(secretValues(document)).toEqual(["kkkkkkkk", "longest-value"]);
});

test("a long text costs little, however many secrets there are", () => {
  const many = Array.from({ length: 3000 }, (_, i) => `${secret}${i}`);
  const text = `apt-get%20reads a+b_c-d "${"\\n".repeat(20)}"\n`.repeat(100);
  const started = performance.now();
  expect(redact(text, many)).toBe(text);
  expect(performance.now() - started).toBeLessThan(2000);
});
