import fc from "fast-check";

/** Texts that programs stumble over: shells, paths, formats, encodings, lengths (docs: bad input of every kind). */
const nasty = [
  "",
  " ",
  "-",
  "--",
  "---",
  "--=",
  "=",
  ".",
  "..",
  "../x",
  "../../etc/passwd",
  "/",
  "a b",
  "'",
  '"',
  "`id`",
  "$(id)",
  "${HOME}",
  ";reboot",
  "a\nb",
  "a\r\n",
  "\t",
  "\0",
  "%00",
  "%s%n",
  "\\",
  "ü",
  "🙂",
  "\u202e",
  "\ufeff",
  "\ud800",
  "x".repeat(300),
  "x".repeat(70_000),
  "null",
  "true",
  "NaN",
  "-1",
  "1e999",
  "64k",
  "0x10",
  "__proto__",
  "constructor",
  "toString",
  "global",
  "all",
  "third",
  "peering",
  "10.10.0.0/33",
  "10.10.0.0/16",
  "0.0.0.0/0",
  "::/0",
];

/**
 * One character of all that Unicode has, halves of pairs apart. fast-check's own unit "binary" is the same, but first
 * makes a table of them all, for shrinking texts that it did not make: a second of every file that uses it.
 */
export const anyCharacter: fc.Arbitrary<string> = fc
  .oneof(fc.integer({ min: 0, max: 0xd7ff }), fc.integer({ min: 0xe000, max: 0x10ffff }))
  .map((code) => String.fromCodePoint(code));

export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...nasty),
  fc.string(),
  fc.string({ unit: anyCharacter, maxLength: 40 }),
);

/** As an argument: no longer than a second's wait for yargs, which compares a word with the names of all commands. */
export const hostileWord: fc.Arbitrary<string> = hostileText.map((text) => text.slice(0, 2000));

const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  hostileText,
  fc.constantFrom<unknown>(null, true, false, 0, -1, 1.5, 1e21, Number.NaN, [], {}, [[]], { value: 1 }),
  fc.array(hostileText, { maxLength: 4 }),
  fc.dictionary(hostileText, hostileText, { maxKeys: 3 }),
);

/** A list with one to three of its entries replaced, dropped, doubled, swapped, or joined by another. */
export function mutatedList<T>(list: readonly T[], replacement: fc.Arbitrary<T>): fc.Arbitrary<T[]> {
  const change = fc.record({
    kind: fc.constantFrom("replace", "drop", "double", "insert", "swap"),
    at: fc.nat(Math.max(0, list.length - 1)),
    other: fc.nat(Math.max(0, list.length - 1)),
    value: replacement,
  });
  return fc.array(change, { minLength: 1, maxLength: 3 }).map((changes) => {
    const copy = [...list];
    for (const { kind, at, other, value } of changes) {
      if (kind === "replace") copy[at] = value;
      else if (kind === "drop") copy.splice(at, 1);
      else if (kind === "double") copy.splice(at, 0, ...copy.slice(at, at + 1));
      else if (kind === "insert") copy.splice(at, 0, value);
      else [copy[at], copy[other]] = [copy[other] ?? value, copy[at] ?? value];
    }
    return copy;
  });
}

/** A list in which one or two entries that follow each other, a flag and its value, stand once more further on. */
export function repeatedPart<T>(list: readonly T[]): fc.Arbitrary<T[]> {
  const part = fc.record({ from: fc.nat(list.length - 1), length: fc.integer({ min: 1, max: 2 }) });
  return part.chain(({ from, length }) =>
    fc.nat(list.length - from).map((behind) => {
      const to = list.length - behind;
      return [...list.slice(0, to), ...list.slice(from, from + length), ...list.slice(to)];
    }),
  );
}

/** A text with one to three cuts, doublings or insertions anywhere. */
export function mutatedText(text: string): fc.Arbitrary<string> {
  const change = fc.record({ from: fc.nat(text.length), length: fc.nat(40), by: fc.option(hostileText) });
  return fc
    .array(change, { minLength: 1, maxLength: 3 })
    .map((changes) =>
      changes.reduce(
        (now, { from, length, by }) => now.slice(0, from) + (by ?? "") + now.slice(from + length),
        text,
      ),
    );
}

/** A mapping with one to three values replaced at any depth, keys renamed, dropped or added. */
export function mutatedMapping(mapping: Record<string, unknown>): fc.Arbitrary<Record<string, unknown>> {
  const entries = Object.entries(mapping);
  const entry = fc.oneof(
    fc.tuple(fc.constantFrom(...Object.keys(mapping)), hostileValue),
    fc.tuple(hostileText, hostileValue),
    ...entries
      .filter(([, value]) => typeof value === "object" && value !== null && !Array.isArray(value))
      .map(([key, value]) => fc.tuple(fc.constant(key), mutatedMapping(value as Record<string, unknown>))),
    ...entries
      .filter(([, value]) => Array.isArray(value) && value.length > 0)
      .map(([key, value]) => fc.tuple(fc.constant(key), mutatedList(value as unknown[], hostileValue))),
  );
  return mutatedList(entries, entry as fc.Arbitrary<[string, unknown]>).map((list) =>
    Object.fromEntries(list.filter((one) => one !== undefined)),
  );
}
