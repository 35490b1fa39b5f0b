# docker build -t dicetalk:cuda -f deploy/cuda.Dockerfile .
# docker run --rm --gpus all -v "$PWD:/work" dicetalk:cuda generate face.png speech.wav --backbone dice-svd/ -o out.mp4
# The wheel of torch for Linux brings its own CUDA libraries: all that the machine needs is NVIDIA's driver and container toolkit.
FROM python:3.11-slim-bookworm

COPY . /opt/dicetalk
RUN pip install --no-cache-dir --constraint /opt/dicetalk/constraints.txt "/opt/dicetalk[svd,ray]"

ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility RAY_USAGE_STATS_ENABLED=0
WORKDIR /work
ENTRYPOINT ["dicetalk"]
CMD ["--help"]
