import { Buffer } from "node:buffer";
import { type DescMessage, type Message, toBinary } from "@bufbuild/protobuf";
import { BackwardWriter } from "../telemetry/backward-writer.ts";
import { type MessagePlan, planOf } from "./message-plan.ts";

/** The bytes of a message of this type; throws what `toBinary` throws for what cannot be written. */
export type WriteMessage = (schema: DescMessage, message: Message) => Buffer;

const scratchBytes = 16 * 1024;
/** Longer messages are rare, and too much to keep for the next. */
const keptBytes = 1024 * 1024;

/**
 * Writes the very bytes that `toBinary` writes, by plans that are made once for each type of message. A message with
 * anything that plans do not know is left to `toBinary` as a whole, to be written or refused.
 * @param library for tests
 */
export function createMessageWriter(library: typeof toBinary = toBinary): WriteMessage {
  const plans = new Map<DescMessage, MessagePlan>();
  // One for all messages: nothing is awaited while one is written.
  let scratch = new BackwardWriter(scratchBytes);
  return (schema, message) => {
    try {
      planOf(schema, plans)(scratch, message);
      return scratch.copy();
    } catch {
      // Whatever it was: the library tells what is wrong with a message better.
      const { buffer, byteOffset, byteLength } = library(schema, message);
      return Buffer.from(buffer, byteOffset, byteLength);
    } finally {
      if (scratch.length > keptBytes) scratch = new BackwardWriter(scratchBytes);
      else scratch.reset();
    }
  };
}
