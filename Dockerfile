# hive-sync as a container. Debian, not Alpine: the embedded PostgreSQL needs glibc. Node 22, as Node 20 has reached the
# end of its life; the code runs on 20.19 and newer.
FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build

FROM node:22-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --no-audit

FROM node:22-bookworm-slim
ENV NODE_ENV=production
# Where the embedded PostgreSQL lives when DATABASE_URL is not set: mount a volume there, or its data goes with the
# container.
ENV HIVE_SYNC_HOME=/data
WORKDIR /app
RUN mkdir /data && chown node:node /data
COPY package.json ./
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY migrations ./migrations
USER node

# The worker opens no port in this release, so the check asks the other thing that can be wrong while the process lives:
# does PostgreSQL answer, and has it the schema of this release? It needs no API key, sends nothing to Hive and changes
# nothing. A worker that ends takes its container with it: for that the restart policy is there.
HEALTHCHECK --interval=60s --timeout=20s --start-period=60s --retries=3 \
  CMD node dist/main.js migrate --check || exit 1

# The program handles SIGTERM itself: it gives back what waits, finishes what is being written, and ends with 0.
ENTRYPOINT ["node", "/app/dist/main.js"]
CMD ["worker"]
