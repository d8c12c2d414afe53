/**
 * Replaces every secret value in a text. Also finds a value as JSON writes it, since messages often quote JSON, and
 * every line of one that has several, since messages often quote a part. Values and lines under 8 characters are left
 * alone: replacing them would eat ordinary words.
 */
export function redact(text: string, secrets: readonly string[]): string {
  let result = text;
  for (const form of formsOf(secrets)) result = result.replaceAll(form, shown);
  return result;
}

/**
 * The same for texts that leave the machine: also finds a value in which any character is percent-encoded, as URLs and
 * forms are, or escaped as any writer of JSON may, and a value inside base64, at whatever byte it stands.
 */
export function redactEncoded(text: string, secrets: readonly string[]): string {
  let result = redact(text, secrets);
  const { escaped, base64 } = patternsOf(secrets);
  // Most lines of most logs hold none of these: then nothing can be escaped.
  const patterns = /[%+\\]/.test(result) ? [...escaped, ...base64] : base64;
  for (const pattern of patterns) result = result.replace(pattern, shown);
  return result;
}

interface Patterns {
  escaped: RegExp[];
  base64: RegExp[];
}

/** Made once for a site's secrets: a bundle has a hundred texts. */
const made = new WeakMap<readonly string[], Patterns>();

function patternsOf(secrets: readonly string[]): Patterns {
  const known = made.get(secrets);
  if (known !== undefined) return known;
  const patterns = {
    escaped: formsOf(secrets).map(escapedPattern),
    base64: longestFirst(secrets.map((one) => one.trim())).flatMap(base64Patterns),
  };
  made.set(secrets, patterns);
  return patterns;
}

const shown = "[redacted]";
const shortest = 8;

/** The values, as they are, without the blanks around them and as JSON, and the lines of those that have several. */
function formsOf(secrets: readonly string[]): string[] {
  const parts = secrets.flatMap((secret) => {
    if (!secret.includes("\n")) return [secret, secret.trim()];
    const lines = secret.split("\n").map((line) => line.trim());
    // A key's armour says nothing, and stands in certificates too.
    return [secret, secret.trim(), ...lines.filter((line) => !/^-----/.test(line))];
  });
  return longestFirst(parts.flatMap((part) => [part, JSON.stringify(part).slice(1, -1)]));
}

function longestFirst(values: readonly string[]): string[] {
  const long = values.filter(({ length }) => length >= shortest);
  return [...new Set(long)].sort((a, b) => b.length - a.length);
}

/** Matches a value each character of which stands as it is, as %xx of its UTF-8 bytes, or as JSON may escape it. */
function escapedPattern(value: string): RegExp {
  const characters = Array.from(value, (character) => {
    const percent = Array.from(
      Buffer.from(character),
      (byte) => `%${anyCase(byte.toString(16).padStart(2, "0"))}`,
    );
    const units = Array.from({ length: character.length }, (_, i) => {
      return `\\\\u${anyCase(character.charCodeAt(i).toString(16).padStart(4, "0"))}`;
    });
    const json = JSON.stringify(character).slice(1, -1);
    // A form writes a blank as a plus; PHP escapes the slash; lines may end with a carriage return as well.
    const extra: Record<string, string[]> = {
      " ": ["\\+"],
      "/": ["\\\\/"],
      "\n": ["\\r\\n", "%0[dD]%0[aA]"],
    };
    const forms = [literal(character), literal(json), percent.join(""), units.join("")];
    return `(?:${[...new Set([...forms, ...(extra[character] ?? [])])].join("|")})`;
  });
  return new RegExp(characters.join(""), "g");
}

function literal(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

function anyCase(hex: string): string {
  return hex.replaceAll(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);
}

/** A line break inside base64, as programs and mails put it, or as JSON writes that. */
const wrap = "(?:[\\r\\n]|\\\\[rn])*";

/**
 * Matches a value inside base64 of something longer ("user:password"), in either alphabet, also percent-encoded. Three
 * bytes are four characters, so there are three ways, by the bytes before it. Characters at either end that hold bits
 * of a neighbour can't be foretold and are left out.
 */
function base64Patterns(value: string): RegExp[] {
  const bytes = Buffer.from(value);
  return [0, 1, 2].map((before) => {
    const length = before + bytes.length;
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    const own = text.slice([0, 2, 3][before], length % 3 === 0 ? undefined : -1);
    const characters = Array.from(own, (character) => {
      if (character === "+") return "(?:[+-]|%2[bB])";
      return character === "/" ? "(?:[/_]|\\\\/|%2[fF])" : character;
    });
    // Where it doesn't end with a group of four, the character after it holds its last bits.
    const last = length % 3 === 0 ? "" : `(?:${wrap}[\\w+/-])?`;
    return new RegExp(`${characters.join(wrap)}${last}`, "g");
  });
}

/** All string values of a secrets document below the given keys' names, longest first (a key may hold a shorter one). */
export function secretValues(document: unknown): string[] {
  const values = new Set<string>();
  collect(document, "", values);
  return [...values].sort((a, b) => b.length - a.length);
}

/** Fields of the secrets document that are public by nature. */
const publicFields = new Set(["apiVersion", "publicKey", "certificate", "adminUser"]);

function collect(value: unknown, field: string, into: Set<string>): void {
  if (typeof value === "string") {
    if (!publicFields.has(field)) into.add(value);
  } else if (value !== null && typeof value === "object") {
    for (const [key, child] of Object.entries(value)) collect(child, key, into);
  }
}
