"""Protos of the tests' own, compiled when they run."""

import tempfile
from importlib.resources import files
from pathlib import Path

from google.protobuf import descriptor_pool
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from grpc_tools import protoc  # type: ignore[import-untyped]

ROOT = Path(__file__).parent.parent


def compile_proto(package: str, text: str) -> dict[str, type[Message]]:
    """The messages of a proto file, by name; its package, which is also the file's name, is put first."""
    with tempfile.TemporaryDirectory() as folder:
        source, compiled = Path(folder, f"{package}.proto"), Path(folder, "set")
        source.write_text(f'syntax = "proto3"; package {package};\n{text}')
        well_known = files("grpc_tools") / "_proto"
        paths = [f"-I{folder}", f"-I{ROOT / 'protos'}", f"-I{well_known}"]
        assert protoc.main(["protoc", *paths, f"--descriptor_set_out={compiled}", str(source)]) == 0
        (file,) = FileDescriptorSet.FromString(compiled.read_bytes()).file
    pool = descriptor_pool.Default()
    pool.Add(file)
    found = {message.name: pool.FindMessageTypeByName(f"{package}.{message.name}") for message in file.message_type}
    return {name: GetMessageClass(descriptor) for name, descriptor in found.items()}
