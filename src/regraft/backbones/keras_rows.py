"""The networks of `keras.applications` that have ImageNet weights, one row each.

Source:
    File names, addresses and hashes are those of `keras/src/applications/*.py`, Keras 3.15.1.
    Licences of the weights are those that the documentation of Keras names, or else those of
    the release that Keras converted. Taps are measured.
"""

from typing import NamedTuple

from regraft.adapt.pixels import BYTE, CAFFE, SIGNED, TORCH
from regraft.backbones.measured_taps import measured_taps
from regraft.backbones.row import Backbone, WeightFile
from regraft.records import PixelSpec

_APPLICATIONS = "https://storage.googleapis.com/tensorflow/keras-applications/"


class _Family(NamedTuple):
    url: str  # folder of the weight files
    pixels: PixelSpec
    licence: str
    citation: str
    smallest_size: int = 32


_VGG = _Family(
    url=f"{_APPLICATIONS}{{name}}/",
    pixels=CAFFE,
    licence="CC-BY-4.0",
    citation="Simonyan and Zisserman 2014, https://arxiv.org/abs/1409.1556",
)
_RESNET = _Family(
    url=f"{_APPLICATIONS}resnet/",
    pixels=CAFFE,
    licence="MIT",
    citation="He et al. 2015, https://arxiv.org/abs/1512.03385",
)
_RESNET_V2 = _Family(
    url=f"{_APPLICATIONS}resnet/",
    pixels=SIGNED,
    licence="BSD-3-Clause",
    citation="He et al. 2016, https://arxiv.org/abs/1603.05027",
)
_INCEPTION = _Family(
    url=f"{_APPLICATIONS}inception_v3/",
    pixels=SIGNED,
    licence="Apache-2.0",
    citation="Szegedy et al. 2015, https://arxiv.org/abs/1512.00567",
    smallest_size=75,
)
_INCEPTION_RESNET = _Family(
    url=f"{_APPLICATIONS}inception_resnet_v2/",
    pixels=SIGNED,
    licence="Apache-2.0",
    citation="Szegedy et al. 2016, https://arxiv.org/abs/1602.07261",
    smallest_size=75,
)
_XCEPTION = _Family(
    url=f"{_APPLICATIONS}xception/",
    pixels=SIGNED,
    licence="MIT",
    citation="Chollet 2016, https://arxiv.org/abs/1610.02357",
    smallest_size=71,
)
_DENSENET = _Family(
    url=f"{_APPLICATIONS}densenet/",
    pixels=TORCH,
    licence="BSD-3-Clause",
    citation="Huang et al. 2016, https://arxiv.org/abs/1608.06993",
)
_MOBILENET = _Family(
    url=f"{_APPLICATIONS}mobilenet/",
    pixels=SIGNED,
    licence="Apache-2.0",
    citation="Howard et al. 2017, https://arxiv.org/abs/1704.04861",
)
_MOBILENET_V2 = _Family(
    url=f"{_APPLICATIONS}mobilenet_v2/",
    pixels=SIGNED,
    licence="Apache-2.0",
    citation="Sandler et al. 2018, https://arxiv.org/abs/1801.04381",
)
_MOBILENET_V3 = _Family(
    url=f"{_APPLICATIONS}mobilenet_v3/",
    pixels=BYTE,
    licence="Apache-2.0",
    citation="Howard et al. 2019, https://arxiv.org/abs/1905.02244",
)
_NASNET = _Family(
    url=f"{_APPLICATIONS}nasnet/",
    pixels=SIGNED,
    licence="Apache-2.0",
    citation="Zoph et al. 2017, https://arxiv.org/abs/1707.07012",
)
_EFFICIENTNET = _Family(
    url="https://storage.googleapis.com/keras-applications/",
    pixels=BYTE,
    licence="Apache-2.0",
    citation="Tan and Le 2019, https://arxiv.org/abs/1905.11946",
)
_EFFICIENTNET_V2 = _Family(
    url=f"{_APPLICATIONS}efficientnet_v2/",
    pixels=BYTE,
    licence="Apache-2.0",
    citation="Tan and Le 2021, https://arxiv.org/abs/2104.00298",
)
_CONVNEXT = _Family(
    url=f"{_APPLICATIONS}convnext/",
    pixels=BYTE,
    licence="MIT",
    citation="Liu et al. 2022, https://arxiv.org/abs/2201.03545",
)


def _row(
    family: _Family,
    *,
    name: str,
    builder: str,
    file_name: str,
    hash: str,
    default_size: int,
    also: tuple[str, ...] = (),
    stored_as: str = "",
) -> Backbone:
    url = family.url.format(name=name) + (stored_as or file_name)
    return Backbone(
        name=name,
        builder=f"keras.applications:{builder}",
        weights=WeightFile(file_name=file_name, url=url, hash=hash, also=also),
        licence=family.licence,
        citation=family.citation,
        pixels=family.pixels,
        smallest_size=family.smallest_size,
        default_size=default_size,
        taps=measured_taps(name),
    )


KERAS_ROWS: tuple[Backbone, ...] = (
    _row(
        _VGG,
        name="vgg16",
        builder="VGG16",
        file_name="vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
        hash="md5:6d6bbae143d832006294945121d1f1fc",
        default_size=224,
    ),
    _row(
        _VGG,
        name="vgg19",
        builder="VGG19",
        file_name="vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5",
        hash="md5:253f8cb515780f3b799900260a226db6",
        default_size=224,
    ),
    _row(
        _RESNET,
        name="resnet50",
        builder="ResNet50",
        file_name="resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
        hash="md5:4d473c1dd8becc155b73f8504c6f6626",
        default_size=224,
    ),
    _row(
        _RESNET,
        name="resnet101",
        builder="ResNet101",
        file_name="resnet101_weights_tf_dim_ordering_tf_kernels_notop.h5",
        hash="md5:88cf7a10940856eca736dc7b7e228a21",
        default_size=224,
    ),
    _row(
        _RESNET,
        name="resnet152",
        builder="ResNet152",
        file_name="resnet152_weights_tf_dim_ordering_tf_kernels_notop.h5",
        hash="md5:ee4c566cf9a93f14d82f913c2dc6dd0c",
        default_size=224,
    ),
    _row(
        _RESNET_V2,
        name="resnet50_v2",
        builder="ResNet50V2",
        file_name="resnet50v2_weights_tf_dim_ordering_tf_kernels_notop.h5",
        hash="md5:fac2f116257151a9d068a22e544a4917",
        default_size=224,
    ),
    _row(
        _RESNET_V2,
        name="resnet101_v2",
        builder="ResNet101V2",
        file_name="resnet101v2_weights_tf_dim_ordering_tf_kernels_notop.h5",
        hash="md5:c0ed64b8031c3730f411d2eb4eea35b5",
        default_size=224,
    ),
    _row(
        _RESNET_V2,
        name="resnet152_v2",
        builder="ResNet152V2",
        file_name="resnet152v2_weights_tf_dim_ordering_tf_kernels_notop.h5",
        hash="md5:ed17cf2e0169df9d443503ef94b23b33",
        default_size=224,
    ),
    _row(
        _INCEPTION,
        name="inception_v3",
        builder="InceptionV3",
        file_name="inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5",
        hash="md5:bcbd6486424b2319ff4ef7d526e38f63",
        default_size=299,
    ),
    _row(
        _INCEPTION_RESNET,
        name="inception_resnet_v2",
        builder="InceptionResNetV2",
        file_name="inception_resnet_v2_weights_tf_dim_ordering_tf_kernels_notop.h5",
        hash="md5:d19885ff4a710c122648d3b5c3b684e4",
        default_size=299,
    ),
    _row(
        _XCEPTION,
        name="xception",
        builder="Xception",
        file_name="xception_weights_tf_dim_ordering_tf_kernels_notop.h5",
        hash="md5:b0042744bf5b25fce3cb969f33bebb97",
        default_size=299,
    ),
    _row(
        _MOBILENET,
        name="mobilenet",
        builder="MobileNet",
        file_name="mobilenet_1_0_224_tf_no_top.h5",
        hash="",
        default_size=224,
        also=tuple(f"mobilenet_1_0_{size}_tf_no_top.h5" for size in (192, 160, 128)),
    ),
    _row(
        _MOBILENET_V2,
        name="mobilenet_v2",
        builder="MobileNetV2",
        file_name="mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5",
        hash="",
        default_size=224,
        also=tuple(
            f"mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_{size}_no_top.h5"
            for size in (192, 160, 128, 96)
        ),
    ),
    _row(
        _MOBILENET_V3,
        name="mobilenet_v3_small",
        builder="MobileNetV3Small",
        file_name="weights_mobilenet_v3_small_224_1.0_float_no_top_v2.h5",
        hash="md5:d3e8ec802a04aa4fc771ee12a9a9b836",
        default_size=224,
    ),
    _row(
        _MOBILENET_V3,
        name="mobilenet_v3_large",
        builder="MobileNetV3Large",
        file_name="weights_mobilenet_v3_large_224_1.0_float_no_top_v2.h5",
        hash="md5:07fb09a5933dd0c8eaafa16978110389",
        default_size=224,
    ),
    _row(
        _DENSENET,
        name="densenet121",
        builder="DenseNet121",
        file_name="densenet121_weights_tf_dim_ordering_tf_kernels_notop.h5",
        hash="md5:30ee3e1110167f948a6b9946edeeb738",
        default_size=224,
    ),
    _row(
        _DENSENET,
        name="densenet169",
        builder="DenseNet169",
        file_name="densenet169_weights_tf_dim_ordering_tf_kernels_notop.h5",
        hash="md5:b8c4d4c20dd625c148057b9ff1c1176b",
        default_size=224,
    ),
    _row(
        _DENSENET,
        name="densenet201",
        builder="DenseNet201",
        file_name="densenet201_weights_tf_dim_ordering_tf_kernels_notop.h5",
        hash="md5:c13680b51ded0fb44dff2d8f86ac8bb1",
        default_size=224,
    ),
    _row(
        _NASNET,
        name="nasnet_mobile",
        builder="NASNetMobile",
        file_name="nasnet_mobile_no_top.h5",
        stored_as="NASNet-mobile-no-top.h5",
        hash="md5:1ed92395b5b598bdda52abe5c0dbfd63",
        default_size=224,
    ),
    _row(
        _NASNET,
        name="nasnet_large",
        builder="NASNetLarge",
        file_name="nasnet_large_no_top.h5",
        stored_as="NASNet-large-no-top.h5",
        hash="md5:d81d89dc07e6e56530c4e77faddd61b5",
        default_size=331,
    ),
    _row(
        _EFFICIENTNET,
        name="efficientnet_b0",
        builder="EfficientNetB0",
        file_name="efficientnetb0_notop.h5",
        hash="md5:50bc09e76180e00e4465e1a485ddc09d",
        default_size=224,
    ),
    _row(
        _EFFICIENTNET,
        name="efficientnet_b1",
        builder="EfficientNetB1",
        file_name="efficientnetb1_notop.h5",
        hash="md5:74c4e6b3e1f6a1eea24c589628592432",
        default_size=240,
    ),
    _row(
        _EFFICIENTNET,
        name="efficientnet_b2",
        builder="EfficientNetB2",
        file_name="efficientnetb2_notop.h5",
        hash="md5:111f8e2ac8aa800a7a99e3239f7bfb39",
        default_size=260,
    ),
    _row(
        _EFFICIENTNET,
        name="efficientnet_b3",
        builder="EfficientNetB3",
        file_name="efficientnetb3_notop.h5",
        hash="md5:af6d107764bb5b1abb91932881670226",
        default_size=300,
    ),
    _row(
        _EFFICIENTNET,
        name="efficientnet_b4",
        builder="EfficientNetB4",
        file_name="efficientnetb4_notop.h5",
        hash="md5:ebc24e6d6c33eaebbd558eafbeedf1ba",
        default_size=380,
    ),
    _row(
        _EFFICIENTNET,
        name="efficientnet_b5",
        builder="EfficientNetB5",
        file_name="efficientnetb5_notop.h5",
        hash="md5:38879255a25d3c92d5e44e04ae6cec6f",
        default_size=456,
    ),
    _row(
        _EFFICIENTNET,
        name="efficientnet_b6",
        builder="EfficientNetB6",
        file_name="efficientnetb6_notop.h5",
        hash="md5:9ecce42647a20130c1f39a5d4cb75743",
        default_size=528,
    ),
    _row(
        _EFFICIENTNET,
        name="efficientnet_b7",
        builder="EfficientNetB7",
        file_name="efficientnetb7_notop.h5",
        hash="md5:cbcfe4450ddf6f3ad90b1b398090fe4a",
        default_size=600,
    ),
    _row(
        _EFFICIENTNET_V2,
        name="efficientnet_v2_b0",
        builder="EfficientNetV2B0",
        file_name="efficientnetv2-b0_notop.h5",
        hash="md5:893217f2bb855e2983157299931e43ff",
        default_size=224,
    ),
    _row(
        _EFFICIENTNET_V2,
        name="efficientnet_v2_b1",
        builder="EfficientNetV2B1",
        file_name="efficientnetv2-b1_notop.h5",
        hash="md5:0e80663031ca32d657f9caa404b6ec37",
        default_size=240,
    ),
    _row(
        _EFFICIENTNET_V2,
        name="efficientnet_v2_b2",
        builder="EfficientNetV2B2",
        file_name="efficientnetv2-b2_notop.h5",
        hash="md5:1dfe2e7a5d45b6632553a8961ea609eb",
        default_size=260,
    ),
    _row(
        _EFFICIENTNET_V2,
        name="efficientnet_v2_b3",
        builder="EfficientNetV2B3",
        file_name="efficientnetv2-b3_notop.h5",
        hash="md5:f6abf7b5849ac99a89b50dd3fd532856",
        default_size=300,
    ),
    _row(
        _EFFICIENTNET_V2,
        name="efficientnet_v2_s",
        builder="EfficientNetV2S",
        file_name="efficientnetv2-s_notop.h5",
        hash="md5:af0682fb74e8c54910f2d4393339c070",
        default_size=384,
    ),
    _row(
        _EFFICIENTNET_V2,
        name="efficientnet_v2_m",
        builder="EfficientNetV2M",
        file_name="efficientnetv2-m_notop.h5",
        hash="md5:1b8dc055df72dde80d614482840fe342",
        default_size=480,
    ),
    _row(
        _EFFICIENTNET_V2,
        name="efficientnet_v2_l",
        builder="EfficientNetV2L",
        file_name="efficientnetv2-l_notop.h5",
        hash="md5:b0b66b5c863aef5b46e8608fe1711615",
        default_size=480,
    ),
    _row(
        _CONVNEXT,
        name="convnext_tiny",
        builder="ConvNeXtTiny",
        file_name="convnext_tiny_notop.h5",
        hash="sha256:d547c096cabd03329d7be5562c5e14798aa39ed24b474157cef5e85ab9e49ef1",
        default_size=224,
    ),
    _row(
        _CONVNEXT,
        name="convnext_small",
        builder="ConvNeXtSmall",
        file_name="convnext_small_notop.h5",
        hash="sha256:6fc8009faa2f00c1c1dfce59feea9b0745eb260a7dd11bee65c8e20843da6eab",
        default_size=224,
    ),
    _row(
        _CONVNEXT,
        name="convnext_base",
        builder="ConvNeXtBase",
        file_name="convnext_base_notop.h5",
        hash="sha256:40a20c5548a5e9202f69735ecc06c990e6b7c9d2de39f0361e27baeb24cb7c45",
        default_size=224,
    ),
    _row(
        _CONVNEXT,
        name="convnext_large",
        builder="ConvNeXtLarge",
        file_name="convnext_large_notop.h5",
        hash="sha256:96f02b6f0753d4f543261bc9d09bed650f24dd6bc02ddde3066135b63d23a1cd",
        default_size=224,
    ),
    _row(
        _CONVNEXT,
        name="convnext_xlarge",
        builder="ConvNeXtXLarge",
        file_name="convnext_xlarge_notop.h5",
        hash="sha256:de3f8a54174130e0cecdc71583354753d557fcf1f4487331558e2a16ba0cfe05",
        default_size=224,
    ),
)
