"""What a suite can be made from: an importer is a module with `read`, and a line in `IMPORTERS`."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Final

from perfkit.scaffold.importers import access_log, har, openapi

# The option of `perfkit init` → the module that reads such a file.
IMPORTERS: Final[Mapping[str, ModuleType]] = {"openapi": openapi, "har": har, "access-log": access_log}
