# docker build -t dicetalk .
# docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/work" dicetalk generate face.png speech.wav --emotion happy -o out.mp4
# With more of it: --build-arg EXTRAS=[provenance,ray]
FROM python:3.11-slim-bookworm

ARG EXTRAS="[provenance]"
COPY . /opt/dicetalk
RUN pip install --no-cache-dir --constraint /opt/dicetalk/constraints.txt "/opt/dicetalk${EXTRAS}"

# Whoever runs it may have no home: what is compiled is kept here, once; the development key for as long as a container.
ENV NUMBA_CACHE_DIR=/opt/numba XDG_CONFIG_HOME=/tmp/settings RAY_USAGE_STATS_ENABLED=0
RUN cd /tmp && dicetalk demo --quiet && rm -rf demo.* settings && chmod -R a+rwX /opt/numba

WORKDIR /work
ENTRYPOINT ["dicetalk"]
CMD ["--help"]
