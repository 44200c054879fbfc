# The service in an image with nothing else in it: no shell, no package manager, no
# root. Build it with `docker compose build` or `docker build .`.

FROM node:22.20-bookworm-slim AS console
WORKDIR /src/dashboards/console
COPY dashboards/console/package.json dashboards/console/package-lock.json dashboards/console/.npmrc ./
RUN npm ci
COPY dashboards/api/testdata/openapi.json ../api/testdata/
COPY docs/runbooks ../../docs/runbooks
COPY dashboards/console ./
RUN npm run build

FROM golang:1.26-bookworm AS build
WORKDIR /src
# The modules first: they change less often than the code.
COPY go.mod go.sum ./
RUN go mod download
COPY . .
COPY --from=console /src/dashboards/console/dist/web dashboards/console/dist/web
# H3 is C, so the program is linked statically with the C library in it; the
# resolver and the time zones are Go's own.
RUN CGO_ENABLED=1 go build -trimpath -tags netgo,osusergo,timetzdata \
        -ldflags '-s -w -linkmode external -extldflags "-static"' -o /out/phusong ./cmd/phusong \
    && mkdir -p /out/data /out/tmp

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/phusong /usr/bin/phusong
# Owned by the user below, so that a fresh volume can be written to.
COPY --from=build --chown=65532:65532 /out/data /var/lib/phusong
COPY --from=build --chown=65532:65532 /out/data /registry
COPY --from=build --chown=65532:65532 /out/tmp /tmp
USER 65532:65532
VOLUME /var/lib/phusong
EXPOSE 8080 8443
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["/usr/bin/phusong", "health"]
ENTRYPOINT ["/usr/bin/phusong"]
CMD ["serve", "--config", "/etc/phusong/phusong.yml"]
