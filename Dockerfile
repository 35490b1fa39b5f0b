# docker build -t dicetalk .
# docker run --rm -v "$PWD:/work" dicetalk generate face.png speech.wav --emotion happy -o out.mp4
FROM python:3.11-slim-bookworm

COPY . /opt/dicetalk
RUN pip install --no-cache-dir --constraint /opt/dicetalk/constraints.txt /opt/dicetalk

WORKDIR /work
ENTRYPOINT ["dicetalk"]
CMD ["--help"]
