"""The part of a glTF 2.0 document, and of VRM's extensions to it, that matters to us. What is not here is passed over.

Written from the Khronos glTF 2.0 specification and the VRM 0.0 and 1.0 specifications.
"""

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from digiclone.avatar.foreign.container import Unfit

Index = Annotated[int, Field(ge=0, lt=1 << 20)]
Size = Annotated[int, Field(ge=0, lt=1 << 31)]
Count = Annotated[int, Field(ge=1, lt=1 << 26)]
Component = Literal[5120, 5121, 5122, 5123, 5125, 5126]
Kind = Literal["SCALAR", "VEC2", "VEC3", "VEC4", "MAT2", "MAT3", "MAT4"]
Name = Annotated[str, Field(max_length=500)]
Extensions = dict[str, Any]


class Part(BaseModel):
    """A piece of the document. Types are strict: a number in quotes would mean something else to the page."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True, allow_inf_nan=False, alias_generator=to_camel)


class Asset(Part):
    version: str = ""
    copyright: str = ""
    generator: str = ""
    extras: Any = None


class Buffer(Part):
    byte_length: Size
    uri: str | None = None
    extensions: Extensions = {}


class BufferView(Part):
    buffer: Index
    byte_offset: Size = 0
    byte_length: Annotated[int, Field(ge=1, lt=1 << 31)]
    byte_stride: Annotated[int, Field(ge=4, le=252)] | None = None
    extensions: Extensions = {}


class Compressed(Part):
    """EXT_meshopt_compression of a buffer view."""

    buffer: Index
    byte_offset: Size = 0
    byte_length: Count
    byte_stride: Annotated[int, Field(ge=2, le=256)]
    count: Count


class SparseIndices(Part):
    buffer_view: Index
    byte_offset: Size = 0
    component_type: Literal[5121, 5123, 5125]


class SparseValues(Part):
    buffer_view: Index
    byte_offset: Size = 0


class Sparse(Part):
    count: Count
    indices: SparseIndices
    values: SparseValues


class Accessor(Part):
    buffer_view: Index | None = None
    byte_offset: Size = 0
    component_type: Component
    count: Count
    type: Kind
    sparse: Sparse | None = None
    min: list[float] = []
    max: list[float] = []


class Primitive(Part):
    attributes: dict[str, Index]
    indices: Index | None = None
    material: Index | None = None
    mode: Literal[0, 1, 2, 3, 4, 5, 6] = 4
    targets: list[dict[str, Any]] = []
    extras: Any = None
    extensions: Extensions = {}


class Mesh(Part):
    name: str = ""
    primitives: Annotated[list[Primitive], Field(min_length=1)]
    extras: Any = None


class Node(Part):
    name: str = ""
    mesh: Index | None = None
    skin: Index | None = None
    camera: Index | None = None
    children: list[Index] = []
    matrix: Annotated[list[float], Field(min_length=16, max_length=16)] | None = None
    translation: Annotated[list[float], Field(min_length=3, max_length=3)] = [0.0, 0.0, 0.0]
    rotation: Annotated[list[float], Field(min_length=4, max_length=4)] = [0.0, 0.0, 0.0, 1.0]
    scale: Annotated[list[float], Field(min_length=3, max_length=3)] = [1.0, 1.0, 1.0]


class Skin(Part):
    joints: Annotated[list[Index], Field(min_length=1)]
    inverse_bind_matrices: Index | None = None
    skeleton: Index | None = None


class Image(Part):
    uri: str | None = None
    buffer_view: Index | None = None


class Texture(Part):
    source: Index | None = None
    sampler: Index | None = None
    extensions: Extensions = {}


class Scene(Part):
    nodes: list[Index] = []


class Sampler(Part):
    input: Index
    output: Index


class Target(Part):
    node: Index | None = None


class Channel(Part):
    sampler: Index
    target: Target


class Animation(Part):
    samplers: list[Sampler] = []
    channels: list[Channel] = []


class Document(Part):
    """All of it."""

    asset: Asset
    buffers: list[Buffer] = []
    buffer_views: list[BufferView] = []
    accessors: list[Accessor] = []
    meshes: list[Mesh] = []
    nodes: list[Node] = []
    skins: list[Skin] = []
    images: list[Image] = []
    samplers: list[dict[str, Any]] = []
    textures: list[Texture] = []
    materials: list[dict[str, Any]] = []
    cameras: list[dict[str, Any]] = []
    animations: list[Animation] = []
    scenes: list[Scene] = []
    scene: Index | None = None
    extensions: Extensions = {}
    extensions_used: list[str] = []
    extensions_required: list[str] = []


class Bind(Part):
    """A weight of one morph target: of a mesh in VRM 0, of the mesh of a node in VRM 1."""

    mesh: Index | None = None
    node: Index | None = None
    index: Index
    weight: float = 0.0


class Group(Part):
    """An expression of VRM 0. Weights go to 100."""

    name: str = ""
    preset_name: str = ""
    binds: list[Bind] = []


class Expression(Part):
    """An expression of VRM 1. Weights go to 1."""

    morph_target_binds: list[Bind] = []


class Bone(Part):
    bone: str = ""
    node: int


P = TypeVar("P", bound=Part)


def parse(cls: type[P], value: Any, what: str) -> P:
    """`value` as a `cls`. Raises `Unfit` naming `what` and where in it the mistake is."""
    try:
        return cls.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])[:120]
        raise Unfit(
            f"the file is damaged: {what} {where}: {first['msg']}; export it again".replace("  ", " ")
        ) from None
