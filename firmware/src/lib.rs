//! The bench firmware: runs the model that lies in its own region of flash on the inputs that lie
//! behind it, and reports outputs and costs.
//!
//! Four binaries share it. `listen` feeds the model's front-end with raw samples ([`listen()`]);
//! `kernels` needs no model and holds the kernels against portable ones ([`check_kernels`]); the
//! others run the model on inputs. `bench` counts totals: the run has no trace of a hook. `layers` is the
//! second pass: [`__mark`] is called before every step. Both call [`__mark`] before and after the
//! first sample's run, so that counting by marks gives these phases:
//!
//! | Phase | `bench` | `layers` |
//! |---:|---|---|
//! | 0 | start-up, checks, input | the same |
//! | 1 | **the run** | the call of the run, decoding of step 0, the hook |
//! | 2 … steps + 1 | – | phase `k + 2`: step `k`, decoding of the next, the hook |
//! | last | report and the other samples (2) | report (`steps + 2`) |
//!
//! `bench` has 3 phases and `layers` has `steps + 3`. `layers` runs the first sample only.
//!
//! Everything is logged by defmt: for people as text, for the host as [`Message`]s.

#![no_std]

mod check;
mod exit;
mod listen;
mod logger;
mod mark;
mod memory;
mod panic;
mod report;
mod stack;

use tiivis_runtime::bench::{Batch, Message, batch_offset};
use tiivis_runtime::blob::Preamble;
use tiivis_runtime::{Model, ParseError, Session};

pub use check::check_kernels;
use exit::{Status, exit};
pub use listen::listen;
pub use mark::__mark;
use report::{send, send_outputs};

/// How many of the batch's samples to run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Samples {
    /// The first.
    First,
    /// All.
    All,
}

/// Runs the model of this board's flash with `run` and ends the program.
pub fn bench(samples: Samples, run: impl Fn(&mut Session<'_, '_>)) -> ! {
    let flash = memory::model_region();
    let (blob, rest) = find_blob(flash);
    let model = read_model(blob);
    let mut session = match model.session(memory::arena()) {
        Ok(session) => session,
        Err(error) => {
            defmt::error!("the model does not fit into this board's RAM: {}", error);
            exit(Status::TooLarge);
        }
    };
    report_model(&model, blob);
    let batch = match Batch::parse(rest, sample_bytes(&model)) {
        Ok(batch) => batch,
        Err(error) => {
            defmt::error!("the inputs are refused: {}", error);
            exit(Status::BadBatch);
        }
    };
    let count = match batch {
        Some(batch) => {
            let limit = match samples {
                Samples::First => 1,
                Samples::All => usize::MAX,
            };
            let mut count = 0;
            for (index, sample) in (0..).zip(batch.samples().take(limit)) {
                write_inputs(&model, &mut session, sample);
                run_sample(index, &model, &mut session, &run);
                count = index + 1;
            }
            count
        }
        None => {
            defmt::info!("no inputs behind the model, running on real zeros");
            write_zeros(&model, &mut session);
            run_sample(0, &model, &mut session, &run);
            1
        }
    };
    defmt::info!("done, {=u32} samples", count);
    send(&Message::Done { samples: count });
    exit(Status::Done)
}

/// The blob at the start of `flash`, and what follows from the batch's place on.
fn find_blob(flash: &[u8]) -> (&[u8], &[u8]) {
    let preamble = match Preamble::parse(flash) {
        Ok(preamble) => preamble,
        Err(ParseError::Magic { found }) => {
            defmt::error!("no model: flash starts with {=[u8; 4]:02x}", found);
            exit(Status::NoModel);
        }
        Err(error) => {
            defmt::error!("the model is refused: {}", error);
            exit(Status::BadModel);
        }
    };
    let Some(blob) = prefix(flash, preamble.total_len) else {
        defmt::error!(
            "the model has {=u32} bytes and leaves its flash region of {=usize}",
            preamble.total_len,
            flash.len()
        );
        exit(Status::BadModel);
    };
    let rest = batch_offset(preamble.total_len)
        .and_then(|offset| usize::try_from(offset).ok())
        .and_then(|offset| flash.get(offset..))
        .unwrap_or(&[]);
    (blob, rest)
}

fn read_model(blob: &[u8]) -> Model<'_> {
    match Model::parse(blob) {
        Ok(model) => model,
        Err(error) => {
            defmt::error!("the model is refused: {}", error);
            exit(Status::BadModel);
        }
    }
}

fn prefix(bytes: &[u8], len: u32) -> Option<&[u8]> {
    bytes.get(..usize::try_from(len).ok()?)
}

fn report_model(model: &Model<'_>, blob: &[u8]) {
    let program = model.program();
    // A blob's length is a u32 field of its preamble.
    let blob_bytes = u32::try_from(blob.len()).unwrap_or(u32::MAX);
    defmt::info!(
        "model: {=u32} bytes, {=u32} steps, {=u32} bytes of arena",
        blob_bytes,
        program.step_count,
        program.arena_bytes
    );
    send(&Message::Model {
        arena_bytes: program.arena_bytes,
        blob_bytes,
        steps: program.step_count,
    });
}

/// Bytes of all inputs together (saturated: such a batch is longer than any flash).
fn sample_bytes(model: &Model<'_>) -> u32 {
    model
        .inputs()
        .fold(0, |bytes: u32, port| bytes.saturating_add(port.span.len))
}

fn write_inputs(model: &Model<'_>, session: &mut Session<'_, '_>, sample: &[u8]) {
    let mut values = sample.iter();
    for index in 0..model.inputs().len() {
        for (into, value) in session.input_mut(index).iter_mut().zip(&mut values) {
            *into = value.cast_signed();
        }
    }
}

fn write_zeros(model: &Model<'_>, session: &mut Session<'_, '_>) {
    for index in 0..model.inputs().len() {
        session.clear_input(index);
    }
}

/// Runs the model once and reports; marked and watched where it is the first sample.
fn run_sample(
    sample: u32,
    model: &Model<'_>,
    session: &mut Session<'_, '_>,
    run: &impl Fn(&mut Session<'_, '_>),
) {
    let stack_bytes = if sample == 0 {
        Some(stack::peak_bytes(session, run))
    } else {
        stack::call(session, run);
        None
    };
    send_outputs(sample, model, session);
    if let Some(bytes) = stack_bytes {
        defmt::info!("stack: {=u32} bytes", bytes);
        send(&Message::Stack { bytes });
    }
}
