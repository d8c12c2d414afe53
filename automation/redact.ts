import { shortestSecret } from "../components/secrets.ts";

const shown = "[redacted]";

/**
 * Replaces every secret value in a text: as it is, as JSON writes it, with any of its characters percent-encoded, as
 * URLs and forms do, or escaped, as any writer of JSON may, and inside base64, at whatever byte it stands. A value
 * shorter than any secret of a site may be is left alone.
 */
export function redact(text: string, secrets: readonly string[]): string {
  const { plain, escaped, base64 } = needlesOf(secrets);
  const found = [
    ...spansOf({ text, place: (from, to) => [from, to] }, plain),
    // Most lines of most logs hold none of these: then nothing can be escaped.
    ...(/[%+\\\r]/.test(text) ? spansOf(unescaped(text), escaped) : []),
    ...spansOf(ofBase64(text), base64),
  ];
  return withoutSpans(text, found);
}

type Span = readonly [from: number, to: number];

/** A text as one encoding reads it. */
interface Reading {
  text: string;
  /** Where in what was written stands what reads from `from` to before `to`. */
  place(from: number, to: number): Span;
}

interface Needle {
  text: string;
  /** The character behind it holds the last bits of it. */
  open?: boolean;
}

interface Needles {
  plain: Needle[];
  escaped: Needle[];
  base64: Needle[];
}

/** Made once for a site's secrets: a bundle has a hundred texts. */
const made = new WeakMap<readonly string[], Needles>();

function needlesOf(secrets: readonly string[]): Needles {
  const known = made.get(secrets);
  if (known !== undefined) return known;
  const isLong = ({ length }: string) => length >= shortestSecret;
  const values = secrets.flatMap((secret) => [secret, secret.trim()]).filter(isLong);
  const forms = values.flatMap((value) => [value, JSON.stringify(value).slice(1, -1)]);
  const needles = {
    plain: needlesFor(forms),
    escaped: needlesFor(forms.map(folded).filter(isLong)),
    base64: [...new Set(values)].flatMap(base64Needles),
  };
  made.set(secrets, needles);
  return needles;
}

function needlesFor(texts: readonly string[]): Needle[] {
  return [...new Set(texts)].map((text) => ({ text }));
}

function spansOf(reading: Reading, needles: readonly Needle[]): Span[] {
  const spans: Span[] = [];
  for (const { text, open = false } of needles) {
    for (let at = reading.text.indexOf(text); at >= 0; ) {
      const end = at + text.length;
      const more = open && /[\w+/]/.test(reading.text.charAt(end)) ? 1 : 0;
      spans.push(reading.place(at, end + more));
      at = reading.text.indexOf(text, end);
    }
  }
  return spans;
}

function withoutSpans(text: string, spans: readonly Span[]): string {
  const parts: string[] = [];
  let end = 0;
  for (const [from, to] of spans.toSorted((a, b) => a[0] - b[0])) {
    // A line of a key stands inside the key.
    if (from >= end) parts.push(text.slice(end, from), shown);
    end = Math.max(end, to);
  }
  return parts.join("") + text.slice(end);
}

/** Reads each token as what it means, which never is longer. */
function readingOf(written: string, token: RegExp, meaning: (token: string) => string): Reading {
  const starts = new Uint32Array(written.length);
  const ends = new Uint32Array(written.length);
  let length = 0;
  let done = 0;
  const add = (from: number, to: number) => {
    starts[length] = from;
    ends[length] = to;
    length += 1;
  };
  const copyUntil = (end: number) => {
    for (; done < end; done += 1) add(done, done + 1);
  };
  const text = written.replace(token, (one: string, offset: number) => {
    copyUntil(offset);
    done = offset + one.length;
    const meant = meaning(one);
    for (let i = 0; i < meant.length; i += 1) add(offset, done);
    return meant;
  });
  copyUntil(written.length);
  return { text, place: (from, to) => [starts[from] ?? 0, ends[to - 1] ?? 0] };
}

/** A character's UTF-8 bytes as %xx, or one as JSON may escape it; and what `folded` makes the same. */
const escapes = /%[0-7][\da-f]|%[c-f][\da-f](?:%[89ab][\da-f]){1,3}|\\u[\da-f]{4}|\\["\\/bfnrt]|[+\r]/gi;

function unescaped(text: string): Reading {
  return readingOf(text, escapes, (token) => folded(meaningOf(token)));
}

/** A form writes a blank as a plus, and ends lines with a carriage return as well. */
function folded(text: string): string {
  return text.replaceAll("+", " ").replaceAll("\r", "");
}

function meaningOf(escape: string): string {
  try {
    if (escape.startsWith("%")) return decodeURIComponent(escape);
    return escape.startsWith("\\") ? (JSON.parse(`"${escape}"`) as string) : escape;
  } catch {
    return escape;
  }
}

/** Line breaks inside base64, as programs and mails put them or as JSON writes those, and the signs that vary. */
const base64Tokens = /[\r\n]|\\[rn]|%0[ad]|[-_]|\\\/|%2[bf]/gi;

function ofBase64(text: string): Reading {
  return readingOf(text, base64Tokens, (token) => {
    if (/^(?:-|%2b)$/i.test(token)) return "+";
    return /^(?:_|\\\/|%2f)$/i.test(token) ? "/" : "";
  });
}

/**
 * What a value makes inside base64 of something longer ("user:password"), in the standard alphabet. Three bytes are
 * four characters, so there are three ways, by the bytes before it. Characters at either end that hold bits of a
 * neighbour can't be foretold and are left out.
 */
function base64Needles(value: string): Needle[] {
  const bytes = Buffer.from(value);
  return [0, 1, 2].map((before) => {
    const length = before + bytes.length;
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    // Where it doesn't end with a group of four, its last character holds bits of what follows.
    const open = length % 3 !== 0;
    return { text: text.slice([0, 2, 3][before], open ? -1 : undefined), open };
  });
}

/**
 * True of a part of a secret that tells none of it and is needed in a message: a key's armour, which stands in
 * certificates too, and a path or an address, which say where to look. No line of a key is all small letters.
 */
export function isHarmless(part: string): boolean {
  return /^(?:-----.*|\/[a-z\d_.@/-]*|\d+(?:\.\d+){3}(?:[:/]\d+)?)$/.test(part);
}

/**
 * All string values of a secrets document below the given keys' names, and every line of one that has several: messages
 * often quote a part.
 */
export function secretValues(document: unknown): string[] {
  const values = new Set<string>();
  collect(document, "", values);
  const lines = [...values].flatMap((value) => value.split("\n")).map((line) => line.trim());
  return [...new Set([...values, ...lines.filter((line) => line !== "" && !isHarmless(line))])];
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
