# docker build -t dicetalk .
# docker run --rm -v "$PWD:/work" dicetalk generate face.png speech.wav --emotion happy -o out.mp4
# With more of it: --build-arg EXTRAS=[ray]
FROM python:3.11-slim-bookworm

ARG EXTRAS=""
COPY . /opt/dicetalk
RUN pip install --no-cache-dir --constraint /opt/dicetalk/constraints.txt "/opt/dicetalk${EXTRAS}"

ENV RAY_USAGE_STATS_ENABLED=0
WORKDIR /work
ENTRYPOINT ["dicetalk"]
CMD ["--help"]
