// Small valid blobs, one for every operator, and the means to build others. Used by the tests, by
// the crate's doc test and by the generator of the fuzz corpus.

use tiivis_runtime::blob::*;
use tiivis_runtime::kernels::winograd;
use tiivis_runtime::kernels::{CONV_BLOCK, Columns, DENSE_BLOCK};
use tiivis_runtime::{Aligned, Block};

/// Builds a blob span by span and step by step.
pub struct Builder {
    pub data: Vec<u8>,
    pub states: Vec<State>,
    pub steps: Vec<Step>,
    pub frontends: Vec<FrontendSpec>,
    pub arena_bytes: u32,
    /// Of the inputs and outputs.
    pub dtype: DType,
}

impl Builder {
    pub fn new() -> Self {
        Self {
            data: Vec::new(),
            states: Vec::new(),
            steps: Vec::new(),
            frontends: Vec::new(),
            arena_bytes: 0,
            dtype: DType::I8,
        }
    }

    /// A fresh, aligned piece of the arena.
    pub fn activation(&mut self, len: u32) -> Span {
        let offset = self.arena_bytes.next_multiple_of(16);
        self.arena_bytes = offset + len;
        Span { offset, len }
    }

    pub fn int8(&mut self, values: &[i8]) -> Span {
        self.constant(values.iter().flat_map(|x| x.to_le_bytes()).collect())
    }

    pub fn int16(&mut self, values: &[i16]) -> Span {
        self.constant(values.iter().flat_map(|x| x.to_le_bytes()).collect())
    }

    pub fn int32(&mut self, values: &[i32]) -> Span {
        self.constant(values.iter().flat_map(|x| x.to_le_bytes()).collect())
    }

    fn constant(&mut self, bytes: Vec<u8>) -> Span {
        self.data.resize(self.data.len().next_multiple_of(16), 0);
        let span = Span {
            offset: u32::try_from(self.data.len()).expect("small"),
            len: u32::try_from(bytes.len()).expect("small"),
        };
        self.data.extend(bytes);
        span
    }

    pub fn step(&mut self, op: Op) {
        let layer = u32::try_from(self.steps.len()).expect("small");
        self.steps.push(Step { layer, op });
    }

    /// The blob, with inputs and outputs that are vectors.
    pub fn finish(&self, inputs: &[Span], outputs: &[Span]) -> Vec<u8> {
        let ports = |name: &str, spans: &[Span]| -> Vec<u8> {
            let port = |&span: &Span| {
                let port = Port {
                    name,
                    span,
                    dtype: self.dtype,
                    shape: Shape::from_slice(&[1, span.len / self.dtype.bytes()]).expect("rank 2"),
                    source_axes: [0, 1].into_iter().collect(),
                    scale: 0.5,
                    zero_point: if self.dtype == DType::Bool { 0 } else { -1 },
                };
                postcard::to_stdvec(&port).expect("encodes")
            };
            spans.iter().flat_map(port).collect()
        };
        let encode = |step: &Step| postcard::to_stdvec(step).expect("encodes");
        let state = |state: &State| postcard::to_stdvec(state).expect("encodes");
        let names = |name: &&str| postcard::to_stdvec(name).expect("encodes");
        let count = |len: usize| u32::try_from(len).expect("small");
        let labels: Vec<u8> = ["no", "yes"].iter().flat_map(names).collect();
        let program = Program {
            arena_bytes: self.arena_bytes,
            isa: Isa::Portable,
            input_count: count(inputs.len()),
            inputs: &ports("input", inputs),
            output_count: count(outputs.len()),
            outputs: &ports("output", outputs),
            state_count: count(self.states.len()),
            states: &self.states.iter().flat_map(state).collect::<Vec<u8>>(),
            step_count: count(self.steps.len()),
            steps: &self.steps.iter().flat_map(encode).collect::<Vec<u8>>(),
            layer_count: count(self.steps.len()),
            layer_names: &[],
            trace_count: 0,
            traces: &[],
            label_count: 2,
            labels: &labels,
            provenance: Provenance {
                tool: "tests",
                source_sha256: &[7; 32],
                recipe: "by = hand\n",
            },
            frontend_count: count(self.frontends.len()),
            frontends: &self
                .frontends
                .iter()
                .flat_map(|spec| postcard::to_stdvec(spec).expect("encodes"))
                .collect::<Vec<u8>>(),
        };
        pack(&program, &self.data)
    }
}

/// A blob of a program and its data.
pub fn pack(program: &Program<'_>, data: &[u8]) -> Vec<u8> {
    let program = postcard::to_stdvec(program).expect("encodes");
    let len = assembled_len(program.len(), data.len()).expect("small");
    let mut blob = vec![0; usize::try_from(len).expect("small")];
    assemble(&program, data, &mut blob).expect("as long as it says");
    blob
}

/// The bytes, aligned; zeros follow up to a multiple of 16.
pub fn storage(bytes: &[u8]) -> Vec<Block<u8>> {
    let mut blocks = vec![Aligned([0; 16]); bytes.len().div_ceil(16)];
    tiivis_runtime::flatten_mut(&mut blocks)[..bytes.len()].copy_from_slice(bytes);
    blocks
}

/// Length and checksum as the other bytes of the blob ask for.
pub fn repair(blob: &mut [u8]) {
    if blob.len() >= 32 {
        let len = u32::try_from(blob.len()).expect("small");
        blob[8..12].copy_from_slice(&len.to_le_bytes());
        let checksum = Preamble::checksum_of(blob);
        blob[12..16].copy_from_slice(&checksum.to_le_bytes());
    }
}

/// A one-to-one window without padding.
pub fn window(input: [u32; 2], kernel: [u32; 2], output: [u32; 2]) -> Window2d {
    Window2d {
        in_h: input[0],
        in_w: input[1],
        out_h: output[0],
        out_w: output[1],
        kernel_h: kernel[0],
        kernel_w: kernel[1],
        stride_h: 1,
        stride_w: 1,
        dilation_h: 1,
        dilation_w: 1,
        pad_top: 0,
        pad_left: 0,
    }
}

/// Bias and requantization for `channels` output channels, all different.
pub fn accumulate(builder: &mut Builder, channels: u32) -> Accumulate {
    let range = 0..i32::try_from(channels).expect("small");
    let bias: Vec<i32> = range.clone().map(|c| 100 * c - 90).collect();
    let multipliers: Vec<i32> = range.map(|c| (1 << 30) + 12_345 * c).collect();
    let shifts: Vec<i8> = (0..channels).map(|c| -4 - i8::from(c % 2 == 1)).collect();
    Accumulate {
        bias: builder.int32(&bias),
        multipliers: builder.int32(&multipliers),
        shifts: builder.int8(&shifts),
        input_zero_point: 3,
        weights_zero_point: 0,
        output_zero_point: -5,
        min: -100,
        max: 120,
    }
}

fn ramp(len: u32) -> Vec<i8> {
    (0..len)
        .map(|i| i8::try_from((i * 37 + 11) % 255).unwrap_or(-77))
        .collect()
}

const HALF: Scale = Scale {
    multiplier: 1 << 30,
    shift: 0,
};

pub fn conv2d() -> Vec<u8> {
    let mut builder = Builder::new();
    let window = Window2d {
        pad_top: 1,
        pad_left: 1,
        stride_h: 2,
        ..window([5, 4], [3, 3], [3, 4])
    };
    let input = builder.activation(5 * 4 * 4);
    let output = builder.activation(3 * 4 * 6);
    let op = Conv2d {
        input,
        output,
        weights: builder.int8(&ramp(6 * 3 * 3 * 2)),
        window,
        in_c: 4,
        out_c: 6,
        groups: 2,
        accumulate: accumulate(&mut builder, 6),
    };
    builder.step(Op::Conv2d(op));
    builder.finish(&[input], &[output])
}

pub fn conv2d_dilated() -> Vec<u8> {
    let mut builder = Builder::new();
    let window = Window2d {
        dilation_h: 2,
        dilation_w: 2,
        pad_top: 2,
        pad_left: 2,
        ..window([6, 5], [3, 3], [6, 5])
    };
    let input = builder.activation(6 * 5 * 2);
    let output = builder.activation(6 * 5 * 3);
    let op = Conv2d {
        input,
        output,
        weights: builder.int8(&ramp(3 * 3 * 3 * 2)),
        window,
        in_c: 2,
        out_c: 3,
        groups: 1,
        accumulate: accumulate(&mut builder, 3),
    };
    builder.step(Op::Conv2d(op));
    builder.finish(&[input], &[output])
}

/// Output on input, as close as it may lie.
pub fn winograd_conv2d() -> Vec<u8> {
    let mut builder = Builder::new();
    let [in_c, out_c] = [8, 5];
    let window = Window2d {
        pad_top: 1,
        pad_left: 1,
        ..window([6, 10], [3, 3], [6, 10])
    };
    let output = builder.activation(6 * 10 * out_c);
    let lag = winograd::lag_bytes([6, 10, 8], [6, 10, 5], [1, 1]);
    let lag = u32::try_from(lag).expect("a few bytes").next_multiple_of(4);
    assert!(lag < output.len, "they overlap");
    let input = Span {
        offset: output.offset + lag,
        len: 6 * 10 * in_c,
    };
    builder.activation(input.offset + input.len - output.len);
    let words = |words: usize| u32::try_from(4 * words).expect("a few bytes");
    let scratch = builder.activation(words(winograd::scratch_words(8)));
    let op = WinogradConv2d {
        input,
        output,
        scratch,
        filters: builder.int8(&ramp(2 * words(winograd::filter_words(8)))),
        channels: builder.int32(&[[9, 77, 1 << 30, 5]; 8].concat()),
        window,
        in_c,
        out_c,
        input_zero_point: 3,
        rounding: Rounding::Double,
        min: -128,
        max: 127,
    };
    builder.step(Op::WinogradConv2d(op));
    builder.finish(&[input], &[output])
}

pub fn depthwise() -> Vec<u8> {
    let mut builder = Builder::new();
    let window = Window2d {
        pad_top: 1,
        pad_left: 1,
        ..window([4, 4], [3, 3], [4, 4])
    };
    let input = builder.activation(4 * 4 * 5);
    let output = builder.activation(4 * 4 * 5);
    let op = DepthwiseConv2d {
        input,
        output,
        weights: builder.int8(&ramp(3 * 3 * 5)),
        window,
        in_c: 5,
        multiplier: 1,
        accumulate: accumulate(&mut builder, 5),
    };
    builder.step(Op::DepthwiseConv2d(op));
    builder.finish(&[input], &[output])
}

pub fn depthwise_planes() -> Vec<u8> {
    let mut builder = Builder::new();
    let window = Window2d {
        pad_top: 1,
        pad_left: 1,
        ..window([4, 6], [3, 3], [4, 6])
    };
    let input = builder.activation(4 * 6 * 2);
    let output = builder.activation(4 * 6 * 2);
    // Two strips of 6 rows of 6 int16.
    let scratch = builder.activation(2 * 6 * 6 * 2);
    // Bias, multiplier, offset; weights, of which the last byte but two is the exponent.
    let records = [
        [
            100,
            1 << 30,
            8 - (5 << 4),
            0x0402_01ff,
            -0x0403_0201,
            0x0000_0405,
        ],
        [
            -90,
            (1 << 30) + 12_345,
            16 - (5 << 5),
            0x7f80_0180,
            0x0102_0304,
            0x0000_05fe,
        ],
    ];
    let op = DepthwisePlanes {
        input,
        output,
        scratch,
        records: builder.int32(&records.concat()),
        window,
        channels: 2,
        is_turned: false,
        input_zero_point: 3,
        rounding: PlaneRounding::Twice,
    };
    // Records without an exponent, which nothing names.
    builder.int32(&[0; 12]);
    builder.step(Op::DepthwisePlanes(op));
    builder.finish(&[input], &[output])
}

pub fn dense() -> Vec<u8> {
    let mut builder = Builder::new();
    let input = builder.activation(2 * 7);
    let output = builder.activation(2 * 3);
    let op = Dense {
        input,
        output,
        weights: builder.int8(&ramp(3 * 7)),
        rows: 2,
        in_features: 7,
        out_features: 3,
        accumulate: accumulate(&mut builder, 3),
    };
    builder.step(Op::Dense(op));
    builder.finish(&[input], &[output])
}

fn pool(op: impl Fn(Pool2d) -> Op) -> Vec<u8> {
    let mut builder = Builder::new();
    let window = Window2d {
        stride_h: 2,
        stride_w: 2,
        pad_top: 1,
        ..window([5, 6], [3, 2], [3, 3])
    };
    let input = builder.activation(5 * 6 * 5);
    let output = builder.activation(3 * 3 * 5);
    builder.step(op(Pool2d {
        input,
        output,
        window,
        channels: 5,
        min: -120,
        max: 127,
        ties_up: false,
    }));
    builder.finish(&[input], &[output])
}

pub fn max_pool() -> Vec<u8> {
    pool(Op::MaxPool2d)
}

pub fn avg_pool() -> Vec<u8> {
    pool(Op::AvgPool2d)
}

/// `a` is an input; `b` another one, broadcast along the second axis; the result replaces `a`.
pub fn add() -> Vec<u8> {
    let mut builder = Builder::new();
    let a = builder.activation(2 * 3 * 4);
    let b = builder.activation(2 * 4);
    builder.step(Op::Add(add_sub(
        Operand {
            source: Source::Arena(a),
            shape: [1, 2, 3, 4],
            zero_point: 1,
        },
        Operand {
            source: Source::Arena(b),
            shape: [1, 2, 1, 4],
            zero_point: -2,
        },
        a,
        [1, 2, 3, 4],
    )));
    builder.finish(&[a, b], &[a])
}

/// A constant less an input.
pub fn sub() -> Vec<u8> {
    let mut builder = Builder::new();
    let b = builder.activation(12);
    let output = builder.activation(12);
    let constant = builder.int8(&ramp(12));
    builder.step(Op::Sub(add_sub(
        Operand {
            source: Source::Data(constant),
            shape: [1, 1, 3, 4],
            zero_point: 0,
        },
        Operand {
            source: Source::Arena(b),
            shape: [1, 1, 3, 4],
            zero_point: 4,
        },
        output,
        [1, 1, 3, 4],
    )));
    builder.finish(&[b], &[output])
}

pub fn add_sub(a: Operand, b: Operand, output: Span, shape: [u32; 4]) -> AddSub {
    AddSub {
        a,
        b,
        output,
        shape,
        left_shift: 20,
        a_scale: HALF,
        b_scale: Scale {
            multiplier: 1_234_567_890,
            shift: -1,
        },
        output_scale: Scale {
            multiplier: 1_987_654_321,
            shift: -18,
        },
        output_zero_point: 7,
        min: -128,
        max: 127,
    }
}

pub fn mul() -> Vec<u8> {
    let mut builder = Builder::new();
    let a = builder.activation(3 * 4);
    let output = builder.activation(3 * 4);
    let gain = builder.int8(&[17]);
    builder.step(Op::Mul(Mul {
        a: Operand {
            source: Source::Arena(a),
            shape: [1, 1, 3, 4],
            zero_point: -9,
        },
        b: Operand {
            source: Source::Data(gain),
            shape: [1, 1, 1, 1],
            zero_point: 5,
        },
        output,
        shape: [1, 1, 3, 4],
        output_scale: Scale {
            multiplier: 1_500_000_000,
            shift: -3,
        },
        output_zero_point: 2,
        min: -128,
        max: 127,
    }));
    builder.finish(&[a], &[output])
}

fn operand(source: Source, shape: [u32; 4], zero_point: i32) -> Operand {
    Operand {
        source,
        shape,
        zero_point,
    }
}

/// The larger one of an input, which the result replaces, and a constant row.
pub fn extreme() -> Vec<u8> {
    let mut builder = Builder::new();
    let a = builder.activation(3 * 4);
    let row = builder.int8(&ramp(4));
    builder.step(Op::Extreme(Extreme {
        a: operand(Source::Arena(a), [1, 1, 3, 4], 0),
        b: operand(Source::Data(row), [1, 1, 1, 4], 0),
        output: a,
        shape: [1, 1, 3, 4],
        which: Which::Largest,
    }));
    builder.finish(&[a], &[a])
}

pub fn squared_difference() -> Vec<u8> {
    let mut builder = Builder::new();
    let a = builder.activation(3 * 4);
    let b = builder.activation(3);
    let output = builder.activation(3 * 4);
    let shape = [1, 1, 3, 4];
    builder.step(Op::SquaredDifference(AddSub {
        left_shift: 7,
        output_scale: Scale {
            multiplier: 1_987_654_321,
            shift: -17,
        },
        ..add_sub(
            operand(Source::Arena(a), shape, 3),
            operand(Source::Arena(b), [1, 1, 3, 1], -7),
            output,
            shape,
        )
    }));
    builder.finish(&[a, b], &[output])
}

pub fn div() -> Vec<u8> {
    let mut builder = Builder::new();
    let a = builder.activation(3 * 4);
    let b = builder.activation(3 * 4);
    let shape = [1, 1, 3, 4];
    builder.step(Op::Div(Mul {
        a: operand(Source::Arena(a), shape, -9),
        b: operand(Source::Arena(b), shape, 5),
        output: b,
        shape,
        output_scale: Scale {
            multiplier: 1_500_000_000,
            shift: 4,
        },
        output_zero_point: 2,
        min: -128,
        max: 127,
    }));
    builder.finish(&[a, b], &[b])
}

pub fn compare() -> Vec<u8> {
    let mut builder = Builder::new();
    let a = builder.activation(3 * 4);
    let b = builder.activation(4);
    let output = builder.activation(3 * 4);
    let shape = [1, 1, 3, 4];
    builder.step(Op::Compare(Compare {
        a: operand(Source::Arena(a), shape, -9),
        b: operand(Source::Arena(b), [1, 1, 1, 4], 5),
        output,
        shape,
        comparison: Comparison::GreaterEqual,
        left_shift: 8,
        a_scale: HALF,
        b_scale: Scale {
            multiplier: 1_234_567_890,
            shift: -1,
        },
    }));
    builder.finish(&[a, b], &[output])
}

/// An input or a constant, as another input says; the result replaces the first.
pub fn select() -> Vec<u8> {
    let mut builder = Builder::new();
    let condition = builder.activation(3);
    let a = builder.activation(3 * 4);
    let b = builder.int8(&ramp(4));
    let shape = [1, 1, 3, 4];
    builder.step(Op::Select(Select {
        condition: operand(Source::Arena(condition), [1, 1, 3, 1], 0),
        a: operand(Source::Arena(a), shape, 0),
        b: operand(Source::Data(b), [1, 1, 1, 4], 0),
        output: a,
        shape,
    }));
    builder.finish(&[condition, a], &[a])
}

pub fn prelu() -> Vec<u8> {
    let mut builder = Builder::new();
    let input = builder.activation(3 * 4);
    let slope = builder.int8(&ramp(4));
    let output = builder.activation(3 * 4);
    let shape = [1, 1, 3, 4];
    builder.step(Op::Prelu(Prelu {
        input: operand(Source::Arena(input), shape, 11),
        slope: operand(Source::Data(slope), [1, 1, 1, 4], -3),
        output,
        shape,
        positive: HALF,
        negative: Scale {
            multiplier: 1_234_567_890,
            shift: -7,
        },
        output_zero_point: -20,
    }));
    builder.finish(&[input], &[output])
}

/// An input, rescaled, and a constant, side by side.
pub fn concat() -> Vec<u8> {
    let mut builder = Builder::new();
    let a = builder.activation(2 * 3);
    let output = builder.activation(2 * 5);
    let constant = builder.int8(&ramp(4));
    let part = |input, row_bytes, at_bytes, rescale| {
        Op::Concat(Concat {
            input,
            output,
            outer: 2,
            row_bytes,
            output_row_bytes: 5,
            at_bytes,
            dtype: DType::I8,
            rescale,
        })
    };
    let rescale = Rescale {
        input_zero_point: 3,
        output_zero_point: -4,
        scale: Scale {
            multiplier: 1_800_000_000,
            shift: 1,
        },
    };
    builder.step(part(Source::Arena(a), 3, 0, Some(rescale)));
    builder.step(part(Source::Data(constant), 2, 3, None));
    builder.finish(&[a], &[output])
}

/// Two rows of int16: two of the input and one constant.
pub fn concat_int16() -> Vec<u8> {
    let mut builder = Builder::new();
    builder.dtype = DType::I16;
    let a = builder.activation(2 * 2 * 2);
    let output = builder.activation(2 * 2 * 3);
    let constant = builder.int16(&[-300, 400]);
    let part = |input, row_bytes, at_bytes| {
        Op::Concat(Concat {
            input,
            output,
            outer: 2,
            row_bytes,
            output_row_bytes: 6,
            at_bytes,
            dtype: DType::I16,
            rescale: None,
        })
    };
    builder.step(part(Source::Arena(a), 4, 0));
    builder.step(part(Source::Data(constant), 2, 4));
    builder.finish(&[a], &[output])
}

pub fn pad() -> Vec<u8> {
    let mut builder = Builder::new();
    let input = builder.activation(2 * 3 * 2);
    let output = builder.activation(4 * 4 * 3);
    builder.step(Op::Pad(Pad {
        input,
        output,
        shape: [1, 2, 3, 2],
        before: [0, 1, 0, 1],
        after: [0, 1, 1, 0],
        value: -3,
    }));
    builder.finish(&[input], &[output])
}

pub fn softmax() -> Vec<u8> {
    let mut builder = Builder::new();
    let input = builder.activation(2 * 5);
    let output = builder.activation(2 * 5);
    let table: Vec<i32> = (0..=u8::MAX)
        .map_while(|d| tiivis_runtime::kernels::table_entry(d, 1 << 30, 23))
        .collect();
    let table = builder.int32(&table);
    builder.step(Op::Softmax(Softmax {
        input,
        output,
        rows: 2,
        depth: 5,
        table,
    }));
    builder.finish(&[input], &[output])
}

/// `x` becomes `-x`, in place.
pub fn lut() -> Vec<u8> {
    let mut builder = Builder::new();
    let values = builder.activation(9);
    let table: Vec<i8> = (i8::MIN..=i8::MAX).map(i8::saturating_neg).collect();
    let table = builder.int8(&table);
    builder.step(Op::Lut(Lut {
        input: values,
        output: values,
        table,
    }));
    builder.finish(&[values], &[values])
}

pub fn requantize() -> Vec<u8> {
    let mut builder = Builder::new();
    let input = builder.activation(9);
    let output = builder.activation(9);
    builder.step(Op::Requantize(Requantize {
        input,
        output,
        rescale: Rescale {
            input_zero_point: -128,
            output_zero_point: 4,
            scale: HALF,
        },
    }));
    builder.finish(&[input], &[output])
}

pub fn transpose() -> Vec<u8> {
    let mut builder = Builder::new();
    let input = builder.activation(2 * 3 * 4);
    let output = builder.activation(2 * 3 * 4);
    builder.step(Op::Transpose(Transpose {
        input,
        output,
        shape: [1, 2, 3, 4],
        perm: [0, 3, 1, 2],
    }));
    builder.finish(&[input], &[output])
}

pub fn transpose_conv2d() -> Vec<u8> {
    let mut builder = Builder::new();
    let window = Window2d {
        stride_h: 2,
        stride_w: 3,
        pad_top: 1,
        ..window([3, 2], [3, 4], [5, 7])
    };
    let input = builder.activation(3 * 2 * 4);
    let output = builder.activation(5 * 7 * 6);
    let op = Conv2d {
        input,
        output,
        weights: builder.int8(&ramp(6 * 3 * 4 * 2)),
        window,
        in_c: 4,
        out_c: 6,
        groups: 2,
        accumulate: accumulate(&mut builder, 6),
    };
    builder.step(Op::TransposeConv2d(op));
    builder.finish(&[input], &[output])
}

/// An input times a constant that is stored transposed.
pub fn mat_mul() -> Vec<u8> {
    let mut builder = Builder::new();
    let a = builder.activation(2 * 3 * 5);
    let output = builder.activation(2 * 3 * 4);
    let b = builder.int8(&ramp(4 * 5));
    let factor = |source, matrices, transposed, zero_point| Factor {
        source,
        matrices,
        transposed,
        zero_point,
    };
    builder.step(Op::MatMul(MatMul {
        a: factor(Source::Arena(a), 2, false, 3),
        b: factor(Source::Data(b), 1, true, -9),
        output,
        matrices: 2,
        rows: 3,
        depth: 5,
        columns: 4,
        output_scale: Scale {
            multiplier: 1_500_000_000,
            shift: -8,
        },
        output_zero_point: 5,
        min: -128,
        max: 127,
    }));
    builder.finish(&[a], &[output])
}

/// Two states: one that every run adds the input to, in place, and one that stays as it was set.
pub fn state() -> Vec<u8> {
    let mut builder = Builder::new();
    let input = builder.activation(4);
    let sum = builder.activation(4);
    let constant = builder.activation(4);
    let output = builder.activation(4);
    let initial = builder.int8(&[1, 2, 3, 4]);
    builder.states.push(State {
        span: sum,
        initial: Initial::Data(initial),
    });
    builder.states.push(State {
        span: constant,
        initial: Initial::Fill(-7),
    });
    let operand = |span| Operand {
        source: Source::Arena(span),
        shape: [1, 1, 1, 4],
        zero_point: 0,
    };
    let unit = Scale {
        multiplier: 1 << 30,
        shift: 0,
    };
    let add = |a, b, output| {
        Op::Add(AddSub {
            a: operand(a),
            b: operand(b),
            output,
            shape: [1, 1, 1, 4],
            left_shift: 20,
            a_scale: unit,
            b_scale: unit,
            output_scale: Scale {
                multiplier: 1 << 30,
                shift: -18,
            },
            output_zero_point: 0,
            min: -128,
            max: 127,
        })
    };
    builder.step(add(sum, input, sum));
    builder.step(add(sum, constant, output));
    builder.finish(&[input], &[output])
}

fn state_of(builder: &mut Builder, len: u32, fill: i8) -> Span {
    let span = builder.activation(len);
    builder.states.push(State {
        span,
        initial: Initial::Fill(fill),
    });
    span
}

/// Two samples of three values, two units of rank 2 that remember four of their products.
pub fn svdf(dtype: DType) -> Vec<u8> {
    let mut builder = Builder::new();
    let input = builder.activation(2 * 3);
    let output = builder.activation(2 * 2);
    let state = state_of(&mut builder, 2 * 4 * 4 * dtype.bytes(), 0);
    let weights = builder.int8(&[3, -128, 7, 127, 0, -9, 11, 50, -60, 1, 2, 3]);
    let time: Vec<i8> = (-8..8).map(|k| 9 * k).collect();
    let time_weights = match dtype {
        DType::I16 => builder.int16(&time.iter().map(|&k| 99 * i16::from(k)).collect::<Vec<_>>()),
        DType::I8 | DType::I32 | DType::Bool => builder.int8(&time),
    };
    let bias = builder.int32(&[700, -30_000]);
    let scale = |shift| Scale {
        multiplier: 1_400_000_000,
        shift,
    };
    builder.step(Op::Svdf(Svdf {
        input,
        output,
        state,
        weights,
        time_weights,
        bias,
        batch: 2,
        in_features: 3,
        units: 2,
        rank: 2,
        memory: 4,
        dtype,
        input_zero_point: -5,
        state_zero_point: 0,
        output_zero_point: 4,
        state_scale: scale(-7),
        output_scale: scale(-8),
    }));
    builder.finish(&[input], &[output])
}

/// Two sequences of three vectors of two values, three units.
pub fn lstm(dtype: DType) -> Vec<u8> {
    let mut builder = Builder::new();
    builder.dtype = dtype;
    let bytes = dtype.bytes();
    let input = builder.activation(2 * 3 * 2 * bytes);
    let output = builder.activation(2 * 3 * 3 * bytes);
    let hidden = state_of(&mut builder, 2 * 3 * bytes, 0);
    let cell = state_of(&mut builder, 2 * 3 * 2, 0);
    let weights = |len: i8| -> Vec<i8> { (0..len).map(|k| k.wrapping_mul(77)).collect() };
    let input_weights = builder.int8(&weights(4 * 3 * 2));
    let recurrent_weights = builder.int8(&weights(4 * 3 * 3));
    let bias = builder.int32(&[400, -300, 200, 0, 1, -7, 9000, -9000, 3, 5, 8, 13]);
    let multipliers = builder.int32(&[1_300_000_000; 11]);
    let shift = if dtype == DType::I16 { -9 } else { -1 };
    let shifts = [[shift; 4], [shift; 4], [-14, -18, -22, 0]].concat();
    let shifts = builder.int8(&shifts[..11]);
    builder.step(Op::Lstm(Lstm {
        input,
        output,
        hidden,
        cell,
        input_weights,
        recurrent_weights,
        bias,
        multipliers,
        shifts,
        batch: 2,
        time: 3,
        in_features: 2,
        units: 3,
        is_time_major: false,
        dtype,
        input_zero_point: -4,
        hidden_zero_point: 6,
        cell_min: -30_000,
        cell_max: 30_000,
        cell_bits: 1,
    }));
    builder.finish(&[input], &[output])
}

/// A model that hands its input on, with a front-end before it.
fn with_frontend(
    features: u32,
    frames: u32,
    spec: impl FnOnce(&mut Builder) -> FrontendSpec,
) -> Vec<u8> {
    let mut builder = Builder::new();
    let values = builder.activation(features * frames);
    let table: Vec<i8> = (i8::MIN..=i8::MAX).collect();
    let table = builder.int8(&table);
    builder.step(Op::Lut(Lut {
        input: values,
        output: values,
        table,
    }));
    let spec = FrontendSpec {
        features,
        frames,
        ..spec(&mut builder)
    };
    builder.frontends.push(spec);
    builder.finish(&[values], &[values])
}

fn frontend_spec(window_len: u32, hop_len: u32, kind: FrontendKind) -> FrontendSpec {
    FrontendSpec {
        input: 0,
        sample_rate_hz: 8000,
        channels: 1,
        window_len,
        hop_len,
        features: 0,
        frames: 0,
        stride_frames: 2,
        order: FrameOrder::FramesFirst,
        quantizer: Quantizer::Divide {
            step: 6660,
            zero_point: -128,
        },
        kind,
    }
}

/// Quarter of a circle that is none, but in range.
fn quarter(points: i32, one: i32) -> Vec<i32> {
    (0..=points / 4).map(|k| one / (points / 4) * k).collect()
}

pub fn frontend_micro() -> Vec<u8> {
    with_frontend(3, 2, |builder| {
        let narrow = |values: Vec<i32>| -> Vec<i16> {
            values
                .into_iter()
                .map(|x| i16::try_from(x).expect("small"))
                .collect()
        };
        let weights: Vec<i16> = (0..14).map(|k| 290 * k).collect();
        let unweights: Vec<i16> = weights.iter().map(|weight| 4096 - weight).collect();
        let gains: Vec<i16> = (0..125).map(|k| 20_000 - 150 * k).collect();
        let table: Vec<i16> = (0..130).map(|k| 44 * k.min(129 - k)).collect();
        let kind = FrontendKind::Micro(MicroSpec {
            fft_len: 64,
            window: builder.int16(&[4096; 50]),
            circle: builder.int16(&narrow(quarter(64, 32_767))),
            first_bin: 2,
            widths: builder.int16(&[3, 4, 0, 7]),
            weights: builder.int16(&weights),
            unweights: builder.int16(&unweights),
            smoothing_bits: 10,
            even_smoothing: 409,
            odd_smoothing: 983,
            min_signal_remaining: 819,
            pcan: Some(PcanSpec {
                gains: builder.int16(&gains),
                snr_shift: 6,
            }),
            log: Some(LogScaleSpec {
                table: builder.int16(&table),
                scale_shift: 6,
            }),
        });
        frontend_spec(50, 20, kind)
    })
}

pub fn frontend_mel() -> Vec<u8> {
    with_frontend(2, 3, |builder| {
        let logarithm: Vec<i32> = (0..129).map(|k| k << 21).collect();
        let kind = FrontendKind::Mel(MelSpec {
            fft_len: 64,
            window: builder.int32(&[1 << 29; 31]),
            symmetry: Symmetry::Periodic,
            preemphasis: 15_892,
            circle: builder.int32(&quarter(64, 1 << 30)),
            spectrum: Spectrum::Magnitude,
            bands: 3,
            ranges: builder.int16(&[1, 4, 3, 0, 20, 13]),
            weights: builder.int32(&[1 << 28; 17]),
            logarithm: builder.int32(&logarithm),
            floor: Floor::Add {
                mantissa: 77,
                exponent: -3,
            },
            mix: Mix::Matrix(builder.int32(&[1 << 20, -(1 << 21), 3, 5, 1 << 22, 1 << 19])),
            offsets: builder.int32(&[1 << 16, -(1 << 18)]),
            shift: 24,
        });
        let mut spec = frontend_spec(60, 60, kind);
        spec.order = FrameOrder::FeaturesFirst;
        spec.quantizer = Quantizer::Rescale {
            scale: Scale {
                multiplier: 1 << 30,
                shift: -12,
            },
            zero_point: 3,
        };
        spec
    })
}

pub fn frontend_motion() -> Vec<u8> {
    with_frontend(3, 4, |builder| {
        let kind = FrontendKind::Motion(MotionSpec {
            gains: builder.int32(&[1 << 20, -(1 << 19), 1 << 30]),
            offsets: builder.int32(&[-(1 << 16), 1 << 17, 0]),
            shift: 16,
        });
        let mut spec = frontend_spec(1, 1, kind);
        spec.channels = 3;
        spec
    })
}

/// The mean over two axes that are apart.
pub fn reduce_mean() -> Vec<u8> {
    reduce(Reduction::Sum(Rescale {
        input_zero_point: 3,
        output_zero_point: -4,
        scale: Scale {
            multiplier: 1_431_655_765,
            shift: -1,
        },
    }))
}

pub fn reduce_max() -> Vec<u8> {
    reduce(Reduction::Max)
}

fn reduce(reduction: Reduction) -> Vec<u8> {
    let mut builder = Builder::new();
    let input = builder.activation(2 * 2 * 2 * 3 * 5);
    let output = builder.activation(2 * 2 * 5);
    builder.step(Op::Reduce(Reduce {
        input,
        output,
        shape: [2, 2, 2, 3, 5],
        reduction,
        min: -120,
        max: 120,
    }));
    builder.finish(&[input], &[output])
}

pub fn arg_max() -> Vec<u8> {
    let mut builder = Builder::new();
    let input = builder.activation(2 * 5 * 3);
    let output = builder.activation(2 * 3 * 4);
    builder.step(Op::ArgExtreme(ArgExtreme {
        input,
        output,
        shape: [2, 5, 3],
        largest: true,
        last: false,
    }));
    builder.finish(&[input], &[output])
}

pub fn resize_bilinear() -> Vec<u8> {
    let mut builder = Builder::new();
    let input = builder.activation(2 * 3 * 2);
    let output = builder.activation(4 * 5 * 2);
    builder.step(Op::ResizeBilinear(ResizeBilinear {
        input,
        output,
        rows: Resample {
            inputs: 2,
            outputs: 4,
            step: 512,
            first: -256,
        },
        columns: Resample {
            inputs: 3,
            outputs: 5,
            step: 614,
            first: 0,
        },
        channels: 2,
    }));
    builder.finish(&[input], &[output])
}

pub fn l2_normalize() -> Vec<u8> {
    let mut builder = Builder::new();
    let input = builder.activation(3 * 4);
    let output = builder.activation(3 * 4);
    builder.step(Op::L2Normalize(L2Normalize {
        input,
        output,
        rows: 3,
        depth: 4,
        input_zero_point: -7,
    }));
    builder.finish(&[input], &[output])
}

pub fn log_softmax() -> Vec<u8> {
    let mut builder = Builder::new();
    let values = builder.activation(2 * 5);
    let table: Vec<i32> = (0..=u8::MAX)
        .map_while(|d| tiivis_runtime::kernels::table_entry(d, 1 << 30, 23))
        .collect();
    let table = builder.int32(&table);
    builder.step(Op::LogSoftmax(LogSoftmax {
        input: values,
        output: values,
        rows: 2,
        depth: 5,
        table,
        scale: Scale {
            multiplier: 1 << 30,
            shift: 23,
        },
        inverse: Scale {
            multiplier: 1 << 30,
            shift: -21,
        },
        least: -248,
    }));
    builder.finish(&[values], &[values])
}

/// int32, of which the second operand is a row.
pub fn arithmetic() -> Vec<u8> {
    let mut builder = Builder::new();
    builder.dtype = DType::I32;
    let input = builder.activation(24);
    builder.int32(&[99; 4]);
    let row = builder.int32(&[3, -1, 7]);
    builder.step(Op::Arithmetic(Arithmetic {
        a: Plain {
            source: Source::Arena(input),
            shape: [1, 1, 2, 3],
        },
        b: Plain {
            source: Source::Data(row),
            shape: [1, 1, 1, 3],
        },
        output: input,
        shape: [1, 1, 2, 3],
        dtype: DType::I32,
        function: Function::FloorMod,
        min: -100,
        max: 100,
    }));
    builder.finish(&[input], &[input])
}

/// int16, by a condition that the arena holds.
pub fn choose() -> Vec<u8> {
    let mut builder = Builder::new();
    let condition = builder.activation(6);
    let output = builder.activation(12);
    let a = builder.int16(&[1, -2, 3]);
    let b = builder.int16(&[500]);
    builder.step(Op::Choose(Choose {
        condition: Plain {
            source: Source::Arena(condition),
            shape: [1, 1, 2, 3],
        },
        condition_zero_point: -3,
        a: Plain {
            source: Source::Data(a),
            shape: [1, 1, 1, 3],
        },
        b: Plain {
            source: Source::Data(b),
            shape: [1; 4],
        },
        output,
        shape: [1, 1, 2, 3],
        dtype: DType::I16,
    }));
    builder.finish(&[condition], &[output])
}

pub fn convert() -> Vec<u8> {
    let mut builder = Builder::new();
    let input = builder.activation(6);
    let output = builder.activation(24);
    builder.step(Op::Convert(Convert {
        input,
        output,
        from: DType::I8,
        to: DType::I32,
        rescale: Some(Rescale {
            input_zero_point: -3,
            output_zero_point: 1000,
            scale: Scale {
                multiplier: 1 << 30,
                shift: 4,
            },
        }),
    }));
    builder.finish(&[input], &[output])
}

/// Rows of 3 bytes by indices of two components.
pub fn gather() -> Vec<u8> {
    let mut builder = Builder::new();
    let indices = builder.activation(4 * 2 * 4);
    let output = builder.activation(4 * 3);
    let table: Vec<i8> = (0..2 * 5 * 3).collect();
    let table = builder.int8(&table);
    builder.step(Op::Gather(Gather {
        table: Source::Data(table),
        indices: Source::Arena(indices),
        output,
        batches: 1,
        outer: 1,
        extents: [2, 5, 1, 1],
        components: 2,
        positions: 4,
        run_bytes: 3,
    }));
    builder.finish(&[indices], &[output])
}

pub fn cum_sum() -> Vec<u8> {
    let mut builder = Builder::new();
    let input = builder.activation(2 * 5 * 3);
    let output = builder.activation(2 * 5 * 3);
    builder.step(Op::CumSum(CumSum {
        input,
        output,
        shape: [2, 5, 3],
        exclusive: true,
        reverse: true,
        first: -3,
        rescale: Rescale {
            input_zero_point: 3,
            output_zero_point: -5,
            scale: Scale {
                multiplier: 1 << 30,
                shift: -19,
            },
        },
    }));
    builder.finish(&[input], &[output])
}

/// A kernel of 2 x 2 over 3 x 4 pixels of 3 channels, to 5 channels: a block that is not whole.
pub fn packed_conv2d() -> Vec<u8> {
    let mut builder = Builder::new();
    let input = builder.activation(3 * 4 * 3);
    let output = builder.activation(2 * 3 * 5);
    let geometry = window([3, 4], [2, 2], [2, 3]);
    let columns = Columns::of_window(&geometry, 3).expect("few");
    let scratch = builder.activation(columns.conv_scratch_bytes(&geometry));
    let finish = Finish::Twin { shift: 5 };
    let words = 2 * columns.block_words(CONV_BLOCK, finish);
    let stream = builder.int8(&stream(words));
    builder.step(Op::PackedConv2d(PackedConv2d {
        input,
        output,
        window: window([3, 4], [2, 2], [2, 3]),
        in_c: 3,
        out_c: 5,
        input_zero_point: -3,
        packed: Packed {
            stream,
            scratch,
            pairing: Pairing::Sum,
            finish,
            min: -100,
            max: 127,
        },
    }));
    builder.finish(&[input], &[output])
}

pub fn packed_dense() -> Vec<u8> {
    let mut builder = Builder::new();
    let input = builder.activation(7);
    let output = builder.activation(11);
    let columns = Columns::of_features(7).expect("few");
    let scratch = builder.activation(columns.dense_scratch_bytes());
    let words = 2 * columns.block_words(DENSE_BLOCK, Finish::Rounded);
    let stream = builder.int8(&stream(words));
    builder.step(Op::PackedDense(PackedDense {
        input,
        output,
        in_features: 7,
        out_features: 11,
        packed: Packed {
            stream,
            scratch,
            pairing: Pairing::Bytes,
            finish: Finish::Rounded,
            min: -128,
            max: 127,
        },
    }));
    builder.finish(&[input], &[output])
}

/// Words of numbers that are weights, factors and shifts alike.
fn stream(words: u32) -> Vec<i8> {
    let word = |at: u32| (at.wrapping_mul(0x9e37_79b9) >> 24) % 23;
    let bytes = (0..words).flat_map(|at| word(at).to_le_bytes());
    bytes.map(u8::cast_signed).collect()
}

/// Every blob above, by name.
pub fn all() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("conv2d", conv2d()),
        ("winograd_conv2d", winograd_conv2d()),
        ("conv2d_dilated", conv2d_dilated()),
        ("depthwise", depthwise()),
        ("depthwise_planes", depthwise_planes()),
        ("dense", dense()),
        ("max_pool", max_pool()),
        ("avg_pool", avg_pool()),
        ("add", add()),
        ("sub", sub()),
        ("mul", mul()),
        ("concat", concat()),
        ("concat_int16", concat_int16()),
        ("pad", pad()),
        ("softmax", softmax()),
        ("lut", lut()),
        ("requantize", requantize()),
        ("transpose", transpose()),
        ("extreme", extreme()),
        ("squared_difference", squared_difference()),
        ("div", div()),
        ("compare", compare()),
        ("select", select()),
        ("prelu", prelu()),
        ("transpose_conv2d", transpose_conv2d()),
        ("mat_mul", mat_mul()),
        ("state", state()),
        ("svdf_int8", svdf(DType::I8)),
        ("svdf_int16", svdf(DType::I16)),
        ("lstm_int8", lstm(DType::I8)),
        ("lstm_int16", lstm(DType::I16)),
        ("frontend_micro", frontend_micro()),
        ("frontend_mel", frontend_mel()),
        ("frontend_motion", frontend_motion()),
        ("take", take()),
        ("reduce_mean", reduce_mean()),
        ("reduce_max", reduce_max()),
        ("arg_max", arg_max()),
        ("resize_bilinear", resize_bilinear()),
        ("l2_normalize", l2_normalize()),
        ("log_softmax", log_softmax()),
        ("conv2d_int16", conv2d_int16()),
        ("conv2d_int16_int32", conv2d_int16_int32()),
        ("transpose_conv2d_int16", transpose_conv2d_int16()),
        ("avg_pool_int16", avg_pool_int16()),
        ("add_int16", add_int16()),
        ("mul_int16", mul_int16()),
        ("mat_mul_int16", mat_mul_int16()),
        ("mean_int16", mean_int16()),
        ("pad_int16", pad_int16()),
        ("slopes", slopes()),
        ("tanh", tanh()),
        ("softmax_int16", softmax_int16()),
        ("convert", convert()),
        ("arithmetic", arithmetic()),
        ("choose", choose()),
        ("gather", gather()),
        ("cum_sum", cum_sum()),
        ("packed_conv2d", packed_conv2d()),
        ("packed_dense", packed_dense()),
    ]
}

/// Rows of 4 bytes, the last first, of columns 1, 0 and 1 of 3.
pub fn take() -> Vec<u8> {
    let mut builder = Builder::new();
    let input = builder.activation(5 * 3 * 4);
    let output = builder.activation(5 * 3 * 4);
    let once = TakeAxis {
        count: 1,
        offsets: Offsets::Stride(0),
    };
    let rows = TakeAxis {
        count: 5,
        offsets: Offsets::Stride(-12),
    };
    let columns = TakeAxis {
        count: 3,
        offsets: Offsets::Table(builder.int32(&[4, 0, 4])),
    };
    builder.step(Op::Take(Take {
        input,
        output,
        run_bytes: 4,
        first_byte: 48,
        axes: [once, once, once, once, rows, columns],
    }));
    builder.finish(&[input], &[output])
}

/// Where a valid blob's data part starts.
pub fn data_offset(blob: &[u8]) -> usize {
    let preamble = Preamble::parse(blob).expect("valid");
    usize::try_from(preamble.data_offset).expect("small")
}

/// The program of a valid blob.
pub fn program(blob: &[u8]) -> Program<'_> {
    postcard::from_bytes(&blob[32..data_offset(blob)]).expect("valid")
}

/// A valid blob with its program edited.
pub fn with_program(blob: &[u8], edit: impl FnOnce(&mut Program<'_>)) -> Vec<u8> {
    let mut program = program(blob);
    edit(&mut program);
    pack(&program, &blob[data_offset(blob)..])
}

/// A valid blob with its only front-end edited.
pub fn with_spec(blob: &[u8], edit: impl FnOnce(&mut FrontendSpec)) -> Vec<u8> {
    let program = program(blob);
    let mut spec = postcard::from_bytes(program.frontends).expect("valid");
    edit(&mut spec);
    let frontends = postcard::to_stdvec(&spec).expect("encodes");
    let program = Program {
        frontends: &frontends,
        ..program
    };
    pack(&program, &blob[data_offset(blob)..])
}

/// The operator of a valid blob's first step.
pub fn op(blob: &[u8]) -> Op {
    let steps = program(blob).steps;
    let (step, _) = postcard::take_from_bytes::<Step>(steps).expect("valid");
    step.op
}

/// A valid blob with its first step edited.
pub fn with_op(blob: &[u8], edit: impl FnOnce(&mut Op)) -> Vec<u8> {
    let program = program(blob);
    let (mut step, rest) = postcard::take_from_bytes::<Step>(program.steps).expect("valid");
    edit(&mut step.op);
    let steps = [&postcard::to_stdvec(&step).expect("encodes"), rest].concat();
    let program = Program {
        steps: &steps,
        ..program
    };
    pack(&program, &blob[data_offset(blob)..])
}

/// One step of int16.
fn of_int16(mut builder: Builder, op: Int16, input: Span) -> Vec<u8> {
    builder.dtype = DType::I16;
    builder.step(Op::Int16(op));
    builder.finish(&[input], &[op.output()])
}

/// Two groups, padded, with strides, of three channels each.
fn convolution_int16(builder: &mut Builder, bias: Span) -> Conv2d {
    let channels = accumulate(builder, 6);
    Conv2d {
        input: builder.activation(2 * 5 * 4 * 4),
        output: builder.activation(2 * 3 * 4 * 6),
        weights: builder.int8(&ramp(6 * 9 * 2)),
        window: Window2d {
            pad_top: 1,
            pad_left: 1,
            stride_h: 2,
            ..window([5, 4], [3, 3], [3, 4])
        },
        in_c: 4,
        out_c: 6,
        groups: 2,
        accumulate: Accumulate {
            bias,
            input_zero_point: 0,
            output_zero_point: 0,
            min: -20_000,
            max: 32_767,
            ..channels
        },
    }
}

const BIAS: [i32; 6] = [-90_000, 10, 0, 1_000_000, -5, 77];

pub fn conv2d_int16() -> Vec<u8> {
    let mut builder = Builder::new();
    let bias = builder.constant(
        BIAS.iter()
            .flat_map(|&x| i64::from(x).to_le_bytes())
            .collect(),
    );
    let params = convolution_int16(&mut builder, bias);
    of_int16(builder, Int16::Conv2d(params), params.input)
}

pub fn conv2d_int16_int32() -> Vec<u8> {
    let mut builder = Builder::new();
    let bias = builder.int32(&BIAS);
    let params = convolution_int16(&mut builder, bias);
    of_int16(builder, Int16::Conv2d(params), params.input)
}

pub fn transpose_conv2d_int16() -> Vec<u8> {
    let mut builder = Builder::new();
    let bias = builder.constant(
        BIAS.iter()
            .flat_map(|&x| i64::from(x).to_le_bytes())
            .collect(),
    );
    let params = convolution_int16(&mut builder, bias);
    of_int16(builder, Int16::TransposeConv2d(params), params.input)
}

pub fn avg_pool_int16() -> Vec<u8> {
    let mut builder = Builder::new();
    let input = builder.activation(2 * 5 * 4 * 3);
    let params = Pool2d {
        input,
        output: builder.activation(2 * 4 * 3 * 3),
        window: window([5, 4], [2, 2], [4, 3]),
        channels: 3,
        min: -32_768,
        max: 30_000,
        ties_up: false,
    };
    of_int16(builder, Int16::AvgPool2d(params), input)
}

/// In place, a constant row added to each row.
pub fn add_int16() -> Vec<u8> {
    let mut builder = Builder::new();
    let x = builder.activation(2 * 12);
    let row = builder.int16(&[1, -2, 30_000, i16::MIN]);
    let params = AddSub {
        left_shift: 15,
        output_zero_point: 0,
        ..add_sub(
            operand(Source::Arena(x), [1, 1, 3, 4], 0),
            operand(Source::Data(row), [1, 1, 1, 4], 0),
            x,
            [1, 1, 3, 4],
        )
    };
    of_int16(builder, Int16::Add(params), x)
}

/// A number of each row times the row.
pub fn mul_int16() -> Vec<u8> {
    let mut builder = Builder::new();
    let x = builder.activation(2 * 120);
    let params = Mul {
        a: operand(Source::Arena(x), [1, 1, 3, 40], 0),
        b: operand(
            Source::Data(builder.int16(&[1, i16::MIN, 77])),
            [1, 1, 3, 1],
            0,
        ),
        output: builder.activation(2 * 120),
        shape: [1, 1, 3, 40],
        output_scale: Scale {
            multiplier: 1_500_000_000,
            shift: -14,
        },
        output_zero_point: 0,
        min: -32_768,
        max: 32_767,
    };
    of_int16(builder, Int16::Mul(params), x)
}

pub fn mat_mul_int16() -> Vec<u8> {
    let mut builder = Builder::new();
    let x = builder.activation(2 * 2 * 3 * 4);
    let constant: Vec<i16> = ramp(20).iter().map(|&x| i16::from(x) * 255).collect();
    let factor = |source, matrices, transposed| Factor {
        source,
        matrices,
        transposed,
        zero_point: 0,
    };
    let params = MatMul {
        a: factor(Source::Arena(x), 2, false),
        b: factor(Source::Data(builder.int16(&constant)), 1, true),
        output: builder.activation(2 * 2 * 3 * 5),
        matrices: 2,
        rows: 3,
        depth: 4,
        columns: 5,
        output_scale: Scale {
            multiplier: 1_500_000_000,
            shift: -14,
        },
        output_zero_point: 0,
        min: -32_768,
        max: 32_767,
    };
    of_int16(builder, Int16::MatMul(params), x)
}

pub fn mean_int16() -> Vec<u8> {
    let mut builder = Builder::new();
    let input = builder.activation(2 * 2 * 3 * 5);
    let params = Reduce {
        input,
        output: builder.activation(2 * 2 * 5),
        shape: [2, 3, 5, 1, 1],
        reduction: Reduction::Sum(Rescale {
            input_zero_point: 0,
            output_zero_point: 0,
            scale: HALF,
        }),
        min: -32_768,
        max: 32_767,
    };
    of_int16(builder, Int16::Reduce(params), input)
}

pub fn pad_int16() -> Vec<u8> {
    let mut builder = Builder::new();
    let input = builder.activation(2 * 2 * 3);
    let params = Pad {
        input,
        output: builder.activation(2 * 4 * 5),
        shape: [1, 1, 2, 3],
        before: [0, 0, 1, 2],
        after: [0, 0, 1, 0],
        value: -30_000,
    };
    of_int16(builder, Int16::Pad(params), input)
}

/// In place.
pub fn slopes() -> Vec<u8> {
    let mut builder = Builder::new();
    let input = builder.activation(2 * 9);
    let params = Slopes {
        input,
        output: input,
        positive: Scale {
            multiplier: 1 << 30,
            shift: 1,
        },
        negative: HALF,
        negated: true,
        min: -32_768,
        max: 20_000,
    };
    of_int16(builder, Int16::Slopes(params), input)
}

pub fn tanh() -> Vec<u8> {
    let mut builder = Builder::new();
    let input = builder.activation(2 * 9);
    let params = Curve {
        input,
        output: builder.activation(2 * 9),
        multiplier: 20_000,
        shift: 4,
    };
    of_int16(builder, Int16::Tanh(params), input)
}

pub fn softmax_int16() -> Vec<u8> {
    let mut builder = Builder::new();
    let input = builder.activation(2 * 2 * 5);
    let exponentials: Vec<i16> = (0..513).map(|i| i * 63 + 511).collect();
    let reciprocals: Vec<i16> = (0..513).map(|i| 32_767 - i * 31).collect();
    let params = Softmax16 {
        input,
        output: input,
        rows: 2,
        depth: 5,
        scale: HALF,
        exponentials: builder.int16(&exponentials),
        reciprocals: builder.int16(&reciprocals),
    };
    of_int16(builder, Int16::Softmax(params), input)
}
