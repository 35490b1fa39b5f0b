# docker build -t dicetalk:cuda -f deploy/cuda.Dockerfile .
# docker run --rm --gpus all -v "$PWD:/work" dicetalk:cuda generate face.png speech.wav --backbone dice-svd/ -o out.mp4
# The wheel of torch for Linux brings its own CUDA libraries: all that the machine needs is NVIDIA's driver and container toolkit.
FROM python:3.11-slim-bookworm

COPY . /opt/dicetalk
RUN pip install --no-cache-dir --constraint /opt/dicetalk/constraints.txt "/opt/dicetalk[svd,provenance,ray]"

ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
# Whoever runs it may have no home: what is compiled is kept here, once; the development key for as long as a container.
ENV NUMBA_CACHE_DIR=/opt/numba XDG_CONFIG_HOME=/tmp/settings RAY_USAGE_STATS_ENABLED=0
RUN cd /tmp && dicetalk demo --quiet && rm -rf demo.* settings && chmod -R a+rwX /opt/numba

WORKDIR /work
ENTRYPOINT ["dicetalk"]
CMD ["--help"]
