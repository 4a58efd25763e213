// Writes the third-party definitions that proto/ imports into .proto-deps/, from the packages that
// own them: `buf` then works offline and no third-party file is copied into this repository.
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { file_buf_validate_validate } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { printProto2 } from "./print-proto2.ts";

const require = createRequire(import.meta.url);
const target = join(import.meta.dirname, "..", ".proto-deps");

/** Directory of an installed package, found by its main module. */
function packageDirectory(name: string): string {
  const main = require.resolve(name);
  const marker = join("node_modules", name);
  return main.slice(0, main.lastIndexOf(marker) + marker.length);
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(join(target, to)), { recursive: true });
  copyFileSync(from, join(target, to));
}

rmSync(target, { recursive: true, force: true });
mkdirSync(join(target, "buf/validate"), { recursive: true });
writeFileSync(join(target, "buf/validate/validate.proto"), printProto2(file_buf_validate_validate));
copy(
  join(packageDirectory("grpc-health-check"), "proto/health/v1/health.proto"),
  "grpc/health/v1/health.proto",
);
for (const version of ["v1", "v1alpha"]) {
  const path = `grpc/reflection/${version}/reflection.proto`;
  copy(join(packageDirectory("@grpc/reflection"), "build/proto", path), path);
}
