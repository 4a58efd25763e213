import { createHmac, randomBytes } from "node:crypto";
import type { Secret } from "../config/secret.ts";

/**
 * A function that tells secrets apart by texts that show nothing of them: equal for equal secrets.
 * @param pepper what processes must share whose fingerprints are to be compared; by default no other process has it
 */
export function createFingerprint(pepper: Uint8Array = randomBytes(32)): (secret: Secret) => string {
  return (secret) => createHmac("sha256", pepper).update(secret.reveal()).digest("hex");
}
