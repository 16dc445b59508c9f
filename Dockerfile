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

# Inside a container the server must listen on its network to be reached at all; that needs ADMIN_TOKEN.
ENV HTTP_HOST=0.0.0.0
EXPOSE 8787

# Does the worker's process answer? /readyz would ask PostgreSQL and the queue too, and a restart mends neither.
HEALTHCHECK --interval=30s --timeout=5s --start-period=120s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.HTTP_PORT || 8787}/healthz`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]

# The program handles SIGTERM itself: it gives back what waits, finishes what is being written, and ends with 0.
ENTRYPOINT ["node", "/app/dist/main.js"]
CMD ["worker"]
