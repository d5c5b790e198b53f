# syntax=docker/dockerfile:1
# The compiler runs on the builder's own platform and makes the binary for the image's.
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG TARGETOS TARGETARCH
ARG VERSION=dev
ARG REVISION=unknown
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -o /image/bin/itnio_exporter \
      -ldflags "-s -w -X github.com/prometheus/common/version.Version=${VERSION} -X github.com/prometheus/common/version.Revision=${REVISION}" . \
 && install -D -m 0644 /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ca-certificates.crt \
 && install -d -m 1777 /image/tmp \
 && install -d -m 0770 /home/itnio_exporter /home/itnio_exporter/data

FROM scratch
LABEL org.opencontainers.image.title="itnio_exporter" \
      org.opencontainers.image.description="Finished calls of a cloud call centre as Prometheus metrics, every call counted exactly once" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /image/ /
# config.yml is looked for here; the ledger lives in data/ below, and nothing else is written: the root file system can be read-only. Any user of group 0 may write
# there (OpenShift chooses the user). A new named volume takes that folder's owner and mode.
COPY --from=build --chown=65532:0 /home/itnio_exporter/ /itnio_exporter/
WORKDIR /itnio_exporter
USER 65532:0
VOLUME /itnio_exporter/data
EXPOSE 10198
# Override it where --web.listen-address or --web.route-prefix is given: the command takes the same flags.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["/bin/itnio_exporter", "healthcheck"]
ENTRYPOINT ["/bin/itnio_exporter"]
