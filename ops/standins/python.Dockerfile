FROM debian:bookworm
# The machine's own certificates: an index behind a private authority is reached the same way inside the build.
COPY ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt
