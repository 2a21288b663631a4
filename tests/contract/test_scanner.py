"""What a scanner finds of TLS as nginx speaks it for visitors."""

import re
from pathlib import Path

from tests.bed import scanner
from tests.bed.process import run
from tests.contract.certificates import put
from tests.contract.chain import issue, signer
from tests.contract.door import door
from tests.contract.space import inside

DOMAIN = "nvr.example.com"
ACCEPTED = {
    # No browser trusts the authority of the tests.
    "certificate_path_validation": r".*",
    # OpenSSL's own choice has the post-quantum group where it can; to name groups would keep nginx
    # from starting with an older OpenSSL. These two are as strong as those that Mozilla lists.
    "tls_curves": r"TLS curves \{'(X448', 'secp521r1|secp521r1', 'X448)'\} are supported.*",
}


def test_tls_is_as_mozilla_recommends_it(tmp_path: Path, netns: str) -> None:
    served = door(tmp_path, netns, stack="router-ddns")
    put(served.project, issue(signer("Root of the tests"), DOMAIN))
    scan = [str(scanner.python()), "-m", "sslyze", "--mozilla_config=intermediate"]
    with served.open():
        told = run([*inside(netns), *scan, f"{DOMAIN}:443{{127.0.0.1}}"], check=False).stdout
    _, compared, verdict = told.partition("COMPLIANCE AGAINST TLS CONFIGURATION")
    assert compared, told
    findings = dict(re.findall(r"^ +\* (\w+): (.+)$", verdict, re.MULTILINE))
    unexpected = {
        name: text
        for name, text in findings.items()
        if not re.fullmatch(ACCEPTED.get(name, ""), text)
    }
    assert unexpected == {}, verdict
