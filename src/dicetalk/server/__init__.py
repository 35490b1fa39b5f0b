"""The server: a page, jobs by REST, stills while somebody looks for an emotion. docs/server.md says what it answers.

`app.make_app` is what serves; `queue` and `uploads` are what it keeps on disk; `worker` makes the videos, `studio` the
stills, and `talk` holds live talks, in processes of their own.
"""
