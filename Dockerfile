# syntax=docker/dockerfile:1.7
# docker build -t aida .            one image for every role; ROLES says which
# docker build --build-arg UWS=official --build-arg UWS_COMMIT=… .   the server's binary from its author instead of npm
ARG NODE_IMAGE=node:24.21.0-trixie-slim
ARG UWS=npm

# What the lock file says, hashes compared, and no package's script run.
FROM ${NODE_IMAGE} AS modules
WORKDIR /app
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error
RUN npm pkg delete devDependencies && npm sbom --sbom-format=cyclonedx --sbom-type=application >sbom.cdx.json

# A third party's copy of the official binaries, as the lock file has it.
FROM modules AS uws-npm

# The official project at a commit of its branch `binaries`; whichever it is, the hash below decides.
FROM modules AS uws-official
ARG UWS_COMMIT=0000000000000000000000000000000000000000
ADD --link https://github.com/uNetworking/uWebSockets.js.git#${UWS_COMMIT} node_modules/uWebSockets.js

# Of the server's binaries only the one that this image loads; another than the one that was tested stops the build.
FROM uws-${UWS} AS assembled
COPY src/http/native.ts src/http/native.ts
COPY toolchain/image/prune-server.ts toolchain/image/prune-server.ts
RUN node toolchain/image/prune-server.ts && rm -r src toolchain

FROM ${NODE_IMAGE} AS aida
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Aida" \
      org.opencontainers.image.description="Answers a company's phone with an AI voice, its own data, and people when it should." \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.revision="${REVISION}"
ENV NODE_ENV=production
# Nothing that runs here installs anything. /var/lib/aida is for what outlives a process; all else is read only.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack \
      /usr/local/bin/yarn /usr/local/bin/yarnpkg /opt/yarn-v1.22.22 \
  && mkdir -p /var/lib/aida && chown 1000:1000 /var/lib/aida
WORKDIR /app
COPY --link --from=assembled /app/node_modules node_modules
COPY --link --from=assembled /app/sbom.cdx.json /app/package.json ./
COPY --link LICENSE LICENSE
COPY --link machines machines
COPY --link entities entities
COPY --link src src
USER 1000:1000
# Webhooks and media; health, metrics and the console.
EXPOSE 3000 3001
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --start-interval=1s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.OPS_PORT || 3001}/readyz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# SIGTERM drains: whoever stops this grants DRAIN_SECONDS and a minute more.
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "--disable-warning=ExperimentalWarning", "--max-semi-space-size=8"]
CMD ["src/start.ts"]
