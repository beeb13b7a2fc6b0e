//! The integer kernels, from parameters to bytes, against TensorFlow Lite Micro's reference
//! kernels: `golden/tflm_ops`, one operator a model, made by `scripts/make_tflm_cases.py`.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use tiivis::data::Array;
use tiivis::emit::{self, EmitOptions};
use tiivis::ir::{ValueId, Window2d};
use tiivis::measure::sim::{self, Blob, Inputs};
use tiivis::quantize::graph::{
    DType, QClamp, QGraph, QNode, QOp, QPort, QValue, QuantParams, Sums, Weights,
};
use tiivis::quantize::quantize_multiplier;

#[derive(Deserialize)]
struct Suite {
    op: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    params: Params,
    inputs: Vec<Tensor>,
    output: Tensor,
    filter: Option<Filter>,
    #[serde(default)]
    bias: Option<Vec<i32>>,
    expect_act_min: Option<i8>,
    expect_act_max: Option<i8>,
}

#[derive(Deserialize)]
struct Tensor {
    dtype: String,
    shape: Vec<usize>,
    /// Absent for float32.
    scale: Option<f64>,
    zero_point: Option<i32>,
    data: Vec<f64>,
}

#[derive(Deserialize)]
struct Filter {
    shape: Vec<usize>,
    scales: Vec<f64>,
    data: Vec<i8>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Params {
    stride_h: usize,
    stride_w: usize,
    dilation_h: usize,
    dilation_w: usize,
    pad_top: usize,
    pad_left: usize,
    pad_bottom: usize,
    pad_right: usize,
    filter_h: usize,
    filter_w: usize,
    axis: i64,
    paddings: Vec<[usize; 2]>,
    value: Option<i8>,
    beta: f64,
}

impl Tensor {
    #[expect(
        clippy::as_conversions,
        reason = "the file holds integers of this range"
    )]
    fn int8(&self) -> Vec<i8> {
        self.data.iter().map(|&value| value as i8).collect()
    }

    #[expect(clippy::as_conversions, reason = "the file holds float32 values")]
    fn float32(&self) -> Vec<f32> {
        self.data.iter().map(|&value| value as f32).collect()
    }

    fn scale(&self) -> f64 {
        self.scale.expect("an int8 tensor")
    }

    fn zero_point(&self) -> i32 {
        self.zero_point.expect("an int8 tensor")
    }

    #[expect(clippy::as_conversions, reason = "the file holds float32 values")]
    fn qvalue(&self, name: &str) -> QValue {
        let mut shape = self.shape.clone();
        if let Some(batch) = shape.first_mut() {
            *batch = 1;
        }
        let params = QuantParams {
            scale: self.scale() as f32,
            zero_point: self.zero_point(),
        };
        QValue {
            dtype: DType::I8,
            name: name.to_owned(),
            shape,
            params,
            constant: None,
        }
    }
}

impl Case {
    /// TFLite's dense layer takes its input as rows of its width, whatever the shape.
    fn flatten_dense(&mut self) {
        let filter = self.filter.as_ref().expect("a filter");
        let [out, width] = filter.shape[..] else {
            panic!("a matrix")
        };
        let rows = self.inputs[0].data.len() / width;
        self.inputs[0].shape = vec![rows, width];
        self.output.shape = vec![rows, out];
    }

    fn clamp(&self) -> QClamp {
        QClamp {
            min: self.expect_act_min.unwrap_or(i8::MIN).into(),
            max: self.expect_act_max.unwrap_or(i8::MAX).into(),
        }
    }

    fn window(&self, kernel: [usize; 2]) -> Window2d {
        let Params {
            stride_h,
            stride_w,
            dilation_h,
            dilation_w,
            pad_top,
            pad_left,
            pad_bottom,
            pad_right,
            ..
        } = self.params;
        Window2d {
            kernel,
            stride: [stride_h, stride_w],
            dilation: [dilation_h.max(1), dilation_w.max(1)],
            pad_before: [pad_top, pad_left],
            pad_after: [pad_bottom, pad_right],
        }
    }

    fn weights(&self, channels: usize) -> Weights {
        let filter = self.filter.as_ref().expect("a filter");
        let (input, output) = (self.inputs[0].scale(), self.output.scale());
        let scale = |channel: usize| {
            let weight = filter.scales[channel % filter.scales.len()];
            quantize_multiplier(input * weight / output).expect("a scale")
        };
        Weights {
            zero_point: 0,
            weights: Arc::from(filter.data.as_slice()),
            bias: match &self.bias {
                Some(bias) => bias.iter().map(|&bias| bias.into()).collect(),
                None => vec![0; channels],
            },
            sums: Sums::Int32,
            scales: (0..channels).map(scale).collect(),
        }
    }

    /// The operator, or why it is not compared.
    fn op(&self, name: &str) -> Result<QOp, &'static str> {
        let clamp = self.clamp();
        let filter = self.filter.as_ref();
        Ok(match name {
            "CONV_2D" => {
                let shape = &filter.expect("a filter").shape;
                QOp::Conv2d {
                    window: self.window([shape[1], shape[2]]),
                    groups: self.inputs[0].shape[3] / shape[3],
                    weights: self.weights(shape[0]),
                    clamp,
                }
            }
            "DEPTHWISE_CONV_2D" => {
                let shape = &filter.expect("a filter").shape;
                QOp::DepthwiseConv2d {
                    window: self.window([shape[1], shape[2]]),
                    weights: self.weights(shape[3]),
                    clamp,
                }
            }
            "FULLY_CONNECTED" => QOp::Dense {
                weights: self.weights(filter.expect("a filter").shape[0]),
                clamp,
            },
            "AVERAGE_POOL_2D" => QOp::AvgPool2d {
                window: self.window([self.params.filter_h, self.params.filter_w]),
                clamp,
                ties_up: false,
            },
            "MAX_POOL_2D" => QOp::MaxPool2d {
                window: self.window([self.params.filter_h, self.params.filter_w]),
                clamp,
            },
            "ADD" => QOp::Add { clamp },
            "SUB" => QOp::Sub { clamp },
            "MUL" => QOp::Mul { clamp },
            "CONCATENATION" => {
                let rank = i64::try_from(self.output.shape.len()).expect("a small rank");
                let axis = usize::try_from(self.params.axis.rem_euclid(rank)).expect("an axis");
                if axis == 0 {
                    return Err("concatenates batches");
                }
                QOp::Concat { axis }
            }
            "PAD" | "PADV2" => {
                let (before, after) = self
                    .params
                    .paddings
                    .iter()
                    .map(|&[before, after]| (before, after))
                    .unzip();
                let value = self
                    .params
                    .value
                    .map_or_else(|| self.inputs[0].zero_point(), i32::from);
                let value = i16::try_from(value).expect("an int8");
                QOp::Pad {
                    before,
                    after,
                    value,
                }
            }
            "SOFTMAX" if self.params.beta != 1.0 => {
                return Err("beta is not 1, which ONNX has no word for");
            }
            "SOFTMAX" => QOp::Softmax { beta: 1.0 },
            "QUANTIZE" => QOp::Requantize,
            "LOGISTIC" | "TANH" | "RELU" | "RELU6" | "LEAKY_RELU" | "HARD_SWISH" | "ELU"
            | "PRELU" | "MEAN" => {
                return Err("arithmetic of its own, which comes with the .tflite import");
            }
            other => panic!("no test reads {other}"),
        })
    }
}

/// A model that hands on a tensor like `like`, with its scale and zero point in and out.
fn identity(like: &Tensor) -> Blob {
    let value = |name: &str| Some(like.qvalue(name));
    let port = |name: &str, index: usize| QPort {
        name: name.to_owned(),
        value: ValueId::from_index(index),
        source_axes: (0..like.shape.len()).collect(),
        unsigned: false,
    };
    let graph = QGraph {
        origins: BTreeMap::new(),
        name: "identity".to_owned(),
        inputs: vec![port("x", 0)],
        outputs: vec![port("y", 1)],
        states: Vec::new(),
        nodes: vec![QNode {
            name: "op".to_owned(),
            op: QOp::Requantize,
            inputs: vec![ValueId::from_index(0)],
            output: ValueId::from_index(1),
        }],
        values: vec![value("x"), value("y")],
    };
    let compiled = emit::compile(&graph, &EmitOptions::default()).expect("compiles");
    Blob::new(&compiled.blob).expect("a sound blob")
}

/// Whether reals become the int8 of TFLM's QUANTIZE at a model's input.
fn same_quantized(case: &Case) -> bool {
    let blob = identity(&case.output);
    let array = Array::f32(case.inputs[0].shape.clone(), case.inputs[0].float32());
    let inputs = sim::quantize(&blob.model(), &[&array]).expect("fits");
    inputs.values[0] == case.output.int8()
}

/// Whether int8 become the reals of TFLM's DEQUANTIZE at a model's output.
fn same_dequantized(case: &Case) -> bool {
    let blob = identity(&case.inputs[0]);
    let port = blob.model().outputs().next().expect("an output");
    let real = sim::output_array(&port, &case.inputs[0].int8(), true);
    real == Array::f32(case.output.shape.clone(), case.output.float32())
}

/// What our kernels answer.
fn run(case: &Case, op: QOp) -> Vec<i8> {
    let batch = case.inputs[0].shape[0];
    let output = ValueId::from_index(case.inputs.len());
    let ids = (0..case.inputs.len()).map(ValueId::from_index);
    let port = |name: String, value: ValueId, rank: usize| QPort {
        name,
        value,
        source_axes: (0..rank).collect(),
        unsigned: false,
    };
    let mut values: Vec<_> = case
        .inputs
        .iter()
        .enumerate()
        .map(|(index, tensor)| Some(tensor.qvalue(&format!("x{index}"))))
        .collect();
    values.push(Some(case.output.qvalue("y")));
    let graph = QGraph {
        origins: BTreeMap::new(),
        name: case.name.clone(),
        inputs: ids
            .clone()
            .map(|id| {
                port(
                    format!("x{}", id.index()),
                    id,
                    case.inputs[id.index()].shape.len(),
                )
            })
            .collect(),
        outputs: vec![port("y".to_owned(), output, case.output.shape.len())],
        states: Vec::new(),
        nodes: vec![QNode {
            name: "op".to_owned(),
            op,
            inputs: ids.collect(),
            output,
        }],
        values,
    };
    let compiled = emit::compile(&graph, &EmitOptions::default()).expect("compiles");
    let blob = Blob::new(&compiled.blob).expect("a sound blob");
    let inputs = Inputs {
        samples: batch,
        values: case.inputs.iter().map(Tensor::int8).collect(),
    };
    sim::run(&blob.model(), &inputs, &|_| ()).remove(0)
}

#[test]
fn every_operator_gives_the_bytes_of_tflm() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/tflm_ops");
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .expect("the golden files")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .collect();
    files.sort();
    let (mut same, mut wrong, mut left_out) = (0, Vec::new(), BTreeMap::<_, usize>::new());
    for path in files {
        let text = std::fs::read_to_string(&path).expect("a readable file");
        let suite: Suite = serde_json::from_str(&text).expect("the documented layout");
        for mut case in suite.cases {
            if suite.op == "FULLY_CONNECTED" {
                case.flatten_dense();
            }
            let case = &case;
            let batch = case.inputs[0].shape[0];
            let float_edge = match (suite.op.as_str(), case.inputs[0].dtype.as_str()) {
                ("QUANTIZE", "float32") => Some(same_quantized(case)),
                ("DEQUANTIZE", "int8") => Some(same_dequantized(case)),
                _ => None,
            };
            if let Some(equal) = float_edge {
                if equal {
                    same += 1;
                } else {
                    wrong.push(case.name.clone());
                }
                continue;
            }
            let reason = if case.inputs.iter().any(|input| input.dtype != "int8")
                || case.output.dtype != "int8"
            {
                Err("not int8")
            } else if case.inputs.iter().any(|input| input.shape[0] != batch)
                || case.output.shape[0] != batch
            {
                Err("broadcasts over the batch")
            } else {
                case.op(&suite.op)
            };
            match reason {
                Err(reason) => *left_out.entry((suite.op.clone(), reason)).or_default() += 1,
                Ok(op) => {
                    if run(case, op) == case.output.int8() {
                        same += 1;
                    } else {
                        wrong.push(case.name.clone());
                    }
                }
            }
        }
    }
    for ((op, reason), count) in &left_out {
        println!("left out: {count} of {op}: {reason}");
    }
    println!(
        "{same} cases give the same bytes, {} do not: {wrong:?}",
        wrong.len()
    );
    assert!(wrong.is_empty(), "other bytes than TFLM: {wrong:?}");
    assert!(same >= 258, "only {same} cases were compared");
}
