"""Moonfire NVR stand-in for nvrstack's tests. It is NOT Moonfire NVR and records no video.

Standard library only; `tests.bed.standin` puts it into a test image as /usr/local/bin/moonfire-nvr.
It keeps to what facts/moonfire.md documents about v0.7.30: command line, configuration file,
locks, database and sample directories, signals and exit codes, and the HTTP interface as a
proxy or a browser sees it. What is not modelled: RTSP, recordings, signals, the `config` TUI.

Where it differs on purpose:
  * `view.mp4` is a virtual file; `?s=BYTES` sets its length (a pure function of the offset,
    see `virtual_bytes`). A recording range such as `s=1-5` means the default length.
  * As long as the database has no camera at all, every well-formed camera uuid is accepted.
    With one camera or more, unknown ones are refused as the real server does.
  * `recording` appends the time of day to standin-recording.log beside the db directory.

Environment: STANDIN_VERSION (v0.7.30), STANDIN_START_SECONDS, STANDIN_STOP_SECONDS and
STANDIN_UPGRADE_SECONDS (0), STANDIN_MP4_BYTES (1 GiB), STANDIN_CAMERA (HOST:PORT, tried once a
second), STANDIN_SCRYPT_LN (17), STANDIN_TMP_DIRS and STANDIN_ZONEINFO (colon-separated, instead of
the usual directories).
Besides these: TZ, MOONFIRE_FORMAT, RUST_BACKTRACE, NOTIFY_SOCKET, as documented.
"""
