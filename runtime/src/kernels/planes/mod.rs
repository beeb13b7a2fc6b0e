//! Depthwise convolution of 3 × 3 taps by planes: one channel at a time is widened into int16 with its
//! padding, and filtered from there onto the output, which may lie on the input.

#[cfg(all(feature = "dsp", target_arch = "arm"))]
mod dsp;
mod geometry;
mod portable;
mod record;

pub use geometry::PlaneGeometry;
pub use record::RECORD_WORDS;

use crate::blob::{DepthwisePlanes, PlaneRounding};
use crate::index;
use record::Record;

/// Where a kernel's input and output are.
#[derive(Debug)]
pub enum Tensors<'a> {
    /// In different places.
    Apart(&'a [i8], &'a mut [i8]),
    /// From the same byte on: the length of the output, and what is long enough for both.
    InPlace(usize, &'a mut [i8]),
}

impl Tensors<'_> {
    fn input(&self) -> &[i8] {
        match self {
            Self::Apart(input, _) => input,
            Self::InPlace(_, both) => both,
        }
    }

    fn output(&mut self) -> &mut [i8] {
        match self {
            Self::Apart(_, output) => output,
            Self::InPlace(len, both) => &mut both[..*len],
        }
    }
}

/// The halves of the kernel.
struct Halves {
    gather: fn(&PlaneGeometry, &[i8], [usize; 2], &mut [i16]),
    filter: fn(&PlaneGeometry, &[i16], &Record<'_>, PlaneRounding, [usize; 2], &mut Tensors<'_>),
}

/// Depthwise convolution by planes with the fastest kernel of this build; `records` and `scratch` as in
/// [`DepthwisePlanes`].
///
/// The sums are those of [`super::depthwise_conv2d`]; the results are its results where the records
/// say the same.
///
/// # Panics
/// If a slice is not as long as the parameters say, or the window is none of [`PlaneGeometry::of`].
pub fn depthwise_planes(
    params: &DepthwisePlanes,
    tensors: Tensors<'_>,
    records: &[i32],
    scratch: &mut [i16],
) {
    #[cfg(all(feature = "dsp", target_arch = "arm"))]
    let halves = Halves {
        gather: dsp::gather,
        filter: dsp::filter,
    };
    #[cfg(not(all(feature = "dsp", target_arch = "arm")))]
    let halves = PORTABLE;
    run(params, tensors, records, scratch, &halves);
}

/// [`depthwise_planes`] on any core, in portable code: the specification of the others.
///
/// # Panics
/// As [`depthwise_planes`].
pub fn depthwise_planes_portable(
    params: &DepthwisePlanes,
    tensors: Tensors<'_>,
    records: &[i32],
    scratch: &mut [i16],
) {
    run(params, tensors, records, scratch, &PORTABLE);
}

const PORTABLE: Halves = Halves {
    gather: portable::gather,
    filter: portable::filter,
};

fn run(
    params: &DepthwisePlanes,
    mut tensors: Tensors<'_>,
    records: &[i32],
    scratch: &mut [i16],
    halves: &Halves,
) {
    let plane = PlaneGeometry::of(&params.window, params.is_turned)
        .expect("a window that was proven to have a geometry");
    let channels = index(params.channels);
    let window = params.window;
    let pixels = |rows: u32, columns: u32| index(rows) * index(columns) * channels;
    // The assembly relies on these.
    assert!(tensors.input().len() >= pixels(window.in_h, window.in_w));
    assert!(tensors.output().len() == pixels(window.out_h, window.out_w));
    let len = index(plane.strips) * index(plane.scratch_rows) * index(plane.row_len());
    assert!(scratch.len() == len && records.len() == channels * RECORD_WORDS);
    fill(scratch, params.input_zero_point);
    for (channel, record) in records.chunks_exact(RECORD_WORDS).enumerate() {
        let place = [channel, channels];
        (halves.gather)(&plane, tensors.input(), place, scratch);
        let record = Record(record);
        (halves.filter)(
            &plane,
            scratch,
            &record,
            params.rounding,
            place,
            &mut tensors,
        );
    }
}

/// Makes all of the scratch padding; what the images cover is overwritten.
fn fill(scratch: &mut [i16], zero_point: i32) {
    let value = i16::try_from(zero_point).unwrap_or(0);
    // Eight at a time, which are four words.
    let (blocks, rest) = scratch.as_chunks_mut::<8>();
    for block in blocks {
        *block = [value; 8];
    }
    rest.fill(value);
}
