"""A real Docker test bed, built from nothing on Debian and torn down again.

It has an engine of its own in a network namespace, two clients and a camera around it, and local
images under the real ones' tags. `python -m tests.bed up` brings it up for people,
`tests.bed.bed.up()` for tests, which gives a `Bed`; `tests.bed.rootfs` gives the same programs
without an engine, `tests.bed.booted` a host with a systemd of its own. With `NVRSTACK_BED_NAME` set
to a few letters it is one more bed beside.
"""
