"""Moonfire NVR stand-in for nvrstack's tests. It is NOT Moonfire NVR.

Standard library only; `tests.bed.standin` puts it into a test image as /usr/local/bin/moonfire-nvr.
It keeps to what the source of v0.7.30 says, and to what was measured on it: command line,
configuration file, locks, database and sample directories, signals and exit codes, RTSP by TCP,
recordings and how they are lost, and the HTTP interface as a proxy or a browser sees it.

Where it differs:
  * Its MP4 files have the right sizes, names, validators and bytes of video, and no index: no
    player shows them. Parts of a live view are one frame each.
  * A recording's wall time is its media time: the camera's clock is not compared with the host's.
  * Signals, RTSP by UDP, and the terminal interface of `config` are not there; `check` only opens.
  * It can be told how to behave where the real one leaves no choice: see `levers`.

Environment besides the levers: STANDIN_TMP_DIRS and STANDIN_ZONEINFO (colon-separated, instead of
the usual directories); TZ, MOONFIRE_FORMAT, NO_COLOR, RUST_BACKTRACE, NOTIFY_SOCKET, as documented.
"""
