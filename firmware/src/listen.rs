//! Raw samples through the model's front-end, and the model on every input that it makes.
//!
//! [`__mark`](crate::__mark) is called around every call of `push` that gives a frame, and around
//! every run of the model, so that counting by marks gives a phase for each, with a phase that
//! belongs to neither between them:
//!
//! | Phase | What |
//! |---:|---|
//! | 0 | start-up, checks |
//! | 1 | **`push`** of the samples up to the first frame, and that frame |
//! | 2 | the call of what comes next |
//! | 3 | if the frame completed an input: **the run**; else `push` up to the second frame |
//! | … | |

use crate::exit::{Status, exit};
use crate::mark::__mark;
use crate::report::{send, send_outputs};
use crate::{find_blob, memory, read_model, report_model, stack};
use tiivis_runtime::bench::{Batch, Message};
use tiivis_runtime::frontend::{Event, Frontend};
use tiivis_runtime::{Model, Session};

/// Feeds the front-end of this board's model with the int16 samples behind it, and ends the program.
pub fn listen() -> ! {
    let (blob, rest) = find_blob(memory::model_region());
    let model = read_model(blob);
    let Some(spec) = model.frontends().next() else {
        defmt::error!("the model has no front-end");
        exit(Status::BadModel);
    };
    let sample_bytes = spec.channels.saturating_mul(2);
    let samples = match Batch::parse(rest, sample_bytes) {
        Ok(Some(batch)) => memory::samples(batch.bytes()),
        Ok(None) => {
            defmt::error!("no samples behind the model");
            exit(Status::BadBatch);
        }
        Err(error) => {
            defmt::error!("the samples are refused: {}", error);
            exit(Status::BadBatch);
        }
    };
    let Some((work, arena)) = memory::split_arena(Frontend::memory_bytes(&spec)) else {
        defmt::error!("the front-end does not fit into this board's RAM");
        exit(Status::TooLarge);
    };
    let mut frontend = match Frontend::new(&model, 0, work) {
        Ok(frontend) => frontend,
        Err(error) => {
            defmt::error!("the front-end is refused: {}", error);
            exit(Status::TooLarge);
        }
    };
    let mut session = match model.session(arena) {
        Ok(session) => session,
        Err(error) => {
            defmt::error!("the model does not fit into this board's RAM: {}", error);
            exit(Status::TooLarge);
        }
    };
    report_model(&model, blob);
    let count = hear(&model, samples, &mut frontend, &mut session);
    defmt::info!("done, {=u32} inputs", count);
    send(&Message::Done { samples: count });
    exit(Status::Done)
}

/// Everything that comes of `samples`; the number of inputs.
fn hear(
    model: &Model<'_>,
    mut samples: &[i16],
    frontend: &mut Frontend<'_, '_>,
    session: &mut Session<'_, '_>,
) -> u32 {
    let mut count = 0;
    loop {
        __mark();
        let event = frontend.push(&mut samples);
        if event == Some(Event::Input) {
            frontend.write(session.input_mut(frontend.input()));
        }
        __mark();
        match event {
            None => return count,
            Some(Event::Frame) => {}
            Some(Event::Input) => {
                run(count, model, session);
                count += 1;
            }
        }
    }
}

/// Runs the model between two marks and reports; the first run's stack is watched.
fn run(sample: u32, model: &Model<'_>, session: &mut Session<'_, '_>) {
    let run = |session: &mut Session<'_, '_>| session.run();
    let stack_bytes = if sample == 0 {
        Some(stack::peak_bytes(session, &run))
    } else {
        __mark();
        stack::call(session, &run);
        __mark();
        None
    };
    send_outputs(sample, model, session);
    if let Some(bytes) = stack_bytes {
        send(&Message::Stack { bytes });
    }
}
