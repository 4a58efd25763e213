import { generateKeyPairSync, sign } from "node:crypto";

/** A key pair with a certificate that it signed itself, in PEM. */
export interface TestCertificate {
  readonly key: string;
  readonly cert: string;
}

export interface TestCertificateOptions {
  /** Days from now; negative ones are past. */
  readonly fromDays: number;
  readonly toDays: number;
  /** The one name that it is for: a host name, or `127.0.0.1`. */
  readonly host: string;
}

const dayMs = 86_400_000;

function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const head =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}

const sequence = (...contents: readonly Uint8Array[]) => der(0x30, ...contents);
const oid = (hex: string) => der(0x06, Buffer.from(hex, "hex"));
const integer = (value: number) => der(0x02, Buffer.from([value]));
const utcTime = (ms: number) =>
  der(0x17, Buffer.from(`${new Date(ms).toISOString().replaceAll(/[-:T]/g, "").slice(2, 14)}Z`));

/** A fresh certificate, so that no private key stands in the repository (RFC 5280, ECDSA on P-256). */
export function createTestCertificate(options: TestCertificateOptions): TestCertificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const algorithm = sequence(oid("2a8648ce3d040302"));
  const name = sequence(der(0x31, sequence(oid("550403"), der(0x0c, Buffer.from("switchyard test")))));
  const address = options.host.split(".").map(Number);
  const isAddress = address.length === 4 && address.every((part) => part >= 0 && part <= 255);
  const altName = isAddress ? der(0x87, Buffer.from(address)) : der(0x82, Buffer.from(options.host));
  const body = sequence(
    der(0xa0, integer(2)),
    integer(1 + Math.floor(Math.random() * 100)),
    algorithm,
    name,
    sequence(utcTime(Date.now() + options.fromDays * dayMs), utcTime(Date.now() + options.toDays * dayMs)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(sequence(oid("551d11"), der(0x04, sequence(altName))))),
  );
  const signature = sign("sha256", body, { key: privateKey, dsaEncoding: "der" });
  const whole = sequence(body, algorithm, der(0x03, Buffer.from([0]), signature));
  const lines = whole.toString("base64").match(/.{1,64}/g) ?? [];
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }),
    cert: `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`,
  };
}
