"""A LiteRT file without what only its converter needs: names of tensors, and arrays twice.

Full int8 keeps a scale and a zero point for each channel of each layer. The zero points are all
0 and take 8 bytes each; in a small network they are a sixth of the file.
"""

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

ALIGNMENT = 16  # bytes, of tensors' values: kernels read them where they lie in the file


def compact(content: bytes) -> bytes:
    """The same model in fewer bytes."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
    model.description = model.signatureDefs = None
    for graph in model.subgraphs:
        graph.name = None
        for tensor in graph.tensors:
            tensor.name = None
    builder = _SharingBuilder()
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


class _SharingBuilder(flatbuffers.Builder):
    """Writes equal arrays once, and refers to the first from then on."""

    def __init__(self) -> None:
        super().__init__()
        self._written: dict[tuple[str, bytes], int] = {}

    def CreateNumpyVector(self, x: np.ndarray) -> int:  # noqa: N802  the library's name
        key = x.dtype.str, x.tobytes()
        if key not in self._written:
            if x.dtype == np.uint8:
                self.Prep(ALIGNMENT, x.nbytes)
            self._written[key] = super().CreateNumpyVector(x)
        return self._written[key]
