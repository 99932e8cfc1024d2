"""The table of pretrained backbones: what each one expects, how large it is, and its licence."""

from dataclasses import dataclass, field

# As the Keras documentation and the authors' own repositories state them.
APACHE, BSD, CC_BY, MIT = "Apache 2.0", "BSD 3-clause", "CC BY 4.0", "MIT"

_TF = "_weights_tf_dim_ordering_tf_kernels_notop.h5"


@dataclass(frozen=True)
class Backbone:
    """One convolutional network of `keras.applications`.

    `module` has its preprocessing; `default_size` is the side in pixels that its ImageNet
    weights were trained at, `smallest_size` the least that Keras builds it for;
    `weights_file` is the name that Keras gives the weights without top, with `*` for an image
    size that convolutions do not mind; `parameters` is their number without top, `licence`
    that of the ImageNet weights.
    """

    application: str
    module: str
    default_size: int
    smallest_size: int
    weights_file: str
    parameters: int
    licence: str
    options: dict[str, float] = field(default_factory=dict)


def _mobilenet_v2(alpha: float, parameters: int) -> Backbone:
    file = f"mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{alpha}_*_no_top*.h5"
    return Backbone(
        "MobileNetV2", "mobilenet_v2", 224, 32, file, parameters, APACHE, {"alpha": alpha}
    )


def _family(module: str, licence: str, file: str, rows: dict[str, tuple], least: int = 32) -> dict:
    """Rows of (default size, parameters) or (default size, parameters, name in the file)."""
    return {
        name: Backbone(
            name, module, size, least, file.format(*named or [name.lower()]), parameters, licence
        )
        for name, (size, parameters, *named) in rows.items()
    }


BACKBONES = {
    "MobileNetV2": _mobilenet_v2(1.0, 2_257_984),
    "MobileNetV2-0.35": _mobilenet_v2(0.35, 410_208),
    **_family("mobilenet", APACHE, "mobilenet_1_0_*_tf_no_top.h5", {"MobileNet": (224, 3_228_864)}),
    **_family(
        "mobilenet_v3",
        APACHE,
        "weights_mobilenet_v3_{}_224_1.0_float_no_top_v2.h5",
        {
            "MobileNetV3Small": (224, 939_120, "small"),
            "MobileNetV3Large": (224, 2_996_352, "large"),
        },
    ),
    **_family(
        "inception_resnet_v2",
        APACHE,
        "inception_resnet_v2" + _TF,
        {"InceptionResNetV2": (299, 54_336_736)},
        least=75,
    ),
    **_family(
        "inception_v3", APACHE, "inception_v3" + _TF, {"InceptionV3": (299, 21_802_784)}, least=75
    ),
    **_family("xception", MIT, "{}" + _TF, {"Xception": (299, 20_861_480)}, least=71),
    **_family(
        "densenet",
        BSD,
        "{}" + _TF,
        {
            "DenseNet121": (224, 7_037_504),
            "DenseNet169": (224, 12_642_880),
            "DenseNet201": (224, 18_321_984),
        },
    ),
    **_family("vgg16", CC_BY, "{}" + _TF, {"VGG16": (224, 14_714_688)}),
    **_family("vgg19", CC_BY, "{}" + _TF, {"VGG19": (224, 20_024_384)}),
    **_family(
        "resnet",
        MIT,
        "{}" + _TF,
        {
            "ResNet50": (224, 23_587_712),
            "ResNet101": (224, 42_658_176),
            "ResNet152": (224, 58_370_944),
        },
    ),
    **_family(
        "resnet_v2",
        APACHE,
        "{}" + _TF,
        {
            "ResNet50V2": (224, 23_564_800),
            "ResNet101V2": (224, 42_626_560),
            "ResNet152V2": (224, 58_331_648),
        },
    ),
    **_family(
        "nasnet",
        APACHE,
        "nasnet_{}_no_top.h5",
        {"NASNetMobile": (224, 4_269_716, "mobile"), "NASNetLarge": (331, 84_916_818, "large")},
    ),
    **_family(
        "efficientnet",
        APACHE,
        "{}_notop.h5",
        {
            "EfficientNetB0": (224, 4_049_571),
            "EfficientNetB1": (240, 6_575_239),
            "EfficientNetB2": (260, 7_768_569),
            "EfficientNetB3": (300, 10_783_535),
            "EfficientNetB4": (380, 17_673_823),
            "EfficientNetB5": (456, 28_513_527),
            "EfficientNetB6": (528, 40_960_143),
            "EfficientNetB7": (600, 64_097_687),
        },
    ),
    **_family(
        "efficientnet_v2",
        APACHE,
        "efficientnetv2-{}_notop.h5",
        {
            "EfficientNetV2B0": (224, 5_919_312, "b0"),
            "EfficientNetV2B1": (240, 6_931_124, "b1"),
            "EfficientNetV2B2": (260, 8_769_374, "b2"),
            "EfficientNetV2B3": (300, 12_930_622, "b3"),
            "EfficientNetV2S": (384, 20_331_360, "s"),
            "EfficientNetV2M": (480, 53_150_388, "m"),
            "EfficientNetV2L": (480, 117_746_848, "l"),
        },
    ),
    **_family(
        "convnext",
        MIT,
        "convnext_{}_notop.h5",
        {
            "ConvNeXtTiny": (224, 27_820_128, "tiny"),
            "ConvNeXtSmall": (224, 49_454_688, "small"),
            "ConvNeXtBase": (224, 87_566_464, "base"),
            "ConvNeXtLarge": (224, 196_230_336, "large"),
            "ConvNeXtXLarge": (224, 348_147_968, "xlarge"),
        },
    ),
}
