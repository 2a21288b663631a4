"""What `nvrstack doctor` reads of a host's files, below a directory that stands for its root."""

from ipaddress import IPv4Address
from pathlib import Path

import pytest

from nvrstack.host.disks import look_at
from nvrstack.host.docker.facts import ask_engine
from nvrstack.host.facts import routes
from nvrstack.host.network.address_origin import origin
from nvrstack.host.network.lan import describe
from nvrstack.host.network.sockets import holders
from nvrstack.host.timekeeping import clock_keeper


def host(root: Path, files: dict[str, str]) -> Path:
    """A root with these files."""
    for path, text in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    return root


MANAGED = {"run/NetworkManager/devices/2": "[device]\nmanaged=true\nconnection-uuid=1-2\n"}
PROFILE = "etc/NetworkManager/system-connections/Wired.nmconnection"
LINK = {"run/systemd/netif/links/2": "ADMIN_STATE=configured\nNETWORK_FILE=/etc/x.network\n"}


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({}, ("", None)),
        ({"etc/network/interfaces": "auto lo\niface lo inet loopback\n"}, ("", None)),
        (
            {"etc/network/interfaces": "allow-hotplug eth0\niface eth0 inet dhcp\n"},
            ("/etc/network/interfaces", "leased"),
        ),
        (
            {
                "etc/network/interfaces": "source /etc/network/interfaces.d/*\n",
                "etc/network/interfaces.d/lan": "# eth0\niface eth0 inet static\n",
            },
            ("/etc/network/interfaces", "static"),
        ),
        ({**LINK, "run/systemd/netif/leases/2": "ADDRESS=1"}, ("systemd-networkd", "leased")),
        (
            {**LINK, "etc/x.network": "[Network]\nAddress=192.168.1.5/24\n"},
            ("systemd-networkd", "static"),
        ),
        ({**LINK, "etc/x.network": "[Network]\nDHCP=yes\n"}, ("systemd-networkd", None)),
        ({"run/systemd/netif/links/2": "ADMIN_STATE=unmanaged\n"}, ("", None)),
        (
            {**MANAGED, PROFILE: "[connection]\nuuid=1-2\n[ipv4]\nmethod=auto\n"},
            ("NetworkManager", "leased"),
        ),
        (
            {**MANAGED, PROFILE: "[connection]\nuuid=1-2\n[ipv4]\nmethod=manual\n"},
            ("NetworkManager", "static"),
        ),
        (
            {**MANAGED, PROFILE: "[connection]\nuuid=9\n[ipv4]\nmethod=manual\n"},
            ("NetworkManager", None),
        ),
        ({**MANAGED, PROFILE: "no keyfile"}, ("NetworkManager", None)),
        ({"run/dhcpcd/pid": "1", "etc/dhcpcd.conf": "hostname\n"}, ("dhcpcd", "leased")),
        (
            {
                "run/dhcpcd/pid": "1",
                "etc/dhcpcd.conf": "interface eth0\nstatic ip_address=192.168.1.5/24\n",
            },
            ("dhcpcd", "static"),
        ),
        (
            {
                "run/dhcpcd-eth0.pid": "1",
                "etc/dhcpcd.conf": "interface wlan0\nstatic ip_address=192.168.1.5/24\n",
            },
            ("dhcpcd", "leased"),
        ),
        ({"etc/dhcpcd.conf": "interface eth0\nstatic ip_address=192.168.1.5/24\n"}, ("", None)),
    ],
)
def test_how_an_address_came(tmp_path: Path, files: dict[str, str], told: object) -> None:
    assert origin("eth0", 2, host(tmp_path, files)) == told


def test_an_interface(tmp_path: Path) -> None:
    files = {
        "sys/class/net/nvr0/address": "02:00:00:00:00:01\n",
        "etc/network/interfaces": "iface nvr0 inet static\n",
    }
    own = describe(IPv4Address("192.168.1.5"), "nvr0", host(tmp_path, files))
    assert (own.hardware, own.origin) == ("02:00:00:00:00:01", "static")


SOCKETS = """  sl  local_address rem_address st tx_queue rx_queue tr tm->when retrnsmt uid
   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 41 1
   1: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 42 1
   2: 0A01A8C0:0050 0B01A8C0:9999 01 00000000:00000000 00:00000000 00000000     0        0 43 1
"""
SOCKETS_6 = """  sl  local_address remote_address st
   0: 00000000000000000000000000000000:01BB 0:0000 0A 0:0 0:0 0 0 0 44
   1: 0000000000000000FFFF00000100007F:01BB 0:0000 0A 0:0 0:0 0 0 0 45
"""


def test_who_listens(tmp_path: Path) -> None:
    root = host(
        tmp_path,
        {
            "proc/net/tcp": SOCKETS,
            "proc/net/tcp6": SOCKETS_6,
            "proc/7/comm": "apache2\n",
            "proc/7/cgroup": "0::/system.slice/apache2.service\n",
            "proc/8/comm": "caddy\n",
            "proc/8/cgroup": "0::/user.slice/user-1000.slice\n",
            "run/systemd/system/x": "",
        },
    )
    for process, inode in ((7, 41), (8, 44)):
        (root / f"proc/{process}/fd").mkdir()
        (root / f"proc/{process}/fd/3").symlink_to(f"socket:[{inode}]")
    found = holders({80, 443}, root)
    assert [(h.address, h.port, h.who, h.end) for h in found] == [
        ("0.0.0.0", 80, "apache2 (process 7)", "sudo systemctl disable --now apache2.service"),
        ("::", 443, "caddy (process 8)", "sudo kill 8"),
        ("127.0.0.1", 443, "a process of another user (root may see which)", ""),
    ]
    assert holders({80}, tmp_path / "nothing") == ()


def test_routes(tmp_path: Path) -> None:
    text = (
        "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\n"
        "eth0 00000000 0101A8C0 0003 0 0 100 00000000 0 0 0\n"
        "eth0 0001A8C0 00000000 0001 0 0 100 00FFFFFF 0 0 0\n"
    )
    found = routes(host(tmp_path, {"proc/net/route": text}))
    assert [(str(r.subnet), r.interface) for r in found] == [
        ("0.0.0.0/0", "eth0"),
        ("192.168.1.0/24", "eth0"),
    ]


def test_a_disk_that_fstab_wants(tmp_path: Path) -> None:
    samples = tmp_path / "a disk"
    samples.mkdir(mode=0o750)
    spelled = str(samples).replace(" ", r"\040")
    fstab = f"# disks\nUUID=1 / ext4 defaults 0 1\nUUID=2 {spelled} ext4 nofail\nswap none swap\n"
    mounts = "1 0 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n"
    root = host(tmp_path / "root", {"etc/fstab": fstab, "proc/self/mountinfo": mounts})
    disk = look_at(samples / "nvr", "recordings", root)
    assert (disk.expected_mount, disk.mount, disk.exists) == (str(samples), "/", False)
    assert disk.is_unmounted
    mounts += f"2 1 8:17 / {spelled} ro,relatime shared:1 - ext4 /dev/sdb1 rw\n"
    host(root, {"proc/self/mountinfo": mounts})
    disk = look_at(samples, "recordings", root)
    assert (disk.mount, disk.is_there, disk.read_only) == (str(samples), True, True)
    assert (disk.mode, disk.free > 0, disk.uas) == (0o750, True, None)


@pytest.mark.parametrize("encrypted", [False, True])
@pytest.mark.parametrize(
    ("log", "errors"),
    [
        ("sd 0:0:0:0: uas_eh_abort_handler 0 uas-tag 1\n", True),
        ("all is well\n", False),
        (None, None),
    ],
)
def test_a_disk_behind_uas(
    tmp_path: Path, log: str | None, errors: bool | None, encrypted: bool
) -> None:
    usb = "sys/devices/pci0000:00/usb2/2-1"
    source = "/dev/mapper/nvr" if encrypted else "/dev/sda1"
    files = {
        f"{usb}/idVendor": "152d\n",
        f"{usb}/idProduct": "0578\n",
        f"{usb}/2-1:1.0/host0/target0:0:0/0:0:0:0/block/sda/sda1/partition": "1\n",
        "sys/bus/usb/drivers/uas/module": "",
        "proc/self/mountinfo": f"1 0 8:1 / / rw,relatime - ext4 {source} rw\n",
    }
    root = host(tmp_path, files if log is None else {**files, "dev/kmsg": log})
    (root / usb / "2-1:1.0/driver").symlink_to("../../../../../bus/usb/drivers/uas")
    block = root / "sys/class/block"
    block.mkdir(parents=True)
    partition = root / usb / "2-1:1.0/host0/target0:0:0/0:0:0:0/block/sda/sda1"
    (block / "sda1").symlink_to(partition)
    mapped = root / "sys/devices/virtual/block/dm-0/slaves"
    mapped.mkdir(parents=True)
    (mapped / "sda1").symlink_to(partition)
    (block / "dm-0").symlink_to(mapped.parent)
    (root / "dev/mapper").mkdir(parents=True)
    (root / "dev/mapper/nvr").symlink_to("../dm-0")
    disk = look_at(tmp_path, "recordings", root)
    assert (disk.uas, disk.uas_errors) == ("152d:0578", errors)


def test_what_keeps_the_clock(tmp_path: Path) -> None:
    assert clock_keeper(tmp_path) is None
    assert clock_keeper(host(tmp_path, {"proc/9/comm": "chronyd\n"})) == "chronyd"
    synchronized = host(tmp_path, {"run/systemd/timesync/synchronized": ""})
    assert clock_keeper(synchronized) == "systemd-timesyncd"


FILE, PID = "etc/docker/daemon.json", {"run/docker.pid": "7"}
NAMED = {"proc/8/comm": "containerd\n", "proc/9/comm": "dockerd\n"}
OFF = '{"iptables": false}'
ELSEWHERE = "srv/docker.json"


@pytest.mark.parametrize(
    ("files", "iptables", "trouble"),
    [
        ({}, True, False),
        ({FILE: "{}"}, True, False),
        ({FILE: OFF}, False, False),
        ({FILE: '{"iptables": true}'}, True, False),
        ({FILE: "{"}, True, True),
        ({**PID, "proc/7/cmdline": "dockerd\0--iptables=false\0-H\0fd://\0"}, False, False),
        ({**PID, "proc/7/cmdline": "dockerd\0--iptables\0-H\0fd://\0"}, True, False),
        ({**PID, "proc/7/cmdline": "dockerd\0--iptables=1\0"}, True, False),
        ({**PID, "proc/7/cmdline": f"dockerd\0--config-file=/{ELSEWHERE}\0", ELSEWHERE: OFF},
         False, False),
        ({**PID, "proc/7/cmdline": f"dockerd\0--config-file\0/{ELSEWHERE}\0", FILE: OFF},
         True, False),
        # Its PID file is elsewhere: it is known by its name, and may be another engine.
        ({**NAMED, "proc/9/cmdline": "dockerd\0--iptables=false\0"}, False, False),
        ({**NAMED, "proc/9/cmdline": "dockerd\0--iptables=true\0"}, True, False),
        ({**NAMED, "proc/9/cmdline": f"dockerd\0--config-file=/{ELSEWHERE}\0", ELSEWHERE: OFF},
         True, False),
        ({**NAMED, **PID, "proc/7/cmdline": "dockerd\0",
          "proc/9/cmdline": "dockerd\0--iptables=false\0"}, True, False),
        # It ended, and left its number behind.
        ({**PID, FILE: OFF}, False, False),
    ],
)  # fmt: skip
def test_the_engines_own_settings(
    tmp_path: Path, files: dict[str, str], iptables: bool, trouble: bool
) -> None:
    engine = ask_engine(host(tmp_path, files))
    assert engine.trouble
    assert (engine.iptables, bool(engine.options_trouble)) == (iptables, trouble)
