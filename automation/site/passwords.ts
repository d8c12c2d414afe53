import { randomBytes, randomInt } from "node:crypto";

const lower = "abcdefghijklmnopqrstuvwxyz";
const upper = lower.toUpperCase();
const digits = "0123456789";
/** Every printable ASCII sign that is neither letter, digit nor space. */
export const signs = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

/**
 * Signs of the administrator's password, which people type and WordPress passes through its slashing and trimming:
 * no quotes, no backslash, no less-than sign.
 */
const typedSigns = "!#$%&()*+,-./:;=?@[]^_{|}~";

/** The signs of WordPress's own salt generator. */
const saltSigns = "!@#$%^&*()-_[]{}<>~`+=,.;:/?|";

/**
 * A random text of `length` signs with at least one out of each class. Uniform over the union of the classes but for
 * that guarantee: drawn anew until it holds, so no position gives a class away.
 */
function draw(length: number, classes: readonly string[]): string {
  const alphabet = [...new Set(classes.join(""))];
  for (;;) {
    const text = Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join("");
    if (classes.every((one) => [...text].some((sign) => one.includes(sign)))) return text;
  }
}

/**
 * A password between machines: 32 signs (the most that MySQL takes for a replication user), of every printable kind,
 * so that a place that quotes badly shows at once and not with the first unlucky site.
 */
export function machinePassword(): string {
  return draw(32, [lower, upper, digits, signs]);
}

/** A password that a person types: 24 signs. */
export function typedPassword(): string {
  return draw(24, [lower, upper, digits, typedSigns]);
}

/** One of WordPress's eight salts: 64 signs. */
export function salt(): string {
  return draw(64, [lower, upper, digits, saltSigns]);
}

/** An S3 access key: 20 capital letters and digits, as AWS makes them. */
export function accessKey(): string {
  return draw(20, [upper, digits]);
}

/** An S3 secret key: 40 letters and digits, which need no quoting anywhere. */
export function secretKey(): string {
  return draw(40, [lower, upper, digits]);
}

/** A key for an API header: 32 random bytes, base64url. */
export function apiKey(): string {
  return randomBytes(32).toString("base64url");
}
