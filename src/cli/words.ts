import type { DescEnum } from "@bufbuild/protobuf";

/**
 * The name of a contract value without its enum's prefix, as `ErrorInfo.reason` has it: `BREAKER_OPEN`.
 * A value that only a newer gateway knows shows its number.
 */
export function enumName(desc: DescEnum, value: number): string {
  return desc.value[value]?.localName ?? `${value}`;
}

/** As a person reads it: `SKIP_REASON_BREAKER_OPEN` is `breaker open`. */
export function enumWords(desc: DescEnum, value: number): string {
  return enumName(desc, value).toLowerCase().replaceAll("_", " ");
}
