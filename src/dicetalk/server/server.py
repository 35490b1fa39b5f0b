"""All that a running server holds."""

from __future__ import annotations

import shutil

from dicetalk.server.crew import Crew
from dicetalk.server.options import ServerOptions
from dicetalk.server.places import Places
from dicetalk.server.queue import Entry, Queue
from dicetalk.server.sitting import Room
from dicetalk.server.studio import Studio
from dicetalk.server.uploads import Uploads


class Server:
    """A server on its folder, which nobody else uses.

    Attributes:
        options: what it was told.
        places: where things lie.
        queue: its jobs.
        crew: its workers.
        studio: looks at files, draws stills.
        room: holds a live talk.
        uploads: takes files in.
    """

    def __init__(self, options: ServerOptions) -> None:
        self.options, self.places = options, Places(options.data)
        self.queue = Queue(self.places.database)
        self.crew = Crew(self.queue, self.places, options.workers, self.keep_s)
        self.studio, self.room = Studio(), Room()
        self.uploads = Uploads(self.places, self.queue, self.studio, options.most_megapixels, options.most_seconds)

    @property
    def keep_s(self) -> float:
        """How long what is not needed stays [s]."""
        return self.options.keep_hours * 3600

    def start(self) -> None:
        """Begin to work."""
        self.crew.start()
        self.studio.warm_up()

    def stop(self) -> None:
        """End all processes."""
        self.crew.stop()
        self.studio.close()
        self.room.close()

    def forget(self, entry: Entry) -> None:
        """Remove a job that is over, and what it made."""
        self.queue.remove(entry.id)
        if entry.claim is not None:
            shutil.rmtree(self.places.video(entry.claim), ignore_errors=True)
