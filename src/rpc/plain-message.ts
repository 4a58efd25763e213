import type { DescMessage } from "@bufbuild/protobuf";
import { DurationSchema, Edition, TimestampSchema } from "@bufbuild/protobuf/wkt";

/**
 * Whether messages of this type, as protobuf-es reads or creates them, have the shape that their fields say: proto2 puts
 * defaults on a prototype, wrappers and Struct are unwrapped.
 */
export function isPlainMessage({ file, typeName }: DescMessage): boolean {
  return (
    file.edition === Edition.EDITION_PROTO3 &&
    (!typeName.startsWith("google.protobuf.") ||
      typeName === DurationSchema.typeName ||
      typeName === TimestampSchema.typeName)
  );
}
