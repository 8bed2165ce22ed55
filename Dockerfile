# Two stages: the first installs into a virtual environment, the second carries only that and us.
FROM python:3.11-slim AS build
WORKDIR /app
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
COPY pyproject.toml constraints.txt README.md LICENSE ./
# An index to look at besides the usual one, such as PyTorch's CPU packages for a smaller image.
ARG PIP_EXTRA_INDEX_URL
# The dependencies change seldom and the code often: install them before the code is copied.
RUN python -c "import tomllib; print('\n'.join(tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies']))" > /tmp/needs.txt \
    && pip install --no-cache-dir -c constraints.txt -r /tmp/needs.txt
COPY bot bot
COPY cogs cogs
COPY models models
RUN pip install --no-cache-dir --no-deps .

FROM python:3.11-slim
RUN useradd --create-home --uid 10001 bot && mkdir /data && chown bot /data
COPY --from=build /opt/venv /opt/venv
# glibc keeps an arena of memory for each thread, up to eight a core; two are enough for the bot.
ENV PATH=/opt/venv/bin:$PATH DATA_DIR=/data PYTHONUNBUFFERED=1 HF_HOME=/data/hub MALLOC_ARENA_MAX=2
USER bot
# Here, because `docker run --env-file` lets a DATA_DIR= of .env win over ours: an empty one, or
# `data`, then still means the volume.
WORKDIR /
VOLUME /data
# Short, for the bot shows signs of life while its model is still being downloaded too.
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s CMD ["python", "-m", "bot", "health"]
STOPSIGNAL SIGTERM
CMD ["python", "-m", "bot"]
