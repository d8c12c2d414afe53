import "reflect-metadata";
import { createPrivateKey, createPublicKey, KeyObject, randomBytes, webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";
import type { Certificate } from "../../components/secrets.ts";

const dayMs = 86_400_000;
/** The most that browsers accept for a server certificate. */
export const leafDays = 825;
export const authorityDays = 3650;
/** Certificates begin an hour ago: hosts whose clock lags a little must accept them at once. */
const backdatedMs = 3_600_000;

const algorithm = { name: "ECDSA", namedCurve: "P-256" } as const;
const signing = { name: "ECDSA", hash: "SHA-256" } as const;

export interface Names {
  dns: readonly string[];
  ip: readonly string[];
}

x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);

/** A self-signed authority for one site: signs its own servers and nothing below it. */
export async function makeAuthority(site: string): Promise<Certificate> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: `CN=Evenkeel site authority of ${site}`,
    ...validity(authorityDays),
    signingAlgorithm: signing,
    keys: keys as never,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey as never),
    ],
  });
  return pem(keys.privateKey, certificate);
}

/** What its holder may do with it: answer for its names, ask others in its own name, or both. */
export type Use = "server" | "client" | "both";

/** A certificate to be made. One for clients alone has no names: nobody looks for it anywhere. */
export interface Request extends Names {
  commonName: string;
  use: Use;
}

const { serverAuth, clientAuth } = x509.ExtendedKeyUsage;
const usages: Record<Use, string[]> = {
  server: [serverAuth],
  client: [clientAuth],
  both: [serverAuth, clientAuth],
};

/** A certificate signed by `authority`, valid for exactly its names and its use. */
export async function makeCertificate(
  authority: Certificate,
  { commonName, use, dns, ip }: Request,
): Promise<Certificate> {
  const issuer = new x509.X509Certificate(authority.certificate);
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const alternatives = [
    ...dns.map((value) => ({ type: "dns" as const, value })),
    ...ip.map((value) => ({ type: "ip" as const, value })),
  ];
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: `CN=${commonName}`,
    issuer: issuer.subject,
    ...validity(leafDays),
    signingAlgorithm: signing,
    publicKey: keys.publicKey as never,
    signingKey: (await importKey(authority.key)) as never,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(usages[use]),
      ...(alternatives.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(alternatives)]),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey as never),
      await x509.AuthorityKeyIdentifierExtension.create((await importPublicKey(authority.key)) as never),
    ],
  });
  return pem(keys.privateKey, certificate);
}

function validity(days: number): { notBefore: Date; notAfter: Date } {
  const start = Date.now() - backdatedMs;
  return { notBefore: new Date(start), notAfter: new Date(start + days * dayMs) };
}

/** A positive serial number of 15 random bytes, as hexadecimal digits. */
function serial(): string {
  return `01${randomBytes(15).toString("hex")}`;
}

function pem(privateKey: webcrypto.CryptoKey, certificate: x509.X509Certificate): Certificate {
  const key = KeyObject.from(privateKey).export({ type: "pkcs8", format: "pem" }) as string;
  return { key, certificate: `${certificate.toString("pem").trim()}\n` };
}

async function importKey(text: string): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(text).export({ type: "pkcs8", format: "der" });
  return webcrypto.subtle.importKey("pkcs8", der, algorithm, false, ["sign"]);
}

async function importPublicKey(text: string): Promise<webcrypto.CryptoKey> {
  const der = createPublicKey(createPrivateKey(text)).export({ type: "spki", format: "der" });
  return webcrypto.subtle.importKey("spki", der, algorithm, true, ["verify"]);
}
