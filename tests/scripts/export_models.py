#!/usr/bin/env python3
"""Exports small models of the kinds that people train for microcontrollers, with a symbolic batch, by
both of PyTorch's exporters as they are by default.

Usage (from the repository's root; the environment is that of tests/scripts/requirements.txt):

    /tmp/venv/bin/python tests/scripts/export_models.py [--into DIR]

Writes NAME_dynamo.onnx and NAME_legacy.onnx (TorchScript, opset 17) to tests/fixtures/onnx/models, and
NAME_EXPORTER.npz with random inputs and what ONNX Runtime answers, graph optimizations off.

Weights are random (seeded). What is tested is how the exporters write these models: shape arithmetic
with the batch, functions, layers with state, attention.
"""

import argparse
import pathlib
import warnings

import numpy as np
import onnx
import onnxruntime
import torch
import torch.nn.functional as F
from export_architectures import Fire, LeNet, UNet, conv_bn, dscnn, mobilenet_v3, randomize, smooth
from torch import nn

SEED = 20264
SAMPLES = 4
ROOT = pathlib.Path(__file__).resolve().parents[2]


class Causal(nn.Module):
    """A block of a temporal convolutional network: padded on the left, dilated, with a residual."""

    def __init__(self, c, dilation):
        super().__init__()
        self.pad, self.c = 2 * dilation, nn.Conv1d(c, c, 3, dilation=dilation)

    def forward(self, x):
        return F.relu(self.c(F.pad(x, (self.pad, 0))) + x)


def tcn():
    return nn.Sequential(nn.Conv1d(3, 8, 1), Causal(8, 1), Causal(8, 2), Causal(8, 4), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(8, 4))


def autoencoder():
    return nn.Sequential(nn.Conv2d(1, 6, 3, 2, 1), nn.ReLU(), nn.Conv2d(6, 8, 3, 2, 1), nn.ReLU(),
                         nn.ConvTranspose2d(8, 6, 2, 2), nn.ReLU(), nn.ConvTranspose2d(6, 1, 2, 2), nn.Sigmoid())


class Encoder(nn.Module):
    """A transformer's encoder layer, put together as in many repositories."""

    def __init__(self, c=8, heads=2):
        super().__init__()
        self.attention = nn.MultiheadAttention(c, heads, batch_first=True)
        self.n1, self.n2 = nn.LayerNorm(c), nn.LayerNorm(c)
        self.a, self.b, self.head = nn.Linear(c, 2 * c), nn.Linear(2 * c, c), nn.Linear(c, 3)

    def forward(self, x):
        y = self.n1(x)
        x = x + self.attention(y, y, y, need_weights=False)[0]
        x = x + self.b(F.gelu(self.a(self.n2(x))))
        return self.head(x.mean(1))


class OwnAttention(nn.Module):
    """Attention written out, with views whose shapes come from the input."""

    def __init__(self, c=8, heads=2):
        super().__init__()
        self.heads, self.qkv, self.out = heads, nn.Linear(c, 3 * c), nn.Linear(c, 3)

    def forward(self, x):
        b, t, c = x.shape
        q, k, v = self.qkv(x).reshape(b, t, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        weights = (q @ k.transpose(-2, -1) / (c // self.heads) ** 0.5).softmax(-1)
        return self.out((weights @ v).transpose(1, 2).reshape(b, t, c)[:, -1])


class Classifier(nn.Module):
    """The last state of a layer over time, classified."""

    def __init__(self, layer, width):
        super().__init__()
        self.layer, self.head = layer, nn.Linear(width, 4)

    def forward(self, x):
        return self.head(self.layer(x)[0][:, -1])


class LastState(nn.Module):
    """As before, from the state itself."""

    def __init__(self):
        super().__init__()
        self.layer, self.head = nn.GRU(6, 8, batch_first=True), nn.Linear(8, 4)

    def forward(self, x):
        _, state = self.layer(x)
        return self.head(state[-1])


class Step(nn.Module):
    """One step at a time: the states come in and go out."""

    def __init__(self):
        super().__init__()
        self.layer, self.head = nn.LSTM(6, 8, batch_first=True), nn.Linear(8, 2)

    def forward(self, x, h, c):
        y, (h, c) = self.layer(x, (h, c))
        return torch.sigmoid(self.head(y[:, 0])), h, c


class Crnn(nn.Module):
    """Convolutions over a spectrogram, then a layer over its time."""

    def __init__(self):
        super().__init__()
        self.c, self.layer, self.head = conv_bn(1, 4, 3, (1, 2)), nn.GRU(4 * 5, 8, batch_first=True), nn.Linear(8, 4)

    def forward(self, x):
        x = self.c(x)
        x = x.permute(0, 2, 1, 3).flatten(2)
        return self.head(self.layer(x)[0].mean(1))


class Norms(nn.Module):
    """Normalizations over groups and instances."""

    def __init__(self):
        super().__init__()
        self.a, self.g, self.b, self.i = nn.Conv2d(3, 8, 3), nn.GroupNorm(2, 8), nn.Conv2d(8, 4, 3), nn.InstanceNorm2d(4, affine=True)

    def forward(self, x):
        return self.i(self.b(F.relu(self.g(self.a(x))))).amax((2, 3))


def squeezenet():
    return nn.Sequential(nn.Conv2d(3, 8, 3, 2), nn.ReLU(), Fire(8, 4, 8), nn.MaxPool2d(3, 2, ceil_mode=True), nn.Dropout(),
                         nn.Conv2d(16, 6, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.LogSoftmax(1))


image, spectrum, series = (3, 16, 16), (1, 12, 10), (12, 6)
MODELS = {
    "lenet": (LeNet, [(1, 28, 28)]),
    "mobilenet_v3": (mobilenet_v3, [image]),
    "dscnn": (dscnn, [(1, 49, 10)]),
    "tcn": (tcn, [(3, 24)]),
    "autoencoder": (autoencoder, [(1, 12, 12)]),
    "squeezenet": (squeezenet, [image]),
    "unet_upsample": (lambda: UNet(nn.Upsample(scale_factor=2)), [(3, 8, 8)]),
    "unet_bilinear": (lambda: UNet(nn.Upsample(scale_factor=2, mode="bilinear")), [(3, 8, 8)]),
    "encoder": (Encoder, [(6, 8)]),
    "attention": (OwnAttention, [(6, 8)]),
    "lstm": (lambda: Classifier(nn.LSTM(6, 8, batch_first=True), 8), [series]),
    "lstm_deep": (lambda: Classifier(nn.LSTM(6, 6, 2, batch_first=True, bidirectional=True), 12), [(6, 6)]),
    "gru": (lambda: Classifier(nn.GRU(6, 8, batch_first=True), 8), [series]),
    "gru_state": (LastState, [series]),
    "rnn": (lambda: Classifier(nn.RNN(6, 8, batch_first=True), 8), [series]),
    "step": (Step, [(1, 6), (8,), (8,)]),
    "crnn": (Crnn, [spectrum]),
    "norms": (Norms, [(3, 8, 8)]),
}
# What is not imported: the dynamo exporter unrolls an RNN and joins its steps along an axis of which we
# do not know that it is not the batch.
SKIPPED = [("rnn", "dynamo")]
NAMES = {"step": ["x", "h", "c"]}


def export(name, exporter, folder):
    make, shapes = MODELS[name]
    torch.manual_seed(SEED)
    model = make().eval()
    randomize(model)
    generator = torch.Generator().manual_seed(SEED)
    inputs = [smooth((SAMPLES, *shape), generator) for shape in shapes]
    if name == "step":  # states have the layers in front
        inputs[1:] = [torch.tanh(x)[None] for x in inputs[1:]]
    names = NAMES.get(name, ["input"])
    axis = {key: 0 if x.shape[0] == SAMPLES else 1 for key, x in zip(names, inputs)}
    options = {"input_names": names, "output_names": ["output", "h_out", "c_out"] if name == "step" else ["output"], "verbose": False}
    path = folder / f"{name}_{exporter}.onnx"
    try:
        if exporter == "dynamo":
            batch = torch.export.Dim("batch")
            shapes = tuple({axis[key]: batch} for key in names)
            torch.onnx.export(model, tuple(inputs), path, dynamo=True, external_data=False, dynamic_shapes=shapes, **options)
        else:
            axes = {key: {axis[key]: "batch"} for key in names}
            torch.onnx.export(model, tuple(inputs), path, dynamo=False, opset_version=17, dynamic_axes=axes, **options)
    except Exception as error:  # an exporter may not know an operator
        print(f"{name}: {exporter} failed: {str(error)[:300]}")
        path.unlink(missing_ok=True)
        return
    strip(path)
    answer(path, names, inputs, [axis[key] for key in names])


def strip(path):
    """Takes out what the exporter notes about its source: five times the model."""
    model = onnx.load(path)
    for part in [*model.graph.node, *model.graph.value_info, *model.graph.input, *model.graph.output, *model.graph.initializer, model.graph]:
        del part.metadata_props[:]
    del model.graph.value_info[:]
    path.write_bytes(model.SerializeToString(deterministic=True))


def answer(path, names, inputs, axes):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    single = [
        session.run(None, {n: x.narrow(axis, i, 1).numpy() for n, x, axis in zip(names, inputs, axes)}) for i in range(SAMPLES)
    ]
    # Samples are in front, whatever the axis is called in the model.
    arrays = {n: x.transpose(0, axis).numpy() for n, x, axis in zip(names, inputs, axes)}
    for index, output in enumerate(session.get_outputs()):
        arrays[output.name] = np.concatenate([a[index] for a in single])
    np.savez_compressed(path.with_suffix(".npz"), **arrays)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--into", type=pathlib.Path, metavar="DIR", default=ROOT / "tests/fixtures/onnx/models")
    folder = parser.parse_args().into
    warnings.filterwarnings("ignore")
    torch.set_grad_enabled(False)
    torch.backends.mha.set_fastpath_enabled(False)  # the TorchScript exporter does not know it
    folder.mkdir(parents=True, exist_ok=True)
    for name in MODELS:
        for exporter in ("dynamo", "legacy"):
            if (name, exporter) not in SKIPPED:
                export(name, exporter, folder)


if __name__ == "__main__":
    main()
