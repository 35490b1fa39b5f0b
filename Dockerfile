# docker build -t dicetalk .
# docker run --rm -v "$PWD:/work" dicetalk generate face.png speech.wav --emotion happy -o out.mp4
FROM python:3.11-slim-bookworm

# OpenCV, which MediaPipe brings, needs these two; the slim image lacks them.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgl1 libglib2.0-0 \
    && rm -rf /var/lib/apt/lists/*

COPY . /opt/dicetalk
RUN pip install --no-cache-dir --constraint /opt/dicetalk/constraints.txt /opt/dicetalk

WORKDIR /work
ENTRYPOINT ["dicetalk"]
CMD ["--help"]
