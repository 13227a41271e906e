FROM debian:bookworm
RUN apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends redis-tools \
 && ln -s /usr/bin/redis-cli /usr/local/bin/valkey-cli && useradd --system --uid 999 valkey && install -d -o valkey /data
COPY valkey-server /usr/local/bin/
USER valkey
WORKDIR /data
CMD ["valkey-server"]
