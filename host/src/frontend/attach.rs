//! A front-end becomes a part of a blob.

use super::description::{Description, Kind, Quantization};
use super::tables::Tables;
use super::{FrontendError, shape};
use crate::measure::sim::Blob;
use crate::quantize::quantize_multiplier;
use tiivis_runtime::blob::{
    self, DATA_ALIGNMENT, FrameOrder, FrontendKind, FrontendSpec, Port, Preamble, Program,
    Quantizer,
};
use tiivis_runtime::{ALIGNMENT, Aligned, Model};

/// Adds a front-end to a compiled model; the result is a blob that has been proven.
///
/// # Errors
/// [`FrontendError::Input`], [`FrontendError::Twice`], [`FrontendError::Shape`],
/// [`FrontendError::Ambiguous`], [`FrontendError::Scale`], and what the settings have wrong.
pub fn attach(blob: &Blob, description: &Description) -> Result<Vec<u8>, FrontendError> {
    let model = blob.model();
    let (input, port) = find_input(&model, description)?;
    let taken = |spec: FrontendSpec| u32::try_from(input) == Ok(spec.input);
    if model.frontends().any(taken) {
        return Err(FrontendError::Twice(port.name.to_owned()));
    }
    let data = data_of(blob.bytes())?;
    let start = u32::try_from(data.len()).map_err(|_| FrontendError::TooLarge)?;
    let start = start
        .checked_next_multiple_of(DATA_ALIGNMENT)
        .ok_or(FrontendError::TooLarge)?;
    let mut tables = Tables::new(start);
    let kind = description.tables(&mut tables)?;
    let (frames, order) = shape::of_input(&port, description)?;
    let spec = FrontendSpec {
        input: u32::try_from(input).map_err(|_| FrontendError::TooLarge)?,
        frames,
        order,
        quantizer: quantizer(&port, description)?,
        ..description.spec(kind)
    };
    let mut all = data.to_vec();
    all.resize(
        usize::try_from(start).map_err(|_| FrontendError::TooLarge)?,
        0,
    );
    all.extend(tables.into_bytes());
    let program = model.program();
    let mut frontends = program.frontends.to_vec();
    frontends.extend(postcard::to_stdvec(&spec)?);
    let program = Program {
        frontend_count: program.frontend_count + 1,
        frontends: &frontends,
        ..*program
    };
    assemble(&postcard::to_stdvec(&program)?, &all)
}

/// The input that the description names, or the only one.
fn find_input<'a>(
    model: &Model<'a>,
    description: &Description,
) -> Result<(usize, Port<'a>), FrontendError> {
    let ports: Vec<_> = model.inputs().enumerate().collect();
    let found = match &description.input {
        Some(name) => ports.iter().find(|(_, port)| port.name == name),
        None if ports.len() == 1 => ports.first(),
        None => None,
    };
    found.cloned().ok_or_else(|| {
        let names: Vec<_> = ports.iter().map(|(_, port)| port.name).collect();
        FrontendError::Input {
            name: description.input.clone().unwrap_or_default(),
            found: names.join(", "),
        }
    })
}

fn data_of(blob: &[u8]) -> Result<&[u8], FrontendError> {
    let preamble = Preamble::parse(blob)?;
    let offset = usize::try_from(preamble.data_offset).map_err(|_| FrontendError::TooLarge)?;
    // A proven blob is as long as it says.
    Ok(blob.get(offset..).unwrap_or_default())
}

fn quantizer(port: &Port<'_>, description: &Description) -> Result<Quantizer, FrontendError> {
    let wrong = |reason| FrontendError::Scale {
        name: port.name.to_owned(),
        scale: port.scale,
        reason,
    };
    match description.quantization {
        Quantization::Input => {
            let ratio = (-16_f64).exp2() / f64::from(port.scale);
            // A positive shift would be applied before the multiplication and wrap.
            if ratio >= 1.0 {
                return Err(wrong(
                    "a front-end's features have steps of 2^-16: scale them",
                ));
            }
            let scale = quantize_multiplier(ratio)
                .map_err(|_| wrong("which no fixed-point multiplier reaches"))?;
            Ok(Quantizer::Rescale {
                scale,
                zero_point: port.zero_point,
            })
        }
        Quantization::MicroSpeech => {
            let real = f64::from(port.scale) * 16_f64.exp2();
            if (real / f64::from(MICRO_SPEECH_STEP) - 1.0).abs() > 0.05 || port.zero_point != -128 {
                return Err(wrong(
                    "`micro_speech` quantizes to 0.1016 and zero point -128: set `quantization` to \"input\"",
                ));
            }
            Ok(Quantizer::Divide {
                step: MICRO_SPEECH_STEP,
                zero_point: -128,
            })
        }
    }
}

/// `(x * 256 + 333) / 666` of a number whose step is 2560 · 2⁻¹⁶.
const MICRO_SPEECH_STEP: i32 = 6660;

fn assemble(program: &[u8], data: &[u8]) -> Result<Vec<u8>, FrontendError> {
    let len = blob::assembled_len(program.len(), data.len()).ok_or(FrontendError::TooLarge)?;
    let len = usize::try_from(len).map_err(|_| FrontendError::TooLarge)?;
    let mut storage = vec![Aligned([0_u8; ALIGNMENT]); len.div_ceil(ALIGNMENT)];
    let bytes = &mut tiivis_runtime::flatten_mut(&mut storage)[..len];
    blob::assemble(program, data, bytes).map_err(|_| FrontendError::TooLarge)?;
    Model::parse(bytes)?;
    Ok(bytes.to_vec())
}

impl Description {
    /// Tables and parameters of the kind.
    pub(super) fn tables(&self, tables: &mut Tables) -> Result<FrontendKind, FrontendError> {
        match &self.kind {
            Kind::Micro(settings) => settings.spec(tables, self.sample_rate_hz, self.window_len),
            Kind::Mel(settings) => settings.spec(tables),
            Kind::Motion(settings) => settings.spec(tables),
        }
    }

    /// The runtime's description, for an input of the frames asked for, or one, and some scale.
    pub(super) fn spec(&self, kind: FrontendKind) -> FrontendSpec {
        FrontendSpec {
            input: 0,
            sample_rate_hz: self.sample_rate_hz,
            channels: self.channels,
            window_len: self.window_len,
            hop_len: self.hop_len,
            features: self.features(),
            frames: self.frames.unwrap_or(1),
            stride_frames: self.stride_frames,
            order: self.layout.unwrap_or(FrameOrder::FramesFirst),
            quantizer: Quantizer::Divide {
                step: MICRO_SPEECH_STEP,
                zero_point: -128,
            },
            kind,
        }
    }
}
