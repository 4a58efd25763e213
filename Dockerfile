FROM node:26-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY scripts/bundle.ts scripts/bundle.ts
COPY gen gen
COPY src src
# `node`, not `npm run`: the official image's Node, not the platform package's that a checkout uses.
RUN node scripts/bundle.ts

FROM node:26-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/dist dist
COPY package.json switchyard.yaml ./
# The ledger of the shipped config is a file in the working directory: mount a volume there to keep it.
RUN mkdir /var/lib/switchyard && chown node:node /var/lib/switchyard
WORKDIR /var/lib/switchyard
# Other machines reach the Connect and gRPC listeners; the operator listener stays on the container's loopback.
ENV SWITCHYARD_LISTEN_CONNECT=0.0.0.0:8080 \
    SWITCHYARD_LISTEN_GRPC=0.0.0.0:50051
USER node
EXPOSE 8080 50051
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["node", "-e", "\
const port = process.env.SWITCHYARD_LISTEN_CONNECT.split(':').at(-1); \
fetch(`http://127.0.0.1:${port}/readyz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1));"]
# Node is process 1 and handles SIGTERM itself: it drains, then ends with 0.
# V8's flags are those of `npm start`: docs/decisions/0015-garbage-that-dies-young.md.
CMD ["node", "--max-semi-space-size=32", "--no-allocation-site-pretenuring", "--v8-pool-size=2", "/app/dist/main.js", "serve"]
