"""Reads, writes and verifies Lance files and datasets.

Tables come and go by the Arrow PyCapsule interface, so that pyarrow, polars, pandas and DuckDB can be used, and none is needed:

    import lancekit, polars
    lancekit.write(polars.DataFrame({"x": [1, 2, 3]}), "numbers.lance")
    table = lancekit.open("numbers.lance")
    polars.DataFrame(table.scan(where="x > 1"))
"""
from lancekit._errors import ErrorCode, LancekitError
from lancekit._native import VERSION as __version__
from lancekit._schema import Field, Schema
from lancekit._table import Rows, Table, open
from lancekit._verify import Finding, Severity, Verification, verify
from lancekit._write import WriteSummary, write

__all__ = ['ErrorCode', 'Field', 'Finding', 'LancekitError', 'Rows', 'Schema', 'Severity', 'Table', 'Verification', 'WriteSummary',
           '__version__', 'open', 'verify', 'write']
