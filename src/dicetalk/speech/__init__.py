"""Speech features: a waveform becomes one row per video frame, and how likely each phone is in each hop.

16000 samples a second make 25 rows a second of exactly 640 samples; silence and phones are found on a finer grid of 100
hops a second of 160 samples. An hour is heard block by block, so that the first rows come at once.
"""

from dicetalk.speech.listen import Hearing, Speech, listen, listen_blocks, listen_like

__all__ = ["Hearing", "Speech", "listen", "listen_blocks", "listen_like"]
