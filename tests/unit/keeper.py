"""certbot's keeper, which is a template's script and no module of a package."""

import importlib.util
import sys
from pathlib import Path
from typing import Any


def _load() -> Any:
    path = Path(__file__).parents[2] / "compose-templates/certbot/certbot/keeper.py"
    spec = importlib.util.spec_from_file_location("nvrstack_certbot_keeper", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


keeper = _load()
