#!/usr/bin/env python3
"""Exports small networks of well-known architectures from PyTorch, with both of its exporters.

Usage (from the repository's root; the environment is that of tests/scripts/requirements.txt):

    /tmp/venv/bin/python tests/scripts/export_architectures.py            # the committed ones
    /tmp/venv/bin/python tests/scripts/export_architectures.py --all DIR  # every one, into DIR

Writes NAME_dynamo.onnx and NAME_legacy.onnx (TorchScript, opset 13, no folding of its own), and
NAME_EXPORTER.npz with random inputs and what ONNX Runtime answers, graph optimizations off. By
default only what is in COMMITTED, below tests/fixtures/onnx/architectures.

Weights are random (seeded), running statistics of batch normalizations too: what is tested is how
the exporters write these networks, not what they recognize.
"""

import argparse
import pathlib
import warnings

import numpy as np
import onnxruntime
import torch
import torch.nn.functional as F
from torch import nn

SEED = 20262
SAMPLES = 2
ROOT = pathlib.Path(__file__).resolve().parents[2]


def conv_bn(i, o, k=3, s=1, p=None, g=1, act=nn.ReLU):
    layers = [nn.Conv2d(i, o, k, s, k // 2 if p is None else p, groups=g, bias=False), nn.BatchNorm2d(o)]
    return nn.Sequential(*layers, *([act()] if act else []))


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1, self.c2 = nn.Conv2d(1, 4, 5, padding=2), nn.Conv2d(4, 8, 5)
        self.f1, self.f2, self.f3 = nn.Linear(8 * 25, 16), nn.Linear(16, 12), nn.Linear(12, 10)

    def forward(self, x):
        x = F.max_pool2d(torch.tanh(self.c1(x)), 2)
        x = F.max_pool2d(torch.tanh(self.c2(x)), 2)
        x = x.view(x.size(0), -1)
        return self.f3(torch.tanh(self.f2(torch.tanh(self.f1(x)))))


def vgg():
    return nn.Sequential(
        conv_bn(3, 8), conv_bn(8, 8), nn.MaxPool2d(2), nn.Dropout2d(0.2),
        conv_bn(8, 12), conv_bn(12, 12), nn.MaxPool2d(2), nn.Dropout(0.3),
        nn.Flatten(), nn.Linear(12 * 16, 24), nn.BatchNorm1d(24), nn.ReLU(), nn.Dropout(0.5), nn.Linear(24, 10))


class Residual(nn.Module):
    def __init__(self, i, o, s):
        super().__init__()
        self.a, self.b = conv_bn(i, o, 3, s), conv_bn(o, o, 3, act=None)
        self.short = conv_bn(i, o, 1, s, act=None) if s > 1 or i != o else nn.Identity()

    def forward(self, x):
        return F.relu(self.b(self.a(x)) + self.short(x))


def resnet8():
    return nn.Sequential(conv_bn(3, 8), Residual(8, 8, 1), Residual(8, 12, 2), Residual(12, 16, 2),
                         nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10), nn.Softmax(1))


class PreActivation(nn.Module):
    def __init__(self, i, o, s):
        super().__init__()
        self.n1, self.c1 = nn.BatchNorm2d(i), nn.Conv2d(i, o, 3, s, 1, bias=False)
        self.n2, self.c2 = nn.BatchNorm2d(o), nn.Conv2d(o, o, 3, 1, 1, bias=False)
        self.short = nn.Conv2d(i, o, 1, s, bias=False) if s > 1 or i != o else None

    def forward(self, x):
        y = F.relu(self.n1(x))
        short = self.short(y) if self.short else x
        return self.c2(F.relu(self.n2(self.c1(y)))) + short


def preact():
    return nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 8, 3, padding=1), PreActivation(8, 8, 1),
                         PreActivation(8, 12, 2), nn.BatchNorm2d(12), nn.ReLU(), nn.AvgPool2d(8),
                         nn.Flatten(), nn.BatchNorm1d(12), nn.Linear(12, 10))


def mobilenet_v1():
    def block(i, o, s):
        return [conv_bn(i, i, 3, s, g=i, act=nn.ReLU6), conv_bn(i, o, 1, act=nn.ReLU6)]
    return nn.Sequential(conv_bn(3, 8, 3, 2, act=nn.ReLU6), *block(8, 12, 1), *block(12, 16, 2), *block(16, 16, 1),
                         nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten(), nn.Linear(16, 10))


class Inverted(nn.Module):
    def __init__(self, i, o, s, t):
        super().__init__()
        self.skip = s == 1 and i == o
        self.body = nn.Sequential(conv_bn(i, i * t, 1, act=nn.ReLU6), conv_bn(i * t, i * t, 3, s, g=i * t, act=nn.ReLU6),
                                  conv_bn(i * t, o, 1, act=None))

    def forward(self, x):
        return x + self.body(x) if self.skip else self.body(x)


class MobileNetV2(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(conv_bn(3, 8, 3, 2, act=nn.ReLU6), Inverted(8, 8, 1, 2), Inverted(8, 12, 2, 3),
                                      Inverted(12, 12, 1, 3))
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(12, 10))

    def forward(self, x):
        return self.classifier(self.features(x).mean([2, 3]))


def dscnn():
    def block():
        return [conv_bn(12, 12, 3, g=12), conv_bn(12, 12, 1)]
    return nn.Sequential(nn.ZeroPad2d((1, 1, 4, 5)), nn.Conv2d(1, 12, (10, 4), 2), nn.BatchNorm2d(12), nn.ReLU(), nn.Dropout(0.2),
                         *block(), *block(), nn.Dropout(0.4), nn.AvgPool2d((25, 5)), nn.Flatten(), nn.Linear(12, 12), nn.Softmax(-1))


class Fire(nn.Module):
    def __init__(self, i, s, e):
        super().__init__()
        self.s, self.a, self.b = nn.Conv2d(i, s, 1), nn.Conv2d(s, e, 1), nn.Conv2d(s, e, 3, padding=1)

    def forward(self, x):
        x = F.relu(self.s(x))
        return torch.cat([F.relu(self.a(x)), F.relu(self.b(x))], 1)


def squeezenet():
    return nn.Sequential(nn.Conv2d(3, 8, 3, 2), nn.ReLU(), nn.MaxPool2d(3, 2, ceil_mode=True), Fire(8, 4, 8), Fire(16, 4, 8),
                         nn.MaxPool2d(3, 2, ceil_mode=True), Fire(16, 6, 12), nn.Dropout(0.5), nn.Conv2d(24, 10, 1), nn.ReLU(),
                         nn.AdaptiveAvgPool2d(1), nn.Flatten())


class Inception(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = conv_bn(3, 8)
        self.a, self.b = conv_bn(8, 4, 1), nn.Sequential(conv_bn(8, 4, 1), conv_bn(4, 6))
        self.c = nn.Sequential(conv_bn(8, 3, 1), conv_bn(3, 4, 5))
        self.d = nn.Sequential(nn.AvgPool2d(3, 1, 1), conv_bn(8, 4, 1))
        self.e = nn.Sequential(nn.MaxPool2d(3, 1, 1), conv_bn(8, 4, 1))
        self.head = nn.Linear(22, 10)

    def forward(self, x):
        x = self.stem(x)
        x = torch.cat([self.a(x), self.b(x), self.c(x), self.d(x), self.e(x)], dim=1)
        return self.head(F.adaptive_avg_pool2d(x, 1).flatten(1))


class Shuffle(nn.Module):
    """ShuffleNetV2's unit: half of the channels pass, the halves are interleaved."""

    def __init__(self, c):
        super().__init__()
        h = c // 2
        self.body = nn.Sequential(conv_bn(h, h, 1), conv_bn(h, h, 3, g=h, act=None), conv_bn(h, h, 1))

    def forward(self, x):
        a, b = x.chunk(2, dim=1)
        x = torch.cat((a, self.body(b)), 1)
        n, c, h, w = x.shape
        return x.view(n, 2, c // 2, h, w).transpose(1, 2).contiguous().view(n, c, h, w)


def shufflenet():
    return nn.Sequential(conv_bn(3, 8, 3, 2), Shuffle(8), Shuffle(8), conv_bn(8, 16, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10))


class ShuffleV1(nn.Module):
    """Grouped pointwise convolutions with nn.ChannelShuffle."""

    def __init__(self):
        super().__init__()
        self.stem = conv_bn(3, 8, 3, 2)
        self.a, self.shuffle = conv_bn(8, 8, 1, g=2), nn.ChannelShuffle(2)
        self.b, self.c = conv_bn(8, 8, 3, g=8, act=None), conv_bn(8, 8, 1, g=2, act=None)
        self.head = nn.Linear(8, 10)

    def forward(self, x):
        x = self.stem(x)
        x = F.relu(x + self.c(self.b(self.shuffle(self.a(x)))))
        return self.head(x.mean((2, 3)))


def autoencoder():
    def block(i, o):
        return [nn.Linear(i, o), nn.BatchNorm1d(o), nn.ReLU()]
    return nn.Sequential(*block(40, 24), *block(24, 24), *block(24, 4), *block(4, 24), *block(24, 24), nn.Linear(24, 40))


def accelerometer():
    return nn.Sequential(nn.Conv1d(3, 8, 5, padding=2), nn.BatchNorm1d(8), nn.ReLU(), nn.MaxPool1d(2),
                         nn.Conv1d(8, 12, 5, padding=2, stride=2), nn.BatchNorm1d(12), nn.ReLU(), nn.MaxPool1d(2),
                         nn.Conv1d(12, 12, 3, dilation=2), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(12, 6))


class SqueezeExcite(nn.Module):
    def __init__(self, c, r, gate):
        super().__init__()
        self.a, self.b, self.gate = nn.Conv2d(c, r, 1), nn.Conv2d(r, c, 1), gate

    def forward(self, x):
        return x * self.gate(self.b(F.relu(self.a(F.adaptive_avg_pool2d(x, 1)))))


class SqueezeLinear(nn.Module):
    """Squeeze and excitation with linear layers and a view."""

    def __init__(self, c, r):
        super().__init__()
        self.fc = nn.Sequential(nn.Linear(c, r, bias=False), nn.ReLU(), nn.Linear(r, c, bias=False), nn.Sigmoid())

    def forward(self, x):
        b, c, _, _ = x.size()
        y = F.adaptive_avg_pool2d(x, 1).view(b, c)
        return x * self.fc(y).view(b, c, 1, 1).expand_as(x)


def se():
    return nn.Sequential(conv_bn(3, 8, 3, 2), SqueezeExcite(8, 4, nn.Sigmoid()), conv_bn(8, 12), SqueezeLinear(12, 4),
                         nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(12, 10))


def mobilenet_v3():
    return nn.Sequential(conv_bn(3, 8, 3, 2, act=nn.Hardswish), conv_bn(8, 16, 1, act=nn.Hardswish),
                         conv_bn(16, 16, 5, g=16, act=nn.Hardswish), SqueezeExcite(16, 4, nn.Hardsigmoid()), conv_bn(16, 8, 1, act=None),
                         nn.AdaptiveAvgPool2d(1), nn.Conv2d(8, 16, 1), nn.Hardswish(), nn.Flatten(), nn.Linear(16, 10))


def silu():
    return nn.Sequential(conv_bn(3, 8, 3, 2, act=nn.SiLU), conv_bn(8, 12, 3, act=nn.SiLU), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(12, 10))


def gelu():
    return nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.GELU(), nn.Conv2d(8, 12, 3, padding=1), nn.GELU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(12, 10))


def gelu_tanh():
    return nn.Sequential(nn.Linear(20, 16), nn.GELU(approximate="tanh"), nn.Linear(16, 10))


def leaky():
    return nn.Sequential(conv_bn(3, 8, act=nn.LeakyReLU), conv_bn(8, 8, act=lambda: nn.ELU(0.7)), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8 * 64, 10))


def prelu():
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.PReLU(8), nn.Conv2d(8, 8, 3), nn.PReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10))


class Activations(nn.Module):
    """Functions of one value that people use now and then."""

    def __init__(self, function):
        super().__init__()
        self.c, self.f = nn.Conv2d(3, 6, 3), function

    def forward(self, x):
        return self.f(self.c(x))


def adaptive():
    return nn.Sequential(conv_bn(3, 8), nn.AdaptiveAvgPool2d((4, 4)), nn.Flatten(), nn.Linear(8 * 16, 10))


def avg_pools():
    return nn.Sequential(conv_bn(3, 8), nn.AvgPool2d(3, 2, 1), nn.Conv2d(8, 8, 3, padding=1), nn.AvgPool2d(3, 2, 1, count_include_pad=False),
                         nn.AvgPool2d(2, 2, ceil_mode=True), nn.Flatten(), nn.Linear(8 * 4, 10))


def multiplier2():
    return nn.Sequential(conv_bn(3, 6, 3, 2, g=3), conv_bn(6, 8, 1), conv_bn(8, 16, 3, g=8), nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(16, 10))


class UNet(nn.Module):
    """Skips that are concatenated; nothing is resized: dilations widen the view."""

    def __init__(self, up=None):
        super().__init__()
        self.a, self.b = conv_bn(3, 6), nn.Sequential(nn.Conv2d(6, 8, 3, padding=2, dilation=2), nn.BatchNorm2d(8), nn.ReLU())
        self.c, self.up, self.out = conv_bn(14, 6), up, nn.Conv2d(9, 2, 1)

    def forward(self, x):
        a = self.a(x)
        b = self.b(a)
        if self.up is not None:
            b = self.up(F.max_pool2d(b, 2))
        c = self.c(torch.cat([b, a], 1))
        return self.out(torch.cat([c, x], 1)).softmax(1)


class TwoInputs(nn.Module):
    def __init__(self):
        super().__init__()
        self.image, self.vector = nn.Sequential(conv_bn(1, 6, 3, 2), nn.AdaptiveAvgPool2d(2), nn.Flatten()), nn.Linear(5, 8)
        self.head = nn.Linear(32, 4)

    def forward(self, image, vector):
        return self.head(torch.cat([self.image(image), F.relu(self.vector(vector))], -1))


class TwoOutputs(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.box, self.cls = conv_bn(3, 8, 3, 2), nn.Conv2d(8, 4, 1), nn.Conv2d(8, 3, 1)

    def forward(self, x):
        x = self.body(x)
        return torch.sigmoid(self.box(x)), self.cls(x).permute(0, 2, 3, 1).reshape(x.shape[0], -1, 3).softmax(-1)


class FlattenNorm(nn.Module):
    def __init__(self):
        super().__init__()
        self.c, self.n, self.f = nn.Conv2d(1, 6, 3, 2), nn.BatchNorm1d(6 * 49), nn.Linear(6 * 49, 5)

    def forward(self, x):
        return F.log_softmax(self.f(self.n(F.relu(self.c(x)).flatten(1))), 1)


class FlattenNormProbabilities(FlattenNorm):
    def forward(self, x):
        return self.f(self.n(F.relu(self.c(x)).flatten(1))).softmax(1)


class Normalized(nn.Module):
    """Takes pixels of 0 to 255 and normalizes them itself."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1))
        self.body = nn.Sequential(conv_bn(3, 8, 3, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10))

    def forward(self, x):
        return self.body((x / 255.0 - self.mean) / self.std)


class Crop(nn.Module):
    """Slices, a split and a strided slice."""

    def __init__(self):
        super().__init__()
        self.c, self.d = conv_bn(3, 8), nn.Conv2d(4, 4, 3, 2, 1)

    def forward(self, x):
        x = self.c(x)[:, :, 2:-2, 2:-2]
        a, b = torch.split(x, 4, 1)
        return self.d(a) + b[:, :, ::2, ::2]


class Blur(nn.Module):
    """Reflection padding, as in anti-aliased networks."""

    def __init__(self, mode):
        super().__init__()
        self.c = nn.Conv2d(3, 4, 3, padding=1, padding_mode=mode)

    def forward(self, x):
        return self.c(x)


class Scales(nn.Module):
    """Learned scales and shifts (layer scale), a squared value, a mean over channels, a maximum."""

    def __init__(self):
        super().__init__()
        self.c, self.g, self.s = nn.Conv2d(3, 8, 3), nn.Parameter(torch.randn(8, 1, 1)), nn.Parameter(torch.randn(1))

    def forward(self, x):
        y = self.c(x) * self.g + self.s
        return (y * y - 0.5).mean((2, 3), keepdim=True) * 2.0 + y


class Attention(nn.Module):
    """A spatial attention map: mean over channels, sigmoid, product."""

    def __init__(self):
        super().__init__()
        self.c, self.a = conv_bn(3, 8), nn.Conv2d(1, 1, 7, padding=3)

    def forward(self, x):
        x = self.c(x)
        return (x * torch.sigmoid(self.a(x.mean(1, keepdim=True)))).amax((2, 3))


image = (3, 16, 16)
ARCHITECTURES = {
    "lenet": (LeNet, [(1, 28, 28)]),
    "vgg": (vgg, [image]),
    "resnet8": (resnet8, [image]),
    "preact": (preact, [image]),
    "mobilenet_v1": (mobilenet_v1, [image]),
    "mobilenet_v2": (MobileNetV2, [image]),
    "mobilenet_v3": (mobilenet_v3, [image]),
    "dscnn": (dscnn, [(1, 49, 10)]),
    "squeezenet": (squeezenet, [image]),
    "inception": (Inception, [(3, 8, 8)]),
    "shufflenet": (shufflenet, [image]),
    "shufflenet_v1": (ShuffleV1, [image]),
    "autoencoder": (autoencoder, [(40,)]),
    "accelerometer": (accelerometer, [(3, 64)]),
    "se": (se, [image]),
    "silu": (silu, [image]),
    "gelu": (gelu, [image]),
    "gelu_tanh": (gelu_tanh, [(20,)]),
    "leaky": (leaky, [image]),
    "prelu": (prelu, [image]),
    "softplus": (lambda: Activations(nn.Softplus()), [(3, 8, 8)]),
    "mish": (lambda: Activations(nn.Mish()), [(3, 8, 8)]),
    "selu": (lambda: Activations(nn.SELU()), [(3, 8, 8)]),
    "softsign": (lambda: Activations(nn.Softsign()), [(3, 8, 8)]),
    "hardtanh": (lambda: Activations(nn.Hardtanh()), [(3, 8, 8)]),
    "adaptive": (adaptive, [image]),
    "avg_pools": (avg_pools, [image]),
    "multiplier2": (multiplier2, [image]),
    "unet": (UNet, [image]),
    "unet_upsample": (lambda: UNet(nn.Upsample(scale_factor=2)), [image]),
    "unet_transposed": (lambda: UNet(nn.ConvTranspose2d(8, 8, 2, 2)), [image]),
    "two_inputs": (TwoInputs, [(1, 12, 12), (5,)]),
    "two_outputs": (TwoOutputs, [image]),
    "flatten_norm": (FlattenNormProbabilities, [(1, 16, 16)]),
    "log_softmax": (FlattenNorm, [(1, 16, 16)]),
    "normalized": (Normalized, [image]),
    "crop": (Crop, [image]),
    "reflect": (lambda: Blur("reflect"), [image]),
    "replicate": (lambda: Blur("replicate"), [image]),
    "scales": (Scales, [(3, 8, 8)]),
    "attention": (Attention, [(3, 8, 8)]),
    "gru": (lambda: nn.Sequential(nn.Flatten(2), Recurrent()), [(8, 6)]),
    "group_norm": (lambda: nn.Sequential(nn.Conv2d(3, 8, 3), nn.GroupNorm(2, 8), nn.ReLU()), [(3, 8, 8)]),
    "layer_norm": (lambda: nn.Sequential(nn.Linear(20, 16), nn.LayerNorm(16), nn.ReLU(), nn.Linear(16, 4)), [(20,)]),
}
# Small enough for the repository, and each with something that the others do not have.
COMMITTED = [
    ("accelerometer", "dynamo"),
    ("dscnn", "legacy"),
    ("mobilenet_v2", "legacy"),
    ("multiplier2", "dynamo"),
    ("preact", "legacy"),
    ("prelu", "dynamo"),
    ("se", "legacy"),
    ("squeezenet", "legacy"),
    ("two_inputs", "dynamo"),
    ("two_outputs", "legacy"),
]
EXPORTERS = ["dynamo", "legacy"]


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.g = nn.GRU(6, 5, batch_first=True)

    def forward(self, x):
        return self.g(x)[0]


def randomize(model):
    """Statistics and gains as training leaves them."""
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.running_mean.normal_(0, 0.3)
            module.running_var.uniform_(0.2, 1.5)
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.normal_(0, 0.3)


def smooth(shape, generator):
    """Images as cameras give them, roughly: noise, smoothed; vectors: noise."""
    x = torch.randn(shape, generator=generator)
    if len(shape) == 4:
        x = 0.5 * x + 1.5 * F.avg_pool2d(F.pad(x, (2, 2, 2, 2), mode="replicate"), 5, 1)
    return x


def export(name, exporters, folder):
    make, shapes = ARCHITECTURES[name]
    torch.manual_seed(SEED)
    model = make().eval()
    randomize(model)
    generator = torch.Generator().manual_seed(SEED)
    scale = 80.0 if name == "normalized" else 1.0
    inputs = [smooth((SAMPLES, *shape), generator) * scale for shape in shapes]
    one = tuple(x[:1] for x in inputs)
    names = ["input"] if len(inputs) == 1 else ["input_a", "input_b"]
    outputs = model(*inputs)
    outputs = ["output"] if isinstance(outputs, torch.Tensor) else ["output_a", "output_b"]
    for exporter in exporters:
        path = folder / f"{name}_{exporter}.onnx"
        options = {"input_names": names, "output_names": outputs, "verbose": False}
        try:
            if exporter == "dynamo":
                torch.onnx.export(model, one, path, dynamo=True, external_data=False, **options)
            else:
                torch.onnx.export(model, one, path, dynamo=False, opset_version=13, do_constant_folding=False, **options)
        except Exception as error:  # an exporter may not know an operator
            print(f"{name}: {exporter} failed: {str(error)[:200]}")
            path.unlink(missing_ok=True)
            continue
        answer(path, names, inputs)


def answer(path, names, inputs):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    answers = [session.run(None, {n: x[i:i + 1].numpy() for n, x in zip(names, inputs)}) for i in range(SAMPLES)]
    arrays = {n: x.numpy() for n, x in zip(names, inputs)}
    for index, output in enumerate(session.get_outputs()):
        arrays[output.name] = np.concatenate([a[index] for a in answers])
    np.savez_compressed(path.with_suffix(".npz"), **arrays)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", type=pathlib.Path, metavar="DIR")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_grad_enabled(False)
    folder = options.all or ROOT / "tests/fixtures/onnx/architectures"
    folder.mkdir(parents=True, exist_ok=True)
    if options.all:
        for name in ARCHITECTURES:
            export(name, EXPORTERS, folder)
    else:
        for name, exporter in COMMITTED:
            export(name, [exporter], folder)


if __name__ == "__main__":
    main()
