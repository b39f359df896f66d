# Builds the service and puts it alone into a small image: no shell's worth of tools, no root.
#   docker build -t replyflow .
#   docker run -p 8080:8080 -v "$PWD/project:/project:ro" -v replyflow-data:/data replyflow
# /project holds replyflow.toml, flows and templates; /data what the embedded store and the record keep.

FROM rust:1-bookworm AS build
WORKDIR /src
# cmake and clang are not needed: the libraries in C build with the compiler that is there.
COPY Cargo.toml Cargo.lock ./
COPY src src
COPY benches benches
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin replyflow && install -D target/release/replyflow /out/replyflow && mkdir -p /out/data

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /out/replyflow /usr/local/bin/replyflow
COPY --from=build --chown=nonroot:nonroot /out/data /data
WORKDIR /project
ENV REPLYFLOW_SERVER__LISTEN=0.0.0.0:8080 \
    REPLYFLOW_STORE__PATH=/data
EXPOSE 8080
VOLUME /data
USER nonroot:nonroot
# A stop lets what is in the air come to its end (server.shutdown_timeout, 20 s by default): `docker stop -t 30`.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 CMD ["replyflow", "health"]
ENTRYPOINT ["replyflow"]
CMD ["serve"]
