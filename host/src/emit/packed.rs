//! Packing weights, biases and scales into the stream that a kernel reads; the format is the blob's
//! (`FORMAT.md`, "Packed weights").

use super::EmitError;
use super::data::Data;
use super::steps::{Ends, foreign};
use crate::lower::twin::{Form, Twin, shift_of};
use crate::lower::{Double, Product, Reach, rows_and_depth};
use crate::quantize::graph::{QClamp, QOp, Weights};
use tiivis_runtime::blob::{Finish, Op, Packed, PackedConv2d, PackedDense, Pairing, Scale, Span};
use tiivis_runtime::kernels::{CONV_BLOCK, Columns, DENSE_BLOCK};

/// The shift of twins that a kernel has of its own; others take a little longer.
const FAST_SHIFT: u32 = 5;
/// What 256 times the sums of a channel stay below, in units of 256.
const MOST_PAIRED: i64 = 1 << 23;
/// Room for the bias of a sum that is below 2^30.
const ROOM: i64 = 1 << 30;
/// By how much the sums of the first channel of a pair are shifted left.
const PAIRED: u32 = 8;

/// The operator of a layer that has one with packed weights.
pub(super) fn product(
    data: &mut Data,
    ends: &Ends<'_>,
    product: Product,
    scratch: Span,
) -> Result<Op, EmitError> {
    let (QOp::Conv2d { weights, clamp, .. } | QOp::Dense { weights, clamp }) = &ends.node.op else {
        return Err(foreign(format!("packed weights for `{}`", ends.node.name)));
    };
    let (_, in_c) = rows_and_depth(ends.node, &ends.from.shape)?;
    let (_, out_c) = rows_and_depth(ends.node, &ends.to.shape)?;
    let layer = Layer::of(ends, weights, *clamp);
    let (input, output) = (ends.input, ends.output);
    Ok(match product {
        Product::Conv2d(window) => {
            let columns = Columns::of_window(&window, in_c).ok_or(EmitError::TooLarge)?;
            Op::PackedConv2d(PackedConv2d {
                input,
                output,
                window,
                in_c,
                out_c,
                input_zero_point: ends.from.params.zero_point,
                packed: layer.pack(data, columns, CONV_BLOCK, scratch)?,
            })
        }
        Product::Dense => {
            let columns = Columns::of_features(in_c).ok_or(EmitError::TooLarge)?;
            Op::PackedDense(PackedDense {
                input,
                output,
                in_features: in_c,
                out_features: out_c,
                packed: layer.pack(data, columns, DENSE_BLOCK, scratch)?,
            })
        }
    })
}

/// A layer's channels.
struct Layer<'a> {
    channels: Vec<Channel<'a>>,
    output_zero_point: i32,
    clamp: QClamp,
}

/// What is known of an output channel.
#[derive(Clone, Copy)]
struct Channel<'a> {
    filter: &'a [i8],
    scale: Scale,
    reach: Reach,
}

/// How the sums of the channels of a layer become int8.
struct Scales {
    finish: Finish,
    /// What is added to each bias.
    bias_shifts: Vec<i64>,
    /// Words of each channel behind the weights.
    numbers: Vec<Vec<i32>>,
}

impl<'a> Layer<'a> {
    fn of(ends: &Ends<'_>, weights: &'a Weights, clamp: QClamp) -> Self {
        let taps = weights.weights.len() / weights.bias.len().max(1);
        let filters = weights.weights.chunks_exact(taps.max(1));
        let numbers = weights.bias.iter().zip(&weights.scales);
        let channel = |(filter, (&bias, &scale)): (&'a [i8], (&i64, &Scale))| Channel {
            filter,
            scale,
            reach: Reach::of(filter.iter().copied(), bias, ends.from.params.zero_point),
        };
        Self {
            channels: filters.zip(numbers).map(channel).collect(),
            output_zero_point: ends.to.params.zero_point,
            clamp,
        }
    }

    fn pack(
        &self,
        data: &mut Data,
        columns: Columns,
        block: u32,
        scratch: Span,
    ) -> Result<Packed, EmitError> {
        let pairing = self.pairing();
        let scales = match pairing {
            Pairing::Sum => self.twins().unwrap_or_else(|| self.rounded()),
            Pairing::Bytes => self.rounded(),
        };
        let block = usize::try_from(block).map_err(|_| EmitError::TooLarge)?;
        let mut words = Vec::new();
        for first in (0..self.channels.len()).step_by(block) {
            self.append_block(
                &mut words,
                first..first + block,
                columns,
                (pairing, &scales),
            );
        }
        Ok(Packed {
            stream: data.words(words)?,
            scratch,
            pairing,
            finish: scales.finish,
            min: self.clamp.min,
            max: self.clamp.max,
        })
    }

    /// How far the bias of the first channel of a pair may be moved. None if its sums do not fit
    /// [`Pairing::Sum`].
    fn room(&self, index: usize) -> Option<i64> {
        let room = MOST_PAIRED - 1 - i64::try_from(self.channels[index].reach.magnitude).ok()?;
        (room >= 0).then_some(room)
    }

    fn pairing(&self) -> Pairing {
        // 256 · -128 and a negative number do not fit 16 bits.
        let fits = |pair: &[Channel<'_>]| match pair {
            [a, b] => {
                let mut weights = a.filter.iter().zip(b.filter);
                !weights.any(|(&a, &b)| a == i8::MIN && b < 0)
            }
            _ => true,
        };
        let firsts = (0..self.channels.len()).step_by(2);
        let has_room = firsts.into_iter().all(|index| self.room(index).is_some());
        match has_room && self.channels.chunks(2).all(fits) {
            true => Pairing::Sum,
            false => Pairing::Bytes,
        }
    }

    /// In two instructions, if all channels have a twin.
    fn twins(&self) -> Option<Scales> {
        let scales: Vec<Scale> = self.channels.iter().map(|channel| channel.scale).collect();
        let most = shift_of(&scales)?;
        // With a smaller one a multiplier has fewer bits, which mostly are enough.
        [FAST_SHIFT.min(most), most].into_iter().find_map(|shift| {
            let twins = (0..self.channels.len()).map(|index| self.twin(index, shift));
            let twins: Vec<Twin> = twins.collect::<Option<_>>()?;
            Some(Scales {
                finish: Finish::Twin {
                    shift: u8::try_from(shift).ok()?,
                },
                bias_shifts: twins.iter().map(|twin| twin.bias_shift.into()).collect(),
                numbers: twins
                    .iter()
                    .map(|twin| vec![twin.multiplier, twin.offset])
                    .collect(),
            })
        })
    }

    fn twin(&self, index: usize, shift: u32) -> Option<Twin> {
        let channel = self.channels.get(index)?;
        let staircase =
            channel
                .reach
                .staircase(channel.scale, self.output_zero_point, self.clamp)?;
        let (pre_shift, room) = match index.is_multiple_of(2) {
            true => (PAIRED, self.room(index)?),
            false => (0, ROOM),
        };
        staircase.twin(Form {
            shift,
            pre_shift,
            room,
        })
    }

    /// In five instructions; every channel has shifts that allow it.
    fn rounded(&self) -> Scales {
        let numbers = |channel: &Channel<'_>| {
            let double = Double::of(channel.scale, self.output_zero_point);
            vec![double.multiplier, double.offset, double.shift.into()]
        };
        Scales {
            finish: Finish::Rounded,
            bias_shifts: vec![0; self.channels.len()],
            numbers: self.channels.iter().map(numbers).collect(),
        }
    }

    /// The words of the channels of a block; those beyond the layer's are zeros.
    fn append_block(
        &self,
        words: &mut Vec<i32>,
        block: std::ops::Range<usize>,
        columns: Columns,
        (pairing, scales): (Pairing, &Scales),
    ) {
        let bias = |index: usize| {
            let channel = self.channels.get(index);
            channel.map_or(0, |channel| channel.reach.bias + scales.bias_shifts[index])
        };
        for first in block.clone().step_by(2) {
            let (a, b) = (bias(first), bias(first + 1));
            let both = match pairing {
                Pairing::Sum => 256 * a + b,
                Pairing::Bytes => a,
            };
            words.extend([both, b].map(wrapped));
        }
        let filters: Vec<Vec<i8>> = block
            .clone()
            .map(|index| self.ordered(index, columns))
            .collect();
        let len = filters.first().map_or(0, Vec::len);
        for column in (0..len).step_by(2) {
            for pair in filters.chunks_exact(2) {
                let half = |column: usize| {
                    let [a, b] = [pair[0][column], pair[1][column]].map(i32::from);
                    match pairing {
                        Pairing::Sum => (256 * a + b) & 0xffff,
                        Pairing::Bytes => (a & 0xff) | (b & 0xff) << 8,
                    }
                };
                words.push(half(column) | half(column + 1) << 16);
            }
        }
        for index in block {
            match scales.numbers.get(index) {
                Some(numbers) => words.extend(numbers),
                // Whatever they finish is not stored.
                None => words.extend(scales.numbers.first().into_iter().flatten().map(|_| 0)),
            }
        }
    }

    /// The filter of a channel in packed order.
    fn ordered(&self, index: usize, columns: Columns) -> Vec<i8> {
        let [packed_len, run_len] =
            [columns.packed_len(), columns.run_len].map(|len| usize::try_from(len).unwrap_or(0));
        let mut ordered = vec![0; packed_len];
        let filter = self
            .channels
            .get(index)
            .map_or(&[][..], |channel| channel.filter);
        for (at, &weight) in filter.iter().enumerate() {
            ordered[columns.column(at / run_len, at % run_len)] = weight;
        }
        ordered
    }
}

/// The lower 32 bits: starts of sums that wrap.
#[expect(clippy::as_conversions, reason = "wrapping is meant")]
const fn wrapped(value: i64) -> i32 {
    value as i32
}
