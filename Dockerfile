# hive-sync as a container. Debian, not Alpine: the embedded PostgreSQL needs glibc. Node 22, as Node 20 has reached the
# end of its life; the code runs on 20.19 and newer.
FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build && chmod 755 dist/main.js

FROM node:22-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# TypeScript is an optional peer of valibot, which the types of @bull-board/api name; npm keeps it, and nothing runs it.
RUN npm ci --omit=dev --no-audit && rm -rf node_modules/typescript node_modules/@typescript node_modules/.bin/tsc

FROM node:22-bookworm-slim
ENV NODE_ENV=production
# Where the embedded PostgreSQL lives when DATABASE_URL is not set: mount a volume there, or its data goes with the
# container. Nothing else is written to but /tmp, so the root may be read-only.
ENV HIVE_SYNC_HOME=/data
WORKDIR /app
RUN mkdir /data && chown node:node /data && ln -s /app/dist/main.js /usr/local/bin/hive-sync
COPY package.json ./
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY migrations ./migrations
USER node

# Inside a container the server must listen on its network to be reached at all; that needs ADMIN_TOKEN.
ENV HTTP_HOST=0.0.0.0
EXPOSE 8787

# Is the worker of use: do PostgreSQL and the queue answer it, is the schema in step? Docker restarts nothing for this, it
# only says so. Where something restarts what is unhealthy, let it ask /healthz: no restart mends a database.
HEALTHCHECK --interval=30s --timeout=5s --start-period=120s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.HTTP_PORT || 8787}/readyz`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]

# The program handles SIGTERM itself: it gives back what waits, finishes what is being written, and ends with 0.
ENTRYPOINT ["hive-sync"]
CMD ["worker"]
