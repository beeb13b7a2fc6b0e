//! Front-ends: raw int16 samples become a model's input, in fixed point.
//!
//! [`Frontend::push`] takes samples in pieces of any length. Whenever a window is full a frame of
//! features is computed, 16 fraction bits each ([`Frontend::features`]: what a network is trained
//! with), and quantized into the ring of the latest frames; whenever these make an input,
//! [`Frontend::write`] puts them there. Kinds of features: [`crate::blob::FrontendKind`].
//!
//! All tables are made by the compiler and lie in the blob. The memory is the caller's.
//!
//! ```
//! use tiivis_runtime::{Model, Session};
//! use tiivis_runtime::frontend::{Event, Frontend};
//!
//! fn hear(mut samples: &[i16], frontend: &mut Frontend<'_, '_>, session: &mut Session<'_, '_>) {
//!     while let Some(event) = frontend.push(&mut samples) {
//!         if event == Event::Input {
//!             frontend.write(session.input_mut(frontend.input()));
//!             session.run();
//!         }
//!     }
//! }
//! ```

mod check;
mod circle;
mod error;
mod fft16;
mod fft32;
mod history;
mod log2;
mod mel;
mod memory;
mod micro;
mod mix;
mod motion;
mod quantizer;
mod root;
mod samples;

pub(crate) use check::check;
pub use error::FrontendError;

use crate::blob::{DType, FrontendKind, FrontendSpec, MelSpec, MicroSpec, Mix, MotionSpec};
use crate::data::Data;
use crate::index;
use crate::model::Model;
use crate::op_set::Operators;
use crate::ops::Bounds;
use circle::Circle;
use history::History;
use mel::Mel;
use memory::Memory;
use micro::{Filterbank, LogScale, Micro, Noise, Pcan};
use mix::Mixer;
use motion::Motion;
use quantizer::quantize;
use samples::Samples;

/// What [`Frontend::push`] has completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Event {
    /// A frame, which is not the last of an input.
    Frame,
    /// A frame and with it an input: [`Frontend::write`] it and run the model.
    Input,
}

/// A front-end at work.
pub struct Frontend<'m, 'a> {
    spec: FrontendSpec,
    samples: Samples<'m>,
    stage: Stage<'m, 'a>,
    /// The latest frame.
    values: &'m mut [i32],
    history: History<'m>,
}

/// From a window to features.
enum Stage<'m, 'a> {
    Micro(Micro<'m, 'a>),
    Mel(Mel<'m, 'a>),
    Motion(Motion<'a>),
}

impl core::fmt::Debug for Frontend<'_, '_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Frontend")
            .field("spec", &self.spec)
            .finish_non_exhaustive()
    }
}

impl<'m, 'a> Frontend<'m, 'a> {
    /// Sets up front-end `index` of a model. `memory` starts at a multiple of 16 and has
    /// [`Frontend::memory_bytes`] or more; what is in it does not matter.
    ///
    /// # Errors
    ///
    /// [`FrontendError::Missing`] and those about the memory.
    pub fn new<O: Operators>(
        model: &Model<'a, O>,
        index: usize,
        memory: &'m mut [u8],
    ) -> Result<Self, FrontendError> {
        let spec = model.frontends().nth(index);
        let spec = spec.ok_or(FrontendError::Missing { index })?;
        Self::build(spec, model.data(), memory)
    }

    /// Sets up a front-end without a model: `data` holds its tables and starts at a multiple of 16.
    ///
    /// # Errors
    ///
    /// See [`FrontendError`].
    pub fn from_spec(
        spec: FrontendSpec,
        data: &'a [u8],
        memory: &'m mut [u8],
    ) -> Result<Self, FrontendError> {
        if !data.as_ptr().addr().is_multiple_of(crate::ALIGNMENT) {
            return Err(FrontendError::MemoryMisaligned);
        }
        let bounds = Bounds {
            arena_bytes: 0,
            data: Data(data),
            element: DType::I8,
        };
        check(&spec, &bounds).map_err(FrontendError::Spec)?;
        Self::build(spec, Data(data), memory)
    }

    /// Bytes of memory that a front-end of this description needs: samples of a window (2 bytes
    /// each), features of a frame (4), frames of an input (1 a feature); for spectra `fft_len + 2`
    /// numbers (2 bytes each for the micro-frontend, 4 for log-mel) and bands (4; twice for the
    /// micro-frontend, which keeps its noise estimates). Each array is padded to 16 bytes.
    #[must_use]
    pub fn memory_bytes(spec: &FrontendSpec) -> usize {
        check::layout(spec).map_or(usize::MAX, index)
    }

    /// `spec` has been checked. Arrays are taken in the order and sizes of `check::layout`.
    fn build(
        spec: FrontendSpec,
        data: Data<'a>,
        memory: &'m mut [u8],
    ) -> Result<Self, FrontendError> {
        if !memory.as_ptr().addr().is_multiple_of(crate::ALIGNMENT) {
            return Err(FrontendError::MemoryMisaligned);
        }
        let needed = Self::memory_bytes(&spec);
        let found = memory.len();
        let memory = memory.get_mut(..needed);
        let memory = memory.ok_or(FrontendError::MemoryTooSmall { needed, found })?;
        memory.fill(0);
        let mut memory = Memory(memory);
        let features = index(spec.features);
        let channels = index(spec.channels);
        let samples = memory.take(index(spec.window_len) * channels);
        let values = memory.take(features);
        let ring = memory.take(index(spec.frames) * features);
        let stage = match &spec.kind {
            FrontendKind::Micro(kind) => Stage::Micro(micro(kind, features, data, &mut memory)),
            FrontendKind::Mel(kind) => Stage::Mel(mel(kind, data, &mut memory)),
            FrontendKind::Motion(kind) => Stage::Motion(motion(kind, data)),
        };
        Ok(Self {
            samples: Samples::new(samples, index(spec.hop_len) * channels),
            stage,
            values,
            history: History::new(ring, features, spec.frames, spec.stride_frames),
            spec,
        })
    }

    /// The description.
    #[must_use]
    pub fn spec(&self) -> &FrontendSpec {
        &self.spec
    }

    /// Index of the model's input that is filled.
    #[must_use]
    pub fn input(&self) -> usize {
        index(self.spec.input)
    }

    /// Takes samples, interleaved if there are several channels, from the front of `samples`, until
    /// a frame is complete: call it until it returns `None`, when all have been taken.
    pub fn push(&mut self, samples: &mut &[i16]) -> Option<Event> {
        let window = self.samples.fill(samples)?;
        match &mut self.stage {
            Stage::Micro(micro) => micro.frame(window, self.values),
            Stage::Mel(mel) => mel.frame(window, self.values),
            Stage::Motion(motion) => motion.frame(window, self.values),
        }
        let quantizer = self.spec.quantizer;
        let frame = self.values.iter().map(|&value| quantize(value, quantizer));
        Some(if self.history.push(frame) {
            Event::Input
        } else {
            Event::Frame
        })
    }

    /// The features of the latest frame, 16 fraction bits each.
    #[must_use]
    pub fn features(&self) -> &[i32] {
        self.values
    }

    /// Writes the latest frames into the model's input.
    ///
    /// # Panics
    ///
    /// If `input` is not as long as the frames' features.
    pub fn write(&self, input: &mut [i8]) {
        self.history.write(input, self.spec.order);
    }

    /// Forgets samples, frames and estimates: as after [`Frontend::new`].
    pub fn reset(&mut self) {
        self.samples.reset();
        self.history.reset();
        match &mut self.stage {
            Stage::Micro(micro) => micro.reset(),
            Stage::Mel(_) | Stage::Motion(_) => {}
        }
    }
}

fn micro<'m, 'a>(
    kind: &MicroSpec,
    channels: usize,
    data: Data<'a>,
    memory: &mut Memory<'m>,
) -> Micro<'m, 'a> {
    Micro {
        window: data.int16(kind.window),
        circle: Circle::new(data.int16(kind.circle)),
        filterbank: Filterbank {
            first_bin: index(kind.first_bin),
            widths: data.int16(kind.widths),
            weights: data.int16(kind.weights),
            unweights: data.int16(kind.unweights),
        },
        pcan: kind.pcan.map(|pcan| Pcan {
            gains: data.int16(pcan.gains),
            snr_shift: pcan.snr_shift,
        }),
        log: kind.log.map(|log| LogScale {
            table: data.int16(log.table),
            scale_shift: log.scale_shift,
        }),
        // 64 points or more: 0 or more.
        correction_bits: kind.fft_len.ilog2().saturating_sub(6),
        work: memory.take(index(kind.fft_len) + 2),
        signal: memory.take(channels),
        noise: Noise {
            smoothing_bits: kind.smoothing_bits,
            smoothing: [kind.even_smoothing, kind.odd_smoothing],
            min_signal_remaining: kind.min_signal_remaining,
            estimates: memory.take(channels),
        },
    }
}

fn mel<'m, 'a>(kind: &MelSpec, data: Data<'a>, memory: &mut Memory<'m>) -> Mel<'m, 'a> {
    Mel {
        window: data.int32(kind.window),
        symmetry: kind.symmetry,
        // At most 2^14.
        preemphasis: kind.preemphasis.cast_signed(),
        circle: Circle::new(data.int32(kind.circle)),
        spectrum: kind.spectrum,
        ranges: data.int16(kind.ranges),
        weights: data.int32(kind.weights),
        logarithm: data.int32(kind.logarithm),
        floor: kind.floor,
        mixer: match kind.mix {
            Mix::Gains(gains) => Mixer::Gains(data.int32(gains)),
            Mix::Matrix(rows) => Mixer::Matrix(data.int32(rows)),
        },
        offsets: data.int32(kind.offsets),
        shift: kind.shift,
        work: memory.take(index(kind.fft_len) + 2),
        bands: memory.take(index(kind.bands)),
    }
}

fn motion<'a>(kind: &MotionSpec, data: Data<'a>) -> Motion<'a> {
    Motion {
        gains: data.int32(kind.gains),
        offsets: data.int32(kind.offsets),
        shift: kind.shift,
    }
}

/// As int32, saturated.
fn saturate(x: i64) -> i32 {
    let limited = x.clamp(i32::MIN.into(), i32::MAX.into());
    i32::try_from(limited).unwrap_or(0)
}
