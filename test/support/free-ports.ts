/** The environment of a gateway whose listeners take ports that are free. */
export const freePorts = {
  SWITCHYARD_LISTEN_CONNECT: "127.0.0.1:0",
  SWITCHYARD_LISTEN_GRPC: "127.0.0.1:0",
  SWITCHYARD_LISTEN_OPERATOR: "127.0.0.1:0",
} as const;
